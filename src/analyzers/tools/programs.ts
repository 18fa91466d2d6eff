import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, relative } from "node:path";

/**
 * Where a program is on a search path: in absolute folders only, and never inside the repository, whose files must not
 * choose what runs. Null when it is nowhere.
 */
export async function findProgram(
  name: string,
  path: string | undefined,
  repository: string,
): Promise<string | null> {
  const names = process.platform === "win32" ? [`${name}.exe`] : [name];
  const top = await realpath(repository).catch(() => repository);
  for (const folder of (path ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const one of names) {
      const file = join(folder, one);
      const real = await realpath(file).catch(() => null);
      if (real === null || isInside(top, real) || isInside(top, file)) continue;
      if ((await stat(real)).isFile() && (await isExecutable(real))) return file;
    }
  }
  return null;
}

function isInside(top: string, path: string): boolean {
  const to = relative(top, path);
  return to === "" || (!to.startsWith("..") && !isAbsolute(to));
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What a compiler needs of the environment to work as it does for its user; no keys, no tokens. */
const wanted =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|GOPATH|GOROOT|GOFLAGS|GOCACHE|GOMODCACHE|GOTOOLCHAIN|GOOS|GOARCH|CGO_ENABLED|CARGO_HOME|CARGO_TARGET_DIR|RUSTUP_\w+|RUSTFLAGS|JAVA_HOME|CLASSPATH|GEM_HOME|GEM_PATH|BUNDLE_GEMFILE|NODE_PATH|SystemRoot|SYSTEMROOT|USERPROFILE|APPDATA|LOCALAPPDATA|ProgramData|PATHEXT|COMSPEC)$/;

/** The environment of a tool. */
export function toolEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && wanted.test(name)) kept[name] = value;
  }
  // A relative entry would run a program out of the repository under a system program's name.
  if (kept.PATH !== undefined) kept.PATH = kept.PATH.split(delimiter).filter(isAbsolute).join(delimiter);
  return { ...kept, CI: "1", NO_COLOR: "1", TERM: "dumb", GIT_TERMINAL_PROMPT: "0" };
}
