import { stat } from "node:fs/promises";
import { join } from "node:path";
import { runProcess } from "../../process.js";
import type { Sluice } from "../../sluice.js";
import { reviewerEnvironment } from "../reviewer-process.js";
import type { PremiumRequest, SourceSettings } from "../source.js";

/** What is kept of a program's stderr, and of the stdout that is read as it comes. */
export const keptOutput = 256 * 1024;

/** The one tool there may be: the form that the answer is given in. It does nothing. */
export const answerTool = "StructuredOutput";

/**
 * The oldest Claude Code in which both guards were seen to hold that keep an `@path` in the prompt (any line of a
 * diff) from being read and sent along, tools or not: the variable and the permission rule.
 */
const oldest = [2, 1, 221] as const;

/** Settings of our own in the place of everybody else's. Rules hold for what a prompt mentions, too. */
const settings = JSON.stringify({
  permissions: { deny: ["Read", "Read(//**)"] },
  disableAllHooks: true,
});

const stripped = [
  "--print",
  "--verbose",
  "--output-format=stream-json",
  "--tools",
  "",
  "--setting-sources",
  "",
  "--settings",
  settings,
  "--strict-mcp-config",
  "--disable-slash-commands",
  // A transcript is never resumed: see docs/premium-sources.md.
  "--no-session-persistence",
] as const;

/** For a review; the prompt comes on stdin, the instructions are ours and always the same. */
export function reviewArguments(request: PremiumRequest): string[] {
  return [
    ...stripped,
    "--input-format=text",
    "--max-turns=1",
    // Without the provider's own events, nothing tells that the program asks again by itself.
    "--include-partial-messages",
    `--model=${request.model}`,
    "--system-prompt",
    request.instructions,
    "--json-schema",
    JSON.stringify(request.schema.json),
  ];
}

/** For questions to the program itself, over its control channel; no model is asked. */
export const controlArguments: readonly string[] = [...stripped, "--input-format=stream-json"];

/** Where the program's sign-in is to be seen: values, and files by absolute path. In a keychain it can't be seen. */
export function signInOf(
  { env }: Pick<Sluice, "env">,
  { endpoint, key }: SourceSettings,
): { values: (string | null | undefined)[]; files: string[] } {
  if (endpoint !== null && key !== null) return { values: [endpoint, key], files: [] };
  const home = env.HOME ?? env.USERPROFILE;
  const folder = env.CLAUDE_CONFIG_DIR ?? (home === undefined ? null : join(home, ".claude"));
  return {
    values: [endpoint, env.CLAUDE_CODE_OAUTH_TOKEN],
    files: folder === null ? [] : [join(folder, ".credentials.json")],
  };
}

/**
 * The environment of the program. Its subscription is found by the user's sign-in or `CLAUDE_CODE_OAUTH_TOKEN`; a key
 * goes to it only together with the address that it is for.
 *
 * @param limits for a review
 */
export function programEnvironment(
  sluice: Pick<Sluice, "env">,
  folder: string,
  { endpoint, key, headers }: SourceSettings,
  limits?: { output: number; timeout: number },
): Record<string, string> {
  const pointed = endpoint !== null;
  const also = ["CLAUDE_CONFIG_DIR", "CLAUDE_CODE_GIT_BASH_PATH"];
  if (!pointed || key === null) also.push("CLAUDE_CODE_OAUTH_TOKEN");
  const set: Record<string, string> = {
    CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
    CLAUDE_CODE_DISABLE_FILE_MENTIONS: "1",
    CLAUDE_CODE_DISABLE_CLAUDE_MDS: "1",
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: "1",
    CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS: "1",
    CLAUDE_CODE_SKIP_PROMPT_HISTORY: "1",
    ENABLE_CLAUDEAI_MCP_SERVERS: "false",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    // One request, to the model that was asked for: whether another one answers is the router's to decide.
    CLAUDE_CODE_MAX_RETRIES: "0",
    CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: "1",
    CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK: "1",
    CLAUDE_CODE_DISABLE_REFUSAL_RETRY: "1",
    CLAUDE_CODE_DISABLE_MODEL_ACCESS_FALLBACK: "1",
    CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP: "1",
    // What does not fit is an error, never a summary of the change; and the provider's error, no guess from its length.
    CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: "1000000000",
    DISABLE_COMPACT: "1",
    DISABLE_AUTO_COMPACT: "1",
  };
  // What the plan has left counts as not essential: the question after it goes without.
  if (limits !== undefined || pointed) set.CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1";
  if (limits !== undefined) {
    set.CLAUDE_CODE_MAX_OUTPUT_TOKENS = String(limits.output);
    // Models that think by a budget would take all but one token of the answer.
    set.MAX_THINKING_TOKENS = String(Math.floor(limits.output / 2));
    set.API_TIMEOUT_MS = String(limits.timeout);
  }
  if (pointed) {
    set.ANTHROPIC_BASE_URL = endpoint;
    if (key !== null) set.ANTHROPIC_API_KEY = key;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    if (lines.length > 0) set.ANTHROPIC_CUSTOM_HEADERS = lines.join("\n");
  }
  return reviewerEnvironment(sluice, folder, also, set);
}

const versions = new Map<string, string>();

/**
 * Why a program can't be run stripped; null when it can. A new version is asked anew.
 *
 * @throws what the signal was aborted with
 */
export async function whyNotStripped(
  program: string,
  options: { cwd: string; env: Record<string, string>; timeout: number; signal: AbortSignal },
): Promise<{ kind: "not_stripped" | "unreachable" | "timeout"; why: string } | null> {
  const file = await stat(program).catch(() => null);
  const key = `${program}\n${file?.mtimeMs}\n${file?.size}`;
  let version = versions.get(key);
  if (version === undefined) {
    const result = await runProcess(program, ["--version"], { ...options, maxOutput: 4_096 });
    options.signal.throwIfAborted();
    if (result.stopped === "timeout") return { kind: "timeout", why: "it did not say its version" };
    version = /^(\d+\.\d+\.\d+)\b.*Claude Code/m.exec(result.stdout.toString("utf8"))?.[1];
    if (version === undefined) {
      const said = result.stderr.toString("utf8").trim() || result.stdout.toString("utf8").trim();
      return { kind: "unreachable", why: `${program} does not start as Claude Code: ${said}` };
    }
    versions.set(key, version);
  }
  return isOlder(version)
    ? { kind: "not_stripped", why: `${version} is older than ${oldest.join(".")}` }
    : null;
}

function isOlder(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
