import { asBlocker, type Blocker } from "../../premium/blockers.js";
import { chosenModels } from "../../premium/candidates.js";
import { type Attested, noSource, whyNotAsked } from "../../premium/review-stage.js";
import { stepOf } from "../../premium/verdict.js";
import type { PlanVerdict } from "../../state/plan-reviews.js";
import { countRound, prescreenRounds, recordPrescreen } from "../../state/prescreen-state.js";
import { dismissals, standing } from "../../state/review-state.js";
import type { Verdict } from "../../verdicts.js";
import { complexityOf } from "./complexity.js";
import { coverageFindings } from "./coverage.js";
import { untestableCriteria } from "./criteria.js";
import type { PlanFinding } from "./findings.js";
import { modelScreen } from "./model-screen.js";
import { type PremiumPlanReview, premiumPlanReview } from "./premium.js";
import type { Known, Stage, Step } from "./step.js";
import { structureFindings } from "./structure.js";
import { unknownFiles } from "./unknown-files.js";

/**
 * Whether this very plan was reviewed before; then that verdict is repeated, as what it is. It comes first: it takes
 * no time, and what was sent back to be mended and is not needs no other look.
 */
export const fingerprint: Stage<"fingerprint"> = {
  name: "fingerprint",
  doing: "comparing with earlier reviews",
  async run(known) {
    const { verdicts, plan, receipt } = known;
    const { config } = known.project;
    const { enabled, skip_unchanged } = config.review.fingerprint;
    if (!enabled) return { state: "skipped", summary: "switched off (review.fingerprint.enabled)" };
    if (verdicts.length === 0) return { state: "passed", summary: "never_reviewed" };
    const same = verdicts.filter((one) => one.fingerprint === known.fingerprint);
    const previous = standing(same.filter((one) => one.context_fingerprint === known.context_fingerprint));
    if (previous === null) {
      return { state: "passed", summary: same.length > 0 ? "surroundings_changed" : "changed" };
    }
    if (!skip_unchanged) {
      return { state: "passed", summary: "unchanged, and to be reviewed again (review.fingerprint)" };
    }
    const { verdict, attested_by: by } = previous;
    const attested: Attested | null =
      by === "sluice" ? null : { verdict, by, model: previous.model, at: previous.at };
    const who = by === "sluice" ? (previous.model ?? "a premium model") : wordOf(by);
    if (verdict !== "SHIP") {
      const next =
        verdict === "NEEDS_HUMAN"
          ? `${capital(who)} wants a person to decide, and nothing changed since. Put the question to the user.`
          : `This exact plan was sent back by ${who}. Mend what the blockers say, then call review_plan again; nobody reads it again before it changes.`;
      return {
        state: "issues",
        summary: `unchanged since ${verdict} by ${who}`,
        decision: {
          verdict,
          decided_by: "fingerprint",
          blockers: blockersOf(previous),
          attested,
          record: attested === null ? previous : null,
          next,
        },
      };
    }
    if (attested !== null) {
      // A word gives no receipt: where one is wanted, a premium model has to say it.
      if (receipt !== null) return { state: "passed", summary: `unchanged since SHIP by the word of ${who}` };
      return {
        state: "passed",
        summary: `unchanged since SHIP by the word of ${who}`,
        decision: {
          verdict: null,
          decided_by: null,
          attested,
          next: `${capital(who)} let exactly this plan pass: go on with it. That is no premium verdict, so it gives no receipt and no status.`,
        },
      };
    }
    const { model } = previous;
    const backend = await backendOf(known);
    const accepted = model !== null && chosenModels(config, [backend]).has(model);
    if (plan.unreadable.length > 0) return { state: "passed", summary: "a part of it can't be read" };
    if (!accepted) {
      return { state: "passed", summary: `shipped by ${model ?? "nobody"}, which is not ${backend}` };
    }
    return {
      state: "passed",
      summary: `unchanged since SHIP by ${who}`,
      decision: {
        verdict: "SHIP",
        decided_by: "fingerprint",
        blockers: [],
        record: previous,
        next: `${who} let exactly this plan pass, and nothing around it changed. Begin with its tasks.`,
      },
    };
  },
};

