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
});

/** One attempt at one task from one tree. */
export function attemptKey(task: string, baseTree: string): string {
  return createHash("sha256")
    .update(JSON.stringify(["implement/1", task, baseTree]))
    .digest("hex");
}

/** Keeps what was reached, so that answers to its questions do not begin anew. Never throws. */
export async function keepAttempt(store: StateStore, key: string, progress: Progress): Promise<void> {
  const { plan, flags, criteria, best } = progress;
  await store.cache("implement").set(key, {
    plan,
    flags,
    criteria: [...criteria],
    files: (best?.files ?? []).map(({ path, content }) => ({
      path,
      text: content?.toString("utf8") ?? null,
    })),
  } satisfies z.input<typeof kept> & { plan: PlanAnswer | null });
}

/** Puts an earlier attempt's edits into a fresh draft, judged as any model's edits are; null when there is none. */
export async function earlierAttempt(store: StateStore, key: string, draft: Draft): Promise<Progress | null> {
  const found = kept.safeParse(await store.cache("implement").get(key));
  if (!found.success) return null;
  const { plan, criteria, files } = found.data;
  await draft.make(
    files.map(({ path, text }) => ({
      path,
      action: text === null ? ("delete" as const) : ("write" as const),
      search: "",
      text: text ?? "",
    })),
  );
  return { ...freshProgress(), plan, criteria: new Map(criteria) };
}
