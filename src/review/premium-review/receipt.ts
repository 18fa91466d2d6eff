import { fingerprint } from "../../change/fingerprint.js";
import { defaultBase, defaultBranch, headCommit, isAncestor } from "../../change/revisions.js";
import { taskBase } from "../../change/task-base.js";
import type { Change, TreeEnd } from "../../change/types.js";
import { leaveReceipt, withdrawReceipt } from "../../flow/receipt.js";
import type { Sluice } from "../../sluice.js";
import type { VerdictRecord } from "../../state/review-state.js";

export interface ReceiptRequest {
  path: string;
  record: VerdictRecord;
  summary: string;
  signal: AbortSignal;
}

/**
 * Writes the receipt of a verdict that a premium model gave Sluice itself on the whole change of a task, from the base
 * that was recorded for it (or from an earlier one). For anything else there is none: a loop would close a task that
 * nobody reviewed.
 *
 * @returns null when it was written, else why not
 */
export async function changeReceipt(
  change: Change,
  sluice: Sluice,
  request: ReceiptRequest,
): Promise<string | null> {
  const { path, record, summary, signal } = request;
  const obstacle = await whyNot(change, record, signal);
  if (obstacle !== null) return `No receipt at ${path}: ${obstacle}.`;
  const base = change.base.commit === null ? {} : { base: change.base.commit };
  return leaveReceipt(
    path,
    { type: "impl_review", id: record.task ?? "", ...base },
    { record, summary, sluice },
  );
}

/**
 * After a review that left no receipt: a SHIP of ours that still stands there for what the change was before is taken
 * away. Gives what to tell about it.
 */
export async function withdrawOutdated(change: Change, path: string): Promise<string | null> {
  const { task, base, partial } = change;
  if (task === null || base.commit === null || partial) return null;
  const now = {
    type: "impl_review",
    id: task,
    base: base.commit,
    fingerprint: fingerprint(change).fingerprint,
  } as const;
  return (await withdrawReceipt(path, now))
    ? `The receipt at ${path} said SHIP of an earlier state of this change: it was removed.`
    : null;
}

async function whyNot(change: Change, record: VerdictRecord, signal: AbortSignal): Promise<string | null> {
  if (record.attested_by !== "sluice") return "the verdict is somebody's word";
  if (record.task === null || change.task === null) return "no task was named (pass `task`)";
  if (record.task !== change.task) return `the verdict is on ${record.task}`;
  if (change.partial) return "only a part of the change was reviewed (`paths` or `diff`)";
  if (change.skipped.length > 0) return "something could not be taken into the change";
  const { repository, base, head } = change;
  const tip = head.commit ?? (await headCommit(repository, signal))?.commit ?? null;
  const recorded = await taskBase(repository, tip, signal);
  const begin = recorded ?? (await branchBase(change, signal));
  if (begin === null) {
    return "nobody recorded where the task began (work on a branch, or write the commit into .flow/tmp/base_commit before the first edit)";
  }
  const wide =
    base.commit !== null &&
    begin.commit !== null &&
    (await isAncestor(repository, base.commit, begin.commit, signal));
  return wide || base.tree === begin.tree
    ? null
    : "the review began later than the task did (leave `base` out)";
}

/** Where the checked-out branch left the default branch; null on the default branch, where nothing tells tasks apart. */
async function branchBase(
  { repository, head, headKind }: Change,
  signal: AbortSignal,
): Promise<TreeEnd | null> {
  const branch = await defaultBranch(repository, signal);
  if (branch === null || repository.branch === null || repository.branch === branch.name) return null;
  return defaultBase(
    repository,
    { commit: head.commit, uncommitted: headKind !== "commit", ref: null },
    signal,
  );
}
