import { join } from "node:path";
import type { PremiumRequest, SourceSettings } from "../source.js";
import { fieldOf, textIn } from "./fields.js";

/** The oldest Codex that was seen to send no tool with these flags. */
export const oldestCodex = "0.169.0";

/** What of the user's environment Codex needs beyond the usual: where its home is, and whom it trusts. */
export const codexVariables = ["CODEX_HOME", "CODEX_SQLITE_HOME", "CODEX_CA_CERTIFICATE"] as const;

/** Codex refuses a longer one; characters. */
export const longestPrompt = 1_048_576;

/**
 * What of Codex gives a model something to do, reads the user's own files into the conversation, or tries again by
 * itself. Codex stops at a name that it does not know, so a version that calls one of them differently is not called.
 */
const switchedOff = [
  "shell_tool",
  "unified_exec",
  "multi_agent",
  "multi_agent_v2",
  "view_image",
  "goals",
  "apps",
  "plugins",
  "hooks",
  "memories",
  "skill_search",
  "tool_suggest",
  "image_generation",
  "unbounded_connection_retries",
];

/** Codex would shorten a conversation by itself before it is full: what does not fit is an error here, never cut. */
const noCompaction = 100_000_000;

const fixed = [
  'model_provider="sluice"',
  'web_search="disabled"',
  "tools.experimental_request_user_input.enabled=false",
  "project_doc_max_bytes=0",
  "include_environment_context=false",
  "include_permissions_instructions=false",
  "include_apps_instructions=false",
  "include_collaboration_mode_instructions=false",
  "skills.include_instructions=false",
  "skills.bundled.enabled=false",
  "analytics.enabled=false",
  "check_for_update_on_startup=false",
  `model_auto_compact_token_limit=${noCompaction}`,
];

export interface CodexFiles {
  /** Empty folder to run in. */
  work: string;
  catalog: string;
  schema: string;
}

export interface CodexCall {
  args: string[];
  /** What the program needs beyond its usual environment. */
  environment: Record<string, string>;
}

/**
 * The command line of one call; the prompt goes over stdin. All of it is settings of ours: keys and headers travel in
 * the environment, which other users of the machine can't read.
 *
 * @param store where Codex keeps the sign-in, when the user's own settings (which are left out) say so
 * @param thread to go on with; null for a new one
 * @param beside our instructions where they stand beside Codex's own; null where they stand in their place
 */
export function codexCall(
  request: Pick<PremiumRequest, "model" | "timeout">,
  settings: SourceSettings,
  files: CodexFiles,
  options: { effort: string | null; store: string | null; thread: string | null; beside: string | null },
): CodexCall {
  const { table, environment } = provider(settings, request.timeout);
  const overrides = [
    ...fixed,
    `model_providers.sluice=${table}`,
    `model_catalog_json=${JSON.stringify(files.catalog)}`,
    ...(options.effort === null ? [] : [`model_reasoning_effort=${JSON.stringify(options.effort)}`]),
    ...(options.beside === null ? [] : [`developer_instructions=${JSON.stringify(options.beside)}`]),
    ...(options.store === null ? [] : [`cli_auth_credentials_store=${JSON.stringify(options.store)}`]),
  ];
  return {
    args: [
      "exec",
      "--json",
      // A setting that this version does not know would be passed over in silence.
      "--strict-config",
      "--ignore-user-config",
      "--ignore-rules",
      "--skip-git-repo-check",
      ...["-s", "read-only"],
      ...["-C", files.work],
      ...["-m", request.model],
      ...["--output-schema", files.schema],
      ...switchedOff.flatMap((feature) => ["--disable", feature]),
      ...overrides.flatMap((override) => ["-c", override]),
      ...(options.thread === null ? [] : ["resume", options.thread]),
      "-",
    ],
    environment,
  };
}

/**
 * A provider of our own instead of the built-in one, which can't be told to try only once: seen to wait for minutes
 * on a 429. Without an address it is OpenAI's, and the sign-in is the user's, as for the built-in one.
 */
