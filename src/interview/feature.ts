import { gerundOf, introducingVerbs, people, services, verbOf } from "./lexicon.js";
import { singularOf } from "./number.js";

const longest = 60;

/** What a title's words in front of the matter are. */
const before: readonly RegExp[] = [
  /^(?:feat|fix|chore|feature|bug|epic|spec|task|idea|story)(?:\([^)]*\))?!?:\s*/i,
  /^(?:\[[^\]]{1,30}\]\s*)+/,
  /^(?:please\s+)?(?:(?:i|we|they|you)(?:['’]d like| would like| want| need| should| have| must| could)|let['’]?s|it should be possible|the (?:app|system|tool|server|site|website|application) (?:should|must|needs))\s+(?:also\s+)?(?:to\s+)?/i,
  /^as an? [^,]{2,40},?\s+i\s+(?:want|need|would like|can)\s+(?:to\s+)?/i,
  /^(?:allow|let|enable|help|make it possible for|give)\s+(?:(?:the|our|all|any)\s+)?([a-z-]+)s?\s+(?:to\s+|the (?:ability|option|possibility) to\s+)?/i,
  /^([A-Za-z-]+)\s+(?:should|must|can|may|need to|want to|will)\s+(?:be able to\s+|also\s+)?/,
];

/**
 * What is to be built, as a noun of at most 60 characters that goes into a sentence: `OAuth login` of `Add OAuth
 * login`, `exporting invoices` of `Users should be able to export invoices`, else the title itself in quotes.
 *
 * @param names words that are known to keep their capital
 */
export function featureOf(title: string, names: ReadonlySet<string>): string {
  const whole = title
    .replace(/\s+/g, " ")
    .replace(/^#+\s*/, "")
    .trim();
  let text = whole.replace(/[.!?:;,\s]+$/, "");
  for (const pattern of before) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [all, who] = match;
    // `Exports must …` is about exports, `Users must …` about what they do.
    if (who !== undefined && !people.has(singularOf(who.toLowerCase())) && !people.has(who.toLowerCase()))
      continue;
    text = text.slice(all.length);
  }
  const words = shortened(text).split(" ");
  const [first = ""] = words;
  const verb = verbOf(first);
  const rest = words
    .slice(1)
    .join(" ")
    .replace(/^(?:an?|the|some|our|new)\s+/i, "");
  if (first.toLowerCase() === "make" && rest !== "") return `making ${lowered(rest, names)}`;
  if (introducingVerbs.has(first.toLowerCase()) && rest !== "") return introduced(rest, names);
  // `Rate limiting` is no rating.
  const isBase = verb !== null && verb === first.toLowerCase() && !/ing$/i.test(words[1] ?? "");
  if (isBase && rest !== "") return `${gerundOf(verb)} ${lowered(words.slice(1).join(" "), names)}`;
  if (text === "") return "this";
  // A sentence with a verb of its own is no noun: it is spoken of in quotes.
  if (
    /\b(?:is|are|was|were|has|have|does|do|fails?|breaks?|drops?|doesn['’]t|don['’]t|can['’]t|cannot|should|must)\b/i.test(
      text,
    )
  )
    return `“${shortened(whole)}”`;
  return named(words.join(" "), names);
}

function introduced(rest: string, names: ReadonlySet<string>): string {
  const inner = rest
    .replace(/^(?:for|to)\s+(?:an?\s+|the\s+)?/i, "")
    .replace(
      /^(?:support|functionality|capabilit(?:y|ies)|ability|option|way|possibility|feature)\s+(?:for|to|of)\s+(?:an?\s+|the\s+)?/i,
      "",
    )
    .replace(/\s+(?:feature|support|functionality)$/i, "");
  const words = inner.split(" ");
  const [first = ""] = words;
  const verb = verbOf(first);
  const isDone = inner !== rest && verb !== null && verb === first.toLowerCase() && words.length > 1;
  if (isDone) return `${gerundOf(verb)} ${lowered(words.slice(1).join(" "), names)}`;
  return named(inner, names);
}

/** A name as one thing: of several it is spoken of as a title. */
function named(text: string, names: ReadonlySet<string>): string {
  const [, bare] = /^(?:an?|the)\s+(.+)$/i.exec(text) ?? [];
  if (bare !== undefined) return `the ${lowered(bare, names)}`;
  const last = text.split(" ").at(-1)?.toLowerCase() ?? "";
  return /^[a-z]+$/.test(last) && singularOf(last) !== last ? `“${text}”` : lowered(text, names);
}

/** The part of a title that names it: what follows explains. */
function shortened(text: string): string {
  let short =
    text
      .split(
        /\s+(?:so that|in order to|because|when|whenever|while|which|that)\s+|[,;:(]|\s[–—-]\s|(?<=\w)[.!?]\s/,
      )[0]
      ?.trim() ?? text;
  for (const cut of [/\s+(?:via|using|by means of)\s+.*$/i, /\s+(?:with|and|for|from|to|in|on)\s+.*$/i]) {
    if (short.length > longest * 0.75) short = short.replace(cut, "");
  }
  if (short.length <= longest) return short;
  return short.slice(0, longest).replace(/\s+\S*$/, "");
}

/** The first word in lower case, unless it is a name. */
function lowered(text: string, names: ReadonlySet<string>): string {
  const [first = "", ...rest] = text.split(" ");
  const isName =
    names.has(first) ||
    services.get(first.toLowerCase()) === first ||
    /[A-Z0-9].*[A-Z0-9]|[a-z][A-Z]|^[A-Z]$/.test(first);
  return [isName ? first : `${first.slice(0, 1).toLowerCase()}${first.slice(1)}`, ...rest].join(" ");
}
