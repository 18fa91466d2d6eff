import { existsSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { type GitOptions, git, gitText, useEnvironment } from "./git.js";
import type { Repository } from "./types.js";
import { undoUnfinished } from "./undo-writes.js";

/**
 * Opens the git repository that a folder is in. Accepted are the working directory's repository, its worktrees and
 * submodules, and what is inside the client's roots or `allowed` (the user's configuration); links are resolved
 * before comparing. Throws UsageError when the folder is not in a repository or not in one of those.
 */
export async function openRepository(
  sluice: Sluice,
  path: string | undefined,
  options: { allowed?: readonly string[]; signal?: AbortSignal } = {},
): Promise<Repository> {
  const folder = realFolder(resolve(sluice.cwd, path ?? "."), path);
  const repository = await inspect(sluice, folder, options.signal);
  if (path === undefined || (await isAllowed(sluice, repository, folder, options)))
    return withoutHalves(sluice, repository);
  throw new UsageError(
    `${path} is in a repository that this server was not given.`,
    "Leave out repo to use the server's own working directory, or ask the user to add the path to the client's roots or to Sluice's configuration.",
  );
}

/** Undoes what a killed process left half written, so that nobody works with it. */
async function withoutHalves(sluice: Sluice, repository: Repository): Promise<Repository> {
  const notices = await undoUnfinished(repository, sluice.clock());
  for (const notice of notices) sluice.log(notice);
  // The same object: git's environment is kept by it.
  if (notices.length > 0) repository.notices = notices;
  return repository;
}

function realFolder(folder: string, asked: string | undefined): string {
  try {
    const real = realpathSync(folder);
    if (statSync(real).isDirectory()) return real;
  } catch {
    // Said below.
  }
  if (asked === undefined) {
    throw new UsageError(
      `${folder}, where this server was started, is not there any more.`,
      "Ask the user to restart the server in a folder that exists, or pass repo as a path inside a repository that the client opened to it.",
    );
  }
  throw new UsageError(
    `${asked} is not a folder.`,
    "Pass repo as the path of a folder inside a git repository, or leave it out.",
  );
}

const placeQuestions = ["--absolute-git-dir", "--git-common-dir"] as const;

async function inspect(sluice: Sluice, folder: string, signal: AbortSignal | undefined): Promise<Repository> {
  const options: GitOptions = { environment: sluice.env, signal };
  const facts = await git(
    folder,
    [
      "rev-parse",
      "--is-bare-repository",
      "--is-inside-work-tree",
      "--is-shallow-repository",
      "--show-object-format",
      "--path-format=absolute",
      ...placeQuestions,
    ],
    { ...options, allowFailure: true },
  );
  if (facts.code !== 0) throw notRepository(folder, facts.stderr);
  const answers = facts.stdout.toString("utf8").split("\n");
  const [isBare, isInside, isShallow, format, ...places] = answers;
  // A path may hold a line end: then each is asked for by itself.
  const [gitDir = "", commonDir = ""] =
    places.length === 3
      ? places
      : await Promise.all(
          placeQuestions.map((question) =>
            gitText(folder, ["rev-parse", "--path-format=absolute", question], options),
          ),
        );
  const bare = isBare === "true";
  if (!bare && isInside !== "true") {
    throw new UsageError(
      isWithin(folder, realOrNull(gitDir) ?? gitDir)
        ? `${folder} is inside a .git folder.`
        : `${folder} is outside the work tree of its repository (core.worktree).`,
      "Pass the path of the work tree instead.",
    );
  }
  const root = bare ? gitDir : await gitText(folder, ["rev-parse", "--show-toplevel"], options);
  const head = await git(folder, ["symbolic-ref", "--quiet", "HEAD"], { ...options, allowFailure: true });
  const branch = head.stdout.toString("utf8").trim();
  const repository: Repository = {
    root: realpathSync(root),
    gitDir: realpathSync(gitDir),
    commonDir: realpathSync(commonDir),
    mainRoot: null,
    bare,
    shallow: isShallow === "true",
    objectFormat: format === "sha256" ? "sha256" : "sha1",
    branch: branch.startsWith("refs/heads/") ? branch.slice("refs/heads/".length) : null,
  };
  repository.mainRoot = bare ? null : await mainRoot(repository, options);
  useEnvironment(repository, sluice.env);
  return repository;
}

function notRepository(folder: string, stderr: string): UsageError {
  if (stderr.includes("dubious ownership")) {
    return new UsageError(
      `git refuses ${folder}: it belongs to another user.`,
      `If the user trusts it: git config --global --add safe.directory ${folder}`,
    );
  }
  const [, lost] = /^fatal: not a git repository: ((?!\(or any).+)$/m.exec(stderr) ?? [];
  if (lost !== undefined) {
    return new UsageError(
      `${folder} belongs to a repository that is not there any more: its .git file names ${lost}.`,
      "If the main work tree was moved, run `git worktree repair` there with this path; if it is gone, so is the history.",
    );
  }
  if (stderr.includes("not a git repository")) {
    return new UsageError(
      `${folder} is not in a git repository.`,
      "Pass repo as a path inside one, start the server in one, or run `git init` and commit first.",
    );
  }
  return new UsageError(
    `git cannot read the repository at ${folder}: ${stderr.split("\n").at(-1) ?? ""}`,
    "Run `git status` there to see what is wrong with it.",
  );
}

async function mainRoot(repository: Repository, options: GitOptions): Promise<string | null> {
  if (repository.gitDir === repository.commonDir) return repository.root;
  const list = await gitText(repository.root, ["worktree", "list", "--porcelain"], options);
  const [first = "", ...rest] = (list.split("\n\n")[0] ?? "").split("\n");
  const path = first.replace(/^worktree /, "");
  if (rest.includes("bare") || !existsSync(path)) return null;
  const real = realpathSync(path);
  return isWithin(real, repository.commonDir) ? null : real;
}

async function isAllowed(
  sluice: Sluice,
  repository: Repository,
  folder: string,
  options: { allowed?: readonly string[]; signal?: AbortSignal },
): Promise<boolean> {
  const own = realOrNull(sluice.cwd);
  if (folder === own) return true;
  for (const place of [...(await sluice.roots()), ...(options.allowed ?? [])]) {
    const real = realOrNull(resolve(sluice.cwd, place));
    // A root may be a folder inside the repository: then the client has opened that repository's work.
    if (real !== null && (isWithin(repository.root, real) || isWithin(real, repository.root))) return true;
  }
  const home = own === null ? null : await inspect(sluice, own, options.signal).catch(() => null);
  if (home === null) return false;
  return (
    repository.commonDir === home.commonDir || isWithin(repository.commonDir, join(home.commonDir, "modules"))
  );
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Whether a path is a folder or below it; both absolute, links resolved. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
