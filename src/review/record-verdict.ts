import { posix } from "node:path";
import * as z from "zod";
import { fingerprint } from "../change/fingerprint.js";
import { treeIndex } from "../change/imports/tree-index.js";
import { surroundings } from "../change/surroundings.js";
import type { Change } from "../change/types.js";
import { classesOf } from "../problem-class.js";
import type { Sluice } from "../sluice.js";
import { recordEvent } from "../state/metrics.js";
import { recordVerdict, type VerdictRecord } from "../state/review-state.js";
import type { StateStore } from "../state/store.js";
import { aboutChange } from "./evidence.js";
import { refuseEmpty, treesOf } from "./reviewed-trees.js";
import type { recordVerdictOutput } from "./verdict-schema.js";

export { recordVerdictArguments, recordVerdictOutput } from "./verdict-schema.js";

export interface Blocker {
  file?: string | null | undefined;
  line?: number | null | undefined;
  message: string;
}

export interface Reached {
  verdict: VerdictRecord["verdict"];
  /** Who says so. Sluice's own verdicts do not come this way. */
  attested_by: "agent" | "human";
  model?: string | null | undefined;
  blockers?: readonly Blocker[] | undefined;
  /** Default: the change's. */
  task?: string | null | undefined;
}

export interface RecordOptions {
  store: StateStore;
  signal?: AbortSignal | undefined;
}

/**
 * Remembers a verdict that was reached elsewhere. It is kept as its giver's word: fingerprints then say `skip` and
 * by whom, but it never becomes a SHIP of Sluice.
 *
 * Throws UsageError for an empty change.
 */
export async function recordReached(
  change: Change,
  sluice: Sluice,
  reached: Reached,
  options: RecordOptions,
): Promise<z.output<typeof recordVerdictOutput>> {
  refuseEmpty(change);
  const given = z.enum(["agent", "human"]).parse(reached.attested_by);
  const record = await verdictRecord(
    change,
    sluice,
    { ...reached, attested_by: given, source: null },
    options,
  );
  const kept = await recordVerdict(options.store, sluice, record);
  await recordEvent(options.store, sluice, {
    kind: "verdict",
    about: { ...aboutChange(change), task: kept.task },
    verdict: kept.verdict,
    by: given,
    source: null,
    model: kept.model,
    blockers: classesOf(kept.blockers.map(({ message }) => message)),
    // What was recorded of the same change tells.
    prescreen: null,
  });
  const unknown = kept.blockers.flatMap(({ file, known }) =>
    file !== null && known === false ? [file] : [],
  );
  return {
    recorded: true,
    verdict: kept.verdict,
    attested_by: given,
    next: nextOf(kept, unknown),
    unknown_files: [...new Set(unknown)].slice(0, 20),
    blockers: kept.blockers.length,
    task: kept.task,
    branch: kept.branch,
    plan: null,
    at: kept.at,
    fingerprint: kept.fingerprint,
    context_fingerprint: kept.context_fingerprint,
    trees: treesOf(change),
  };
}

export interface Given extends Omit<Reached, "attested_by"> {
  attested_by: VerdictRecord["attested_by"];
  /** The premium source that was asked; null for somebody's word. */
  source: string | null;
}

/**
 * A verdict on a change as `review_state.json` keeps it: with the fingerprints of what was reviewed, and for each
 * blocker whether its file exists (`known`) and its content then (`blob`).
 */
export async function verdictRecord(
  change: Change,
  sluice: Sluice,
  given: Given,
  { signal }: Omit<RecordOptions, "store">,
): Promise<VerdictRecord> {
  const own = fingerprint(change);
  const context = await surroundings(change, { sluice, signal });
  const [base, head] = [await treeIndex(change, "base"), await treeIndex(change, "head")];
  const changed = new Set(change.files.flatMap(({ path, oldPath }) => [path, oldPath]));
  const blockers = (given.blockers ?? []).map(({ file, line, message }) => {
    const paths = file ? pathsOf(file, change.repository.root) : [];
    const path = paths.find(
      (candidate) => head.has(candidate) || base.has(candidate) || changed.has(candidate),
    );
    const place = { file: path ?? paths[0] ?? (file || null), line: line ?? null, message };
    return path === undefined
      ? { ...place, known: false }
      : { ...place, known: true, blob: head.entry(path)?.id ?? "" };
  });
  return {
    fingerprint: own.fingerprint,
    context_fingerprint: context.fingerprint,
    verdict: given.verdict,
    attested_by: given.attested_by,
    model: given.model ?? null,
    source: given.source,
    blockers,
    task: given.task ?? change.task,
    branch: change.repository.branch,
    files: own.files.map((file) => ({ ...file })),
    base_tree: change.base.tree,
    head_tree: change.head.tree,
    at: new Date(sluice.clock()).toISOString(),
  };
}

/** A file as a reviewer may write it (`./src/a.ts`, absolute, with a line, as in a diff) as paths of the tree. */
function pathsOf(file: string, root: string): string[] {
  const plain = file.trim().replaceAll("\\", "/");
  const inside = plain.startsWith(`${root}/`) ? plain.slice(root.length + 1) : plain;
  const path = posix.normalize(inside.replace(/(?::\d+){1,2}$/, ""));
  if (path.startsWith("../") || path.startsWith("/") || path === ".") return [];
  return [path, path.replace(/^[ab]\//, "")];
}

function nextOf({ verdict, attested_by }: VerdictRecord, unknown: readonly string[]): string {
  const doubt =
    unknown.length > 0
      ? ` ${unknown.length} blocker(s) name a file that does not exist, so a later change to other files will be reviewed.`
      : "";
  if (verdict === "SHIP") {
    return `Kept as the word of ${attested_by === "human" ? "a person" : "an agent"}: fingerprint_check will skip this exact change, but review_change gives no SHIP and no receipt for it.${doubt}`;
  }
  if (verdict === "NEEDS_HUMAN") return `Kept. Ask a person to decide.${doubt}`;
  return `Kept. Fix the blockers, then review again; fingerprint_check says when nothing they name was touched.${doubt}`;
}
