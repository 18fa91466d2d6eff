import { createHash } from "node:crypto";
import * as z from "zod";
import type { StateStore } from "../../state/store.js";
import { editSchema } from "./answers.js";

const paidSchema = z.object({
  wanted: z.enum(["decisions", "patch"]),
  /** The questions that it was asked. */
  asked: z.array(z.string()).max(200),
  /** Each with the question that it is about; empty where there is none. */
  decisions: z.array(z.object({ question: z.string(), decision: z.string() })).max(200),
  edits: z.array(editSchema).max(200),
  source: z.string(),
  model: z.string(),
});

/** What a premium model answered for a task, until a call has carried it out. */
export type Paid = z.output<typeof paidSchema>;

const keyOf = (attempt: string) => createHash("sha256").update(`paid/1 ${attempt}`).digest("hex");

/** Keeps an answer as soon as it came: whatever ends the call that asked, the next one does not pay again. */
export async function keepPaid(store: StateStore, attempt: string, paid: Paid): Promise<void> {
  await store.cache("implement").set(keyOf(attempt), paid);
}

/** The answer that is kept for an attempt; null when there is none. */
export async function paidFor(store: StateStore, attempt: string): Promise<Paid | null> {
  return paidSchema.safeParse(await store.cache("implement").get(keyOf(attempt))).data ?? null;
}

/** It was carried out: whoever asks from now on wants another one. */
export async function spendPaid(store: StateStore, attempt: string): Promise<void> {
  await store.cache("implement").set(keyOf(attempt), null);
}
