import { setTimeout as delay } from "node:timers/promises";
import { openRepository } from "../change/repository.js";
import { loadConfiguration, loadUserConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { readTrust } from "../config/trust.js";
import { isSluiceError, UsageError } from "../errors.js";
import { type QuotaStatus, quotaStatus } from "../premium/quota-status.js";
import { quotaStore } from "../premium/quota-store.js";
import { sourceNames } from "../premium/sources.js";
import { printable } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { readQuota, resetSource } from "../state/quota-state.js";
import { readRepositoryConfiguration } from "../state/repository-configuration.js";
import { openStore, type StateStore } from "../state/store.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { duration } from "./duration.js";

type Row = QuotaStatus["sources"][number];

const watchEvery = 30_000;

export const quotaCommand: AddCommand = (program, context) => {
  const quota = program
    .command("quota")
    .description("What each premium source has left, how old that is, and whether it lasts to its reset.")
    .argument("[path]", "a folder of a repository", ".")
    .option("--watch", "go on showing it, until Ctrl-C")
    .option("--no-probe", "ask nobody: show what is known")
    .option("--json", "print it as JSON (with --watch: one line each time)")
    .action(async (path: string, options: { watch?: boolean; probe: boolean; json?: boolean }) => {
      for (;;) {
        const status = await context.terminal.during("asking", () => look(context, path, options.probe));
        if (options.json) context.terminal.print(JSON.stringify(status, null, options.watch ? 0 : 2));
        else show(status, context, options.watch === true);
        if (!options.watch) return;
        await delay(watchEvery, undefined, { signal: context.signal });
      }
    });
  quota
    .command("reset")
    .description("Forget what holds a source back: throttles, readings, calls in flight. Asks first.")
    .argument("[path]", "a folder of a repository", ".")
    .requiredOption("--source <name>", sourceNames.join(", "))
    .option("--yes", "don't ask")
    .action(async (path: string, options: { source: string; yes?: boolean }) => {
      await reset(context, path, options);
    });
};

async function look({ sluice, signal }: CommandContext, path: string, ask: boolean) {
  const { config, store } = await opened(sluice, path, signal);
  const status = await quotaStatus(sluice, { store, config, probe: ask ? { signal, when: "now" } : null });
  const kept = await quotaStore(sluice, config, store);
  return {
    ...status,
    state: kept.directory,
    warnings: [...new Set([...(store?.warnings ?? []), ...kept.warnings])],
  };
}

/** The repository's store and settings where there is a repository, else the user's alone. */
async function opened(
  sluice: Sluice,
  path: string,
  signal: AbortSignal,
): Promise<{ config: Config; store: StateStore | null }> {
  const user = await loadUserConfiguration(sluice);
  const allowed = user.config.repositories;
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const free = { ...sluice, roots: async () => [path] };
  const repository = await openRepository(free, path, { allowed, signal }).catch((error: unknown) => {
    if (!isSluiceError(error)) throw error;
    return null;
  });
  if (repository === null) return { config: user.config, store: null };
  const trust = await readTrust(sluice, repository.commonDir);
  const text = await readRepositoryConfiguration(sluice, repository);
  const { config } = await loadConfiguration(sluice, text, trust);
  return { config, store: await openStore(sluice, repository, { signal }) };
}

async function reset(
  { sluice, terminal, signal, exit }: CommandContext,
  path: string,
  { source, yes }: { source: string; yes?: boolean },
): Promise<void> {
  if (!sourceNames.includes(source))
    throw new UsageError(
      `No source is called ${JSON.stringify(source)}.`,
      `Known are ${sourceNames.join(", ")}.`,
    );
  const { config, store } = await opened(sluice, path, signal);
  const kept = await quotaStore(sluice, config, store);
  const known = (await readQuota(kept, sluice)).sources[source];
  const parts = [
    ...(known?.throttles ?? []).map(
      ({ reason, scope, evidence }) =>
        `the throttle ${reason}${scope === undefined ? "" : ` of ${scope}`}${evidence === "" ? "" : ` (${evidence})`}`,
    ),
    ...Object.keys(known?.windows ?? {}).map((key) => `the reading of ${key}`),
    ...(known !== undefined && known.reservations.length > 0
      ? [`${known.reservations.length} call(s) in flight`]
      : []),
    ...(known?.last_probe == null ? [] : ["when it was last asked"]),
  ];
  if (parts.length === 0) {
    terminal.print(`Nothing holds ${source} back in ${printable(kept.directory)}.`);
    return;
  }
  terminal.print(`This forgets of ${source}, in ${printable(kept.directory)}:`);
  for (const part of parts) terminal.print(`  ${printable(part)}`);
  terminal.print(
    "What calls cost and how many there were is kept. A limit that is still there will be met again.",
  );
  if (yes !== true) {
    const answer = await terminal.confirm("Forget it?");
    if (answer !== true) {
      terminal.note(answer === null ? "Nobody is there to ask: pass --yes." : "Nothing was changed.");
      exit(answer === null ? 2 : 0);
      return;
    }
  }
  await resetSource(kept, sluice, source);
  terminal.print("Done. sluice quota asks it anew.");
}

function show(
  status: Awaited<ReturnType<typeof look>>,
  { terminal, sluice }: CommandContext,
  watching: boolean,
): void {
  const { print, note, colours } = terminal;
  const now = sluice.clock();
  // Home and clear: only a terminal knows what that is.
  if (watching && process.stdout.isTTY) print("\u001b[H\u001b[2J");
  for (const row of status.sources) {
    const mark = row.eligible ? colours.green("✓") : colours.yellow("–");
    const facts = [row.access ?? "not set up", ...(row.in_flight > 0 ? [`${row.in_flight} in flight`] : [])];
    print(`${mark} ${colours.bold(printable(row.source))}  ${colours.dim(facts.join(", "))}`);
    if (row.access === null) print(`    ${printable(row.why)}`);
    else showSource(row, now, print, colours);
  }
  print(colours.dim(`kept in ${printable(status.state)}`));
  for (const warning of status.warnings) note(`${colours.yellow("warning")}: ${printable(warning)}`);
}

const barWidth = 20;

function showSource(
  { windows, throttles, last_probe }: Row,
  now: number,
  print: (line?: string) => void,
  colours: CommandContext["terminal"]["colours"],
): void {
  if (windows.length === 0) print("    quota unknown: nobody has read it");
  for (const window of windows) {
    const { id, scope, used, estimated_used, limit, resets_at, provenance, age_s } = window;
    const name = (scope === null ? id : `${id} ${scope}`).padEnd(16);
    const age = `${provenance}, ${duration(age_s * 1_000)} ago`;
    if (used === null) {
      print(`    ${printable(name)} ${"?".repeat(barWidth)} unknown ${colours.dim(`[last read ${age}]`)}`);
      continue;
    }
    // As much as is left, as the figure beside it says.
    const full = barWidth - Math.round(used * barWidth);
    const bar = `${"█".repeat(full)}${"░".repeat(barWidth - full)}`;
    const paint = used >= limit ? colours.red : window.runs_out_at !== null ? colours.yellow : colours.green;
    const said = [
      `${`${Math.round((1 - used) * 100)} %`.padStart(5)} left`,
      ...(estimated_used !== null && estimated_used - used >= 0.005
        ? [`about ${Math.round((1 - estimated_used) * 100)} % with calls since`]
        : []),
      ...(resets_at === null ? [] : [`resets in ${duration(Date.parse(resets_at) - now)}`]),
      paceText(window, now),
    ].filter((text) => text !== "");
    print(`    ${printable(name)} ${paint(bar)} ${said.join(", ")} ${colours.dim(`[${age}]`)}`);
  }
  for (const { reason, scope, until, evidence } of throttles) {
    const what = `${reason}${scope === null ? "" : ` (${scope})`}`;
    const end = until === null ? "until somebody mends it" : `for ${duration(Date.parse(until) - now)}`;
    print(
      `    ${colours.red("held back")}: ${printable(what)} ${end}${evidence === "" ? "" : `: ${printable(evidence)}`}`,
    );
  }
  if (last_probe !== null && !last_probe.ok) {
    const ago = duration(now - Date.parse(last_probe.at));
    print(colours.dim(`    asked ${ago} ago, in vain: ${printable(last_probe.why)}`));
  }
}

function paceText({ burn, runs_out_at, limit, used }: Row["windows"][number], now: number): string {
  if (used !== null && used >= limit) return "used up for reviews";
  if (runs_out_at !== null) return `runs out in ${duration(Date.parse(runs_out_at) - now)} at this pace`;
  return burn === null ? "" : "lasts";
}
