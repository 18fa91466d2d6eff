import * as z from "zod";
import { changeClasses } from "../change/risk/reasons.js";
import { treesOutput } from "./reviewed-trees.js";

export const classification = z.object({
  class: z.enum(changeClasses),
  reasons: z.array(
    z.object({
      rule: z.string(),
      /** Null when it is about the whole change. */
      file: z.string().nullable(),
      evidence: z.string(),
    }),
  ),
  /** Reasons for this class beyond those listed. */
  more_reasons: z.int(),
  /** `patterns`: the configuration's; `content`: what the change says; `syntax`: what a parser proved; `model`: raised by a local one. */
  decided_by: z.enum(["patterns", "content", "syntax", "model"]),
  trees: treesOutput,
});

export type Classification = z.output<typeof classification>;
