import * as z from "zod";
import { type Proposal, sizes } from "./types.js";

/** What a model answers, before anything of it is checked. More is asked for than is ever taken. */
export const breakdownAnswer = z.object({
  tasks: z
    .array(
      z.object({
        title: z.string().max(400),
        description: z.string().max(12_000),
        size: z.enum(sizes),
        files: z.array(z.string().max(500)).max(60),
        acceptance: z.array(z.string().max(2_000)).max(60),
        tests: z.string().max(6_000),
        depends_on: z.array(z.string().max(100)).max(60),
        satisfies: z.array(z.string().max(40)).max(64),
      }),
    )
    .min(1)
    .max(64),
});

export type BreakdownAnswer = z.output<typeof breakdownAnswer>;

export function proposalsOf({ tasks }: BreakdownAnswer): Proposal[] {
  return tasks.map(({ depends_on, ...task }) => ({ ...task, dependsOn: depends_on }));
}