function provider(
  { endpoint, key, headers }: SourceSettings,
  timeout: number,
): { table: string; environment: Record<string, string> } {
  const environment: Record<string, string> = {};
  const entries = [
    'wire_api="responses"',
    "request_max_retries=0",
    "stream_max_retries=0",
    `stream_idle_timeout_ms=${Math.max(1, Math.round(timeout))}`,
    "supports_websockets=false",
  ];
  if (endpoint === null) {
    entries.push('name="OpenAI"', "requires_openai_auth=true");
    return { table: `{${entries.join(",")}}`, environment };
  }
  entries.push('name="gateway"', `base_url=${JSON.stringify(endpoint)}`);
  if (key !== null) {
    environment.SLUICE_GATEWAY_KEY = key;
    entries.push('env_key="SLUICE_GATEWAY_KEY"');
  }
  const named = Object.entries(headers).map(([name, value], index) => {
    const variable = `SLUICE_GATEWAY_HEADER_${index}`;
    environment[variable] = value;
    return `${JSON.stringify(name)}=${JSON.stringify(variable)}`;
  });
  if (named.length > 0) entries.push(`env_http_headers={${named.join(",")}}`);
  return { table: `{${entries.join(",")}}`, environment };
}

export interface StrippedCatalog {
  /** For `model_catalog_json`. */
  text: string;
  /** Null when the model takes none. */
  effort: string | null;
  /** Ids that Codex lists. */
  models: string[];
}

/**
 * Codex's own list of models (`codex debug models`) with the one that is called as its only entry: described as
 * Codex describes it, but without tools, and with our instructions in place of Codex's. Which tools a model gets is
 * written there; the flags alone leave newer models a JavaScript tool, sub-agents and a clock.
 *
 * @param instructions null leaves Codex's own
 * @returns null for what is no such list
 */
export function stripCatalog(
  text: string,
  model: string,
  instructions: string | null,
): StrippedCatalog | null {
  const entries = catalogEntries(text);
  if (entries === null) return null;
  const listed = entries.filter((entry) => textIn(entry, "visibility") !== "hide");
  const models = listed.flatMap((entry) => textIn(entry, "slug") ?? []);
  const found = entries.find((entry) => textIn(entry, "slug") === model);
  // One that Codex does not list may be there all the same: the provider decides. It is described as the plainest is.
  const base =
    found ?? listed.findLast((entry) => fieldOf(entry, "use_responses_lite") !== true) ?? entries[0];
  if (base === undefined) return null;
  const entry = {
    ...base,
    slug: model,
    display_name: model,
    visibility: "list",
    shell_type: "disabled",
    apply_patch_tool_type: null,
    tool_mode: "direct",
    multi_agent_version: "disabled",
    experimental_supported_tools: [],
    supports_search_tool: false,
    input_modalities: ["text"],
    // The limit alone is capped by the window.
    context_window: noCompaction,
    max_context_window: noCompaction,
    effective_context_window_percent: 100,
    include_skills_usage_instructions: false,
    include_plugin_usage_instructions: false,
    include_apps_usage_instructions: false,
    upgrade: null,
    availability_nux: null,
    model_messages: null,
    ...(instructions === null ? {} : { base_instructions: instructions }),
  };
  const levels = fieldOf(base, "supported_reasoning_levels");
  const high = Array.isArray(levels) && levels.some((level) => textIn(level, "effort") === "high");
  return { text: JSON.stringify({ models: [entry] }), effort: high ? "high" : null, models };
}

function catalogEntries(text: string): object[] | null {
  try {
    const list = fieldOf(JSON.parse(text), "models");
    if (!Array.isArray(list)) return null;
    return list.filter((entry): entry is object => typeof entry === "object" && entry !== null);
  } catch {
    return null;
  }
}

/** Where Codex keeps what is the user's: its settings, its sign-in, the record of each conversation. */
export function codexHome(env: Readonly<Record<string, string | undefined>>): string | null {
  const said = (env.CODEX_HOME ?? "").trim();
  if (said !== "") return said;
  const home = env.HOME ?? env.USERPROFILE;
  return home === undefined || home === "" ? null : join(home, ".codex");
}

/** Whether a version is old enough to send tools whatever it is told; null for what is no version. */
export function isOlder(version: string, than: string): boolean | null {
  const parts = (text: string) => /(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number) ?? null;
  const [left, right] = [parts(version), parts(than)];
  if (left === null || right === null) return null;
  for (const [index, number] of right.entries()) {
    const have = left[index] ?? 0;
    if (have !== number) return have < number;
  }
  return false;
}
