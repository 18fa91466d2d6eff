import { directImports } from "../change/imports.js";
import type { Change, Side } from "../change/types.js";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { abortAfter } from "../time-limit.js";
import { compare, type Finding, merge } from "./compare.js";
import { type Engine, type EngineFile, NotRun } from "./engine.js";
import { hasScript, isPython, sizeLimit } from "./files.js";
import { secondLook } from "./second-look/second-look.js";
import { takeTurn } from "./warm/turns.js";
import { type Family, openWorkspace, type Workspace } from "./workspace.js";

export interface EngineReport {
  name: string;
  state: "ok" | "failed" | "timeout" | "skipped";
  ms: number;
  note: string | null;
}

/** How many touched files no engine looked at, and why. */
export interface NotAnalysed {
  too_large: number;
  binary: number;
  generated: number;
  /** Beyond what is analysed of one change. */
  too_many: number;
  other: number;
}

export interface Analysis {
  /** Worst first. */
  findings: Finding[];
  engines: EngineReport[];
  not_analysed: NotAnalysed;
}

export interface AnalysisOptions {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  engines: readonly Engine[];
}

/** Touched files analysed of one change, and bytes of both their sides: a larger change is a vendored or moved one. */
const fileLimit = 5_000;
const byteLimit = 64 * 1024 * 1024;

/**
 * Runs the engines over both sides of a change and gives what is new at head. An engine that fails or takes too long
 * costs its own findings only. Throws the signal's reason when cancelled.
 */
export async function analyse(change: Change, sluice: Sluice, options: AnalysisOptions): Promise<Analysis> {
  const { signal } = options;
  const { files, notAnalysed } = await analysable(change);
  const workspace = await openWorkspace(change, sluice, (family) => reachable(change, family, files, signal));
  try {
    const run = { change, sluice, files, workspace, signal };
    const runs = await Promise.allSettled(
      options.engines.map(async (engine) => {
        const mine = files.filter(({ base, head }) => engine.handles(head ?? base ?? ""));
        if (mine.length === 0) return nothingToDo(engine);
        const release = await takeTurn(engine.lane ?? engine.name, signal);
        try {
          options.onProgress?.(`${engine.name}: analysing`);
          const ran = await runEngine(engine, { ...run, files: mine });
          options.onProgress?.(`${engine.name}: ${ran.report.state} after ${ran.report.ms} ms`);
          return ran;
        } finally {
          release();
        }
      }),
    );
    signal.throwIfAborted();
    const done = runs.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    const found = done.flatMap(({ findings }) => findings);
    const sure = await secondLook(found, { change, sluice, workspace, signal });
    const reports = done.map(({ report }) => report);
    return { findings: merge(sure), engines: reports, not_analysed: notAnalysed };
  } finally {
    await workspace.release();
  }
}

interface Run {
  change: Change;
  sluice: Sluice;
  files: readonly EngineFile[];
  workspace: Workspace;
  signal: AbortSignal;
}

interface Ran {
  report: EngineReport;
  findings: Finding[];
}

function nothingToDo({ name, languages }: Engine): Ran {
  return { report: { name, state: "skipped", ms: 0, note: `no ${languages} changed` }, findings: [] };
}

async function runEngine(engine: Engine, { change, sluice, files, workspace, signal }: Run): Promise<Ran> {
  const { name } = engine;
  const started = sluice.clock();
  const notes: string[] = [];
  const report = (state: EngineReport["state"], note?: string): EngineReport => ({
    name,
    state,
    ms: sluice.clock() - started,
    note: [...notes, ...(note ? [note] : [])].join("; ") || null,
  });
  const allowed = allowedFor(engine, files.length);
  const limit = abortAfter(allowed);
  let isLate = false;
  const stopped = `stopped after ${Math.round(allowed / 1_000)} s`;
  try {
    const both = await engine.analyse({
      sluice,
      change,
      files,
      workspace,
      signal: AbortSignal.any([signal, limit]),
      limit: allowed,
      note: (text) => notes.push(text),
      late(text) {
        isLate = true;
        notes.push(text);
      },
    });
    signal.throwIfAborted();
    const { findings, left } = await compare(change, name, both);
    if (left > 0) notes.push(`${left} more findings are not told`);
    // What was found in time stands.
    const cut = limit.aborted ? report("timeout", stopped) : report(isLate ? "timeout" : "ok");
    return { report: cut, findings };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted || isTimeout(error)) {
      return { report: report("timeout", stopped), findings: [] };
    }
    if (error instanceof NotRun) return { report: report("skipped", error.message), findings: [] };
    return { report: report("failed", messageOf(error).slice(0, 300)), findings: [] };
  }
}

/** Files that an engine's `timeout` is meant for, and how many times it a larger change gets at most. */
const usualFiles = 250;
const mostTimes = 6;

/** A pre-screen is a job that nobody's call waits for, so it may take longer where there is more to do; not without end. */
function allowedFor({ timeout, fixedTimeout }: Engine, files: number): number {
  if (fixedTimeout) return timeout;
  return Math.round(timeout * Math.min(Math.max(files / usualFiles, 1), mostTimes));
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && "kind" in error && error.kind === "timeout";
}

async function analysable(change: Change): Promise<{ files: EngineFile[]; notAnalysed: NotAnalysed }> {
  const notAnalysed: NotAnalysed = { too_large: 0, binary: 0, generated: 0, too_many: 0, other: 0 };
  const sizes = {
    base: new Map((await change.objects.tree("base")).map(({ path, size }) => [path, size])),
    head: new Map((await change.objects.tree("head")).map(({ path, size }) => [path, size])),
  };
  const isLarge = (side: Side, path: string | null) =>
    path !== null && (sizes[side].get(path) ?? 0) > sizeLimit;
  const sizeOf = (side: Side, path: string | null) => (path === null ? 0 : (sizes[side].get(path) ?? 0));
  const files: EngineFile[] = [];
  let bytes = 0;
  for (const file of change.files) {
    const base = file.oldId === null || file.status === "copied" ? null : (file.oldPath ?? file.path);
    const head = file.newId === null ? null : file.path;
    if (file.kind === "binary") notAnalysed.binary++;
    else if (file.kind === "generated") notAnalysed.generated++;
    else if (file.kind !== "text") notAnalysed.other++;
    else if (isLarge("head", head)) notAnalysed.too_large++;
    else if (files.length >= fileLimit || bytes > byteLimit) notAnalysed.too_many++;
    else {
      files.push({ base: isLarge("base", base) ? null : base, head, change: file });
      bytes += sizeOf("head", head) + (isLarge("base", base) ? 0 : sizeOf("base", base));
    }
  }
  return { files, notAnalysed };
}

const reachLimit = 3_000;

/** What the changed files import, and what that imports: all that is written out of a very large repository. */
async function reachable(
  change: Change,
  family: Family,
  files: readonly EngineFile[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const belongs = family === "python" ? isPython : hasScript;
  const reached = new Set<string>();
  for (const side of ["base", "head"] as const) {
    let edge = files.flatMap((file) => file[side] ?? []).filter(belongs);
    for (let depth = 0; depth < 4 && edge.length > 0 && reached.size < reachLimit; depth++) {
      for (const path of edge) reached.add(path);
      const imports = await directImports(change, side, edge, { signal });
      edge = [...new Set([...imports.values()].flat())]
        .filter((path) => !reached.has(path))
        .slice(0, reachLimit);
    }
  }
  return reached;
}
