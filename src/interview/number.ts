const irregular: readonly (readonly [string, string])[] = [
  ["person", "people"],
  ["child", "children"],
  ["index", "indexes"],
  ["query", "queries"],
  ["analysis", "analyses"],
  ["cookie", "cookies"],
  ["movie", "movies"],
  ["cache", "caches"],
  ...[
    "photo",
    "video",
    "repo",
    "logo",
    "demo",
    "memo",
    "studio",
    "radio",
    "portfolio",
    "scenario",
    "ratio",
  ].map((one): [string, string] => [one, `${one}s`]),
];
const plurals = new Map(irregular);
const singulars = new Map(irregular.map(([one, many]) => [many, one]));
/** The same in both numbers, or a plural with an ending that looks like one letter more. */
const unchanged =
  /^(?:data|media|metadata|series|news|status|bus|canvas|access|progress|address|process|class|css|https?|aws|sms|kudos|software|hardware|feedback|content|postgres|redis|kubernetes|windows)$/;

/** `categories` of `category`. */
export function pluralOf(word: string): string {
  if (word === "address" || word === "process" || word === "class" || word === "access") return `${word}es`;
  if (unchanged.test(word)) return word;
  const known = plurals.get(word);
  if (known !== undefined) return known;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** `category` of `categories`; the word itself where it is no plural. */
export function singularOf(word: string): string {
  const known = singulars.get(word);
  if (known !== undefined) return known;
  if (unchanged.test(word) || word.length < 4 || !word.endsWith("s") || /(?:ss|us|is|as|os)$/.test(word))
    return word;
  if (/ies$/.test(word) && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:xes|ches|shes|sses|zes|esses)$/.test(word)) return word.slice(0, -2);
  return word.slice(0, -1);
}

/** `an invoice`, `a user`. */
export function withArticle(noun: string): string {
  const vowel =
    /^(?:[aeio]|u(?!ser|n[iI]|rl|sag|til|tf))/i.test(noun) ||
    /^(?:hour|honest|html|sms|svg|xml|mfa|sdk|llm|rss)\b/i.test(noun);
  return `${vowel ? "an" : "a"} ${noun}`;
}
