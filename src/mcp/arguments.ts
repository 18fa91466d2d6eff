import type * as z from "zod";
import { UsageError } from "../errors.js";

/**
 * Checks a tool's arguments. Throws UsageError that names what is wrong in words a model can act on: the
 * argument, what was given, what is allowed, and for an unknown one all that are known.
 */
export function checkArguments(tool: string, schema: z.ZodObject, raw: unknown): void {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return;
  const known = Object.keys(schema.shape);
  const valid = `${tool} takes: ${known.join(", ")}.`;
  const problems: string[] = [];
  const near: string[] = [];
  for (const issue of parsed.error.issues.slice(0, 8)) {
    const where = issue.path.map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys.slice(0, 8)) {
        problems.push(`unknown argument \`${shown(where === "" ? key : `${where}.${key}`)}\``);
        const guess = where === "" ? nearest(key, known) : undefined;
        if (guess !== undefined) near.push(`Did you mean \`${guess}\`?`);
      }
    } else if (where === "") {
      problems.push(`arguments must be an object: ${issue.message}`);
    } else if (isMissing(raw ?? {}, issue.path)) {
      problems.push(`\`${shown(where)}\` is missing${allowed(issue)}`);
    } else {
      problems.push(`\`${shown(where)}\`: ${shown(issue.message)}`);
    }
  }
  throw new UsageError(`Wrong arguments for ${tool}: ${problems.join("; ")}.`, [...near, valid].join(" "));
}

/** Whether nothing was given where the path leads: zod calls that an invalid option or type. */
function isMissing(raw: unknown, path: readonly PropertyKey[]): boolean {
  let at = raw;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return false;
    if (!Object.hasOwn(at, key)) return true;
    at = Reflect.get(at, key);
  }
  return at === undefined;
}

/** What may stand there, to follow a half-sentence; empty when the issue doesn't tell. */
function allowed(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return ` (${issue.expected})`;
  if (issue.code !== "invalid_value") return "";
  return shown(`: one of ${issue.values.map(String).join(", ")}`);
}

function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase().replaceAll("-", "_");
  return candidates.find(
    (name) =>
      name === wanted ||
      (wanted.length >= 3 && (name.startsWith(wanted) || wanted.startsWith(name))) ||
      oneEdit(name, wanted),
  );
}

/** Whether one letter inserted, left out or replaced, or two neighbours swapped, makes the two equal. */
function oneEdit(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at];
  return (
    short.slice(at + 1) === long.slice(at + 1) || (swapped && short.slice(at + 2) === long.slice(at + 2))
  );
}
