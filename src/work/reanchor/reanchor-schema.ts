import * as z from "zod";
import { taskFile } from "../classify/classify-schema.js";

export const reanchorArguments = {
  /** Flow task id, path of a Markdown file, or the task in words. */
  task: z.string().min(1).max(200_000),
  files: z.array(z.string().min(1).max(4_000)).max(500).optional(),
};

export const reanchorOutput = z.object({
  /** Word for word. */
  acceptance: z.array(
    z.object({
      text: z.string(),
      id: z.string().nullable(),
      done: z.boolean(),
      of: z.enum(["task", "epic"]),
    }),
  ),
  files: z.array(taskFile),
  /** From memory, the most telling first. */
  patterns: z.array(
    z.object({ text: z.string(), track: z.string(), id: z.string(), path: z.string(), why: z.string() }),
  ),
  dependencies: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: z.string(),
      kind: z.enum(["needs", "needed_by", "epic_needs"]),
      summary: z.string().nullable(),
      commits: z.array(z.string()),
    }),
  ),
  tests: z.array(
    z.object({ kind: z.enum(["requirement", "command", "existing"]), text: z.string(), from: z.string() }),
  ),
  git: z.object({
    branch: z.string().nullable(),
    head: z.string().nullable(),
    base: z.string().nullable(),
    changed: z.int(),
    status: z.array(z.string()),
    commits: z.array(z.object({ id: z.string(), subject: z.string() })),
  }),
  /** The whole originals, from the repository's top. */
  spec_paths: z.array(z.string()),
  written_by: z.enum(["local-model", "extract"]),
  /** What it is about, in few words. */
  brief: z.string(),
  /** What must be, must not be, or is a figure: word for word. */
  constraints: z.array(
    z.object({ text: z.string(), of: z.enum(["task", "epic"]), line: z.int().nullable() }),
  ),
  tokens: z.object({
    originals: z.int(),
    summary: z.int(),
    parts: z.array(z.object({ path: z.string(), tokens: z.int() })),
  }),
  /** The whole as one page of Markdown, where this answer had to leave something out; else null. */
  page: z.string().nullable(),
  /** Whether the local model's part was there from an earlier call. */
  cached: z.boolean(),
  task: z.object({
    id: z.string().nullable(),
    title: z.string(),
    status: z.string().nullable(),
    spec: z.string().nullable(),
  }),
  notes: z.array(z.string()),
});

export type Reanchored = z.output<typeof reanchorOutput>;
