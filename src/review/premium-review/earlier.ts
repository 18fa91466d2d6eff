import * as z from "zod";
import { fingerprint } from "../../change/fingerprint.js";
import type { Change } from "../../change/types.js";
import type { Blocker } from "../../premium/blockers.js";
import type { Conversation } from "../../premium/exchange.js";
import type { Sluice } from "../../sluice.js";
import { findVerdicts, type VerdictRecord } from "../../state/review-state.js";
import type { StateStore } from "../../state/store.js";
import { newHunks } from "../new-hunks.js";
import { type Composed, manifestKey, type Prior, shownKey } from "./compose.js";

/** What premium reviewers asked for on this task or branch and what none of them called settled since. */
export interface Earlier {
  /** The latest of their verdicts. */
  record: VerdictRecord;
  /** In the order in which the next reviewer is given them. */
  findings: Blocker[];
}

/**
 * What is left of earlier reviews; null when there is nothing. The verdict on a whole change settles what was before
 * it, one on a part of it only what concerns the files of that part.
 */
export async function earlierReview(
  change: Change,
  sluice: Sluice,
  store: StateStore,
): Promise<Earlier | null> {
  const { task } = change;
  const changed = new Set(change.files.flatMap(({ path, oldPath }) => [path, oldPath]));
  const verdicts = await findVerdicts(
    store,
    sluice,
    task === null ? { branch: change.repository.branch } : { task },
  );
  const records = verdicts.filter(
    ({ attested_by, files }) =>
      attested_by === "sluice" &&
      // Without a task only common files tell another round from another change.
      (task !== null || files.some(({ path }) => changed.has(path))),
  );
  const covered = new Set<string>();
  const findings: Blocker[] = [];
  for (const record of records) {
    const own = new Set(record.files.map(({ path }) => path));
    const isSettled = (file: string | null) =>
      file !== null && own.has(file)
        ? covered.has(file)
        : own.size > 0 && [...own].every((path) => covered.has(path));
    for (const { file, line, message } of record.verdict === "SHIP" ? [] : record.blockers) {
      // Who is shown a part can't say what became of the rest; the next whole review is asked.
      const concerns = !change.partial || (file !== null && changed.has(file));
      if (concerns && !isSettled(file)) {
        findings.push({ file, line, message, source: record.model ?? "sluice", id: null });
      }
    }
    for (const path of own) covered.add(path);
    if (record.partial !== true) break;
  }
  const [latest] = records;
  return latest === undefined || findings.length === 0 ? null : { record: latest, findings };
}

export function priorOf({ record, findings }: Earlier, change: Change): Prior {
  const since = newHunks(change, fingerprint(change), record);
  return {
    findings: findings.map(({ file, line, message }) => ({ file, line, message })),
    since: JSON.stringify({ files: since.files, hunks: since.hunks, new_hunks: since.shown }),
  };
}

const manifestSchema = z.array(
  z.looseObject({ path: z.string().nullable(), sha256: z.string(), tokens: z.number() }),
);

/** What a continued session still has to be shown; null when there is none, or when it would save too little. */
export async function continuation(
  { record }: Earlier,
  store: StateStore,
  composeFor: (shown: ReadonlySet<string>) => Promise<Composed>,
): Promise<{ session: Conversation; message: Composed } | null> {
  const { session, manifest } = record;
  if (session === undefined || manifest === undefined) return null;
  const kept = await store
    .cache("reviews")
    .get(manifest)
    .catch(() => null);
  const parsed = manifestSchema.safeParse(kept);
  // Anyone can write a cache; the key is in the sealed record and is a hash of what it stands for.
  if (!parsed.success || manifestKey(record.context_fingerprint, kept) !== manifest) return null;
  const message = await composeFor(new Set(parsed.data.map(shownKey)));
  const count = (shown: "now" | "before") =>
    message.manifest.filter((entry) => entry.shown === shown).reduce((sum, { tokens }) => sum + tokens, 0);
  // A session is read again by the model, if cheaply: it has to spare more than it adds.
  return count("before") > count("now") ? { session, message } : null;
}
