import * as z from "zod";

export const breakdownArguments = {
  spec: z.string().min(1).max(200_000).describe("epic or spec id, path, or Markdown"),
  write: z.boolean().optional().describe("create the tasks in .flow"),
  repo: z.string().optional(),
};

const task = z.object({
  title: z.string(),
  /** `S`, `M`; `L` and `XL` only where there was nothing to split by. */
  size: z.enum(["S", "M", "L", "XL"]),
  description: z.string(),
  acceptance: z.array(z.string()),
  /** Ids of tasks; of those in this list that are not written, their number in it, from "1". */
  depends_on: z.array(z.string()),
  /** A folder ends with a slash. */
  files: z.array(z.string()),
  /** Those of `files` that are to be made. */
  new_files: z.array(z.string()),
  tests: z.string(),
  /** Ids of requirements. */
  satisfies: z.array(z.string()),
  /** What a person should look at first. */
  flags: z.array(z.string()),
  /** Null until it is written. */
  id: z.string().nullable(),
});

const requirement = z.object({ id: z.string(), text: z.string() });

export const breakdownOutput = z.object({
  tasks: z.array(task),
  /** Requirements that no task satisfies. */
  uncovered: z.array(requirement),
  /** Tasks that were not made because the spec has them. */
  duplicates: z.array(z.object({ title: z.string(), like: z.string() })),
  spec: z.string().nullable(),
  /** `local-model`, `premium`, or `extract`: by rules alone. */
  written_by: z.enum(["local-model", "premium", "extract"]),
  /** What the spec asks for, as the tasks refer to it. */
  requirements: z.array(requirement),
  /** Where to: `flowctl` or `sluice`; null when nothing was written. */
  written_via: z.string().nullable(),
  notes: z.array(z.string()),
  next: z.string(),
});

export type BreakdownOutput = z.output<typeof breakdownOutput>;
