/**
 * Whether a criterion can be checked by somebody who was not there when it was written. One list of words for tasks
 * that are made and for plans that are reviewed; words alone decide, the same every time.
 */

/** Words that promise a quality and say nothing of how it would be seen. */
const vague =
  /\b(?:works? (?:well|fine|correctly|properly|as (?:expected|intended|desired|it should))|(?:behaves?|functions?|handled|handles?|implemented|done|displayed|validated|tested|documented) (?:well|fine|correctly|properly|appropriately|gracefully|sensibly|nicely)|properly|correctly|as (?:expected|intended|needed|necessary|appropriate|required)|user[- ]friendly|easy to (?:use|understand|maintain|read|extend)|intuitive(?:ly)?|seamless(?:ly)?|smooth(?:ly)?|robust(?:ly|ness)?|clean(?:ly| code)?|elegant(?:ly)?|efficient(?:ly)?|fast(?:er)?|quick(?:ly)?|performant|performs? well|scalable|scales? well|maintainable|readable|flexible|reliable|reliably|high[- ]quality|good (?:quality|performance|enough|ux|experience|coverage)|better|improved?|optimi[sz]ed|optimal(?:ly)?|appropriate(?:ly)?|reasonabl[ey]|sensibl[ey]|sufficient(?:ly)?|adequate(?:ly)?|minimal impact|production[- ]ready|best practices?|state[- ]of[- ]the[- ]art|if (?:needed|necessary|possible)|where (?:possible|appropriate)|and so on|etc\b\.?|nice(?:ly)?|pretty|modern|secure(?:ly)?|well[- ](?:tested|documented|structured|designed|written))/i;

/** What somebody can look at: a figure, a name in code, a path, a quoted text, a status, an exit code. */
const anchor =
  /`[^`]+`|"[^"]{2,}"|“[^”]{2,}”|'[^' ]{2,}'|(?:^|[^A-Za-z])\d+(?:[.,]\d+)?\b|\b[\w-]+\/[\w./-]+\b|\b\w{2,}\.[a-z][a-z0-9]{0,4}\b|\b[a-z]+[A-Z]\w*\b|\b\w+_\w+\b|\b\w+\(\)|--[a-z][\w-]+|[<>=≤≥]|\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*\b/;

/** What a thing is seen to do: with one of these and an object there is something to check. */
const observable =
  /\b(?:returns?|responds?|answers?|rejects?|refuses?|accepts?|throws?|raises?|fails?|exits?|prints?|logs?|writes?|reads?|stores?|saves?|creates?|deletes?|removes?|sends?|receives?|emits?|calls?|redirects?|shows?|displays?|lists?|contains?|includes?|equals?|matches|passes|pass|runs?|exists?|keeps?|expires?|retries|times? out|increments?|decrements?|ignores?|skips?|blocks?|allows?|denies|denied|opens?|closes?|closed|starts?|stops?|loads?|renders?|mentions?|describes?|documents?|documented|compiles?|succeeds|covers?|sets?|overrides?|defaults? to|(?:is|are) (?:set|shown|visible|hidden|rejected|refused|called|created|written|deleted|gone|empty|logged|required|optional|unchanged|present|absent|listed)|no longer|never|only|without|before|after|when(?:ever)?|unless|until|cannot|can)\b/i;

/** A whole criterion that says nothing but that it shall be good. */
const empty =
  /^(?:(?:it|this|everything|all|the (?:feature|code|app|application|system|solution|implementation|change|ui|api))\s+)?(?:works?|is (?:done|complete|finished|good|ok|okay|ready|implemented|fine)|done|implemented|complete|finished|good|looks good|code is clean|no bugs?|bug[- ]free|tested|high quality|all good)[.!]?$/i;

const placeholder = /^\W*(?:tbd|todo|to be (?:done|defined|determined)|fixme|n\/?a|none|\.{3}|…|-+)?\W*$/i;

/** Terms by themselves: "Error handling", "Unit tests". */
const fewestWords = 3;

/**
 * The words of a criterion that promise and can't be decided, where nothing beside them can be counted, called or
 * seen; null for all else. What a finding may rest on: it is silent where there is doubt.
 */
export function emptyPromise(criterion: string): string | null {
  const text = criterion.replace(/\*\*|__/g, "").trim();
  if (empty.test(text)) return text;
  if (anchor.test(text) || observable.test(text)) return null;
  return vague.exec(text)?.[0].trim() ?? null;
}

/**
 * Why a criterion that is being written should be written otherwise; null when it can stay. Stricter than
 * `emptyPromise`, all of which it refuses: a wish needs a figure or a name (`p95 below 200 ms` is fast), a topic a
 * sentence.
 */
export function untestable(criterion: string): string | null {
  const text = criterion.trim();
  if (placeholder.test(text)) return "says nothing";
  const named = anchor.test(text);
  const wish = emptyPromise(text) ?? vague.exec(text)?.[0].trim();
  if (wish !== undefined && !named) return `"${wish}" can't be checked: name what is seen, or a figure`;
  const words = text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  if (words < fewestWords && !named) return "names a topic, not what must hold";
  if (!named && !observable.test(text) && words < 2 * fewestWords)
    return "says nothing that is seen to happen";
  return null;
}
