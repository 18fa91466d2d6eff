import type { VerdictRecord } from "../state/review-state.js";

export interface Situation {
  reason: string;
  skip: boolean;
  previous: VerdictRecord | null;
  premiumShip: boolean;
  obstacle: string | null;
  refreshed: string | undefined;
  settings: { skip_unchanged: boolean };
  task: string | null;
}

/** One sentence or two for an agent that just asked whether to review: what to do now. */
export function whatNext(situation: Situation): string {
  const { reason, skip, previous, obstacle, refreshed, premiumShip, settings } = situation;
  if (refreshed !== undefined) return `Review it again, because: ${refreshed}`;
  const giver = previous === null ? "" : giverOf(previous);
  switch (reason) {
    case "disabled":
      return "Review it: fingerprints are switched off (review.fingerprint.enabled).";
    case "never_reviewed": {
      const scope = situation.task === null ? "on this branch" : `for task ${situation.task}`;
      return `Review it: no verdict is known ${scope}. Record one that you reach yourself with record_verdict.`;
    }
    case "changed":
      return `Review it: it differs from what ${giver} saw; new_hunks says where.`;
    case "surroundings_changed":
      return `Review it: the same edit was ${was(previous)} by ${giver}, but the code around it (touched files, imports, tests or specification) is different now.`;
    case "blockers_untouched":
      return `Don't review yet: none of the files that ${giver} named in its blockers was touched. Fix the blockers in previous.blockers first; if one is wrong or was solved elsewhere, call again with refresh and a reason.`;
    case "unchanged_since_needs_work":
      if (!skip) return unchangedAnyway(giver, previous, settings);
      return previous?.verdict === "NEEDS_HUMAN"
        ? `Don't review again: ${giver} wants a person to decide, and nothing changed since. Ask the person.`
        : `Don't review again: this exact change was sent back by ${giver}. Fix what previous.blockers says, then call again; if it is wrong, call with refresh and a reason.`;
    default:
      if (obstacle !== null) return `Review it: it was shipped by ${giver}, but ${obstacle}.`;
      if (!skip) return unchangedAnyway(giver, previous, settings);
      return premiumShip
        ? `Don't review again: ${giver} shipped exactly this, and nothing around it changed. The SHIP stands.`
        : `Don't review again: ${giver} said SHIP to exactly this. That is not a premium verdict, so it gives no receipt; call with refresh and a reason to get one.`;
  }
}

function unchangedAnyway(
  giver: string,
  previous: VerdictRecord | null,
  settings: Situation["settings"],
): string {
  const setting = settings.skip_unchanged ? "" : " (review.fingerprint.skip_unchanged is off)";
  return `Review it: nothing changed since it was ${was(previous)} by ${giver}, but such changes are to be reviewed again${setting}.`;
}

function was(previous: VerdictRecord | null): string {
  return previous?.verdict === "SHIP" ? "shipped" : "sent back";
}

function giverOf({ attested_by, model }: VerdictRecord): string {
  if (attested_by === "sluice") return model ?? "a premium model";
  return attested_by === "human" ? "a person" : `an agent${model === null ? "" : ` (${model})`}`;
}
