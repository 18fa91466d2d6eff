import * as z from "zod";

export const draftSpecArguments = {
  about: z.string().min(1),
  answers: z
    .union([
      z
        .array(
          z.strictObject({
            question: z.string().max(2_000),
            answer: z.string().max(20_000),
            category: z.string().max(60).optional(),
          }),
        )
        .max(300),
      z.string().max(1_000),
    ])
    .optional(),
  title: z.string().min(1).max(200).optional(),
  write: z.boolean().optional(),
  repo: z.string().optional(),
};

export const draftSpecOutput = z.object({
  markdown: z.string(),
  path: z.string().nullable(),
  open_questions: z.array(z.string()),
  contradictions: z.array(z.object({ between: z.array(z.string()), why: z.string() })),
  assumptions: z.array(z.string()),
  id: z.string().nullable(),
  written_by: z.enum(["local-model", "premium", "answers"]),
  next: z.string(),
  skipped: z.array(z.object({ what: z.string(), why: z.string() })),
});

export type DraftedSpec = z.output<typeof draftSpecOutput>;
