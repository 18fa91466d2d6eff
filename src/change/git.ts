import { existsSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, sep } from "node:path";
import { ConfigurationError, SourceError } from "../errors.js";
import { type RunResult, runProcess } from "../process.js";
import { systemProblemIn } from "../system-error.js";
import type { Repository } from "./types.js";

/**
 * Runs git plumbing. simple-git is not used here: it gives text where paths and blobs are bytes, takes no
 * environment per call and no time limit per process tree, and wraps the porcelain whose output the user's
 * configuration changes.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GitOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds; default 60,000. */
  timeout?: number;
  input?: string | Uint8Array;
  /** Variables added for this call, such as GIT_INDEX_FILE. */
  env?: Environment;
  /** The environment that git starts from; default: the one its repository was opened with. */
  environment?: Environment;
  /** Gives a result instead of throwing when git ends with another code than 0. */
  allowFailure?: boolean;
  /** Bytes of output allowed; more is a SourceError. Default 256 MiB. */
  maxOutput?: number;
  /** Gives the first `maxOutput` bytes instead of throwing. */
  truncate?: boolean;
}

export interface GitResult {
  /** Exit code. */
  code: number;
  stdout: Buffer;
  stderr: string;
  /** Milliseconds. */
  ms: number;
}

// Nothing that a configuration file names may run or change what is read: no hooks, no file-system monitor,
// no pager, editor, password prompt or housekeeping, no alternative path quoting or index formats.
const settings = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "core.splitIndex=false",
  "core.quotePath=off",
  "core.safecrlf=false",
  "core.pager=cat",
  "core.editor=:",
  "core.askPass=",
  "color.ui=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "protocol.ext.allow=never",
  "submodule.recurse=false",
].flatMap((setting) => ["-c", setting]);

const fixedEnvironment = {
  LC_ALL: "C",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  GCM_INTERACTIVE: "never",
  SSH_ASKPASS_REQUIRE: "never",
  // Pathspecs from us are paths; a replace ref must not change what a tree id stands for.
  GIT_LITERAL_PATHSPECS: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
} as const;

const environments = new WeakMap<Repository, Environment>();

/** Remembers the environment that `git(repository, …)` runs with. */
export function useEnvironment(repository: Repository, environment: Environment): void {
  environments.set(repository, environment);
}

/**
 * Runs git in a repository (at its root) or a folder. Throws ConfigurationError when there is no git,
 * SourceError when it fails (unless allowed), takes too long or says too much, and the signal's reason when cancelled.
 */
export async function git(
  where: Repository | string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitResult> {
  const cwd = typeof where === "string" ? where : where.root;
  const inherited =
    options.environment ?? (typeof where === "string" ? process.env : environments.get(where)) ?? process.env;
  const environment = { ...gitEnvironment(inherited, cwd), ...options.env };
  const result = await runProcess(findGit(environment), [...settings, ...args], {
    cwd,
    env: environment,
    timeout: options.timeout ?? 60_000,
    signal: options.signal,
    input: options.input,
    maxOutput: options.maxOutput ?? 256 * 1024 * 1024,
  });
  return checked(result, args, options);
}

/** Standard output as text without the final line end. */
export async function gitText(
  where: Repository | string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  return (await git(where, args, options)).stdout.toString("utf8").replace(/\r?\n$/, "");
}

/** The object id that a command printed. Throws SourceError when it printed none: an empty id would name anything. */
export function printedId({ stdout }: Pick<GitResult, "stdout">): string {
  const id = stdout.toString("latin1").trim();
  if (/^[0-9a-f]{40,64}$/.test(id)) return id;
  throw new SourceError("git ended well but did not say which object it wrote.", "Call again.", {
    kind: "git",
  });
}

function checked(result: RunResult, args: readonly string[], options: GitOptions): GitResult {
  const command = `git ${args.find((word) => !word.startsWith("-")) ?? ""}`.trim();
  if (result.stopped === "cancelled") {
    options.signal?.throwIfAborted();
  }
  if (result.stopped === "not-found") {
    throw new ConfigurationError("git was not found on PATH.", "Install git 2.31 or newer, then call again.");
  }
  if (result.stopped !== null) {
    throw new SourceError(
      `${command} was stopped (${result.stopped}) after ${result.ms} ms.`,
      "Narrow the change (base, head), or see whether the disk or the repository is in trouble.",
      { kind: result.stopped },
    );
  }
  const stderr = result.stderr.toString("utf8").trim();
  if (result.truncated && options.truncate !== true) {
    throw new SourceError(`${command} gave more output than can be held.`, "Choose a base closer to head.", {
      kind: "too-large",
    });
  }
  const code = result.code ?? 128;
  if (code !== 0 && options.allowFailure !== true) {
    const problem = systemProblemIn(`${command} failed: ${lastLine(stderr)}`);
    if (problem !== null) throw problem;
    throw new SourceError(
      `${command} failed: ${lastLine(stderr) || `exit code ${code}`}`,
      "Run `git status` and `git fsck` in the repository; if they are fine, this is a bug in Sluice.",
      { kind: "git" },
    );
  }
  return { code, stdout: result.stdout, stderr, ms: result.ms };
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("hint:"));
  return (lines.at(-1) ?? "").slice(0, 500);
}

