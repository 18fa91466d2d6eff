import type * as z from "zod";
import { type Fingerprint, fingerprint } from "../change/fingerprint.js";
import { treeIndex } from "../change/imports/tree-index.js";
import { surroundings } from "../change/surroundings.js";
import type { Change } from "../change/types.js";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { findVerdicts, standing, type VerdictRecord } from "../state/review-state.js";
import type { StateStore } from "../state/store.js";
import type { FingerprintCheck, FingerprintReason, previousOutput } from "./fingerprint-schema.js";
import { newHunks } from "./new-hunks.js";
import { refuseEmpty, treesOf } from "./reviewed-trees.js";
import { whatNext } from "./what-next.js";

export {
  type FingerprintCheck,
  type FingerprintReason,
  fingerprintArguments,
  fingerprintOutput,
  fingerprintReasons,
} from "./fingerprint-schema.js";

export {
  recordReached,
  recordVerdictArguments,
  recordVerdictOutput,
  verdictRecord,
} from "./record-verdict.js";

export interface FingerprintOptions {
  store: StateStore;
  config: {
    review: {
      fingerprint: { enabled: boolean; skip_unchanged: boolean; require_blocker_change: boolean };
    };
  };
  signal?: AbortSignal | undefined;
  /** Review anyway; needs `reason`. */
  refresh?: boolean | undefined;
  reason?: string | undefined;
  /** Whether a model's SHIP still counts for the class that this change has today; default yes. */
  acceptsModel?: ((model: string | null) => boolean) | undefined;
}

/** What an earlier review says about a change, before anything is made of `refresh` and the configuration. */
interface Finding {
  reason: FingerprintReason;
  previous: VerdictRecord | null;
  skip: boolean;
  premiumShip: boolean;
  /** What stands in the way of repeating a SHIP. */
  obstacle: string | null;
}

/**
 * Whether a change has to be reviewed (again). Verdicts of the same task are looked at, or without a task those of
 * the same branch.
 *
 * Throws UsageError for an empty change and for `refresh` without a reason.
 */
export async function checkFingerprint(
  change: Change,
  sluice: Sluice,
  options: FingerprintOptions,
): Promise<FingerprintCheck> {
  refuseEmpty(change);
  const why = options.reason?.trim();
  if (options.refresh === true && !why) {
    throw new UsageError(
      "refresh needs a reason.",
      "Call again with `reason`: what makes a second review of the same change worth its quota.",
    );
  }
  const own = fingerprint(change);
  const settings = options.config.review.fingerprint;
  const context = settings.enabled ? await surroundings(change, { sluice, signal: options.signal }) : null;
  const found =
    context === null
      ? nothing("disabled")
      : await judge(change, own, context.fingerprint, await earlier(change, sluice, options.store), options);
  const refreshed = options.refresh === true && found.skip ? why : undefined;
  return {
    decision: found.skip && refreshed === undefined ? "skip" : "review",
    reason: found.reason,
    next: whatNext({ ...found, refreshed, settings, task: change.task }),
    premium_ship: found.premiumShip && refreshed === undefined,
    ...(refreshed === undefined ? {} : { refreshed }),
    previous: found.previous === null ? null : shown(found.previous, own),
    new_hunks: found.previous === null ? null : newHunks(change, own, found.previous),
    fingerprint: own.fingerprint,
    context_fingerprint: context?.fingerprint ?? null,
    eol_only: own.eol_only,
    notes: (context?.notes ?? []).slice(0, shownNotes).map(cut),
    trees: treesOf(change),
  };
}

function nothing(reason: FingerprintReason): Finding {
  return { reason, previous: null, skip: false, premiumShip: false, obstacle: null };
}

/** Verdicts of this task, or of this branch, newest first. */
function earlier(change: Change, sluice: Sluice, store: StateStore): Promise<VerdictRecord[]> {
  const { task } = change;
  return findVerdicts(store, sluice, task === null ? { branch: change.repository.branch } : { task });
}

async function judge(
  change: Change,
  own: Fingerprint,
  context: string,
  records: readonly VerdictRecord[],
  { config, acceptsModel }: FingerprintOptions,
): Promise<Finding> {
  const { skip_unchanged: skipUnchanged, require_blocker_change: requireBlockerChange } =
    config.review.fingerprint;
  const [latest] = records;
  if (latest === undefined) return nothing("never_reviewed");
  const same = records.filter((record) => record.fingerprint === own.fingerprint);
  const previous = standing(same.filter((record) => record.context_fingerprint === context));
  if (previous === null) {
    const elsewhere = standing(same);
    if (elsewhere !== null) return { ...nothing("surroundings_changed"), previous: elsewhere };
    const untouched = requireBlockerChange && (await blockersUntouched(change, own, latest));
    return untouched
      ? { ...nothing("blockers_untouched"), previous: latest, skip: true }
      : { ...nothing("changed"), previous: latest };
  }
  if (previous.verdict !== "SHIP") {
    return { ...nothing("unchanged_since_needs_work"), previous, skip: skipUnchanged };
  }
  const obstacle = shipObstacle(change, previous, acceptsModel);
  const skip = skipUnchanged && obstacle === null;
  const premiumShip = skip && previous.attested_by === "sluice";
  return { reason: "unchanged_since_ship", previous, skip, premiumShip, obstacle };
}

function shipObstacle(
  change: Change,
  previous: VerdictRecord,
  acceptsModel: FingerprintOptions["acceptsModel"],
): string | null {
  const [skipped] = change.skipped;
  if (skipped !== undefined) {
    const others = change.skipped.length - 1;
    return `${cut(`${skipped.path} (${skipped.reason})`)}${others > 0 ? ` and ${others} more` : ""} could not be taken into the change`;
  }
  if (previous.attested_by === "sluice" && acceptsModel?.(previous.model) === false) {
    return `${previous.model ?? "the model that gave it"} is not on the list for this class of change`;
  }
  return null;
}

/**
 * Whether a change was sent back, every blocker names a file that exists, and each of those is as it was: the same
 * edit, and the same content where the record knows it (a rebase may have brought the fix).
 */
async function blockersUntouched(change: Change, own: Fingerprint, record: VerdictRecord): Promise<boolean> {
  if (record.verdict === "SHIP" || record.blockers.length === 0) return false;
  const now = new Map(own.files.map(({ path, hash }) => [path, hash]));
  const then = new Map(record.files.map(({ path, hash }) => [path, hash]));
  const [base, head] = [await treeIndex(change, "base"), await treeIndex(change, "head")];
  return record.blockers.every(({ file, blob }) => {
    if (file === null) return false;
    const entry = head.entry(file);
    const known = entry !== undefined || base.has(file) || now.has(file) || then.has(file);
    if (!known || now.get(file) !== then.get(file)) return false;
    return typeof blob !== "string" || blob === (entry?.id ?? "");
  });
}

const shownBlockers = 10;
/** Characters of a message, of a path in a sentence, of a note. */
const shownMessage = 240;
const shownNotes = 5;

function cut(text: string): string {
  return text.length > shownMessage ? `${text.slice(0, shownMessage)}…` : text;
}

function shown(record: VerdictRecord, own: Fingerprint): z.output<typeof previousOutput> {
  const { verdict, attested_by, model, at, task, branch, blockers } = record;
  return {
    verdict,
    attested_by,
    model,
    at,
    task,
    branch,
    same_change: record.fingerprint === own.fingerprint,
    blockers: blockers.slice(0, shownBlockers).map(({ file, line, message }) => ({
      file: file === null ? null : cut(file),
      line,
      message: cut(message),
    })),
    blockers_total: blockers.length,
  };
}
