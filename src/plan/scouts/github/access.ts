import { findProgram } from "../../../analyzers/tools/programs.js";
import type { Sluice } from "../../../sluice.js";

/** How GitHub can be asked here: a token of the user's, or the `gh` program, signed in or not. */
export type GithubAccess = { way: "token"; token: string } | { way: "gh"; program: string };

/** What of the user's is there; null for neither. Starts nothing. */
export async function githubAccess({ env }: Pick<Sluice, "env">, top: string): Promise<GithubAccess | null> {
  const token = (env.GITHUB_TOKEN ?? "").trim() || (env.GH_TOKEN ?? "").trim();
  if (token !== "") return { way: "token", token };
  const program = await findProgram("gh", env.PATH, top);
  return program === null ? null : { way: "gh", program };
}

/** `owner/name` of an address at github.com; null for any other. */
export function githubName(address: string): string | null {
  const [, owner = "", name = ""] =
    /^(?:https?:\/\/(?:[^@/\s]+@)?github\.com\/|(?:ssh:\/\/)?git@github\.com[:/]|git:\/\/github\.com\/)([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100}?)(?:\.git)?\/?$/i.exec(
      address.trim(),
    ) ?? [];
  return owner === "" || name === "" || /^\.+$/.test(name) ? null : `${owner}/${name}`;
}
