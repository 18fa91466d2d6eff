import * as z from "zod";

/** What a model may report; analyzers have classes of their own. */
export const mistakeClasses = [
  "logic",
  "condition",
  "off-by-one",
  "unhandled-failure",
  "resource-leak",
  "contract",
  "concurrency",
  "data-loss",
] as const;

/** Percent, as servers hold whole numbers to a range and fractions to none. */
const percent = z.int().min(0).max(100);

/** Claims taken from one answer. */
const mostClaims = 12;

export const foundAnswer = z.object({
  findings: z
    .array(
      z.object({
        file: z.string().max(500),
        line: z.int().min(1).max(10_000_000),
        class: z.enum(mistakeClasses),
        message: z.string().max(500),
        evidence: z.string().max(500),
        confidence: percent,
      }),
    )
    .max(mostClaims),
});

/** What a model says is wrong, before anything of it is checked. */
export type Claim = z.output<typeof foundAnswer>["findings"][number];

export const refutedAnswer = z.object({
  claims: z
    .array(
      z.object({
        claim: z.int().min(1).max(mostClaims),
        stands: z.boolean(),
        why: z.string().max(300),
        confidence: percent,
      }),
    )
    .max(2 * mostClaims),
});

export const triageAnswer = z.object({
  parts: z
    .array(z.object({ part: z.int().min(1).max(1_000), look: z.boolean(), why: z.string().max(200) }))
    .max(64),
});
