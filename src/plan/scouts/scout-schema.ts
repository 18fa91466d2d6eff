import * as z from "zod";
import { scoutNames } from "./scout.js";

export const scoutArguments = {
  feature: z.string().max(50_000),
  scouts: z.array(z.enum(scoutNames)).optional(),
  paths: z.array(z.string()).optional(),
  refresh: z.boolean().optional(),
  premium: z.boolean().optional(),
  repo: z.string().optional(),
};

export const scoutOutput = z.object({
  scouts: z.array(
    z.object({
      name: z.enum(scoutNames),
      state: z
        .enum(["condensed", "gathered", "off", "failed"])
        .describe("condensed by a model; gathered: the facts as found; off: nothing to do here"),
      cached: z.boolean(),
      age_s: z.number().nullable(),
      findings: z.string().describe("Markdown under the scout's headings; empty where the digest has it all"),
      relevant_files: z.array(z.string()),
      why: z.string().nullable(),
      dropped: z.number().describe("Claims of the model's that name what is not there"),
    }),
  ),
  digest: z.string(),
  /** File with everything. */
  report: z.string().nullable(),
  head: z.string().nullable(),
  notes: z.array(z.string()),
});

export type ScoutOutput = z.output<typeof scoutOutput>;
