import type { Change } from "../change/types.js";
import { Mask } from "../mask.js";
import type { Sluice } from "../sluice.js";
import { type Baseline, makeBaseline } from "./baseline.js";
import type { Environment } from "./environment.js";
import { filesOfTree } from "./files.js";
import { type GatePlan, hashOver } from "./find.js";
import { Output } from "./output.js";
import { ProblemLines } from "./problems.js";
import { type Outcome, runCheck } from "./run.js";

export interface Compared {
  /** Null when it can't be known. */
  preExisting: boolean | null;
  reason: string;
}

interface ComparisonOptions {
  environment: Environment;
  /** Values that must not stand in an output. */
  secrets: readonly string[];
  signal: AbortSignal;
}

/** Runs checks that failed on base as well. The base is written out once, when it is first needed. */
export class Comparison {
  readonly #change: Change;
  readonly #sluice: Sluice;
  readonly #options: ComparisonOptions;
  #baseline: Promise<Baseline | { reason: string }> | null = null;

  constructor(change: Change, sluice: Sluice, options: ComparisonOptions) {
    this.#change = change;
    this.#sluice = sluice;
    this.#options = options;
  }

  /** Whether a check that failed on head fails on base in the same way. Takes as long as the check's limit at most. */
  async compare(plan: GatePlan, head: Outcome): Promise<Compared> {
    const { base, head: end } = this.#change;
    if (base.tree === end.tree) return { preExisting: true, reason: "nothing was changed" };
    if ((await this.#change.objects.tree("base")).length === 0)
      return { preExisting: false, reason: "there was nothing before this change" };
    // What was trusted is what ran on head. Other scripts on base were trusted by nobody.
    if ((await hashOver(plan, filesOfTree(this.#change, "base"))) !== plan.scripts_hash)
      return unknown(`${base.label} runs something else for it`);
    this.#baseline ??= makeBaseline(this.#change, this.#sluice.env.TMPDIR);
    const baseline = await this.#baseline;
    if ("reason" in baseline) return unknown(baseline.reason);
    const { root } = this.#change.repository;
    const problems = new ProblemLines([root, baseline.folder]);
    const before = await runCheck(plan, new Output(null, new Mask(this.#options.secrets), problems), {
      cwd: baseline.folder,
      environment: { ...this.#options.environment, CARGO_TARGET_DIR: baseline.scratch },
      signal: this.#options.signal,
    });
    return compareOutcomes(base.label, head, before);
  }

  async close(): Promise<void> {
    const baseline = await this.#baseline?.catch(() => null);
    if (baseline !== null && baseline !== undefined && "remove" in baseline) await baseline.remove();
  }
}

function unknown(why: string): Compared {
  return { preExisting: null, reason: `whether it failed before is unknown: ${why}` };
}

/** Whether a check that failed on head failed on base in the same way. */
export function compareOutcomes(label: string, head: Outcome, base: Outcome): Compared {
  if (base.state === "passed") return { preExisting: false, reason: `passes on ${label}` };
  if (base.state === "skipped") return unknown(`on ${label} it ${base.reason}`);
  // One that is killed at its limit on both sides says the same of both; on one side it says nothing of the other.
  if (base.code === null || head.code === null) {
    const same = base.code === head.code && base.reason === head.reason;
    return same
      ? { preExisting: true, reason: `the same on ${label}` }
      : unknown(`on ${label}: ${base.reason}`);
  }
  const [now, then] = [head.printed.problems, base.printed.problems];
  if (now.incomplete) return unknown("it printed too much to be compared");
  const fresh = now.newSince(then);
  if (fresh.length === 0) return { preExisting: true, reason: `fails on ${label} in the same way` };
  if (then.incomplete || fresh.length === now.size)
    return unknown(`it fails on ${label} as well, but with other errors`);
  const more = `${fresh.length} ${fresh.length === 1 ? "error is" : "errors are"} new`;
  return { preExisting: false, reason: `fails on ${label} as well, but ${more}: ${fresh[0]?.slice(0, 150)}` };
}
