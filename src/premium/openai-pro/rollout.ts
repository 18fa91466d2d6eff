import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { WindowReading } from "../../state/quota-state.js";
import type { PremiumTokens } from "../source.js";
import { fieldOf, numberIn, textIn } from "./fields.js";
import { codexWindows } from "./windows.js";

/** What Codex's own record of a run says beyond its output: quota, tokens, the kind of an error. */
export interface RolloutFacts {
  windows: WindowReading[];
  /** `rate_limit_reached_type`: which limit ended it; null when none did. */
  reached: string | null;
  /** `codex_error_info`: the kind of the error, such as `usage_limit_exceeded`; null for none. */
  error: string | null;
  /** HTTP status within the error's kind; null when it carries none. */
  status: number | null;
  /** What the error says. */
  message: string | null;
  /** Of this run alone, also where the conversation is older. */
  tokens: PremiumTokens | null;
  /** The model that was used in the end: a provider may have moved the call to another one. */
  model: string | null;
}

/** Of a run that left no record. */
export const noFacts: RolloutFacts = {
  windows: [],
  reached: null,
  error: null,
  status: null,
  message: null,
  tokens: null,
  model: null,
};

const threadId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Bytes read from the end: what we sent stands in it twice. */
const tail = 16 * 1024 * 1024;
const day = 86_400_000;

/**
 * Reads the record of a run: `sessions/YYYY/MM/DD/rollout-…-<thread>.jsonl` in Codex's home. Never throws: what
 * can't be found or read says nothing.
 */
export async function readRollout(home: string | null, thread: string): Promise<RolloutFacts> {
  if (home === null || !threadId.test(thread)) return noFacts;
  const file = await findRollout(home, thread);
  if (file === null) return noFacts;
  try {
    return rolloutFacts(await readTail(file));
  } catch {
    return noFacts;
  }
}

/** The id begins with the time it was made at (UUID version 7), in milliseconds; folders go by local date. */
async function findRollout(home: string, thread: string): Promise<string | null> {
  const made = Number.parseInt(thread.replace("-", "").slice(0, 12), 16);
  for (const at of [made, made - day, made + day]) {
    const date = new Date(at);
    const folder = join(
      home,
      "sessions",
      String(date.getUTCFullYear()),
      String(date.getUTCMonth() + 1).padStart(2, "0"),
      String(date.getUTCDate()).padStart(2, "0"),
    );
    const names = await readdir(folder).catch(() => []);
    const found = names.find((name) => name.startsWith("rollout-") && name.endsWith(`-${thread}.jsonl`));
    if (found !== undefined) return join(folder, found);
  }
  return null;
}

async function readTail(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, tail);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What the lines since the last turn began say. */
export function rolloutFacts(text: string): RolloutFacts {
  const entries = text.split("\n").flatMap((line) => entryOf(line) ?? []);
  const start = entries.findLastIndex(({ kind }) => kind === "task_started");
  const facts: RolloutFacts = { ...noFacts };
  const limits = new Map<string, WindowReading[]>();
  const used: PremiumTokens = { input: 0, cached_input: 0, output: 0 };
  let calls = 0;
  for (const { kind, at, payload } of start < 0 ? entries : entries.slice(start)) {
    if (kind === "turn_context") facts.model = textIn(payload, "model") ?? facts.model;
    if (kind === "model_reroute") facts.model = textIn(payload, "to_model", "toModel") ?? facts.model;
    if (kind === "token_usage_record") {
      calls += 1;
      add(used, fieldOf(payload, "usage"));
    }
    if (kind === "token_count") {
      const snapshot = fieldOf(payload, "rate_limits");
      const windows = codexWindows(snapshot, at, "log");
      if (windows.length > 0) limits.set(textIn(snapshot, "limit_id") ?? "codex", windows);
      facts.reached = textIn(snapshot, "rate_limit_reached_type") ?? facts.reached;
    }
    const error =
      kind === "task_complete" ? fieldOf(payload, "error") : kind === "error" ? payload : undefined;
    if (error !== undefined && error !== null) {
      const info = fieldOf(error, "codex_error_info");
      facts.error = infoName(info) ?? facts.error;
      facts.status = infoStatus(info) ?? facts.status;
      facts.message = textIn(error, "message") ?? facts.message;
    }
  }
  facts.windows = [...limits.values()].flat();
  if (calls > 0) facts.tokens = used;
  return facts;
}

interface Entry {
  /** The payload's own type for events, else the line's. */
  kind: string;
  /** Milliseconds since the epoch. */
  at: number;
  payload: unknown;
}

function entryOf(line: string): Entry | null {
  if (!line.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(line);
    const payload = fieldOf(value, "payload");
    const type = textIn(value, "type");
    const kind = type === "event_msg" ? textIn(payload, "type") : type;
    const at = Date.parse(textIn(value, "timestamp") ?? "");
    return kind === null || !Number.isFinite(at) ? null : { kind, at, payload };
  } catch {
    return null;
  }
}

function add(used: PremiumTokens, usage: unknown): void {
  used.input += Math.max(0, numberIn(usage, "input_tokens") ?? 0);
  used.cached_input += Math.max(0, numberIn(usage, "cached_input_tokens") ?? 0);
  used.output += Math.max(0, numberIn(usage, "output_tokens") ?? 0);
}

/** `"usage_limit_exceeded"`, or `{"response_too_many_failed_attempts": {"http_status_code": 429}}`. */
function infoName(info: unknown): string | null {
  if (typeof info === "string") return info;
  return typeof info === "object" && info !== null ? (Object.keys(info)[0] ?? null) : null;
}

function infoStatus(info: unknown): number | null {
  const name = infoName(info);
  return typeof info === "object" && name !== null ? numberIn(fieldOf(info, name), "http_status_code") : null;
}
