import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import type { PremiumSource, SourceSettings } from "./source.js";
import type { SourceStatus } from "./sources.js";

/** What each source's file exports. A vendor's SDK is loaded when it is called, not before. */
export type OpenSource = (
  sluice: Sluice,
  access: PremiumSource["access"],
  settings: SourceSettings,
) => PremiumSource;

const files: Readonly<Record<string, () => Promise<{ open: OpenSource }>>> = {
  copilot: () => import("./copilot.js"),
  antigravity: () => import("./antigravity.js"),
  openai_pro: () => import("./openai-pro.js"),
  claude_max: () => import("./claude-max.js"),
};

/** A source that is configured, ready to be asked; null for one that is not. */
export async function openSource(
  sluice: Sluice,
  config: Pick<Config, "premium_sources">,
  status: SourceStatus,
): Promise<PremiumSource | null> {
  const file = Object.hasOwn(files, status.source) ? files[status.source] : undefined;
  if (file === undefined || !status.configured || status.access === null) return null;
  const sources: Readonly<Record<string, unknown>> = config.premium_sources;
  const table: Readonly<Record<string, unknown>> = { ...(sources[status.source] ?? {}) };
  const variable = typeof table.api_key_env === "string" ? table.api_key_env : null;
  const key = variable === null ? "" : (sluice.env[variable] ?? "").trim();
  const { open } = await file();
  return open(sluice, status.access, {
    program: status.program,
    key: key === "" ? null : key,
    endpoint: typeof table.endpoint === "string" ? table.endpoint : null,
    headers: stringsOf(table.headers),
  });
}

function stringsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
