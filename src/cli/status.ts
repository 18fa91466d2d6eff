import { openRepository } from "../change/repository.js";
import type { Repository } from "../change/types.js";
import { type Loaded, loadConfiguration, loadUserConfiguration } from "../config/load.js";
import { readTrust } from "../config/trust.js";
import { isSluiceError } from "../errors.js";
import { readFlow, summarizeFlow } from "../flow/folder.js";
import type { FlowSummary } from "../flow/types.js";
import type { EndpointState, LocalState } from "../local/local.js";
import { type QuotaStatus, quotaStatus } from "../premium/quota-status.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { readRepositoryConfiguration } from "../state/repository-configuration.js";
import { dismissals, findVerdicts } from "../state/review-state.js";
import { openStore } from "../state/store.js";
import { version } from "../version.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { duration } from "./duration.js";
import { flowProblems, flowText } from "./flow-health.js";
import { count } from "./local-health.js";
import { table } from "./terminal.js";

/** What `sluice status --json` prints. */
interface Status {
  version: string;
  repository: { root: string; branch: string | null } | null;
  /** Null when the repository's own settings could not be read; `warnings` says why. */
  local: LocalState;
  sources: QuotaStatus["sources"];
  /** The newest verdict kept here, whatever it was about; null for none. */
  last_review: {
    verdict: string;
    at: string;
    attested_by: string;
    source: string | null;
    model: string | null;
    task: string | null;
    branch: string | null;
    blockers: number;
  } | null;
  state: { directory: string; verdicts: number; dismissed: number } | null;
  /** Specs and tasks of flow-next's; null where there are none. */
  flow: FlowSummary | null;
  warnings: string[];
}

export const statusCommand: AddCommand = (program, context) => {
  program
    .command("status")
    .description("The local tier, the premium sources and their quota, the last review: one screen.")
    .argument("[path]", "a folder of a repository", ".")
    .option("--json", "print it as JSON")
    .action(async (path: string, options: { json?: boolean }) => {
      const status = await context.terminal.during("looking", () => gather(context, path));
      if (options.json) context.terminal.print(printableJson(status));
      else show(status, context);
    });
};

async function gather({ sluice, signal }: CommandContext, path: string): Promise<Status> {
  const user = await loadUserConfiguration(sluice);
  const repository = await repositoryAt(sluice, path, user, signal);
  const warnings: string[] = [];
  const loaded = repository === null ? user : await configurationOf(sluice, repository, warnings);
  warnings.push(...loaded.problems.map(({ message }) => message));
  const [local, kept, folder] = await Promise.all([
    localState(sluice, loaded, signal),
    repository === null ? null : stateOf(sluice, repository, loaded, warnings, signal),
    repository === null ? null : readFlow(repository, sluice, signal),
  ]);
  return {
    version,
    repository: repository && { root: repository.root, branch: repository.branch },
    local,
    sources: kept?.sources ?? (await quotaStatus(sluice, { store: null, config: loaded.config })).sources,
    last_review: kept?.last_review ?? null,
    state: kept?.state ?? null,
    flow: folder === null ? null : summarizeFlow(folder),
    warnings,
  };
}

async function repositoryAt(
  sluice: Sluice,
  path: string,
  { config }: Loaded,
  signal: AbortSignal,
): Promise<Repository | null> {
  try {
    const opened = { ...sluice, roots: async () => [path] };
    return await openRepository(opened, path, { allowed: config.repositories, signal });
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return null;
  }
}

async function configurationOf(sluice: Sluice, repository: Repository, warnings: string[]): Promise<Loaded> {
  const trust = await readTrust(sluice, repository.commonDir);
  const text = await readRepositoryConfiguration(sluice, repository).catch((error) => {
    if (!isSluiceError(error)) throw error;
    warnings.push(error.message);
    return null;
  });
  return loadConfiguration(sluice, text, trust);
}

async function localState(sluice: Sluice, { config }: Loaded, signal: AbortSignal): Promise<LocalState> {
  const { closeLocal, openLocal } = await import("../local/local.js");
  try {
    return await openLocal(config, sluice).state(signal);
  } finally {
    await closeLocal();
  }
}

