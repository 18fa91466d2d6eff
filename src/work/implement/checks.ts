import { lstat, mkdir, realpath, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, posix } from "node:path";
import { makeThrowAway, type ThrowAway } from "../../change/throw-away.js";
import type { Change } from "../../change/types.js";
import type { WrittenFile } from "../../change/written-tree.js";
import type { Config } from "../../config/schema.js";
import type { Trust } from "../../config/trust.js";
import { messageOf } from "../../errors.js";
import { compareOutcomes } from "../../gates/compare.js";
import { checkEnvironment, type Environment, secretValues } from "../../gates/environment.js";
import { findGates, type GatePlan } from "../../gates/find.js";
import { linkInstalled } from "../../gates/installed.js";
import { isTooLarge, layOut } from "../../gates/laid-out.js";
import { Output } from "../../gates/output.js";
import { ProblemLines } from "../../gates/problems.js";
import { notRunnable, type Outcome, runCheck } from "../../gates/run.js";
import {
  type Cell,
  type Confine,
  confineTo,
  findSandbox,
  interpreterFolders,
  toolFolders,
} from "../../gates/sandbox.js";
import { programFolders } from "../../gates/virtual-environment.js";
import { Mask } from "../../mask.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { harmlessSettings } from "./git-settings.js";
import { isTestCheck, narrowed } from "./test-command.js";

export interface CheckResult {
  name: string;
  kind: "gate" | "test";
  state: "passed" | "failed" | "skipped";
  /** Of one that failed: whether it fails without the proposal, too; null when that can't be known. */
  pre_existing: boolean | null;
  command: string;
  /** Milliseconds; null when it was not run. */
  ms: number | null;
  reason: string | null;
  /** First errors and tail, secrets masked. */
  output: string;
}

/** How model-written code is run: not at all, confined, or as the user themself. */
export type Confinement = "not-run" | "bubblewrap" | "none";

export interface Checker {
  readonly confinement: Confinement;
  /** Why nothing is run; null when something is. */
  readonly why: string | null;
  /**
   * Runs the project's own checks on a draft: lint, build and the like, then its tests when those did not fail. Throws
   * the signal's reason when cancelled, after everything it started is dead.
   *
   * @param tests those that cover the draft's files
   * @param left milliseconds that a check may take at most
   */
  run(
    files: readonly WrittenFile[],
    tests: readonly string[],
    left: () => number,
    onProgress: (message: string) => void,
  ): Promise<CheckResult[]>;
  /** Removes all it made. Never throws. */
  close(): Promise<void>;
}

export interface CheckerOptions {
  store: StateStore;
  config: Config;
  trust: Trust | null;
  signal: AbortSignal;
}

/** What a command that does not end is given at least. */
const shortest = 5_000;

/** The checks of a project, for drafts of one tree. Makes nothing before there is something to run. */
export async function openChecker(base: Change, sluice: Sluice, options: CheckerOptions): Promise<Checker> {
  const { config, trust, signal } = options;
  const off = (why: string, plans: readonly GatePlan[] = []): Checker => ({
    confinement: "not-run",
    why,
    run: async () => plans.map((plan) => skipped(plan, why)),
    close: async () => {},
  });
  if (!config.review.gates.enabled) return off("the gates are switched off (review.gates.enabled)");
  const plans = await findGates(base.repository, config, trust);
  if (plans.length === 0) return off("no lint, build, typecheck or test command is known here");
  if (plans.every(({ why }) => why !== null)) return off(plans[0]?.why ?? "", plans);
  const environment = checkEnvironment(sluice.env, await programFolders(base));
  const sandbox = await findSandbox(environment);
  if (sandbox.state === "none" && !config.work.implement.allow_unsandboxed)
    return off(`${sandbox.why}; model-written code is not run without a sandbox`, plans);
  if (isTooLarge(await base.objects.tree("base")))
    return off("the repository is too large to be checked on the side", plans);
  return new OpenChecker(
    base,
    sluice,
    options,
    environment,
    sandbox.state === "ready" ? sandbox.program : null,
    signal,
  );
}

class OpenChecker implements Checker {
  readonly why = null;
  readonly confinement: Confinement;
  #place: Promise<ThrowAway> | null = null;
  #baseFolder: Promise<string> | null = null;
  #written = new Set<string>();
  readonly #onBase = new Map<string, Outcome | null>();

  constructor(
    readonly base: Change,
    readonly sluice: Sluice,
    readonly options: CheckerOptions,
    readonly environment: Environment,
    readonly bwrap: string | null,
    readonly signal: AbortSignal,
  ) {
    this.confinement = bwrap === null ? "none" : "bubblewrap";
  }

