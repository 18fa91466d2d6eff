/**
 * JSON as flowctl writes it: keys sorted, two spaces, everything beyond ASCII escaped, a line end at the end
 * (Python's `json.dumps(indent=2, sort_keys=True) + "\n"`).
 */
export function flowJson(value: unknown): string {
  const text = JSON.stringify(sorted(value), null, 2);
  const ascii = text.replace(
    // Every code unit by itself, so that a pair of surrogates becomes two escapes, as Python writes it.
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${ascii}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
