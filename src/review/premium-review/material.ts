import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { NotShown, Role, Surroundings } from "../../change/surroundings.js";
import { countTokens } from "../../change/tokens.js";
import type { Change } from "../../change/types.js";
import { diffedPaths } from "../context.js";

/** One piece of what a reviewer reads. */
export interface Part {
  role: "diff" | "spec" | Role;
  /** Null for the diff. */
  path: string | null;
  text: string;
  tokens: number;
  /** Of the text as it is sent, in hex. */
  sha256: string;
}

/**
 * What a premium reviewer is shown: the diff, the task and its spec, changed files, direct imports and tests, whole.
 * The diff stands first here.
 */
export interface Material {
  parts: Part[];
  not_shown: (NotShown & { added: number | null; deleted: number | null })[];
  notes: string[];
}

const fileLimit = 20 * 1024 * 1024;
const batch = 64;

/**
 * Reads all that a reviewer is shown of a change. Nothing is cut: what is not shown is listed with its reason. Throws
 * what reading objects throws, and on cancellation.
 */
export async function gatherMaterial(
  change: Change,
  around: Pick<Surroundings, "files" | "not_shown" | "notes">,
  signal: AbortSignal,
): Promise<Material> {
  signal.throwIfAborted();
  const notes = [...around.notes];
  const shown = diffedPaths(change);
  const diff = shown.length === 0 ? "" : await change.objects.diff(shown);
  const parts: Part[] = [await partOf("diff", null, diff)];
  for (const { path, text } of change.specification ?? []) parts.push(await partOf("spec", path, text));
  for (let start = 0; start < around.files.length; start += batch) {
    signal.throwIfAborted();
    const files = around.files.slice(start, start + batch);
    const blobs = await change.objects.blobs(
      files.map(({ id }) => id),
      fileLimit,
    );
    for (const { path, role, id } of files) {
      const bytes = blobs.get(id);
      // Larger files are in `not_shown` already: one that is not there is a fault, never a smaller review.
      if (bytes === undefined) throw new Error(`${path} could not be read`);
      const text = bytes.toString("utf8");
      if (!isUtf8(bytes)) notes.push(`${path} is not all UTF-8: what is not stands as U+FFFD`);
      parts.push(await partOf(role, path, text));
    }
  }
  const counts = new Map(change.files.map(({ path, added, deleted }) => [path, { added, deleted }]));
  return {
    parts,
    not_shown: around.not_shown.map((item) => ({
      ...item,
      ...(counts.get(item.path) ?? { added: null, deleted: null }),
    })),
    notes,
  };
}

async function partOf(role: Part["role"], path: string | null, text: string): Promise<Part> {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { role, path, text, tokens: await countTokens(text), sha256 };
}