  async run(
    files: readonly WrittenFile[],
    tests: readonly string[],
    left: () => number,
    onProgress: (message: string) => void,
  ): Promise<CheckResult[]> {
    const { config, trust } = this.options;
    let folder: string;
    try {
      this.#place ??= this.#prepare();
      ({ folder } = await this.#place);
      await this.#write(folder, files);
    } catch (error) {
      this.signal.throwIfAborted();
      // A full disk, say: the proposal is judged without them.
      const why = `the worktree to run it in could not be made: ${messageOf(error)}`;
      return (await findGates(this.base.repository, config, trust)).map((plan) => skipped(plan, why));
    }
    const plans = await findGates({ ...this.base.repository, root: folder }, config, trust);
    const results: CheckResult[] = [];
    const ordered = [...plans].sort((a, b) => Number(isTestCheck(a.name)) - Number(isTestCheck(b.name)));
    for (const plan of ordered) {
      this.signal.throwIfAborted();
      const isTest = isTestCheck(plan.name);
      if (isTest && results.some(counts)) {
        results.push(skipped(plan, "not run while other checks fail"));
        continue;
      }
      onProgress(`${plan.name}: ${plan.command}`);
      results.push(await this.#check(plan, isTest ? tests : [], left()));
    }
    return results;
  }

  async close(): Promise<void> {
    const place = await this.#place?.catch(() => null);
    await place?.remove();
  }

  async #prepare(): Promise<ThrowAway> {
    const { repository, objects } = this.base;
    const place = await makeThrowAway(repository, this.sluice.env.TMPDIR, this.signal);
    try {
      await layOut(this.base, "base", place.folder);
      await linkInstalled(repository.root, await objects.tree("base"), place.folder);
      await writeFile(join(place.beside, "git-config"), await harmlessSettings(repository, this.signal));
      return place;
    } catch (error) {
      await place.remove();
      throw error;
    }
  }

  /** Puts the draft's files in place, and what an earlier draft wrote back to what it was. */
  async #write(folder: string, files: readonly WrittenFile[]): Promise<void> {
    const wanted = new Map(files.map((file) => [file.path, file]));
    const entries = new Map((await this.base.objects.tree("base")).map((entry) => [entry.path, entry]));
    for (const path of this.#written) {
      if (wanted.has(path)) continue;
      const entry = entries.get(path);
      const content = entry === undefined ? null : await this.base.objects.file("base", path);
      await place(folder, { path, content, mode: entry?.mode === "100755" ? "100755" : "100644" });
    }
    for (const file of files) await place(folder, file);
    this.#written = new Set([...this.#written, ...wanted.keys()]);
  }

