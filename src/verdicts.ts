/** What a review can end with, in flow-next's words. */
export const verdicts = ["SHIP", "NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"] as const;
export type Verdict = (typeof verdicts)[number];
