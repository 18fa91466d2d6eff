/** Words that promise a quality and say nothing of how it would be seen. */
const vague =
  /\b(?:works? (?:well|fine|correctly|properly|as (?:expected|intended|desired))|(?:behaves?|functions?|handled|handles?|implemented|done|displayed|validated|tested|documented) (?:well|fine|correctly|properly|appropriately|gracefully|sensibly|nicely)|user[- ]friendly|easy to (?:use|understand|maintain|read)|intuitive(?:ly)?|seamless(?:ly)?|robust(?:ly|ness)?|clean(?:ly| code)?|elegant(?:ly)?|efficient(?:ly)?|fast(?:er)?|quick(?:ly)?|performant|performs? well|scalable|scales? well|maintainable|reliable|reliably|high[- ]quality|good (?:quality|performance|ux|experience|coverage)|better|improved?|optimi[sz]ed|optimal(?:ly)?|appropriate(?:ly)?|reasonabl[ey]|sensibl[ey]|sufficient(?:ly)?|adequate(?:ly)?|production[- ]ready|best practices?|state[- ]of[- ]the[- ]art|as (?:needed|necessary|appropriate|required)|if (?:needed|necessary|possible)|where (?:possible|appropriate)|and so on|etc\b\.?|nice(?:ly)?|pretty|modern|secure(?:ly)?|well[- ](?:tested|documented|structured|designed|written))/i;

/** What somebody can look at: a figure, a name in code, a path, a quoted text, a status, an exit code. */
const anchor =
  /`[^`]+`|"[^"]{2,}"|“[^”]{2,}”|'[^' ]{2,}'|(?:^|[^A-Za-z])\d+(?:[.,]\d+)?\b|\b[\w-]+\/[\w./-]+\b|\b\w+\.(?:ts|tsx|js|jsx|mjs|py|go|rs|java|kt|rb|php|md|json|ya?ml|toml|css|html|sql|sh)\b|\b[a-z]+[A-Z]\w*\b|\b\w+_\w+\b|\b\w+\(\)|--[a-z][\w-]+|\b[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*\b/;

/** What a thing is seen to do: with one of these and an object there is something to check. */
const observable =
  /\b(?:returns?|responds?|answers?|rejects?|refuses?|accepts?|throws?|raises?|fails?|exits?|prints?|logs?|writes?|stores?|saves?|creates?|deletes?|removes?|sends?|emits?|calls?|redirects?|shows?|displays?|lists?|contains?|includes?|equals?|matches|passes|pass|runs?|exists?|keeps?|expires?|retries|ignores?|skips?|blocks?|allows?|denies|denied|opens?|closes?|closed|starts?|stops?|loads?|renders?|mentions?|describes?|documents?|covers?|sets?|overrides?|defaults? to|is (?:set|shown|hidden|rejected|refused|created|deleted|logged|required|optional|unchanged|present|absent|listed|documented)|are (?:set|shown|hidden|rejected|refused|created|deleted|logged|required|optional|unchanged|present|absent|listed|documented)|no longer|never|only|without|before|after|when|unless|until|cannot|can)\b/i;

const placeholder = /^\W*(?:tbd|todo|to be (?:done|defined|determined)|fixme|n\/?a|none|\.{3}|…|-+)?\W*$/i;

/** Terms by themselves: "Error handling", "Unit tests". */
const fewestWords = 3;

/**
 * Why a criterion can't be checked by somebody who was not there when it was written; null when it can. Words alone
 * decide, the same every time: what is vague passes when it also names what to look at (`p95 below 200 ms` is fast).
 */
export function untestable(criterion: string): string | null {
  const text = criterion.trim();
  if (placeholder.test(text)) return "says nothing";
  const named = anchor.test(text);
  const wish = vague.exec(text)?.[0];
  if (wish !== undefined && !named)
    return `"${wish.trim()}" can't be checked: name what is seen, or a figure`;
  const words = text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  if (words < fewestWords && !named) return "names a topic, not what must hold";
  if (!named && !observable.test(text) && words < 2 * fewestWords)
    return "says nothing that is seen to happen";
  return null;
}
