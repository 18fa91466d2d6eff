import type { Change } from "../change/types.js";
import type { Config } from "../config/schema.js";
import type { Trust } from "../config/trust.js";
import { checkedOutTree, notCheckedOut } from "../gates/checked-out.js";
import { Comparison } from "../gates/compare.js";
import { checkEnvironment, type Environment, secretValues } from "../gates/environment.js";
import { filesOnDisk } from "../gates/files.js";
import { checkNames, findGates, type GatePlan } from "../gates/find.js";
import { Output } from "../gates/output.js";
import { ProblemLines } from "../gates/problems.js";
import { projectFilesPresent } from "../gates/projects.js";
import { notRunnable, runCheck } from "../gates/run.js";
import { programFolders } from "../gates/virtual-environment.js";
import { Mask } from "../mask.js";
import type { Sluice } from "../sluice.js";
import type { StateStore } from "../state/store.js";
import { fitted } from "./gates/fit.js";
import type { Check, GatesResult } from "./gates-schema.js";
import { treesOf } from "./reviewed-trees.js";

export { type Check, type GatesResult, gatesOutput } from "./gates-schema.js";

export interface GatesOptions {
  store: StateStore;
  config: Config;
  trust: Trust | null;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
}

/**
 * Runs the project's own lint, build and typecheck on the change's head: only when that is what is checked out, and
 * only commands that a person trusted. One after the other, each with a time limit (default 300 s); what failed is
 * run on base as well, to tell what the change did from what was broken before. Throws the signal's reason when
 * cancelled, after all processes are dead.
 */
export async function runGates(change: Change, sluice: Sluice, options: GatesOptions): Promise<GatesResult> {
  const { config, signal } = options;
  const names = checkNames(config);
  const nothing = (reason: string, next: string | null) =>
    answer(
      change,
      names.map((name) => skipped(name, null, reason)),
      null,
      next,
    );
  if (!config.review.gates.enabled) return nothing("the gates are switched off (review.gates.enabled)", null);
  if (change.headKind === "diff") {
    return nothing(
      "a pasted diff is not checked out",
      "Apply the diff and pass head: WORKTREE to run the gates.",
    );
  }
  if (change.repository.bare) return nothing("the repository has no work tree", null);
  const before = await checkedOutTree(change.repository, signal);
  const elsewhere = notCheckedOut(change, before);
  if (elsewhere !== null) return nothing(elsewhere, null);

  const plans = await findGates(change.repository, config, options.trust);
  const session = await openSession(change, sluice, options);
  const checks: Check[] = [];
  try {
    for (const name of names) {
      const own = plans.filter((plan) => plan.name === name || plan.name.startsWith(`${name}:`));
      if (own.length === 0) checks.push(skipped(name, null, await notFound(change, name, plans)));
      for (const plan of own) checks.push(await session.check(plan));
    }
  } finally {
    await session.close();
  }
  const ran = checks.some((check) => check.state !== "skipped");
  const changed = ran ? (await checkedOutTree(change.repository, signal)) !== before : null;
  return answer(change, checks, changed, null);
}

interface Session {
  check(plan: GatePlan): Promise<Check>;
  close(): Promise<void>;
}

async function openSession(
  change: Change,
  sluice: Sluice,
  { store, signal, onProgress }: GatesOptions,
): Promise<Session> {
  const environment: Environment = checkEnvironment(sluice.env, await programFolders(change));
  const secrets = secretValues(sluice.env);
  const { root } = change.repository;
  const comparison = new Comparison(change, sluice, { environment, secrets, signal });
  return {
    async check(plan) {
      const why = plan.why ?? (await notRunnable(plan, environment));
      if (why !== null) return skipped(plan.name, plan.command, why);
      onProgress?.(`${plan.name}: ${plan.command}`);
      const path = store.resultFile(`gates-${plan.name}-${change.head.tree.slice(0, 12)}.log`);
      const output = new Output(path, new Mask(secrets), new ProblemLines([root]));
      const outcome = await runCheck(plan, output, { cwd: root, environment, signal });
      const { state, reason, ms, printed } = outcome;
      const check: Check = {
        name: plan.name,
        state,
        pre_existing: null,
        command: plan.command,
        ms,
        reason,
        output_tail: state === "passed" ? "" : printed.digest,
        log: printed.log,
      };
      if (state !== "failed") return check;
      onProgress?.(`${plan.name}: does it fail on ${change.base.label}, too?`);
      const compared = await comparison.compare(plan, outcome);
      return { ...check, pre_existing: compared.preExisting, reason: `${reason}; ${compared.reason}` };
    },
    close: () => comparison.close(),
  };
}

function skipped(name: string, command: string | null, reason: string): Check {
  return {
    name,
    state: "skipped",
    pre_existing: null,
    command,
    ms: null,
    reason,
    output_tail: "",
    log: null,
  };
}

async function notFound(change: Change, name: string, plans: readonly GatePlan[]): Promise<string> {
  const compiler = plans.find((plan) => plan.name === "build" && /^(Cargo|go|pom|build)\./.test(plan.source));
  if (name === "typecheck" && compiler !== undefined)
    return `the build (${compiler.command}) checks the types`;
  const looked = await projectFilesPresent(filesOnDisk(change.repository.root));
  const where =
    looked.length === 0 ? "the project has no build files that are known" : `none in ${looked.join(", ")}`;
  return `no command found: ${where}; name one in review.gates.commands.${name}`;
}

function answer(
  change: Change,
  checks: Check[],
  treeChanged: boolean | null,
  next: string | null,
): GatesResult {
  const ran = checks.filter((check) => check.state !== "skipped");
  const fresh = ran.filter((check) => check.state === "failed" && check.pre_existing !== true);
  return fitted({
    passed: ran.length === 0 ? null : fresh.length === 0,
    checks,
    tree_changed: treeChanged,
    next: next ?? whatNext(checks, fresh, treeChanged),
    trees: treesOf(change),
  });
}

function whatNext(
  checks: readonly Check[],
  fresh: readonly Check[],
  treeChanged: boolean | null,
): string | null {
  const sentences: string[] = [];
  if (fresh.length > 0) {
    sentences.push(
      `Fix ${fresh.map((check) => check.name).join(", ")} (all output in \`log\`), then call run_gates again.`,
    );
  }
  const untrusted = checks.filter((check) => /^(not trusted|changed since trusted)/.test(check.reason ?? ""));
  if (untrusted.length > 0) {
    const commands = untrusted.map((check) => `\`${check.command}\``).join(", ");
    sentences.push(
      `Ask the user to run \`sluice trust\` in a terminal in this repository, which allows ${commands}.`,
    );
  }
  if (treeChanged === true) {
    sentences.push(
      "A check changed files in the work tree: see `git status`, and undo or keep it before going on.",
    );
  }
  if (checks.every((check) => check.state === "skipped")) {
    sentences.push("Nothing ran, so nothing is known here; prescreen_diff needs none of this.");
  }
  return sentences.length === 0 ? null : sentences.join(" ");
}