async function stateOf(
  sluice: Sluice,
  repository: Repository,
  { config }: Loaded,
  warnings: string[],
  signal: AbortSignal,
) {
  const store = await openStore(sluice, repository, { signal });
  const { sources } = await quotaStatus(sluice, { store, config });
  const verdicts = await findVerdicts(store, sluice);
  const [last] = verdicts;
  const dismissed = (await dismissals(store)).length;
  warnings.push(...store.warnings);
  return {
    sources,
    last_review: last
      ? {
          verdict: last.verdict,
          at: last.at,
          attested_by: last.attested_by,
          source: last.source,
          model: last.model,
          task: last.task,
          branch: last.branch,
          blockers: last.blockers.length,
        }
      : null,
    state: { directory: store.directory, verdicts: verdicts.length, dismissed },
  };
}

function show(status: Status, { terminal, sluice }: CommandContext): void {
  const { print, note, colours } = terminal;
  const now = sluice.clock();
  const { repository } = status;
  const where =
    repository === null
      ? "no repository here"
      : `${repository.root}${repository.branch === null ? "" : `, on ${repository.branch}`}`;
  print(`Sluice ${status.version}  ${colours.dim(printable(where))}`);
  const mark = (good: boolean) => (good ? colours.green("✓") : colours.yellow("–"));

  print("\nlocal tier");
  const endpoints = [status.local.primary, status.local.prefilter].filter((one) => one !== null);
  if (endpoints.length === 0) print(`  ${mark(false)} switched off`);
  for (const one of endpoints) {
    const name = one.role === "primary" ? "local model" : "pre-filter ";
    print(`  ${mark(one.problem === null)} ${name}  ${printable(endpointText(one))}`);
  }

  print("\npremium sources");
  const rows = status.sources.map((one) => [one.source, one.access ?? "-", quotaText(one, now)]);
  for (const [index, line] of table(rows).entries())
    print(`  ${mark(status.sources[index]?.eligible ?? false)} ${printable(line)}`);

  print("\nlast review");
  print(`  ${printable(reviewText(status.last_review, now))}`);
  if (status.state !== null) {
    const { verdicts, dismissed, directory } = status.state;
    print(
      colours.dim(
        printable(`  ${verdicts} verdict(s) and ${dismissed} dismissed finding(s) in ${directory}`),
      ),
    );
  }
  if (status.flow !== null) {
    print("\nflow-next");
    print(`  ${mark(status.flow.problems.length === 0)} ${flowText(status.flow)}`);
    for (const problem of flowProblems(status.flow)) print(`    ${colours.yellow(printableLine(problem))}`);
  }
  for (const warning of status.warnings) note(`${colours.yellow("warning")}: ${printable(warning)}`);
  if (endpoints.some(({ problem }) => problem !== null) || status.sources.every(({ eligible }) => !eligible))
    print(colours.dim("\nsluice doctor says what to do about what is missing."));
}

function endpointText(one: EndpointState): string {
  if (one.problem !== null) return one.problem.message;
  const { context, loaded } = one;
  return [
    `${one.model ?? one.configuredModel} by ${one.server ?? "a server"} at ${one.baseUrl}`,
    ...(loaded === null ? [] : [loaded ? "loaded" : "not loaded"]),
    ...(context === null ? [] : [`${count(context.normal)} tokens`]),
  ].join(", ");
}

function quotaText(
  { windows, throttled_until, why, access }: Status["sources"][number],
  now: number,
): string {
  if (access === null) return why;
  if (throttled_until !== null) return `throttled, again ${inTime(Date.parse(throttled_until) - now)}`;
  const known = windows.filter(({ used }) => used !== null);
  if (known.length === 0) return "quota unknown";
  return known
    .map(({ id, scope, used, resets_at, provenance, age_s }) => {
      const reset = resets_at === null ? "" : `, resets ${inTime(Date.parse(resets_at) - now)}`;
      const what = scope === null ? id : `${id} (${scope})`;
      return `${what} ${Math.round((1 - (used ?? 0)) * 100)} % left${reset} [${provenance}, ${duration(age_s * 1000)} ago]`;
    })
    .join("; ");
}

function reviewText(review: Status["last_review"], now: number): string {
  if (review === null) return "none yet";
  const { verdict, source, model, attested_by, at, task, branch, blockers } = review;
  const by = [source, model].filter((part) => part !== null).join(" ");
  return [
    `${verdict}${by === "" ? "" : ` by ${by}`}${attested_by === "sluice" ? "" : ` (the ${attested_by}'s word)`}`,
    `${duration(now - Date.parse(at))} ago`,
    ...(task === null ? [] : [`task ${task}`]),
    ...(branch === null ? [] : [`branch ${branch}`]),
    ...(blockers === 0 ? [] : [`${blockers} blocker(s)`]),
  ].join(", ");
}

function inTime(ms: number): string {
  return ms <= 0 ? "now" : `in ${duration(ms)}`;
}
