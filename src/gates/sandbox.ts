import { existsSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join, sep } from "node:path";
import { runProcess } from "../process.js";
import { type Environment, findProgram } from "./environment.js";

/** A command line that runs another one confined, or the command itself. */
export type Confine = (
  file: string,
  args: readonly string[],
  cwd: string,
) => { file: string; args: string[] };

export type Sandbox = { state: "ready"; program: string } | { state: "none"; why: string };

/** What a confined program may see and write; all paths absolute, links resolved. */
export interface Cell {
  /** Folders that it may write. */
  writable: readonly string[];
  /** Folders that are empty for it, whatever is there: homes, the user's work tree. */
  hidden: readonly string[];
  /** What it may read below those. */
  readable: readonly string[];
  /** Files that it reads in place of others: path there, path of what it reads. */
  replaced: readonly { path: string; by: string }[];
}

const probeLimit = 10_000;
const known = new Map<string, Promise<Sandbox>>();

/** Whether bubblewrap is on PATH and can really make a sandbox here: tried once per program. */
export async function findSandbox(environment: Environment): Promise<Sandbox> {
  if (process.platform !== "linux") return { state: "none", why: "bubblewrap (bwrap) is for Linux only" };
  const program = await findProgram("bwrap", environment);
  if (program === null) return { state: "none", why: "bubblewrap (bwrap) was not found on PATH" };
  const asked = known.get(program) ?? tried(program);
  known.set(program, asked);
  return asked;
}

async function tried(program: string): Promise<Sandbox> {
  const cell: Cell = { writable: [], hidden: [], readable: [], replaced: [] };
  const result = await runProcess(program, [...bubblewrap(cell, "/"), "/bin/sh", "-c", "exit 0"], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    timeout: probeLimit,
    maxOutput: 4_096,
  });
  if (result.stopped === null && result.code === 0) return { state: "ready", program };
  const said = result.stderr.toString("utf8").trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return {
    state: "none",
    why: `bubblewrap can't make a sandbox here (${said || result.stopped || result.code})`,
  };
}

/** Runs what it is given inside a cell. */
export function confineTo(program: string, cell: Cell): Confine {
  return (file, args, cwd) => ({ file: program, args: [...bubblewrap(cell, cwd), file, ...args] });
}

/** Folders of sockets and of other programs' files. A socket can be spoken to although its file system is read-only. */
const emptied = ["/tmp", "/var/tmp", "/run", "/home", "/root"];
/** On NixOS, programs are found by way of this. */
const keptOfRun = ["/run/current-system", "/run/wrappers"];

/**
 * bubblewrap's arguments: every namespace of its own (so no network, and no process but its own to be seen), no
 * capabilities, no terminal to type into, the file system read-only, homes and temporary folders empty. bwrap(1).
 */
function bubblewrap(cell: Cell, cwd: string): string[] {
  const hidden = [...emptied.filter((path) => isRealFolder(path)), ...outermost(cell.hidden)];
  return [
    "--unshare-user",
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    ...["--cap-drop", "ALL"],
    ...["--hostname", "sluice"],
    ...["--ro-bind", "/", "/"],
    ...["--dev", "/dev"],
    ...["--proc", "/proc"],
    ...hidden.flatMap((path) => ["--tmpfs", path]),
    ...[...keptOfRun, ...outermost(cell.readable)].flatMap((path) => ["--ro-bind-try", path, path]),
    ...cell.replaced.flatMap(({ path, by }) => ["--ro-bind", by, path]),
    ...cell.writable.flatMap((path) => ["--bind", path, path]),
    ...["--chdir", cwd],
    "--",
  ];
}

function isRealFolder(path: string): boolean {
  try {
    return realpathSync(path) === path;
  } catch {
    return false;
  }
}

/** Without those that lie in another one of them; each once. */
function outermost(paths: readonly string[]): string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter((path) => !sorted.some((other) => other !== path && isBelow(path, other)));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** What programs need below a home: where they are installed, never where they keep keys. */
const toolPlaces = [
  ".cargo/bin",
  ".cargo/registry",
  ".cargo/git",
  ".rustup",
  "go/pkg/mod",
  "go/bin",
  ".m2/repository",
  ".local/bin",
  ".local/lib",
  ".local/share/uv",
  ".local/share/pipx",
  ".local/share/pnpm",
  ".local/share/mise",
  ".local/share/fnm",
  ".asdf",
  ".rbenv",
  ".pyenv",
  ".nvm/versions",
  ".volta",
  ".bun/bin",
  ".deno/bin",
  ".sdkman/candidates",
];
const toolVariables = [
  "RUSTUP_HOME",
  "PYENV_ROOT",
  "VOLTA_HOME",
  "GOROOT",
  "GOMODCACHE",
  "JAVA_HOME",
  "JDK_HOME",
];

/** Where the programs of a PATH and their parts are, below a home that is hidden. */
export function toolFolders(environment: Environment, home: string): string[] {
  const found = toolPlaces.map((place) => join(home, place));
  for (const name of toolVariables) found.push(environment[name] ?? "");
  for (const entry of (environment.PATH ?? "").split(delimiter)) {
    if (!isBelow(entry, home)) continue;
    found.push(entry);
    const above = dirname(entry);
    // `~/.nvm/versions/node/v22/bin` belongs to a tree of its own; `~/bin` and `~/.cargo/bin` to more than programs.
    const isOwnTree = entry.endsWith("/bin") && above.slice(home.length + 1).split("/").length >= 3;
    if (isOwnTree) found.push(above);
  }
  return found.filter((path) => isAbsolute(path) && path !== home && existsSync(path));
}

/** Where a virtual environment's Python really is: its folder has links only. */
export async function interpreterFolders(virtualEnvironment: string): Promise<string[]> {
  const bin = join(virtualEnvironment, "bin");
  const found = new Set<string>();
  for (const name of await readdir(bin).catch(() => [])) {
    if (!/^python[\d.]*$/.test(name)) continue;
    try {
      found.add(dirname(dirname(realpathSync(join(bin, name)))));
    } catch {
      // A link to a Python that is gone.
    }
  }
  return [...found].filter((path) => path !== "/" && path !== "/usr");
}
