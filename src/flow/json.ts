import { randomBytes } from "node:crypto";

/**
 * JSON as flowctl writes it: keys sorted, two spaces, everything beyond ASCII escaped, a line end at the end
 * (Python's `json.dumps(indent=2, sort_keys=True) + "\n"`).
 */
export function flowJson(value: unknown): string {
  return `${written(value, "")}\n`;
}

/**
 * The same for a text of JSON with some keys set, byte for byte but for those: keys that nobody here knows stay, and
 * so do numbers that JavaScript would write in another way (`1.0`, more than 15 digits).
 *
 * @param text an object, already found to be JSON
 */
export function editFlowJson(text: string, changes: Readonly<Record<string, unknown>>): string {
  const mark = `\u0000${randomBytes(9).toString("hex")}:`;
  const source = withNumbersKept(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, mark);
  const value: unknown = JSON.parse(source);
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const kept = new Map<string, unknown>([...entries, ...Object.entries(changes)]);
  const marked = new RegExp(`"\\\\u0000${mark.slice(1)}([^"]*)"`, "g");
  return flowJson(kept).replace(marked, "$1");
}

/** Python sorts by code point; UTF-8 keeps that order, UTF-16 doesn't. */
function byCodePoint([one]: [string, unknown], [other]: [string, unknown]): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function written(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${written(item ?? null, inner)}`);
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    // A Map keeps keys such as "10" and "9" from being taken for numbers, which objects put first.
    const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
    const items = entries
      .filter(([, item]) => item !== undefined)
      .sort(byCodePoint)
      .map(([key, item]) => `${inner}${ascii(key)}: ${written(item, inner)}`);
    return items.length === 0 ? "{}" : `{\n${items.join(",\n")}\n${indent}}`;
  }
  return typeof value === "string" ? ascii(value) : (JSON.stringify(value) ?? "null");
}

function ascii(text: string): string {
  return JSON.stringify(text).replace(
    // Every code unit by itself, so that a pair of surrogates becomes two escapes, as Python writes it.
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function withNumbersKept(text: string, mark: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : JSON.stringify(mark + token),
  );
}
