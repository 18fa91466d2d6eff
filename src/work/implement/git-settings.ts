import { join } from "node:path";
import { git } from "../../change/git.js";
import type { Repository } from "../../change/types.js";

/** Sections that git needs to read a repository; the rest may hold keys, or name programs. */
const kept =
  /^(?:core\.(?:repositoryformatversion|bare|filemode|ignorecase|precomposeunicode|symlinks|autocrlf|eol)|extensions\..+|remote\..+\.url)$/;

/** A repository's own settings without passwords, tokens and commands, as a file of git's. */
export async function harmlessSettings(repository: Repository, signal: AbortSignal): Promise<string> {
  const file = join(repository.commonDir, "config");
  const listed = await git(repository, ["config", "--file", file, "--list", "-z"], {
    allowFailure: true,
    signal,
  });
  const lines: string[] = [];
  for (const record of listed.stdout.toString("utf8").split("\0")) {
    const [, key, value] = /^([^\n]+)(?:\n([\s\S]*))?$/.exec(record) ?? [];
    if (key === undefined || !kept.test(key)) continue;
    const [section = "", ...rest] = key.split(".");
    const name = rest.pop() ?? "";
    const sub = rest.length === 0 ? "" : ` "${rest.join(".").replace(/["\\]/g, "\\$&")}"`;
    const plain = withoutPassword(value ?? "true")
      .replace(/["\\]/g, "\\$&")
      .replaceAll("\n", "\\n");
    lines.push(`[${section}${sub}]`, `\t${name} = "${plain}"`);
  }
  return `${lines.join("\n")}\n`;
}

function withoutPassword(address: string): string {
  return address.replace(/:\/\/[^/\s]*@/, "://");
}
