import { UsageError } from "../errors.js";
import { type GitOptions, git } from "./git.js";
import type { Repository, TreeEnd } from "./types.js";

/** Refs and commits are read in the user's repository; a ref from a caller is checked before git sees it. */

const emptyTrees = {
  sha1: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  sha256: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
} as const;

export function emptyTree(repository: Repository): TreeEnd {
  return { tree: emptyTrees[repository.objectFormat], commit: null, label: "empty tree" };
}

/**
 * The tree that a caller's ref names: a branch, tag, commit or tree id. Throws UsageError for everything else:
 * options, ranges, `HEAD:path`, blobs, unknown names.
 */
export async function resolveRef(
  repository: Repository,
  ref: string,
  argument: "base" | "head",
  signal?: AbortSignal,
): Promise<TreeEnd> {
  checkRef(ref, argument);
  const commit = await peel(repository, ref, "commit", signal);
  if (commit !== null) return { tree: await treeOf(repository, commit, signal), commit, label: ref };
  const tree = await peel(repository, ref, "tree", signal);
  if (tree !== null) return { tree, commit: null, label: ref };
  const shown = ref.slice(0, 200);
  const upper = ref.toUpperCase();
  if (upper === "STAGED" || upper === "WORKTREE") {
    const hint =
      argument === "base" ? "base is a ref; pass it as head." : `Write it in capitals: head: "${upper}".`;
    throw new UsageError(`${argument}: ${shown} is not a ref.`, hint);
  }
  throw new UsageError(
    `${argument}: there is no branch, tag or commit ${shown} in ${repository.root}.`,
    repository.shallow
      ? "This is a shallow clone: fetch the ref (`git fetch origin <ref>`), or pass one that `git log` shows."
      : "Pass a ref that `git rev-parse` knows, such as main, origin/main or a commit id.",
  );
}

function checkRef(ref: string, argument: string): void {
  const shown = JSON.stringify(ref.slice(0, 200));
  // A path in a commit is no state of the repository, and `:/text` searches all history.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is refused
  if (ref.startsWith("-") || ref.startsWith("^") || ref.length > 1_000 || /[\x00-\x20\x7f:]|\.\./.test(ref)) {
    throw new UsageError(
      `${argument}: ${shown} is not a ref.`,
      "Pass one branch, tag or commit; a range is given as base and head, files as paths.",
    );
  }
}