/** What can be told without a premium model: the agent's to mend, until it has tried often enough. */
export const prescreen: Stage<"prescreen"> = {
  name: "prescreen",
  doing: "checking the plan",
  async run(known) {
    const { plan, survey, sluice, signal, onProgress } = known;
    const { config, store } = known.project;
    if (!config.review.prescreen.enabled) {
      return { state: "skipped", summary: "switched off (review.prescreen.enabled)" };
    }
    const dismissed = new Set((await dismissals(store)).map(({ id }) => id));
    const open = (found: readonly PlanFinding[]) => unique(found).filter(({ id }) => !dismissed.has(id));
    const byRules = open([
      ...structureFindings(plan),
      ...coverageFindings(plan),
      ...unknownFiles(plan, survey),
      ...untestableCriteria(plan),
    ]);
    const key = `plan:${plan.spec.id}`;
    const rounds = await prescreenRounds(store, key);
    const seen = rounds.some(({ head_tree }) => head_tree === known.fingerprint);
    let findings = byRules;
    let note = "";
    if (!byRules.some(blocks)) {
      const screen = await modelScreen(plan, sluice, {
        config,
        store,
        fingerprint: known.fingerprint,
        signal,
        onProgress,
      });
      findings = open([...byRules, ...screen.findings]);
      note = `; ${screen.note}`;
    }
    known.findings = findings;
    const blocking = findings.filter(blocks);
    const iteration = await countRound(store, key, { clean: blocking.length === 0, known: seen });
    if (!seen || blocking.length === 0) {
      await recordPrescreen(store, {
        key,
        base_tree: "",
        head_tree: known.fingerprint,
        findings: findings.slice(0, 200).map(({ id, class: kind }) => ({ id, class: kind })),
        at: new Date(sluice.clock()).toISOString(),
      });
    }
    if (blocking.length === 0) {
      const hints = findings.length > 0 ? `, ${findings.length} for the reviewer to judge` : "";
      return { state: "passed", summary: `no findings that block${hints}${note}` };
    }
    const count = `${blocking.length} ${blocking.length === 1 ? "finding" : "findings"}`;
    const most = config.review.prescreen.max_iterations;
    if (iteration > most) {
      return {
        state: "issues",
        summary: `${count} left after ${most} iterations: for the reviewer to judge${note}`,
      };
    }
    return {
      state: "issues",
      summary: `${count}${note}`,
      decision: {
        verdict: "NEEDS_WORK",
        decided_by: "prescreen",
        blockers: blocking.map(asBlocker),
        next: `Mend these in the plan, then call review_plan again (iteration ${iteration} of ${most}). A finding that is wrong: pass it in dismiss as {id, reason}.`,
      },
    };
  },
};

export const classification: Stage<"classify"> = {
  name: "classify",
  doing: "judging how complex it is",
  async run(known) {
    const { complexity, reasons } = await classified(known);
    const [first] = reasons;
    return { state: "passed", summary: first === undefined ? complexity : `${complexity}: ${first.rule}` };
  },
};

/** The premium review: everything in one message, one answer, the only verdict that ships. */
export const premium: Stage<"premium"> = {
  name: "premium",
  doing: "asking a premium reviewer",
  async run(known) {
    const { plan, sluice, noPremium } = known;
    const unasked = whyNotAsked({ sluice, config: known.project.config, noPremium });
    if (unasked !== null) return { state: "skipped", summary: unasked };
    const [lost] = plan.unreadable;
    if (lost !== undefined) {
      return {
        state: "issues",
        summary: `${lost} can't be read: nothing ships like that, so nobody was asked`,
      };
    }
    const review = await premiumPlanReview(known, await backendOf(known));
    return review.kind === "unanswered" ? unanswered(review.given) : stepOf(review, { again, next: nextOf });
  },
};

async function classified(known: Known) {
  const { plan, survey, project } = known;
  known.complexity ??= await complexityOf(plan, survey, project.config);
  return known.complexity;
}

/** Who reviews a plan of this complexity. */
async function backendOf(known: Known): Promise<string> {
  const { plan_review } = known.project.config.plan;
  const { complexity } = await classified(known);
  return complexity === "SIMPLE" ? plan_review.simple.backend : plan_review.complex.backend;
}

function unanswered({
  decision,
  attempts,
  why,
  next_available_at,
}: Extract<PremiumPlanReview, { kind: "unanswered" }>["given"]): Step {
  if (decision === "none_configured") {
    return { state: "skipped", summary: noSource, attempts, premiumNext: why };
  }
  const when = next_available_at === null ? "" : ` The first is back at ${next_available_at}.`;
  return {
    state: attempts.length === 0 ? "skipped" : "error",
    summary: why,
    attempts,
    premiumNext: attempts.length === 0 ? why : `${why}${when}`,
  };
}

const again = "Call review_plan again if another premium call is worth it.";

function nextOf(verdict: Verdict): string {
  switch (verdict) {
    case "SHIP":
      return "Begin with the tasks. The same plan needs no second review: this verdict is repeated.";
    case "NEEDS_WORK":
      return "Mend the plan, then call review_plan again: the reviewer is told what it asked for and what changed.";
    case "MAJOR_RETHINK":
      return "The approach cannot work as it is: read the blockers, and plan anew.";
    default:
      return "A person has to decide: put the reviewer's question to the user.";
  }
}

function blockersOf({ blockers, model, attested_by }: PlanVerdict): Blocker[] {
  return blockers.map(({ file, line, message }) => ({
    file,
    line,
    message,
    source: model ?? attested_by,
    id: null,
  }));
}

function blocks({ severity }: PlanFinding): boolean {
  return severity !== "hint";
}

/** The first of each id: rules and the model may see the same. */
function unique(findings: readonly PlanFinding[]): PlanFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function wordOf(by: "agent" | "human"): string {
  return by === "human" ? "a person" : "an agent";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
