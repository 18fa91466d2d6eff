import type { Repository } from "../change/types.js";
import type { Config, GateCommand } from "../config/schema.js";
import type { Trust } from "../config/trust.js";
import { filesOnDisk, type ProjectFiles, resolveInside } from "./files.js";
import { findCommands } from "./projects.js";
import { type Source, scriptsHash, sourcesOf } from "./scripts.js";

/** One command for one check: what would run, and whether a person allowed it. */
export interface GatePlan {
  /** The check, as in `review.gates.checks`; with the kind of project behind a colon when there are several. */
  name: string;
  /** The command line, to be run by a shell at the repository's top. Also its key in `Trust.commands`. */
  command: string;
  /** The folder it is run in: the repository's top. */
  cwd: string;
  /** Where it was found. */
  source: string;
  /** What it runs of the project's, one line each, for a person who decides whether to trust it. */
  runs: string[];
  /** SHA-256 of the command and all it runs, in hex. */
  scripts_hash: string;
  trusted: boolean;
  /** Why it is not to be run, in a few words; null when it may run. */
  why: string | null;
  /** Why it would not be run even when trusted (it rewrites files, it never ends, …); null when it would. */
  unfit: string | null;
  /** The program that must be on PATH; null when the shell looks for itself. */
  program: string | null;
  /** How to install the dependencies it needs in node_modules; null when it needs none. */
  install: string | null;
  /** Milliseconds. */
  timeout: number;
}

const askTrust = "not trusted: a person has to run `sluice trust` in a terminal";
const askAgain = "changed since trusted: a person has to run `sluice trust` again";

/**
 * What would run for each check, from `review.gates.commands` or else as found in the project's own files.
 * Runs nothing. A check for which there is nothing has no plan.
 */
export async function findGates(
  repository: Repository,
  config: Config,
  trust: Trust | null,
): Promise<GatePlan[]> {
  if (repository.bare) return [];
  const files = filesOnDisk(repository.root);
  const { commands, not_trusted_commands: refused } = config.review.gates;
  const plans: GatePlan[] = [];
  for (const check of checkNames(config)) {
    const given = own(commands, check);
    const asked = own(refused, check);
    if (given !== null) {
      plans.push(await fromConfiguration(repository, files, config, trust, check, given));
    } else if (asked !== null) {
      const plan = await fromConfiguration(repository, files, config, null, check, asked);
      plans.push({ ...plan, source: "the repository's review.gates.commands" });
    } else {
      const found = await findCommands(files, check, checkNames(config));
      for (const [index, { command, source, kind, program, install, unfit }] of found.entries()) {
        const plan = await planFor(repository, files, config, trust, { check, command, source });
        plans.push({
          ...plan,
          name: index === 0 ? check : `${check}:${kind}`,
          why: unfit ?? plan.why,
          unfit,
          program,
          install,
        });
      }
    }
  }
  return plans;
}

/** The checks that are wanted: those listed, and those that have a command of their own. */
export function checkNames(config: Config): string[] {
  const { checks, commands, not_trusted_commands: refused } = config.review.gates;
  return [...new Set([...checks, ...Object.keys(commands), ...Object.keys(refused)])];
}

/** The hash that a plan's command has over other files, such as those of the base tree. */
export async function hashOver(plan: GatePlan, files: ProjectFiles): Promise<string> {
  return scriptsHash(plan.command, "", await sourcesOf(plan.command, "", files));
}

async function fromConfiguration(
  repository: Repository,
  files: ProjectFiles,
  config: Config,
  trust: Trust | null,
  check: string,
  { command, cwd, timeout_s }: GateCommand,
): Promise<GatePlan> {
  const folder = cwd === null || cwd === "." ? null : cwd;
  const inside = folder === null ? repository.root : await resolveInside(repository.root, folder);
  const plan = await planFor(repository, files, config, trust, {
    check,
    command: folder === null ? command : inFolder(folder, command),
    source: "review.gates.commands",
  });
  if (timeout_s !== null) plan.timeout = timeout_s * 1000;
  if (inside !== null) return plan;
  const unfit = `its folder (${folder}) is not in the repository: correct review.gates.commands.${check}.cwd`;
  return { ...plan, why: unfit, unfit };
}

async function planFor(
  repository: Repository,
  files: ProjectFiles,
  config: Config,
  trust: Trust | null,
  { check, command, source }: { check: string; command: string; source: string },
): Promise<GatePlan> {
  const sources = await sourcesOf(command, "", files);
  const hash = scriptsHash(command, "", sources);
  const known = trust === null ? null : own(trust.commands, command);
  return {
    name: check,
    command,
    cwd: repository.root,
    source,
    runs: sources.map(shown),
    scripts_hash: hash,
    trusted: known === hash,
    why: known === hash ? null : known === null ? askTrust : askAgain,
    unfit: null,
    program: null,
    install: null,
    timeout: config.review.gates.timeout_s * 1000,
  };
}

function inFolder(folder: string, command: string): string {
  return process.platform === "win32"
    ? `cd /d "${folder.replaceAll('"', "")}" && ${command}`
    : `cd ${/^[\w./-]+$/.test(folder) && !folder.startsWith("-") ? folder : `'${folder.replaceAll("'", "'\\''")}'`} && ${command}`;
}

function shown({ origin, text, command }: Source): string {
  if (!command) return origin;
  const line = text.replace(/\s+/g, " ").trim();
  return `${origin}: ${line.length > 200 ? `${line.slice(0, 199)}…` : line}`;
}

/** An entry of its own, so that a check named `constructor` finds nothing. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | null {
  return Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}
