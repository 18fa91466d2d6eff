/** Milliseconds. */
const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const unit = "(d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)";
const span = new RegExp(`(\\d{1,7}(?:\\.\\d{1,9})?)\\s?${unit}(?![a-z])`, "giy");
const opening =
  /\b(?:try again in|retry (?:after|in)|resets? in|available in|wait)\s{1,3}(?:about\s|for\s)?/gi;
const date =
  /\bresets?\s{1,3}(?:on|at)\s{1,3}((?:January|February|March|April|May|June|July|August|September|October|November|December)\s\d{1,2},\s\d{4})(?:\s(?:at\s)?(\d{1,2}:\d{2}(?:\s?[AP]M)?))?/i;

/**
 * When a limit is over by the words of an error, as a last resort where nothing better says it: "Resets in
 * 2h39m52s", "try again in 51 hours", "retry after 2733 seconds", "reset on April 20, 2026 at 2:00 AM" (which is in
 * the machine's own time zone).
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch, in the future; null when the words don't say
 */
export function statedReset(words: string, now: number): number | null {
  const text = words.slice(0, 20_000);
  for (const found of text.matchAll(opening)) {
    const duration = durationAt(text, found.index + found[0].length);
    if (duration !== null && duration > 0) return now + duration;
  }
  const on = date.exec(text);
  if (on === null) return null;
  const at = Date.parse(`${on[1]} ${on[2] ?? ""}`.trim());
  return Number.isFinite(at) && at > now ? at : null;
}

function durationAt(text: string, start: number): number | null {
  let total: number | null = null;
  span.lastIndex = start;
  for (let found = span.exec(text); found !== null; found = span.exec(text)) {
    const size = units[(found[2] ?? "").charAt(0).toLowerCase()];
    if (size === undefined) break;
    total = (total ?? 0) + Number(found[1]) * size;
    // "2 hours and 3 minutes", "2h, 3m"
    const joint = /(?:,?\s(?:and\s)?)?/y;
    joint.lastIndex = span.lastIndex;
    joint.exec(text);
    span.lastIndex = joint.lastIndex;
  }
  return total === null ? null : Math.round(total);
}