async function peel(
  repository: Repository,
  ref: string,
  type: "commit" | "tree",
  signal?: AbortSignal,
): Promise<string | null> {
  return one(
    repository,
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{${type}}`],
    signal,
  );
}

/** One line of output, or null when git says no. */
async function one(
  repository: Repository,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string | null> {
  const options: GitOptions = { allowFailure: true, signal };
  const result = await git(repository, args, options);
  const line = result.stdout.toString("utf8").split("\n")[0]?.trim() ?? "";
  return result.code === 0 && line !== "" ? line : null;
}

async function treeOf(repository: Repository, commit: string, signal?: AbortSignal): Promise<string> {
  const tree = await peel(repository, commit, "tree", signal);
  if (tree !== null) return tree;
  throw new UsageError(`Commit ${commit} has no tree here.`, "Fetch it, or run `git fsck`.");
}

/** The checked-out commit; null before the first one. */
export async function headCommit(repository: Repository, signal?: AbortSignal): Promise<TreeEnd | null> {
  const commit = await peel(repository, "HEAD", "commit", signal);
  return commit === null ? null : { tree: await treeOf(repository, commit, signal), commit, label: "HEAD" };
}

interface DefaultBranch {
  name: string;
  /** Full names of its local and remote-tracking refs, what exists of them. */
  refs: string[];
}

/** origin/HEAD's branch, else main, else master; null when there is none of them. */
export async function defaultBranch(
  repository: Repository,
  signal?: AbortSignal,
): Promise<DefaultBranch | null> {
  const remote = await one(repository, ["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"], signal);
  const prefix = "refs/remotes/origin/";
  const named = remote?.startsWith(prefix) ? [remote.slice(prefix.length)] : [];
  const names = [...named, "main", "master"];
  const asked = names.flatMap((name) => [`refs/heads/${name}`, `${prefix}${name}`]);
  const listed = await git(repository, ["for-each-ref", "--format=%(refname)", ...asked], { signal });
  const existing = new Set(listed.stdout.toString("utf8").split("\n"));
  for (const name of names) {
    const refs = [`refs/heads/${name}`, `${prefix}${name}`].filter((ref) => existing.has(ref));
    if (refs.length > 0) return { name, refs };
  }
  return null;
}

/**
 * The base of a head that came without one: the merge-base with the default branch; on the default branch itself
 * HEAD for uncommitted work, else the parent, or the empty tree for a first commit. Throws UsageError when the
 * history needed is not there.
 */
export async function defaultBase(
  repository: Repository,
  head: { commit: string | null; uncommitted: boolean; ref: string | null },
  signal?: AbortSignal,
): Promise<TreeEnd> {
  const current = await headCommit(repository, signal);
  const tip = head.commit ?? current?.commit ?? null;
  if (tip === null) return emptyTree(repository);
  const branch = await defaultBranch(repository, signal);
  if (branch === null || isOnDefault(repository, branch, head.ref)) {
    return head.uncommitted && current !== null ? current : parentOf(repository, tip, signal);
  }
  // Against several refs git gives the best common ancestor with any of them: local and remote main may differ.
  const base = await one(repository, ["merge-base", tip, ...branch.refs], signal);
  if (base === null) throw noCommonHistory(repository, branch.name);
  const onBranch =
    head.ref !== null ? await isLocalBranch(repository, head.ref, signal) : repository.branch !== null;
  // A commit on the default branch, named by id or checked out detached: what it did, not nothing.
  if (base === tip && !head.uncommitted && !onBranch) return parentOf(repository, tip, signal);
  return {
    tree: await treeOf(repository, base, signal),
    commit: base,
    label: `merge-base with ${branch.name}`,
  };
}

/** `ref` is what the caller named as head; null for the checked-out state. */
function isOnDefault(repository: Repository, branch: DefaultBranch, ref: string | null): boolean {
  if (ref === null || ref === "HEAD" || ref === "@") return repository.branch === branch.name;
  return [branch.name, `origin/${branch.name}`, ...branch.refs].includes(ref);
}

async function isLocalBranch(repository: Repository, ref: string, signal?: AbortSignal): Promise<boolean> {
  if (ref === "HEAD" || ref === "@") return repository.branch !== null;
  const name = ref.startsWith("refs/heads/") ? ref : `refs/heads/${ref}`;
  return (
    (await git(repository, ["show-ref", "--verify", "--quiet", name], { allowFailure: true, signal }))
      .code === 0
  );
}

async function parentOf(repository: Repository, commit: string, signal?: AbortSignal): Promise<TreeEnd> {
  const parent = await peel(repository, `${commit}^`, "commit", signal);
  if (parent !== null)
    return { tree: await treeOf(repository, parent, signal), commit: parent, label: "parent of head" };
  if (!repository.shallow) return emptyTree(repository);
  throw new UsageError(
    "The parent of head is not in this shallow clone.",
    "Run `git fetch --deepen=1`, or pass base.",
  );
}

function noCommonHistory(repository: Repository, branch: string): UsageError {
  return new UsageError(
    `head and the default branch ${branch} have no common history here.`,
    repository.shallow ? "This is a shallow clone: run `git fetch --unshallow`, or pass base." : "Pass base.",
  );
}

/** Whether `ancestor` is in the history of `commit`. */
export async function isAncestor(
  repository: Repository,
  ancestor: string,
  commit: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const args = ["merge-base", "--is-ancestor", ancestor, commit];
  return (await git(repository, args, { allowFailure: true, signal })).code === 0;
}
