import * as z from "zod";
import { categoryIds } from "./categories.js";

export const draftQuestionsArguments = {
  about: z.string().min(1),
  /** Names are checked by `wantedCategories`, which lists them: an enum would cost every client their tokens. */
  categories: z.array(z.string().max(40)).max(20).optional(),
  per_category: z.int().min(1).max(10).optional(),
  refine: z.enum(["agent", "premium"]).optional(),
  repo: z.string().optional(),
};

const writer = z.enum(["local-model", "premium", "bank"]);

export const draftQuestionsOutput = z.object({
  questions: z.array(
    z.object({
      category: z.enum(categoryIds),
      question: z.string(),
      why: z.string(),
      options: z.array(z.object({ label: z.string(), description: z.string() })).optional(),
      id: z.string(),
      header: z.string(),
      batch: z.int(),
      from: writer,
    }),
  ),
  shallow: z.array(z.object({ id: z.string(), evidence: z.array(z.string()) })),
  refined_by: z.string().nullable(),
  next: z.string(),
  looked_up: z.array(z.object({ question: z.string(), answer: z.string(), source: z.string() })),
  about: z.object({
    kind: z.enum(["spec", "task", "file", "idea"]),
    id: z.string().nullable(),
    path: z.string().nullable(),
    title: z.string(),
  }),
  skipped: z.array(z.object({ what: z.string(), why: z.string() })),
});

export type DraftedQuestions = z.output<typeof draftQuestionsOutput>;
export type DraftedQuestion = DraftedQuestions["questions"][number];
