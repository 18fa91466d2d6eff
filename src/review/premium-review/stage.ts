import { fingerprint } from "../../change/fingerprint.js";
import { surroundings } from "../../change/surroundings.js";
import { failuresIn } from "../../premium/exchange.js";
import { noSource, whyNotAsked } from "../../premium/review-stage.js";
import { SharedCalls } from "../../premium/shared-call.js";
import { stepOf } from "../../premium/verdict.js";
import type { Verdict } from "../../verdicts.js";
import type { Known, Stage, Step } from "../step.js";
import { type PremiumReview, premiumReview } from "./premium-review.js";

const underWay = new SharedCalls<PremiumReview>();

/** The premium review: everything in one message, one answer, the only verdict that ships. */
export const premium: Stage<"premium"> = {
  name: "premium",
  doing: "asking a premium reviewer",
  section: "premium_sources",
  async run(known) {
    const { change, route } = known;
    const unasked = whyNotAsked(known);
    if (unasked !== null) return { state: "skipped", summary: unasked };
    if (route?.decision === "none_configured") return { state: "skipped", summary: noSource };
    if (change.skipped.length > 0) {
      const [first] = change.skipped;
      return {
        state: "issues",
        summary: `${first?.path} could not be taken into the change (${first?.reason}): nothing ships like that, so nobody was asked`,
      };
    }
    const review = await join(known);
    return review.kind === "unanswered" ? unanswered(review) : stepOf(review, { again, next: nextOf });
  },
};

/** One call per change, however many ask for it. */
async function join(known: Known): Promise<PremiumReview> {
  const { change, sluice, signal, finishSent, openSource: open } = known;
  known.surroundings ??= await surroundings(change, { sluice, signal });
  const key = JSON.stringify([
    change.repository.root,
    change.base.tree,
    fingerprint(change).fingerprint,
    known.surroundings.fingerprint,
    change.task,
    change.partial,
    known.classification?.class ?? null,
  ]);
  return underWay.join(key, { signal, finishSent }, (limited, hooks) =>
    premiumReview({ ...known, signal: limited }, { open, ...hooks }),
  );
}

function unanswered({ route, attempts }: Extract<PremiumReview, { kind: "unanswered" }>): Step {
  const failed = failuresIn(attempts);
  const when = route.next_available_at === null ? "" : ` The first is back at ${route.next_available_at}.`;
  const why = failed === "" ? route.next : `Nobody answered: ${failed}.${when}`;
  const summary =
    failed === "" && when !== ""
      ? `every reviewer for it is used up or throttled; the first is back at ${route.next_available_at}`
      : why;
  return { state: failed === "" ? "skipped" : "error", summary, attempts, premiumNext: why };
}

const again = "Call review_change again if another premium call is worth it, or review the change yourself.";

function nextOf(verdict: Verdict): string {
  switch (verdict) {
    case "SHIP":
      return "Ship it. The same change in the same surroundings needs no second review: fingerprints repeat this verdict.";
    case "NEEDS_WORK":
      return "Fix the blockers, then call review_change again: the reviewer is told what it asked for and what changed.";
    case "MAJOR_RETHINK":
      return "The approach cannot work as it is: read the blockers, plan anew, and review the new change.";
    default:
      return "A person has to decide: put the reviewer's question to the user.";
  }
}
