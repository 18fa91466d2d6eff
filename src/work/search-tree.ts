import { git } from "../change/git.js";
import { isProse } from "../change/risk/prose.js";
import type { Repository } from "../change/types.js";

/** Milliseconds. */
const limit = 10_000;

/**
 * The files of code and settings that one of some words stands in, untracked ones too; null when it could not be found
 * out in time. Documents, lock files and what flow-next keeps are left out.
 *
 * @param how `word`: anywhere, capitals for small letters; `exact`: as it is written; `import`: where an import, a
 * path of names or a text of its own says it
 */
export async function filesWith(
  repository: Repository,
  words: readonly string[],
  how: "word" | "exact" | "import",
  signal: AbortSignal,
): Promise<string[] | null> {
  const searched = await git(
    repository,
    [
      "grep",
      "--no-textconv",
      "-I",
      "-l",
      "-z",
      ...(how === "exact" ? [] : ["-i"]),
      ...(how === "import" ? ["-E"] : ["-w", "-F"]),
      ...(repository.bare ? [] : ["--untracked"]),
      ...words.flatMap((word) => ["-e", how === "import" ? importOf(word) : word]),
      ...(repository.bare ? ["HEAD"] : []),
    ],
    {
      signal,
      timeout: limit,
      allowFailure: true,
      maxOutput: 8 * 1024 * 1024,
      truncate: true,
      env: { GIT_NO_LAZY_FETCH: "1" },
    },
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof Error) return null;
    throw error;
  });
  if (searched === null || searched.code > 1) return null;
  return searched.stdout
    .toString("utf8")
    .split("\0")
    .map((path) => (repository.bare ? path.replace(/^HEAD:/, "") : path))
    .filter((path) => path !== "" && !path.startsWith(".flow/") && !isProse(path) && !isLock(path));
}

/** What most languages' imports of a name look like, for POSIX. */
function importOf(word: string): string {
  const name = word.replace(/[.+*?()[\]{}\\^$|]/g, "\\$&");
  const imports = `(import|from|use|using|require|include|crate|load|package)[ (<"':@/.A-Za-z0-9_-]{1,60}[ "'<:@/.-]${name}([^A-Za-z0-9_-]|$)`;
  const direct = `(^|[^A-Za-z0-9_-])(import|from|use|using|crate) ${name}([^A-Za-z0-9_-]|$)`;
  return `${imports}|${direct}|(^|[^A-Za-z0-9_])${name}::|["']${name}(/[^"' ]*)?["']`;
}

function isLock(path: string): boolean {
  return /(?:^|[/.-])lock(?:\.(?:json|ya?ml|hcl))?$|\.(?:sum|lockb|svg|csv|po|snap)$|\.min\.(?:js|css)$/i.test(
    path,
  );
}
