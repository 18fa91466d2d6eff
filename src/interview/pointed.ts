import type { Content } from "./content.js";
import { functionWords, verbOf } from "./lexicon.js";
import type { Draft } from "./question.js";

const longestQuote = 110;
const most = { vague: 3, choice: 2, limit: 2, promise: 2, open: 2 } as const;

/** Words that everybody agrees with and nobody can check, and what to ask instead. */
const vague: readonly (readonly [RegExp, Draft["category"], string])[] = [
  [
    /\b(?:fast(?:er)?|quick(?:ly)?|slow(?:ly)?|performant|efficient(?:ly)?|instant(?:ly)?|responsive|snappy)\b/i,
    "performance",
    "from which measured time on is that not so any more, at which amount of data",
  ],
  [
    /\b(?:secure(?:ly)?|safe(?:ly)?|protected)\b/i,
    "security",
    "against whom, doing what, and what is left open on purpose",
  ],
  [
    /\b(?:easy|easily|simple|simply|intuitive|user[- ]friendly|seamless(?:ly)?|convenient)\b/i,
    "ux",
    "who has to manage which step without help, in how much time",
  ],
  [
    /\b(?:scal(?:e|es|able|ability)|large (?:files?|amounts?|numbers?|accounts?|data)|huge|many|lots of|high (?:load|volume|traffic))\b/i,
    "performance",
    "how many is that in figures, today and in two years",
  ],
  [
    /\b(?:robust|reliabl[ey]|stable|resilient|graceful(?:ly)?|properly|correctly|as expected|appropriate(?:ly)?)\b/i,
    "errors",
    "which failure has to be survived, and what may be lost in it",
  ],
  [
    /\b(?:etc\.?|and so on|and more|various|several kinds|things like|such as|e\.g\.)/i,
    "scope",
    "what is the whole list, and what is not on it",
  ],
  [
    /\b(?:sometimes|usually|normally|mostly|in most cases|generally|if possible|where possible|ideally|optionally)\b/i,
    "edge_cases",
    "what happens in the other cases",
  ],
  [
    /\b(?:flexible|configurable|customi[sz]able|generic|extensible|pluggable)\b/i,
    "architecture",
    "who changes what without a release, and which two cases exist today",
  ],
  [
    /\b(?:soon|(?:comes?|follows?|added|supported|done|possible|maybe|perhaps) later|later (?:versions?|releases?|phases?|stages?)|eventually|at some point|in the future|phase (?:2|two))\b/i,
    "scope",
    "what has to be prepared for it now, and what must not be built for it",
  ],
  [
    /\b(?:regularly|periodically|from time to time|automatically)\b/i,
    "technical",
    "how often exactly, set off by what, and what if one run is missed",
  ],
];

const unit =
  "(?:%|ms|s|seconds?|minutes?|hours?|days?|weeks?|months?|years?|[kmg]b|requests?|attempts?|rows?|items?|users?|characters?|times|retries)(?!\\w)";
/** `5 minutes` of `at least 5 minutes`, `30` of `up to 30`. */
const limitPattern = new RegExp(
  `\\b(?:at most|up to|at least|maximum of|no more than|within) (\\d[\\d.,]*(?:\\s?${unit})?)|\\b(\\d[\\d.,]*\\s?${unit})`,
  "i",
);

/**
 * Questions that hold a text to its own words: what it says vaguely, leaves open, promises or limits. Each quotes the
 * sentence it is about.
 */
