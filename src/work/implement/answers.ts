import * as z from "zod";

/** What the models answer. Nothing of it is believed before it was checked against the tree. */

/** One block: an exact replacement in a file, a whole file, or a file to delete. */
export const editSchema = z.object({
  path: z.string(),
  action: z.enum(["replace", "write", "delete"]),
  /** `replace`: text that stands exactly once in the file. Else empty. */
  search: z.string(),
  /** `replace`: what comes in its place. `write`: the whole file. `delete`: empty. */
  text: z.string(),
});
export type Edit = z.output<typeof editSchema>;

export const flagKinds = ["security", "unfamiliar", "architecture"] as const;

/** A decision that the model leaves to somebody better. */
export const flagSchema = z.object({
  kind: z.enum(flagKinds),
  /** One question that can be answered without reading anything else. */
  question: z.string(),
  options: z.array(z.string()),
  file: z.string(),
});
export type Flag = z.output<typeof flagSchema>;

/** Lines of a file that the model wants to see, from 1; 0 and 0 for all of it. */
export const lookSchema = z.object({ path: z.string(), from: z.int(), to: z.int() });
export type Look = z.output<typeof lookSchema>;

export const planAnswer = z.object({
  steps: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), why: z.string() })),
  look: z.array(lookSchema),
  flags: z.array(flagSchema),
});
export type PlanAnswer = z.output<typeof planAnswer>;

export const editAnswer = z.object({
  edits: z.array(editSchema),
  look: z.array(lookSchema),
  flags: z.array(flagSchema),
  /** Acceptance criteria that the change meets now, by number, and where. */
  criteria: z.array(z.object({ number: z.int(), file: z.string() })),
  /** True when this answer holds only a part and more edits are to come. */
  more: z.boolean(),
  /** 0 to 100. */
  confidence: z.int(),
});
export type EditAnswer = z.output<typeof editAnswer>;

/** What a premium model is asked for: decisions, and a patch where one is wanted. */
export const premiumAnswer = z.object({
  decisions: z.array(z.object({ question: z.int(), decision: z.string() })),
  edits: z.array(editSchema),
});
