import { surroundings } from "../change/surroundings.js";
import { asBlocker, type Blocker } from "../premium/blockers.js";
import { namedModels } from "../premium/candidates.js";
import type { Attested } from "../premium/review-stage.js";
import { findVerdicts, type VerdictRecord } from "../state/review-state.js";
import { classifyWithModel } from "./classify.js";
import { checkFingerprint, type FingerprintCheck } from "./fingerprint-check.js";
import { type Check, runGates } from "./gates.js";
import { type Prescreen, prescreen as runPrescreen } from "./prescreen.js";
import { classKey, route as findRoute } from "./route.js";
import type { Known, Stage, Step } from "./step.js";

/** The project's own checks: a failure that the change brought in ends the review. */
export const gates: Stage<"gates"> = {
  name: "gates",
  doing: "running the gates",
  section: "review.gates",
  async run(known) {
    const { change, sluice, store, config, trust, signal, onProgress, noGates } = known;
    if (noGates !== undefined && trust !== null && Object.keys(trust.commands).length > 0) {
      return { state: "skipped", summary: noGates };
    }
    const result = await runGates(change, sluice, { store, config, trust, signal, onProgress });
    const failed = result.checks.filter((check) => check.state === "failed");
    // What nobody could compare with base counts as the change's doing.
    const fresh = failed.filter((check) => check.pre_existing !== true);
    if (fresh.length > 0) {
      return {
        state: "issues",
        summary: `${names(fresh)} failed`,
        decision: {
          verdict: "NEEDS_WORK",
          decided_by: "gates",
          blockers: fresh.map((check) => ({
            file: null,
            line: null,
            message: `${check.name} fails (${check.command}): ${check.reason}\n${check.output_tail}${check.log === null ? "" : `\nAll of it: ${check.log}`}`,
            source: check.name,
            id: null,
          })),
          next: "Make the failing gates pass, then call review_change again.",
        },
      };
    }
    const passed = result.checks.filter((check) => check.state === "passed");
    const said = [
      ...(passed.length > 0 ? [`${names(passed)} passed`] : []),
      ...(failed.length > 0 ? [`${names(failed)} failed before the change too`] : []),
      ...whySkipped(result.checks),
    ];
    return {
      state: passed.length + failed.length > 0 ? "passed" : "skipped",
      summary: said.join("; ") || "no gates are wanted",
    };
  },
};

/** What static analysis finds: the agent's to mend, until it has tried often enough. */
export const prescreen: Stage<"prescreen"> = {
  name: "prescreen",
  doing: "running the analyzers",
  section: "review.prescreen",
  async run(known) {
    const { change, sluice, store, config, signal, onProgress, noTools } = known;
    if (!config.review.prescreen.enabled) {
      return { state: "skipped", summary: "switched off (review.prescreen.enabled)" };
    }
    const result = await runPrescreen(change, sluice, {
      store,
      config,
      signal,
      onProgress,
      noTools,
    });
    known.prescreen = result;
    return screened(result);
  },
};

/** What the pre-screen's answer means for a review. An engine that did not finish is named: nobody looked there. */
export function screened(result: Prescreen): Step {
  const lost = notFinished(result.engines);
  if (result.verdict === "clean") {
    // Nothing found by nobody is no pass, and a model that found nothing is nobody.
    const analysers = result.engines.filter(({ name }) => name !== "model" && name !== "prefilter");
    const looked = analysers.some(({ state }) => state === "ok") || lost === "";
    return { state: looked ? "passed" : "error", summary: `no findings that block${lost}` };
  }
  const blocking = result.findings.filter((finding) => finding.severity !== "hint");
  const count = `${blocking.length} ${blocking.length === 1 ? "finding" : "findings"}${lost}`;
  if (result.iteration > result.max_iterations) {
    return {
      state: "issues",
      summary: `${count} left after ${result.max_iterations} iterations: for the reviewer to judge`,
    };
  }
  return {
    state: "issues",
    summary: count,
    decision: {
      verdict: "NEEDS_WORK",
      decided_by: "prescreen",
      blockers: blocking.map(asBlocker),
      next: `Fix these, then call review_change again (iteration ${result.iteration} of ${result.max_iterations}). A finding that is wrong: prescreen_diff with dismiss [{id, reason}].`,
    },
  };
}

