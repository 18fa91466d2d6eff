import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { configurationFolder } from "../config/paths.js";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";

/** What decides whether a tool's annotations can promise that it stays in: looked at once, when the server starts. */
export interface World {
  /** Somebody allowed commands of this repository to run, so `review_change` may run them. */
  trustedGates: boolean;
}

/** Looks without starting git or reading the repository's own configuration. */
export async function lookAround(sluice: Sluice): Promise<World> {
  try {
    const commonDir = findCommonDir(sluice.cwd);
    // Most users have trusted nothing yet, and need not wait for what reads it.
    if (commonDir === null || !existsSync(join(configurationFolder(sluice), "trust.json")))
      return { trustedGates: false };
    const { readTrust } = await import("../config/trust.js");
    const trust = await readTrust(sluice, commonDir);
    return { trustedGates: trust !== null && Object.keys(trust.commands).length > 0 };
  } catch (error) {
    sluice.log(`trust could not be read: ${messageOf(error)}`);
    return { trustedGates: false };
  }
}

/** The git directory that all worktrees share, found as git does: a `.git` folder, or a file that points to one. */
function findCommonDir(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, ".git");
    const kind = statSync(candidate, { throwIfNoEntry: false });
    if (kind?.isDirectory()) return realpathSync(candidate);
    if (kind?.isFile()) {
      const gitDir = /^gitdir: (.+)$/m.exec(readFileSync(candidate, "utf8"))?.[1];
      if (gitDir === undefined) return null;
      const own = resolve(folder, gitDir.trim());
      const common = join(own, "commondir");
      return realpathSync(
        statSync(common, { throwIfNoEntry: false }) ? resolve(own, readFileSync(common, "utf8").trim()) : own,
      );
    }
    if (folder === dirname(folder)) return null;
  }
}
