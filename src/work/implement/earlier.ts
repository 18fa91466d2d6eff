import { createHash } from "node:crypto";
import * as z from "zod";
import type { StateStore } from "../../state/store.js";
import { flagSchema, type PlanAnswer, planAnswer } from "./answers.js";
import type { Draft } from "./draft.js";
import { freshProgress, type Progress } from "./loop.js";

const kept = z.object({
  plan: planAnswer.nullable(),
  flags: z.array(flagSchema).max(50),
  criteria: z.array(z.tuple([z.int(), z.string()])).max(500),
  files: z.array(z.object({ path: z.string(), text: z.string().nullable() })).max(200),
  /** Whether it was good enough to be proposed. */
  proposed: z.boolean(),
  own: z.number(),
  by: z.string(),
});

/** What an earlier call reached. */
export interface Earlier {
  progress: Progress;
  /** Who wrote it. */
  by: string;
}

/** One attempt at one task from one tree. */
export function attemptKey(task: string, baseTree: string): string {
  return createHash("sha256")
    .update(JSON.stringify(["implement/1", task, baseTree]))
    .digest("hex");
}

/** Keeps what was reached, so that answers to its questions do not begin anew. Never throws. */
export async function keepAttempt(
  store: StateStore,
  key: string,
  progress: Progress,
  proposed: boolean,
): Promise<void> {
  const { plan, flags, criteria, best, own } = progress;
  await store.cache("implement").set(key, {
    plan,
    flags,
    criteria: [...criteria],
    files: (best?.files ?? []).map(({ path, content }) => ({
      path,
      text: content?.toString("utf8") ?? null,
    })),
    proposed,
    own,
    by: progress.rounds.at(-1)?.by ?? "local",
  } satisfies z.input<typeof kept> & { plan: PlanAnswer | null });
}

/**
 * Puts an earlier attempt's edits into a fresh draft, judged as any model's edits are; null when there is none.
 *
 * @param only `proposed`: null also when it was not good enough to be proposed
 */
export async function earlierAttempt(
  store: StateStore,
  key: string,
  draft: Draft,
  only: "any" | "proposed",
): Promise<Earlier | null> {
  const found = kept.safeParse(await store.cache("implement").get(key));
  if (!found.success || (only === "proposed" && !found.data.proposed)) return null;
  const { plan, criteria, files, own, by } = found.data;
  await draft.make(
    files.map(({ path, text }) => ({
      path,
      action: text === null ? ("delete" as const) : ("write" as const),
      search: "",
      text: text ?? "",
    })),
  );
  return { progress: { ...freshProgress(), plan, criteria: new Map(criteria), own }, by };
}