/** Whether this very change was reviewed before; then that verdict is repeated, as what it is. */
export const fingerprint: Stage<"fingerprint"> = {
  name: "fingerprint",
  doing: "comparing with earlier reviews",
  section: "review.fingerprint",
  async run(known) {
    const { change, sluice, store, config, signal } = known;
    let result = await checkFingerprint(change, sluice, { store, config, signal });
    if (result.premium_ship) {
      // A SHIP counts only from a model that today's class of the change asks for.
      await classification.run(known);
      const today = known.classification?.class ?? "SECURITY";
      const accepted = namedModels(config, config.review.routing[classKey(today)], today);
      result = await checkFingerprint(change, sluice, {
        store,
        config,
        signal,
        acceptsModel: (model) => model !== null && accepted.has(model),
      });
    }
    known.fingerprint = result;
    const { previous, next } = result;
    if (result.reason === "disabled") return { state: "skipped", summary: "switched off" };
    if (result.decision === "review" || previous === null) return { state: "passed", summary: result.reason };
    const by = previous.attested_by;
    const attested: Attested | null =
      by === "sluice" ? null : { verdict: previous.verdict, by, model: previous.model, at: previous.at };
    const blockers: Blocker[] = previous.blockers.map(({ file, line, message }) => ({
      file,
      line,
      message,
      source: previous.model ?? by,
      id: null,
    }));
    const record = by === "sluice" ? await ownRecord(known, result) : null;
    const premium =
      by === "sluice" ? { source: record?.source ?? null, model: previous.model, tokens: null } : null;
    const repeated = { decided_by: "fingerprint", blockers, premium, attested, record, next } as const;
    const { verdict } = previous;
    if (verdict !== "SHIP") {
      return {
        state: "issues",
        summary: `${result.reason}: ${verdict} by ${by}`,
        decision: { ...repeated, verdict },
      };
    }
    if (attested !== null) {
      return {
        state: "passed",
        summary: `${result.reason}, by the word of ${by === "human" ? "a person" : "an agent"}`,
        decision: { verdict: null, decided_by: null, attested, next },
      };
    }
    if (!result.premium_ship || change.skipped.length > 0) return { state: "passed", summary: result.reason };
    return { state: "passed", summary: result.reason, decision: { ...repeated, verdict } };
  },
};

export const classification: Stage<"classify"> = {
  name: "classify",
  doing: "classifying the change",
  section: "review.classification",
  async run(known) {
    const { change, sluice, store, config, signal } = known;
    known.classification ??= await classifyWithModel(change, sluice, { store, config, signal });
    const { class: name, reasons } = known.classification;
    const [first] = reasons;
    return { state: "passed", summary: first === undefined ? name : `${name}: ${first.rule}` };
  },
};

export const route: Stage<"route"> = {
  name: "route",
  doing: "looking for a reviewer with quota",
  section: "review.routing",
  async run(known) {
    const { change, sluice, store, config, signal } = known;
    known.surroundings ??= await surroundings(change, { sluice, signal });
    known.route ??= await findRoute(change, sluice, {
      store,
      config,
      // What could not be classified gets the strictest reviewer.
      class: known.classification?.class ?? "SECURITY",
      context: known.surroundings,
      signal,
    });
    const { decision, source, model } = known.route;
    return { state: "passed", summary: decision === "route" ? `${source} ${model}` : decision };
  },
};

/** The record behind a verdict of ours that is repeated for the very same change. */
async function ownRecord(
  { change, sluice, store }: Known,
  { fingerprint: own, context_fingerprint: context, previous }: FingerprintCheck,
): Promise<VerdictRecord | null> {
  if (previous?.same_change !== true) return null;
  const records = await findVerdicts(store, sluice, { fingerprint: own });
  const found = records.find(
    (record) =>
      record.attested_by === "sluice" &&
      record.context_fingerprint === context &&
      record.verdict === previous.verdict &&
      record.task === change.task,
  );
  return found ?? null;
}

/** Per reason the checks that were skipped for it: `lint: not trusted yet (…); build, typecheck: none found`. */
function whySkipped(checks: readonly Check[]): string[] {
  const groups = new Map<string, Check[]>();
  for (const check of checks.filter(({ state }) => state === "skipped")) {
    const why = shortReason(check.reason ?? "skipped");
    groups.set(why, [...(groups.get(why) ?? []), check]);
  }
  return [...groups].map(([why, same]) => `${names(same)}: ${why}`);
}

function shortReason(reason: string): string {
  const [first = reason] = reason.split(/[;:]/, 1);
  if (first === "not trusted") return "not trusted yet (a person runs sluice trust)";
  if (first === "changed since trusted") return "changed since trusted (a person runs sluice trust)";
  return first === "no command found" ? "none found" : first;
}

/** What of the analysis is missing, to follow another half-sentence; empty when nothing is. */
function notFinished(engines: Prescreen["engines"]): string {
  const lost = engines
    .filter(({ state }) => state === "failed" || state === "timeout")
    .map(({ name, state }) => `${name} ${state === "timeout" ? "timed out" : "failed"}`);
  if (lost.length === 0) return "";
  return `; ${lost.join(", ")}: what only ${lost.length > 1 ? "they find" : "it finds"} was not looked for`;
}

function names(checks: readonly { name: string }[]): string {
  return checks.map(({ name }) => name).join(", ");
}