export function pointedQuestions({ sentences, feature }: Content): Draft[] {
  const [title, ...rest] = sentences;
  const found: Draft[] = [];
  const used = new Set<string>();
  const add = (
    category: Draft["category"],
    question: string,
    why: string,
    options: Draft["options"] = [],
  ) => {
    found.push({ category, question, why, options, from: "bank", occasion: "quoted" });
  };
  const counts = { vague: 0, choice: 0, limit: 0, promise: 0, open: 0 };
  for (const sentence of [...rest, title ?? ""]) {
    if (used.has(sentence)) continue;
    const quote = quoted(sentence);
    const may = (kind: keyof typeof counts) => counts[kind] < most[kind] && !used.has(sentence);
    const take = (kind: keyof typeof counts) => {
      counts[kind] += 1;
      used.add(sentence);
    };
    const open =
      /\b(?:tbd|todo|to be (?:decided|defined|discussed)|not (?:sure|decided)|unclear|\?\?+|open question|maybe|perhaps|we could|might want)\b/i.exec(
        sentence,
      );
    if (open !== null && may("open")) {
      take("open");
      add(
        "risks",
        `The text leaves it open: ${quote} Who decides that, by what, and what can't begin before?`,
        `“${open[0]}” is no decision.`,
      );
    }
    const choice =
      /\b([\p{L}\p{N}][\p{L}\p{N}'.-]*(?: [\p{L}\p{N}'.-]+)?) or ([\p{L}\p{N}][\p{L}\p{N}'.-]*(?: [\p{L}\p{N}'.-]+)?)\b/u.exec(
        sentence,
      );
    const [one = "", other = ""] = (choice ?? []).slice(1).map(withoutEdges);
    if (choice !== null && may("choice") && isChoice(one, other)) {
      take("choice");
      add(
        "scope",
        `${quote} Is that one of ${one} and ${other}, both, or whichever comes first, and who chooses?`,
        "“or” in a description is read as both by one and as one of them by the other.",
        [
          { label: "Both", description: "two ways to build and to test" },
          { label: "One of them", description: "say which, the other is out of scope" },
          { label: "Chosen in use", description: "somebody picks, and there is a default" },
        ],
      );
    }
    for (const [pattern, category, ask] of vague) {
      const word = pattern.exec(sentence)?.[0];
      if (word === undefined || !may("vague")) continue;
      take("vague");
      add(
        category,
        `${quote} “${word}”: ${ask}?`,
        `“${word}” can't be checked: two people will disagree whether ${feature} is done.`,
      );
    }
    const limited = limitPattern.exec(sentence);
    const limit = limited?.[1] ?? limited?.[2];
    if (limit !== undefined && may("limit")) {
      take("limit");
      add(
        "edge_cases",
        `${quote} What happens at exactly ${limit} and just beyond, and who may change that number later?`,
        "A number in a text becomes a constant in the code, and somebody meets it on its edge.",
      );
    }
    if (
      /\b(?:must|shall|never|always|only|has to|have to|may not|guarantee\w*)\b/i.test(sentence) &&
      may("promise")
    ) {
      take("promise");
      add(
        counts.promise === 1 ? "acceptance" : "testing",
        `${quote} How would somebody see that it is not so, in a test and in production?`,
        "A promise nobody can check is broken unseen.",
      );
    }
  }
  return found;
}

/** The first word of a text that can't be checked, and what to ask of it; null for none. */
export function vagueWordIn(text: string): { word: string; ask: string } | null {
  for (const [pattern, , ask] of vague) {
    const word = pattern.exec(text)?.[0];
    if (word !== undefined) return { word, ask };
  }
  return null;
}

/** `Redis` and `memory` of `in Redis or memory as`. */
function withoutEdges(words: string): string {
  return words
    .split(" ")
    .filter((word) => !functionWords.has(word.toLowerCase()))
    .join(" ");
}

/** `Google or GitHub` is a choice, `more or less` is none. */
function isChoice(one: string, other: string): boolean {
  const plain =
    /^(?:for|with|from|by|at|in|on|as|via|per|more|less|later|not|so|two|one|if|when|whether|yes|no|and|the|a|an|is|are|be|to|of)$/i;
  const last = one.split(" ").at(-1) ?? "";
  const first = other.split(" ")[0] ?? "";
  return (
    one !== "" &&
    other !== "" &&
    !plain.test(last) &&
    !plain.test(first) &&
    last.length > 1 &&
    first.length > 1 &&
    last !== first &&
    // `edited, moved or deleted` lists what can be done.
    !(/ed$/i.test(first) && verbOf(first) !== null)
  );
}

function quoted(sentence: string): string {
  const flat = sentence.replace(/\s+/g, " ").trim();
  const short =
    flat.length <= longestQuote ? flat : `${flat.slice(0, longestQuote).replace(/\s+\S*$/, "")} …`;
  return `“${short.replace(/[“”]/g, '"')}”`;
}