/** The environment git gets: nothing of GIT_*, nothing that prompts, and a PATH without the repository's own programs. */
function gitEnvironment(inherited: Environment, cwd: string): Environment {
  const environment: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (!/^GIT_/i.test(name) && name !== "LANGUAGE" && name !== "SSH_ASKPASS") environment[name] = value;
  }
  const home = inherited.HOME ?? inherited.USERPROFILE;
  environment.PATH = trustedPath(inherited.PATH ?? inherited.Path ?? "", cwd, home);
  return { ...environment, ...fixedEnvironment };
}

/**
 * The environment of another program that runs git in a repository by itself: what `git` here is called with, as far
 * as an environment can say it.
 */
export function environmentForGit(inherited: Environment, cwd: string): Environment {
  const pairs = settings.filter((word) => word !== "-c").map((setting) => setting.split("=", 2));
  const environment: Record<string, string | undefined> = { ...gitEnvironment(inherited, cwd) };
  // Its pathspecs are its own affair.
  delete environment.GIT_LITERAL_PATHSPECS;
  environment.GIT_CONFIG_COUNT = String(pairs.length);
  for (const [index, [key = "", value = ""]] of pairs.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/**
 * PATH without relative entries and without folders of the repository's (`npx` puts node_modules/.bin there): a
 * committed file named `git` must not run. A repository that holds the home folder is the user's own.
 */
function trustedPath(path: string, cwd: string, home: string | undefined): string {
  const repositories: string[] = [];
  for (let folder = cwd; folder !== dirname(folder); folder = dirname(folder)) {
    const holdsHome = home !== undefined && isBelow(home, folder);
    if (!holdsHome && (folder === cwd || existsSync(join(folder, ".git")))) repositories.push(folder);
  }
  return path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !repositories.some((own) => isBelow(folder, own)))
    .join(delimiter);
}

function isBelow(path: string, folder: string): boolean {
  return `${path}${sep}`.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

const found = new Map<string, string>();

function findGit(environment: Environment): string {
  const path = environment.PATH ?? "";
  const known = found.get(path);
  if (known !== undefined) return known;
  const names = process.platform === "win32" ? ["git.exe"] : ["git"];
  for (const folder of path.split(delimiter)) {
    for (const name of names) {
      const file = join(folder, name);
      if (existsSync(file) && statSync(file).isFile()) {
        found.set(path, file);
        return file;
      }
    }
  }
  // Absolute and missing, so that the runner says "not found" instead of searching again.
  return join(sep, "nonexistent", "git");
}
