import { surroundings } from "../change/surroundings.js";
import { classify } from "./classify.js";
import { checkFingerprint } from "./fingerprint-check.js";
import { runGates } from "./gates.js";
import { prescreen as runPrescreen } from "./prescreen.js";
import { route as findRoute } from "./route.js";
import type { Attested, Blocker, Stage } from "./step.js";

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
    const old = failed.length > 0 ? `; ${names(failed)} failed before the change too` : "";
    if (passed.length + failed.length > 0) {
      return {
        state: "passed",
        summary: `${passed.length > 0 ? `${names(passed)} passed` : "none passed"}${old}`,
      };
    }
    const why = new Set(result.checks.map(({ reason }) => reason?.split(/[;:]/, 1)[0] ?? "skipped"));
    const summary = why.size > 0 ? `${names(result.checks)}: ${[...why].join(", ")}` : "no gates are wanted";
    return { state: "skipped", summary: result.next === null ? summary : `${summary}. ${result.next}` };
  },
};

/** What static analysis finds: the agent's to mend, until it has tried often enough. */
export const prescreen: Stage<"prescreen"> = {
  name: "prescreen",
  doing: "running the analyzers",
  section: "review.prescreen",
  async run(known) {
    const { change, sluice, store, config, signal, onProgress } = known;
    if (!config.review.prescreen.enabled) {
      return { state: "skipped", summary: "switched off (review.prescreen.enabled)" };
    }
    const result = await runPrescreen(change, sluice, { store, config, signal, onProgress });
    known.prescreen = result;
    if (result.verdict === "clean") return { state: "passed", summary: "no findings that block" };
    const blocking = result.findings.filter((finding) => finding.severity !== "hint");
    const count = `${blocking.length} ${blocking.length === 1 ? "finding" : "findings"}`;
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
        blockers: blocking.map(({ file, line, message, source, id }) => ({
          file,
          line,
          message,
          source,
          id,
        })),
        next: `Fix these, then call review_change again (iteration ${result.iteration} of ${result.max_iterations}). A finding that is wrong: prescreen_diff with dismiss [{id, reason}].`,
      },
    };
  },
};

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
      await route.run(known);
      const accepted = new Set(known.route?.candidates.map(({ model }) => model));
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
    const premium = by === "sluice" ? { source: null, model: previous.model, tokens: null } : null;
    const repeated = { decided_by: "fingerprint", blockers, premium, attested, next } as const;
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
    const { change, sluice, config, signal } = known;
    known.classification ??= await classify(change, sluice, { config, signal });
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

function names(checks: readonly { name: string }[]): string {
  return checks.map(({ name }) => name).join(", ");
}
