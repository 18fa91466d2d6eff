/**
 * How long an answer's headers ask to wait (`retry-after-ms`, else `retry-after`: seconds or a date), in
 * milliseconds; null when they don't say, or name a time that has passed.
 *
 * @param now milliseconds since the epoch
 */
export function retryAfter(headers: Headers, now: number): number | null {
  const precise = headerNumber(headers, "retry-after-ms");
  if (precise !== null && precise >= 0) return precise;
  const text = headers.get("retry-after");
  if (text === null) return null;
  const seconds = headerNumber(headers, "retry-after");
  if (seconds !== null) return seconds >= 0 ? Math.round(seconds * 1_000) : null;
  const date = Date.parse(text);
  return Number.isFinite(date) && date > now ? date - now : null;
}

/** A header that is a number; null when it is missing or says something else. */
export function headerNumber(headers: Headers, name: string): number | null {
  const text = headers.get(name)?.trim() ?? "";
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
