import { isRecord } from "./schema.js";

/** How many of a list's items a digest shows. */
export interface Cut {
  field: string;
  shown: number;
  of: number;
}

/** Characters that strings are cut to, tried in turn, and the fewest items per list that are worth it. */
const attempts = [
  { text: 2_000, least: 5 },
  { text: 500, least: 5 },
  { text: 200, least: 3 },
  { text: 80, least: 0 },
] as const;

/**
 * The output with its lists and long strings cut until it `fits`, with `cut` saying what of each list is shown.
 * Keeps the order of fields and items, so that what matters most stays, and every field, so that it is still
 * valid. Lists that are short already stay whole.
 */
export function digest(
  output: Record<string, unknown>,
  fits: (candidate: Record<string, unknown>) => boolean,
): Record<string, unknown> {
  const longest = longestList(output);
  let smallest = output;
  for (const { text, least } of attempts) {
    let low: number = least;
    let high = longest;
    smallest = cutTo(output, low, text);
    if (!fits(smallest)) continue;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const candidate = cutTo(output, middle, text);
      if (fits(candidate)) {
        low = middle;
        smallest = candidate;
      } else high = middle - 1;
    }
    return smallest;
  }
  return smallest;
}

function cutTo(output: Record<string, unknown>, items: number, text: number): Record<string, unknown> {
  const cuts = new Map<string, Cut>();
  const shorten = (value: unknown, field: string): unknown => {
    if (typeof value === "string")
      return value.length > text ? `${value.slice(0, text).replace(/[\ud800-\udbff]$/, "")}…` : value;
    if (Array.isArray(value)) {
      if (value.length > items) {
        const cut = cuts.get(field) ?? { field, shown: 0, of: 0 };
        cuts.set(field, { field, shown: cut.shown + items, of: cut.of + value.length });
      }
      return value.slice(0, items).map((item) => shorten(item, `${field}[]`));
    }
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        shorten(item, field === "" ? key : `${field}.${key}`),
      ]),
    );
  };
  const short = shorten(output, "");
  return { ...(isRecord(short) ? short : output), ...(cuts.size > 0 ? { cut: [...cuts.values()] } : {}) };
}

function longestList(value: unknown): number {
  if (Array.isArray(value)) return Math.max(value.length, ...value.slice(0, 10_000).map(longestList));
  return isRecord(value) ? Math.max(0, ...Object.values(value).map(longestList)) : 0;
}
