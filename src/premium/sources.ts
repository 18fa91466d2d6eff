import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, relative } from "node:path";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";

export type Access = "api" | "cli" | "coding_agent";

/** What can be said of a source without calling it. */
export interface SourceStatus {
  source: string;
  /** How it would be reached; null when it can't be. */
  access: Access | null;
  configured: boolean;
  /** Absolute path of the program that is run; null when it is reached over its API, or not at all. */
  program: string | null;
  /** What was found, or what is missing and how to get it. */
  why: string;
  /** How it is reached when its program turns out to be signed out: over the API, where there is a key as well. */
  otherwise?: SourceStatus;
}

interface KnownSource {
  program: string;
  access: "cli" | "coding_agent";
  api: boolean;
  /** Without any configuration, the key that makes it one; null when it takes more than that. */
  key: string | null;
  /** Without any configuration it is off, whatever is there. */
  offByDefault?: true;
  /** It has limits that nobody can read: room in what can be read says nothing of them. */
  hiddenLimits?: true;
}

/** The subscriptions that Sluice knows, and the official program of each. */
const known: Readonly<Record<string, KnownSource>> = {
  openai_pro: { program: "codex", access: "cli", api: true, key: "OPENAI_API_KEY" },
  claude_max: { program: "claude", access: "cli", api: true, key: "ANTHROPIC_API_KEY" },
  // Its session and weekly limits; what can be read is the month's allowance.
  copilot: { program: "copilot", access: "coding_agent", api: false, key: null, hiddenLimits: true },
  antigravity: { program: "agy", access: "cli", api: true, key: null, offByDefault: true },
};

/** Sources that Sluice knows. */
export const sourceNames: readonly string[] = Object.keys(known);

/** Whether any source is there for who has configured nothing: cheaper to know than what a configuration says. */
export async function mayHaveSource(sluice: Sluice): Promise<boolean> {
  const sources = Object.values(known).filter(({ offByDefault }) => offByDefault !== true);
  if (sources.some(({ key }) => key !== null && (sluice.env[key] ?? "").trim() !== "")) return true;
  for (const { program } of sources) if ((await findProgram(sluice, program)) !== null) return true;
  return false;
}

/** Whether a source has limits that can't be read, so that room in its windows is no sign that a throttle is over. */
export function hasHiddenLimits(source: string): boolean {
  return Object.hasOwn(known, source) && known[source]?.hiddenLimits === true;
}

/**
 * Which sources of the configuration could be called, by what is on PATH and in the environment. Nothing is run and
 * nothing is asked: a program that is there may still be signed out.
 *
 * Where both are there and `access_method` does not say, the subscription's own program is taken before an API key:
 * it is paid for already, and a key may be in the environment for other work.
 */
export async function sourceStatuses(
  sluice: Sluice,
  config: Pick<Config, "premium_sources">,
): Promise<SourceStatus[]> {
  const entries = Object.entries(config.premium_sources);
  return Promise.all(entries.map(([source, settings]) => sourceStatus(sluice, source, settings)));
}

async function sourceStatus(sluice: Sluice, source: string, settings: unknown): Promise<SourceStatus> {
  const missing = (why: string): SourceStatus => ({
    source,
    access: null,
    configured: false,
    program: null,
    why,
  });
  const kind = Object.hasOwn(known, source) ? known[source] : undefined;
  if (kind === undefined) return missing(`not a source that Sluice knows: ${sourceNames.join(", ")}`);
  const table: Readonly<Record<string, unknown>> =
    typeof settings === "object" && settings !== null ? { ...settings } : {};
  if (table.enabled === false) return missing(`switched off: premium_sources.${source}.enabled`);
  const method = table.access_method;
  if (source === "antigravity" && method !== "api" && table.terms_accepted !== true) {
    return missing(
      "Antigravity's terms forbid some uses by other tools: read them, then set premium_sources.antigravity.terms_accepted to true in your own configuration (or access_method to api, with a Gemini API key)",
    );
  }
  const binary = typeof table.binary === "string" ? table.binary : kind.program;
  const program = method === "api" ? null : await findProgram(sluice, binary);
  // A Gemini key is no way to Antigravity's models: only where it is asked for by name.
  const wantsKey =
    kind.api &&
    (source !== "antigravity" || method === "api") &&
    method !== "cli" &&
    method !== "coding_agent";
  const variable = typeof table.api_key_env === "string" ? table.api_key_env : null;
  const byKey: SourceStatus | null =
    wantsKey && variable !== null && (sluice.env[variable] ?? "").trim() !== ""
      ? { source, access: "api", configured: true, program: null, why: `${variable} is set` }
      : null;
  if (program !== null) {
    const access = method === "cli" || method === "coding_agent" ? method : kind.access;
    return {
      source,
      access,
      configured: true,
      program,
      why: `${program} is there (whether it is signed in was not asked)`,
      ...(byKey === null ? {} : { otherwise: byKey }),
    };
  }
  if (byKey !== null) return byKey;
  const ways = [
    ...(method === "api" ? [] : [`${binary} on PATH`]),
    ...(wantsKey ? [variable === null ? "an API key" : `${variable} in the environment`] : []),
  ];
  return missing(`needs ${ways.join(" or ")}`);
}

/**
 * Where a program is, as the PATH says; null when it is nowhere. Folders that are relative or inside the working
 * directory don't count: whoever writes a repository's files must not choose what runs.
 *
 * @param name a bare name, or an absolute path that the user configured
 */
export async function findProgram(sluice: Sluice, name: string): Promise<string | null> {
  if (isAbsolute(name)) return (await isProgram(name)) ? name : null;
  if (/[\\/]/.test(name)) return null;
  const extensions =
    process.platform === "win32" ? (sluice.env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
  const cwd = await realpath(sluice.cwd).catch(() => sluice.cwd);
  const home = sluice.env.HOME ?? sluice.env.USERPROFILE;
  // Started at home, everything of the user's own is inside.
  const foreign = home === undefined || !(home === cwd || isInside(home, cwd));
  for (const folder of (sluice.env.PATH ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const extension of extensions) {
      const path = join(folder, name + extension);
      if (!(await isProgram(path))) continue;
      const real = await realpath(path).catch(() => path);
      if (!foreign || !(isInside(path, cwd) || isInside(real, cwd))) return path;
    }
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
