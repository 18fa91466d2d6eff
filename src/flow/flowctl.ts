import { access, constants, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import * as z from "zod";
import { environmentForGit } from "../change/git.js";
import { isWithin } from "../change/repository.js";
import type { Repository } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { ConfigurationError, SourceError, UsageError } from "../errors.js";
import { printable } from "../printable.js";
import { type RunResult, runProcess } from "../process.js";
import type { Sluice } from "../sluice.js";
import type { Dialect } from "./types.js";

/** Milliseconds of one command: Python starts, git is asked, and another process may hold flowctl's locks for 30 s. */
const commandLimit = 90_000;
const helpLimit = 20_000;

export interface Flowctl {
  /** Absolute. */
  path: string;
  /** Which commands it has: `epic …` (0.x) or `spec …` (1.0 and later). */
  speaks: Dialect;
  /** Whether it creates many tasks at once (4.x). */
  bulk: boolean;
}

/**
 * flowctl as the user has it: `flow.flowctl` of the user's own configuration, else `FLOWCTL`, else the plugin that
 * started us, else PATH. Never one in the repository, which is the repository's own code. Null when there is none that
 * works, or none is wanted (`flow.flowctl: false`).
 *
 * @throws ConfigurationError when the configured one is not there
 */
export async function findFlowctl(
  repository: Repository,
  config: Config,
  sluice: Sluice,
  signal?: AbortSignal,
): Promise<Flowctl | null> {
  const configured = config.flow.flowctl;
  if (configured === false) return null;
  const path = await findPath(repository, configured, sluice);
  if (path === null) return null;
  const key = `${path}\0${(await stat(path)).mtimeMs}`;
  const known = asked.get(key);
  if (known !== undefined) return known;
  const commands = await help(path, [], repository, sluice, signal);
  // `usage: flowctl.py [-h] {init,…}`
  const words = new Set(/\{([a-z,-]+)\}/.exec(commands ?? "")?.[1]?.split(","));
  const speaks: Dialect | null = words.has("spec") ? "spec" : words.has("epic") ? "epic" : null;
  const create = speaks === "spec" ? await help(path, ["task", "create"], repository, sluice, signal) : null;
  const found: Flowctl | null =
    speaks === null ? null : { path, speaks, bulk: create?.includes("--from-json") ?? false };
  // One that fails may be put right while we run.
  if (found !== null) asked.set(key, found);
  return found;
}

const asked = new Map<string, Flowctl>();

async function findPath(
  repository: Repository,
  configured: string | undefined,
  sluice: Sluice,
): Promise<string | null> {
  if (configured !== undefined) {
    const refused = (why: string) =>
      new ConfigurationError(
        `flow.flowctl: ${configured} ${why}.`,
        "Set it to the absolute path of flowctl in your own configuration, or leave it out.",
      );
    if (!isAbsolute(configured) || !(await isProgram(configured))) throw refused("is not a program");
    if (await isOfRepository(configured, repository, sluice)) throw refused("is part of this repository");
    return configured;
  }
  const { FLOWCTL, CLAUDE_PLUGIN_ROOT, PATH } = sluice.env;
  const places = [
    ...(FLOWCTL ? [FLOWCTL] : []),
    ...(CLAUDE_PLUGIN_ROOT ? [join(CLAUDE_PLUGIN_ROOT, "scripts", "flowctl")] : []),
    ...(PATH ?? "").split(delimiter).map((folder) => join(folder, "flowctl")),
  ];
  for (const place of places) {
    if (!isAbsolute(place) || !(await isProgram(place))) continue;
    if (!(await isOfRepository(place, repository, sluice))) return place;
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    // A Python file is started through Python.
    await access(path, path.endsWith(".py") ? constants.R_OK : constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isOfRepository(path: string, repository: Repository, sluice: Sluice): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  const home = sluice.env.HOME ?? sluice.env.USERPROFILE;
  return [repository.root, repository.mainRoot, repository.commonDir].some(
    (top) =>
      top !== null &&
      // A repository that holds the home folder is the user's own.
      !(home !== undefined && isWithin(home, top)) &&
      (isWithin(path, top) || isWithin(real, top)),
  );
}

async function help(
  path: string,
  command: readonly string[],
  repository: Repository,
  sluice: Sluice,
  signal?: AbortSignal,
): Promise<string | null> {
  const result = await start(path, [...command, "--help"], repository, sluice, helpLimit, signal);
  return result.code === 0 ? result.stdout.toString("utf8") : null;
}

const answer = z.looseObject({ success: z.boolean(), error: z.string().optional() });

/**
 * Runs a flowctl command with `--json` in the work tree and gives what it says.
 *
 * @param what for messages: what was to be done
 * @throws UsageError with flowctl's own words when it refuses, SourceError when it can't be understood
 */
export async function runFlowctl<T extends z.ZodType>(
  flowctl: Flowctl,
  args: readonly string[],
  shape: T,
  context: { repository: Repository; sluice: Sluice; signal?: AbortSignal | undefined },
): Promise<z.output<T>> {
  const { repository, sluice, signal } = context;
  const result = await start(flowctl.path, [...args, "--json"], repository, sluice, commandLimit, signal);
  const command = `flowctl ${args.slice(0, 2).join(" ")}`;
  signal?.throwIfAborted();
  if (result.stopped !== null) {
    throw new SourceError(
      `${command} was stopped (${result.stopped}) after ${result.ms} ms.`,
      `See with ${"`flowctl validate --all`"} what it did; \`flow.flowctl: false\` in your own configuration does without it.`,
      { kind: result.stopped },
    );
  }
  const said = parse(result);
  const verdict = answer.safeParse(said).data;
  if (verdict?.success === false) {
    throw new UsageError(
      `${command} refused: ${printable(verdict.error ?? "it did not say why").slice(0, 2_000)}`,
      "Put right what it names, then call again.",
    );
  }
  const value = verdict === undefined ? null : shape.safeParse(said);
  if (value?.success !== true) {
    const words = result.stderr.toString("utf8").trim().split("\n").at(-1) ?? "";
    throw new SourceError(
      `${command} gave no answer that Sluice understands (exit code ${result.code}): ${printable(words).slice(0, 500)}`,
      "Run it by hand to see; `flow.flowctl: false` in your own configuration does without it.",
      { kind: "flowctl" },
    );
  }
  return value.data;
}

function parse(result: RunResult): unknown {
  try {
    return JSON.parse(result.stdout.toString("utf8"));
  } catch {
    return null;
  }
}

function start(
  path: string,
  args: readonly string[],
  repository: Repository,
  sluice: Sluice,
  timeout: number,
  signal?: AbortSignal,
): Promise<RunResult> {
  const { python, env } = pythonEnvironment(repository, sluice);
  const [program, first] = path.endsWith(".py") ? [python, [path]] : [path, []];
  return runProcess(program, [...first, ...args], {
    cwd: repository.root,
    env: { ...env, PYTHON_BIN: python, PYTHONUTF8: "1", FLOW_NO_DEPRECATION: "1", NO_COLOR: "1" },
    timeout,
    signal,
    maxOutput: 8 * 1024 * 1024,
    reap: true,
  });
}

/** The Python that flowctl runs on, by name or absolute path, and an environment in which no file of the repository's runs. */
export function pythonEnvironment(
  repository: Repository,
  sluice: Sluice,
): { python: string; env: Record<string, string | undefined> } {
  // flowctl asks git about the repository: hooks, monitors and prompts stay off there, too.
  const env: Record<string, string | undefined> = { ...environmentForGit(sluice.env, repository.root) };
  for (const name of Object.keys(env)) {
    // A relative folder in PYTHONPATH would have the repository's files imported.
    if (/^PYTHON/i.test(name)) delete env[name];
  }
  const { PYTHON_BIN } = sluice.env;
  const named = PYTHON_BIN !== undefined && (isAbsolute(PYTHON_BIN) || /^[\w.-]+$/.test(PYTHON_BIN));
  return { python: named ? PYTHON_BIN : "python3", env };
}
