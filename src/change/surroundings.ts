import type { Sluice } from "../sluice.js";
import { field, sha256 } from "./fingerprint.js";
import { directImports } from "./imports/direct.js";
import { type TreeIndex, treeIndex } from "./imports/tree-index.js";
import { testsOf } from "./tests-of.js";
import type { Change, ChangedFile } from "./types.js";

export type Role = "changed" | "import" | "test";

export interface SurroundingFile {
  path: string;
  role: Role;
  /** Blob id at head. */
  id: string;
  bytes: number;
}

export interface NotShown {
  path: string;
  /** `binary`, `lock`, `generated`, `vendored`, `minified`, `submodule`, `symlink`, `deleted`, `too large`. */
  reason: string;
  /** Blob or commit id at head; null when there is none. */
  id: string | null;
}

/** Everything a reviewer of a change is shown besides the diff, in the order it is shown. */
export interface Surroundings {
  /** The context fingerprint: SHA-256 over all of it. */
  fingerprint: string;
  /** Changed files at head, then direct imports, then tests; each once, sorted by path within its role. */
  files: SurroundingFile[];
  not_shown: NotShown[];
  /** What could not be found out, in sentences: imports of a file that does not parse, say. */
  notes: string[];
}

export interface SurroundingsOptions {
  sluice: Sluice;
  signal?: AbortSignal | undefined;
}

/** Bytes: a larger file is shown as name and hash only. */
const shownLimit = 20 * 1024 * 1024;
const importLimit = 1024 * 1024;
const noteLimit = 20;

/** What is around a change, and the parts of its fingerprint; the specification is not in it. */
interface Found extends Omit<Surroundings, "fingerprint"> {
  parts: readonly string[];
}

/** A change is immutable, and one review asks several times. Only what was found whole is kept. */
const known = new WeakMap<Change, Found>();

/**
 * What surrounds a change at head: touched files whole, what they import directly, the tests of them. The same
 * edit elsewhere, after somebody else changed what it relies on, or for a task that asks for something else, has other
 * surroundings. Read once for a `Change`.
 *
 * Throws what git throws, and on cancellation.
 */
export async function surroundings(change: Change, { signal }: SurroundingsOptions): Promise<Surroundings> {
  const found = known.get(change) ?? (await find(change, signal));
  known.set(change, found);
  const texts = (change.specification ?? []).map(({ path, text }) => field(path) + field(text));
  const specification =
    texts.length === 0 ? field("no specification") : field("specification") + texts.join("");
  return {
    fingerprint: sha256(found.parts.join("") + specification),
    files: [...found.files],
    not_shown: [...found.not_shown],
    notes: [...found.notes],
  };
}

async function find(change: Change, signal: AbortSignal | undefined): Promise<Found> {
  const index = await treeIndex(change, "head");
  const notes: string[] = [];
  const note = (sentence: string) => notes.push(sentence);
  const files: SurroundingFile[] = [];
  const notShown: NotShown[] = [];
  const taken = new Set<string>();
  const modes: string[] = [];
  for (const file of [...change.files].sort(byPath)) {
    const reason = whyNotShown(file, index);
    const bytes = index.entry(file.path)?.size ?? 0;
    if (reason !== null) notShown.push({ path: file.path, reason, id: file.newId });
    else if (file.newId !== null) files.push({ path: file.path, role: "changed", id: file.newId, bytes });
    taken.add(file.path);
    modes.push(field(file.path) + field(file.newMode) + field(placesOf(file)));
  }
  const changed = files.map(({ path }) => path);
  const add = (role: Role, paths: Iterable<string>) => {
    for (const path of [...new Set(paths)].sort()) {
      const entry = index.entry(path);
      if (entry === undefined || taken.has(path)) continue;
      taken.add(path);
      if ((entry.size ?? 0) > importLimit) notShown.push({ path, reason: "too large", id: entry.id });
      else files.push({ path, role, id: entry.id, bytes: entry.size ?? 0 });
    }
  };
  add("import", [...(await directImports(change, "head", changed, { signal, note })).values()].flat());
  // A deleted file's tests still speak of it.
  const subjects = change.files.flatMap((file) => [file.path, file.oldPath ?? []].flat());
  add("test", [...(await testsOf(change, subjects, { signal, note })).values()].flat());
  const parts = [
    field("sluice-surroundings-2"),
    ...modes,
    ...files.map(({ path, role, id }) => field("shown") + field(role) + field(path) + field(id)),
    ...notShown.map(
      ({ path, reason, id }) => field("not shown") + field(reason) + field(path) + field(id ?? ""),
    ),
    // Whose imports are unknown may rest on any file.
    field(notes.length > 0 ? change.head.tree : ""),
  ];
  return { parts, files, not_shown: notShown, notes: shortened(notes) };
}

/**
 * Where at head each hunk is. With the files at head this tells what base was: the same line deleted from one function
 * or from another leaves the same file and is the same edit.
 */
function placesOf({ hunks }: ChangedFile): string {
  return hunks.map(({ newStart, newLines }) => `${newStart},${newLines}`).join(" ");
}

function whyNotShown(file: ChangedFile, index: TreeIndex): string | null {
  if (file.status === "deleted") return "deleted";
  if (file.kind === "generated") return file.generated ?? "generated";
  if (file.kind !== "text") return file.kind;
  return (index.entry(file.path)?.size ?? 0) > shownLimit ? "too large" : null;
}

function shortened(notes: readonly string[]): string[] {
  const first = notes.slice(0, noteLimit);
  return notes.length > noteLimit ? [...first, `${notes.length - noteLimit} more of the kind`] : first;
}

function byPath(a: ChangedFile, b: ChangedFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
