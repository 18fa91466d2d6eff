import type { Change } from "../change/types.js";
import { fillPrompt, loadPrompt } from "../config/prompts.js";
import type { ReviewResult } from "./review-schema.js";
import type { Known } from "./step.js";

/**
 * What remains when the free stages have nothing against a change: a reviewer has to read it. The agent gets all it
 * takes to do that itself or to have it done.
 */
export async function handOver(known: Known): Promise<Pick<ReviewResult, "review" | "next">> {
  const { change, classification, route, surroundings } = known;
  const command = diffCommand(change);
  const prompt = fillPrompt(await loadPrompt("review"), {
    class: classification?.class ?? "unknown, take it for SECURITY",
    change: command === null ? "the diff that was passed to review_change" : `\`${command}\``,
    already: already(known),
  });
  return {
    next: `Nothing free stands against the change. ${known.route?.next ?? "No reviewer could be looked for: see stages."} To review it yourself: follow review.prompt, read review.files, and pass record_verdict the same change arguments as this call.`,
    review: {
      prompt,
      diff_command: command,
      files: surroundings?.files.map(({ path, role }) => ({ path, role })) ?? [],
      not_shown: surroundings?.not_shown.map(({ path, reason }) => ({ path, reason })) ?? [],
      tokens: route?.context.tokens ?? null,
    },
  };
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
      return `git diff ${base.commit ?? base.tree}; git status --short for new files`;
    case "diff":
      return null;
  }
}
