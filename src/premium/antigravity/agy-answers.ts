import * as z from "zod";
import type { WindowReading } from "../../state/quota-state.js";

const tokens = z.looseObject({
  input_tokens: z.number().min(0).catch(0),
  output_tokens: z.number().min(0).catch(0),
  thinking_tokens: z.number().min(0).catch(0),
  cache_read_tokens: z.number().min(0).catch(0),
});

/** What a run ends with: the whole output of `--output-format json`, the `result` of `stream-json`. */
const agyResult = z.looseObject({
  status: z.string().catch(""),
  response: z.string().catch(""),
  error: z.string().optional().catch(undefined),
  num_turns: z.number().optional().catch(undefined),
  usage: tokens.optional().catch(undefined),
  command: z
    .looseObject({ name: z.string().catch(""), data: z.unknown().optional() })
    .optional()
    .catch(undefined),
  denied_actions: z.array(z.unknown()).optional().catch(undefined),
});
export type AgyResult = z.output<typeof agyResult>;

/** A line of `stream-json`. */
export const agyEvent = z.looseObject({
  event: z.string(),
  init: z
    .looseObject({
      model: z.string().optional().catch(undefined),
      tools: z.array(z.string()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  step_update: z
    .looseObject({ step_type: z.string().catch("") })
    .optional()
    .catch(undefined),
  result: agyResult.optional().catch(undefined),
});
export type AgyEvent = z.output<typeof agyEvent>;

/** Parses an answer of agy's; 1.1.8 put raw line breaks into strings, which JSON forbids. Null when it is none. */
export function readJson(text: string): unknown {
  for (const candidate of [text, escapeInStrings(text)]) {
    try {
      const value: unknown = JSON.parse(candidate);
      return value;
    } catch {
      // Told by null.
    }
  }
  return null;
}

/** Control characters inside of strings, escaped; those between values are white space and stay. */
function escapeInStrings(text: string): string {
  return text.replace(/"(?:[^"\\]|\\[\s\S])*"/g, (string) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    string.replace(/[\u0000-\u001f]/g, (raw) => JSON.stringify(raw).slice(1, -1)),
  );
}

const usageData = z.looseObject({
  groups: z.array(
    z.looseObject({
      name: z.string().catch(""),
      buckets: z
        .array(
          z.looseObject({
            id: z.string().catch(""),
            window: z.string().catch(""),
            remaining_fraction: z.number().nullable().optional().catch(undefined),
            reset_time: z.string().optional().catch(undefined),
          }),
        )
        .catch([]),
    }),
  ),
});

const lengths: Readonly<Record<string, number>> = { "5h": 5 * 3_600_000, weekly: 7 * 86_400_000 };

/** The windows of `agy -p /usage`; null when the answer is not that of the command, but a model's. */
export function usageWindows(answer: unknown): WindowReading[] | null {
  const parsed = agyResult.safeParse(answer);
  if (!parsed.success) return null;
  const { command, num_turns } = parsed.data;
  if ((command?.name !== "usage" && command?.name !== "quota") || num_turns !== 0) return null;
  const data = usageData.safeParse(command.data);
  if (!data.success) return null;
  return data.data.groups.flatMap(({ name, buckets }) =>
    buckets.flatMap((bucket) => {
      const scope = poolOf(bucket.id, name);
      const id = windowOf(bucket.window, bucket.id);
      const left = bucket.remaining_fraction;
      if (scope === null || id === null || left === undefined || left === null || !(left >= 0 && left <= 1))
        return [];
      return [
        {
          id,
          used: 1 - left,
          // An untouched bucket names a reset that slides along: a whole window from now.
          resets_at: left === 1 ? null : timeOf(bucket.reset_time),
          window_ms: lengths[id] ?? null,
          provenance: "probe" as const,
          scope,
        },
      ];
    }),
  );
}

/** Google's own models draw from one pool, everybody else's from another. */
function poolOf(id: string, group: string): string | null {
  if (/^gemini\b/i.test(id)) return "gemini";
  if (/^3p\b/i.test(id)) return "3p";
  if (/gemini/i.test(group)) return "gemini";
  return /claude|gpt|third/i.test(group) ? "3p" : null;
}

function windowOf(window: string, id: string): string | null {
  const named = `${window} ${id}`;
  if (/\b5h\b/i.test(named)) return "5h";
  return /\bweekly\b/i.test(named) ? "weekly" : null;
}

function timeOf(text: string | undefined): number | null {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(time) ? time : null;
}

/** The version in `agy --version`; null when there is none. */
export function versionIn(text: string): readonly [number, number, number] | null {
  const found = /(\d{1,5})\.(\d{1,5})\.(\d{1,5})/.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2]), Number(found[3])];
}

export function isAtLeast(
  version: readonly [number, number, number],
  wanted: readonly [number, number, number],
): boolean {
  const [major, minor, patch] = version;
  if (major !== wanted[0]) return major > wanted[0];
  return minor === wanted[1] ? patch >= wanted[2] : minor > wanted[1];
}