  async #check(plan: GatePlan, tests: readonly string[], left: number): Promise<CheckResult> {
    const environment = await this.#environmentOf(plan.cwd);
    const why = plan.why ?? (await notRunnable(plan, environment));
    if (why !== null) return skipped(plan, why);
    if (left < shortest) return skipped(plan, "there was no time left for it");
    const command = narrowed(plan, tests);
    const limited = { ...plan, command, timeout: Math.min(plan.timeout, left) };
    const outcome = await this.#runIn(limited, plan.cwd, environment);
    const result: CheckResult = {
      name: plan.name,
      kind: isTestCheck(plan.name) ? "test" : "gate",
      state: outcome.state,
      pre_existing: null,
      command,
      ms: outcome.ms,
      reason: outcome.reason,
      output: outcome.state === "passed" ? "" : outcome.printed.digest,
    };
    if (outcome.state === "failed" && outcome.printed.last.some((line) => /^bwrap: /.test(line)))
      return { ...result, state: "skipped", reason: "the sandbox could not be made" };
    if (outcome.state !== "failed") return result;
    const compared = await this.#compare(plan, tests, outcome, left);
    return { ...result, pre_existing: compared.preExisting, reason: `${outcome.reason}; ${compared.reason}` };
  }

  async #compare(plan: GatePlan, tests: readonly string[], outcome: Outcome, left: number) {
    const known = new Set((await this.base.objects.tree("base")).map(({ path }) => path));
    const before = tests.filter((path) => known.has(path));
    if (tests.length > 0 && before.length === 0)
      return { preExisting: false, reason: "there were no such tests before" };
    const command = narrowed(plan, before);
    if (!this.#onBase.has(command)) {
      const found = await this.#ownPlanOnBase(plan);
      const limited = found && { ...found, command, timeout: Math.min(plan.timeout, left) };
      const environment = limited && (await this.#environmentOf(limited.cwd));
      this.#onBase.set(
        command,
        limited && environment ? await this.#runIn(limited, limited.cwd, environment) : null,
      );
    }
    const onBase = this.#onBase.get(command) ?? null;
    if (onBase === null)
      return {
        preExisting: null,
        reason: "whether it failed before is unknown: something else was run for it",
      };
    return compareOutcomes("what was there", outcome, onBase);
  }

  /** The same check where the draft is not; null when it is another one there. */
  async #ownPlanOnBase(plan: GatePlan): Promise<GatePlan | null> {
    this.#baseFolder ??= this.#layOutBase();
    const root = await this.#baseFolder;
    const { config, trust } = this.options;
    const plans = await findGates({ ...this.base.repository, root }, config, trust);
    const same = plans.find(({ name, command }) => name === plan.name && command === plan.command);
    return same?.why === null && same.scripts_hash === plan.scripts_hash ? same : null;
  }

  async #layOutBase(): Promise<string> {
    const { beside } = await (this.#place ?? this.#prepare());
    const folder = join(beside, "base");
    await mkdir(folder, { recursive: true });
    await layOut(this.base, "base", folder);
    await linkInstalled(this.base.repository.root, await this.base.objects.tree("base"), folder);
    return folder;
  }

  async #runIn(plan: GatePlan, folder: string, environment: Environment): Promise<Outcome> {
    const output = new Output(null, new Mask(secretValues(this.sluice.env)), new ProblemLines([folder]));
    return runCheck(plan, output, {
      cwd: folder,
      environment,
      signal: this.signal,
      confine: await this.#confine(folder),
    });
  }

  async #environmentOf(folder: string): Promise<Environment> {
    const place = await this.#place;
    const { PYTHONPATH: _, XDG_RUNTIME_DIR: __, ...rest } = this.environment;
    return {
      ...rest,
      // By which a process that outlives us is known.
      [ownMarker]: basename(place?.beside ?? ""),
      // What is installed for editing points to the user's own work tree.
      PYTHONPATH: [folder, join(folder, "src")].join(":"),
      ...(this.bwrap === null ? {} : { TMPDIR: "/tmp", CARGO_NET_OFFLINE: "true", GOPROXY: "off" }),
    };
  }

  async #confine(folder: string): Promise<Confine | undefined> {
    if (this.bwrap === null) return undefined;
    const { repository } = this.base;
    const place = await this.#place;
    const real = async (path: string) => realpath(path).catch(() => null);
    const given = async (paths: readonly (string | null)[]) =>
      (await Promise.all(paths.map((path) => (path === null ? null : real(path))))).flatMap(
        (path) => path ?? [],
      );
    const home = (await real(this.environment.HOME ?? homedir())) ?? homedir();
    const packages = (await this.base.objects.tree("base"))
      .filter(({ path }) => /(^|\/)package\.json$/.test(path))
      .map(({ path }) => join(repository.root, posix.dirname(path), "node_modules"));
    const installed = [".venv", "venv", "vendor", ".pnp.cjs", ".pnp.loader.mjs", ".yarn"].map((name) =>
      join(repository.root, name),
    );
    const cell: Cell = {
      writable: [folder],
      hidden: await given([home, repository.root, repository.mainRoot]),
      readable: await given([
        ...toolFolders(this.environment, home),
        dirname(dirname(process.execPath)),
        ...packages,
        ...installed,
        ...(await interpreterFolders(join(repository.root, ".venv"))),
        ...(await interpreterFolders(join(repository.root, "venv"))),
        repository.commonDir,
      ]),
      replaced: [{ path: join(repository.commonDir, "config"), by: join(place?.beside ?? "", "git-config") }],
    };
    return confineTo(this.bwrap, cell);
  }
}

/** In the environment of what is run: the name of the folder that it belongs to. */
export const ownMarker = "SLUICE_IMPLEMENT";

/** Whether a result says that the draft broke something. */
export function counts({ state, pre_existing }: CheckResult): boolean {
  return state === "failed" && pre_existing !== true;
}

function skipped(plan: GatePlan, reason: string): CheckResult {
  return {
    name: plan.name,
    kind: isTestCheck(plan.name) ? "test" : "gate",
    state: "skipped",
    pre_existing: null,
    command: plan.command,
    ms: null,
    reason,
    output: "",
  };
}

/** Writes a file of the draft. What ran there before may have put links in its way: they go. */
async function place(folder: string, { path, content, mode }: WrittenFile): Promise<void> {
  const parts = path.split("/");
  for (let count = 1; count < parts.length; count++) {
    const above = join(folder, ...parts.slice(0, count));
    const found = await lstat(above).catch(() => null);
    if (found?.isDirectory()) continue;
    await rm(above, { force: true, recursive: true });
    if (content !== null) await mkdir(above);
  }
  const file = join(folder, ...parts);
  await rm(file, { force: true, recursive: true });
  if (content !== null)
    await writeFile(file, content, { mode: mode === "100755" ? 0o755 : 0o644, flag: "wx" });
}
