/** A git repository with a work tree, or a bare one (then `root` is the git directory and nothing is dirty). */
export interface Repository {
  /** Top of the work tree that the caller named: absolute, links resolved. */
  root: string;
  gitDir: string;
  /** Shared by all worktrees. */
  commonDir: string;
  /** The main worktree's top; null in a bare repository. `.flow/` lives there. */
  mainRoot: string | null;
  bare: boolean;
  shallow: boolean;
  objectFormat: "sha1" | "sha256";
  /** Checked-out branch without `refs/heads/`; null when detached. */
  branch: string | null;
  /** What a person should know of it: what a killed process left half written, and what became of that. */
  notices?: readonly string[];
}

export type Side = "base" | "head";

export type HeadKind = "commit" | "staged" | "worktree" | "diff";

export interface TreeEnd {
  /** Tree id. */
  tree: string;
  /** The commit it was taken from; null for the index, the work tree, a pasted diff and the empty tree. */
  commit: string | null;
  /** How a person would say it: `main`, `STAGED`, `WORKTREE`, `empty tree`, … */
  label: string;
}

export type FileStatus = "added" | "deleted" | "modified" | "renamed" | "copied" | "type-changed";

/**
 * What a touched file is to a reviewer. Everything but `text` is shown as diff-stat and hash only:
 * `generated` covers lock, generated, vendored and minified files.
 */
export type FileKind = "text" | "binary" | "submodule" | "symlink" | "generated";

export interface ChangedFile {
  status: FileStatus;
  /** Path at head; for a deleted file its path at base. Relative to the repository's top, `/`-separated. */
  path: string;
  /** Path at base when it differs. */
  oldPath: string | null;
  /** Octal git modes, `000000` where the file does not exist. */
  oldMode: string;
  newMode: string;
  /** Blob or commit ids; null where the file does not exist. */
  oldId: string | null;
  newId: string | null;
  kind: FileKind;
  /** Why a `generated` file counts as one: `lock`, `generated`, `vendored`, `minified`; else null. */
  generated: "lock" | "generated" | "vendored" | "minified" | null;
  /** Lines added and deleted; null for binary files. */
  added: number | null;
  deleted: number | null;
  hunks: Hunk[];
}

/** One hunk of a diff without context (`-U0`). */
export interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  /**
   * The `-` and `+` lines in order, with their sign, without line end (a `\r` stays). A line that starts with `\`
   * says that the one before has no newline in the file. Bytes that are no UTF-8 are U+F780 to U+F7FF.
   */
  lines: string[];
}

/** What could not be taken into a Change, and so was not reviewed. */
export interface Skipped {
  path: string;
  reason: string;
}

/**
 * What changed: two immutable trees and what git says of their difference. Everything reads objects through it,
 * never the working tree.
 */
export interface Change {
  repository: Repository;
  base: TreeEnd;
  head: TreeEnd;
  headKind: HeadKind;
  /** Sorted by path. Narrowed by `paths` when the caller gave some. */
  files: ChangedFile[];
  skipped: Skipped[];
  /** True when `paths` or `diff` made this less than the repository's whole change: no receipt for it. */
  partial: boolean;
  task: string | null;
  /** What the task and its spec say, where the caller named one that the work tree has; the repository's text. */
  specification?: readonly SpecificationText[];
  /** Reads the repository's objects and those we made for this change. */
  objects: Objects;
}

/** A text that says what a change is for. */
export interface SpecificationText {
  /** Relative to the repository. */
  path: string;
  text: string;
}

export interface TreeEntry {
  path: string;
  mode: string;
  type: "blob" | "commit" | "tree";
  id: string;
  /** Bytes; null for what is no blob. */
  size: number | null;
}

/** Two trees whose files can be listed and read: a Change, or something that stands for one. */
export interface Trees {
  objects: Pick<Objects, "tree" | "blobs">;
}

export interface Objects {
  /** A blob's bytes. Throws UsageError when it is larger than `limit` bytes (default 20 MiB). */
  blob(id: string, limit?: number): Promise<Buffer>;
  /** Many blobs in one go, by id; larger ones than `limit` are left out of the map. */
  blobs(ids: readonly string[], limit?: number): Promise<Map<string, Buffer>>;
  /** A file of a side's tree as bytes; null when it is not there or is no regular file. */
  file(side: Side, path: string): Promise<Buffer | null>;
  /** Every entry of a side's tree, recursive; read once and kept. */
  tree(side: Side): Promise<readonly TreeEntry[]>;
  /**
   * Writes a side's files to a folder, which must exist. `select` picks entries (default all regular files up to
   * 5 MiB); links and submodules are never written, nor what is there already. Returns the paths written.
   */
  materialise(side: Side, folder: string, select?: (entry: TreeEntry) => boolean): Promise<string[]>;
  /** Unified diff text as a reviewer reads it (3 lines of context), of the files asked for or of all. */
  diff(paths?: readonly string[], context?: number): Promise<string>;
}
