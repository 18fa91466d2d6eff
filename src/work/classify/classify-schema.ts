import * as z from "zod";
import type { indicatorNames } from "./evidence.js";

export const classifyTaskArguments = {
  /** Flow task id, path of a Markdown file, or the task in words. */
  task: z.string().min(1).max(200_000),
  files: z.array(z.string().min(1).max(4_000)).max(500).optional(),
};

const evidence = z.object({
  what: z.string(),
  quote: z.string(),
  /** Null for a task given in words. */
  path: z.string().nullable(),
  line: z.int().nullable(),
  from: z.enum(["rules", "model"]),
});

const indicator = z.object({
  present: z.boolean(),
  evidence: z.array(evidence),
  /** Evidence beyond what is listed. */
  more: z.int(),
});

export const taskFile = z.object({
  path: z.string(),
  state: z.enum(["exists", "new"]),
  from: z.enum(["given", "spec", "estimate"]),
  why: z.string(),
});

export const taskClassification = z.object({
  level: z.enum(["LOW", "MEDIUM", "HIGH"]),
  indicators: z.object({
    security_sensitive: indicator,
    architectural: indicator,
    concurrency: indicator,
    unfamiliar_patterns: indicator,
    large_scope: indicator,
    many_files: indicator,
    cross_module: indicator,
  } satisfies Record<(typeof indicatorNames)[number], typeof indicator>),
  worker: z.object({
    backend: z.enum(["local", "hybrid", "premium"]),
    model: z.string(),
    premium_model: z.string().nullable(),
    strategy: z.string(),
    reason: z.string(),
    source: z.string().nullable(),
    source_model: z.string().nullable(),
    available: z.boolean(),
    instead: z.string().nullable(),
    next_available_at: z.string().nullable(),
    advice: z.array(z.string()),
  }),
  /** `rules`: the same for the same tree; `model`: a local one raised it, with a quote of the spec. */
  decided_by: z.enum(["rules", "model"]),
  files: z.array(taskFile),
  task: z.object({ id: z.string().nullable(), title: z.string(), status: z.string().nullable() }),
  notes: z.array(z.string()),
});

export type TaskClassification = z.output<typeof taskClassification>;
