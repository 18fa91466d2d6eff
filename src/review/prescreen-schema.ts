import * as z from "zod";
import { treesOutput } from "./reviewed-trees.js";

const finding = z.object({
  /** Stable between iterations; what `dismiss` takes. */
  id: z.string(),
  severity: z.enum(["certain", "likely", "hint"]),
  class: z.string(),
  file: z.string(),
  line: z.number(),
  message: z.string(),
  evidence: z.string(),
  source: z.string(),
  on_changed_line: z.boolean(),
});

export const prescreenOutput = z.object({
  verdict: z.enum(["clean", "issues"]),
  findings: z.array(finding),
  iteration: z.number(),
  max_iterations: z.number(),
  advice: z.string().nullable(),
  /** Against the last round of this task or branch; null when there was none. */
  since_last: z.object({ fixed: z.number(), stayed: z.number(), new: z.number() }).nullable(),
  dismissed: z.number(),
  engines: z.array(
    z.object({
      name: z.string(),
      state: z.enum(["ok", "failed", "timeout", "skipped"]),
      ms: z.number(),
      note: z.string().nullable(),
    }),
  ),
  not_analysed: z.object({
    too_large: z.number(),
    binary: z.number(),
    generated: z.number(),
    too_many: z.number(),
    other: z.number(),
  }),
  trees: treesOutput,
});

export type Prescreen = z.output<typeof prescreenOutput>;

export const prescreenArguments = {
  dismiss: z
    .array(z.strictObject({ id: z.string().min(1).max(64), reason: z.string().min(1).max(2_000) }))
    .max(100)
    .optional(),
};
