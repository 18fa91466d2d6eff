import type { Change } from "../change/types.js";
import { fillPrompt, loadPrompt } from "../config/prompts.js";
import type { ReviewResult } from "./review-schema.js";
import type { Known } from "./step.js";

/**
 * What remains when the free stages have nothing against a change: a reviewer has to read it. The agent gets all it
 * takes to do that itself or to have it done.
 *
 * @param afterwards what became of asking a premium source; null when none was asked
 */
export async function handOver(
  known: Known,
  stages: ReviewResult["stages"],
  afterwards: string | null = null,
): Promise<Pick<ReviewResult, "review" | "next">> {
  const { change, classification, route, surroundings } = known;
  const command = diffCommand(change);
  const prompt = fillPrompt(await loadPrompt("review"), {
    rules: (await loadPrompt("review-rules")).text,
    class: classification?.class ?? "unknown, take it for SECURITY",
    change: command === null ? "the diff that was passed to review_change" : `\`${command}\``,
    already: already(known),
  });
  return {
    next: `${standing(stages)} ${afterwards ?? known.route?.next ?? `No reviewer could be looked for: ${summaryOf(stages, "route")}`} To review it yourself: follow review.prompt, read review.files, and pass record_verdict the same change arguments as this call.`,
    review: {
      prompt,
      diff_command: command,
      files: surroundings?.files.map(({ path, role }) => ({ path, role })) ?? [],
      not_shown: surroundings?.not_shown.map(({ path, reason }) => ({ path, reason })) ?? [],
      tokens: route?.context.tokens ?? null,
    },
  };
}

/** What the free stages have against the change, and which of them could not say. */
function standing(stages: ReviewResult["stages"]): string {
  const named = (state: string) =>
    stages
      .filter((stage) => stage.state === state && stage.name !== "route" && stage.name !== "premium")
      .map(({ name }) => name)
      .join(", ");
  const [issues, errors] = [named("issues"), named("error")];
  const sentences = [
    ...(issues === "" ? [] : [`What ${issues} found is left for the reviewer to judge.`]),
    ...(errors === "" ? [] : [`${errors} could not be done (see stages), so nothing is known there.`]),
  ];
  return sentences.join(" ") || "Nothing free stands against the change.";
}

function summaryOf(stages: ReviewResult["stages"], wanted: string): string {
  return stages.find(({ name }) => name === wanted)?.summary ?? "see stages.";
}

function already({ prescreen }: Known): string {
  const open = prescreen?.findings ?? [];
  if (open.length === 0) return "nothing";
  return `${open.length} findings of static analysis (prescreen_diff lists them), to be judged, not repeated`;
}

/** The command that shows the change in the work tree; null for a pasted diff. Ids, so that nothing needs quoting. */
function diffCommand({ base, head, headKind }: Change): string | null {
  switch (headKind) {
    case "commit":
      return `git diff ${base.commit ?? base.tree} ${head.commit ?? head.tree}`;
    case "staged":
      return `git diff --cached ${base.commit ?? base.tree}`;
    case "worktree":
      return `git diff ${base.commit ?? base.tree}; git ls-files --others --exclude-standard`;
    case "diff":
      return null;
  }
}
