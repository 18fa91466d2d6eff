/** Where a search text stands in a file. */
export type Match =
  | { state: "once"; start: number; end: number }
  | { state: "often"; lines: number[] }
  | { state: "nowhere" };

/** Occurrences that are told of. */
const toldOf = 8;

/**
 * Finds a text that must stand exactly once. Nothing is guessed but line ends: a model that saw `\n` means the file's
 * own.
 */
export function findExactly(file: string, search: string): Match {
  const at = file.indexOf(search);
  if (at < 0) return { state: "nowhere" };
  const next = file.indexOf(search, at + 1);
  if (next < 0) return { state: "once", start: at, end: at + search.length };
  const lines: number[] = [];
  for (let place = at; place >= 0 && lines.length < toldOf; place = file.indexOf(search, place + 1))
    lines.push(lineOf(file, place));
  return { state: "often", lines };
}

/** `\r\n` when all lines end so; else `\n`. */
export function lineEnd(text: string): "\n" | "\r\n" {
  const ends = text.match(/\n/g)?.length ?? 0;
  return ends > 0 && (text.match(/\r\n/g)?.length ?? 0) === ends ? "\r\n" : "\n";
}

export function withLineEnd(text: string, end: "\n" | "\r\n"): string {
  const plain = text.replaceAll("\r\n", "\n");
  return end === "\n" ? plain : plain.replaceAll("\n", "\r\n");
}

/** Lines compared to find the place that a search meant; more would take too long on a hostile file. */
const comparedLines = 60_000;
const comparedSearch = 200;
/** Lines shown around it. */
const margin = 4;
const longestShown = 60;

/**
 * What stands where a search text that is not there probably meant, with line numbers: the stretch that has most of its
 * lines, else null. Leading and trailing white space does not count.
 */
export function nearest(file: string, search: string): string | null {
  const lines = file.split("\n").slice(0, comparedLines);
  const wanted = search
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.length > 2)
    .slice(0, comparedSearch);
  if (wanted.length === 0) return null;
  // Each line of the search votes for where the text would begin.
  const places = new Map<string, number[]>();
  lines.forEach((line, index) => {
    const key = line.trim();
    if (key.length <= 2) return;
    const known = places.get(key);
    if (known === undefined) places.set(key, [index]);
    else if (known.length < 200) known.push(index);
  });
  const votes = new Map<number, number>();
  wanted.forEach((line, offset) => {
    for (const index of places.get(line) ?? []) {
      const start = Math.max(0, index - offset);
      // A line more or less in between moves the rest by one.
      for (const near of [start - 1, start, start + 1])
        votes.set(near, (votes.get(near) ?? 0) + (near === start ? 1 : 0.5));
    }
  });
  let best: number | null = null;
  for (const [start, count] of votes) if (best === null || count > (votes.get(best) ?? 0)) best = start;
  if (best === null) best = mostAlike(lines, wanted);
  if (best === null) return null;
  const from = Math.max(0, best - margin);
  const to = Math.min(lines.length, from + Math.min(longestShown, search.split("\n").length + 2 * margin));
  return numbered(lines.slice(from, to), from + 1);
}

/** The line that shares most words with the longest one of the search. */
function mostAlike(lines: readonly string[], wanted: readonly string[]): number | null {
  const longest = wanted.reduce((a, b) => (b.length > a.length ? b : a), "");
  const words = new Set(longest.match(/\w{3,}/g) ?? []);
  if (words.size === 0) return null;
  let best = -1;
  let most = 0.49;
  lines.forEach((line, index) => {
    if (line.length > 2_000) return;
    let shared = 0;
    for (const word of new Set(line.match(/\w{3,}/g) ?? [])) if (words.has(word)) shared += 1;
    if (shared / words.size <= most) return;
    best = index;
    most = shared / words.size;
  });
  return best < 0 ? null : Math.max(0, best - wanted.indexOf(longest));
}

/** Lines with their numbers, as they are shown to a model. */
export function numbered(lines: readonly string[], first: number): string {
  const width = `${first + lines.length - 1}`.length;
  return lines
    .map((line, index) => `${`${first + index}`.padStart(width)}| ${line.replace(/\r$/, "").slice(0, 400)}`)
    .join("\n");
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", end + 1)) line += 1;
  return line;
}
