import { stem, wordsOf } from "../change/relevance.js";
import { type Facet, facetsOf, type Shown } from "./facets.js";
import { featureOf } from "./feature.js";
import {
  abstractNouns,
  dataNouns,
  functionWords,
  gerundOf,
  intransitive,
  introducingVerbs,
  particles,
  people,
  plainAdjectives,
  screenNouns,
  services,
  verbOf,
} from "./lexicon.js";
import { pluralOf, singularOf } from "./number.js";
import { sentencesOf, type Token, tokensOf } from "./sentences.js";

/** Something that is done to something, in words that go into a sentence. */
export interface Action {
  /** `export invoices`. */
  base: string;
  /** `exporting invoices`. */
  doing: string;
}

/** What a text is about, as far as it can be told without a model: names to ask with. */
export interface Content {
  /** In a few words, as a noun: `OAuth login`, `exporting invoices as PDF`. */
  feature: string;
  actions: Action[];
  /** Data that it is about, plural, the most important first: `failed payments`. */
  things: string[];
  /** Who uses it, plural; never empty. */
  actors: string[];
  /** Services of others by name; `the payment provider` where one is meant and none is named. */
  externals: string[];
  facets: ReadonlyMap<Facet, Shown>;
  /** Word stems of the whole text: what a question has to share one of to be about it. */
  stems: ReadonlySet<string>;
  sentences: string[];
}

const most = { actions: 6, things: 6, actors: 4, externals: 4 };

/** Reads a text for names. Takes the first 60,000 characters; bounded in time by them. */
export function readContent(title: string, text: string): Content {
  const whole = `${title}\n${text}`.slice(0, 60_000);
  const sentences = sentencesOf(whole);
  const tokens = sentences.map((sentence) => tokensOf(sentence));
  const actions = new Map<string, Action>();
  const objects = new Set<string>();
  for (const sentence of tokens)
    for (const found of actionsOf(sentence)) {
      for (const object of found.objects) objects.add(object);
      if (!actions.has(found.action.base)) actions.set(found.action.base, found.action);
    }
  const facets = facetsOf(title, text.slice(0, 60_000));
  const actors = actorsOf(tokens, facets);
  return {
    feature: featureOf(title, new Set(namesOf(tokens))),
    actions: [...actions.values()].slice(0, most.actions),
    things: thingsOf(tokens, objects, new Set(actors)).slice(0, most.things),
    actors: actors.slice(0, most.actors),
    externals: externalsOf(tokens, facets).slice(0, most.externals),
    facets,
    stems: new Set(wordsOf(whole).map(stem)),
    sentences,
  };
}

/** Words that stand in front of a verb, not of a noun. */
const beforeVerb =
  /^(?:to|can|could|should|must|will|would|may|might|and|or|then|we|they|you|i|who|that|not|also|automatically|let|help|users?|admins?|customers?)$/i;

function isVerbAt(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || token.fixed || verbOf(token.text) === null) return false;
  const before = tokens[at - 1];
  const after = tokens[at + 1];
  // `rate limiting`, `search indexing`
  if (after !== undefined && !token.breaks && /ing$/i.test(after.text) && !/ing$/i.test(token.text))
    return false;
  if (/ing$/i.test(token.text)) return before === undefined || !isNounLike(before) || before.breaks;
  if (before === undefined || before.breaks) return !/ed$/i.test(token.text);
  const isActor = people.has(singularOf(before.text.toLowerCase()));
  return beforeVerb.test(before.text) || (isActor && !/ed$/i.test(token.text));
}

/** `drops` of `the importer drops rows`: the noun ends in front of it. */
function isPredicate(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || token.breaks || token.fixed || !/s$/i.test(token.text)) return false;
  const base = verbOf(token.text);
  return base !== null && base !== token.text.toLowerCase() && at + 1 < tokens.length;
}

function isNounLike({ text }: Token): boolean {
  return !functionWords.has(text.toLowerCase());
}

function actionsOf(tokens: readonly Token[]): { action: Action; objects: string[] }[] {
  const found: { action: Action; objects: string[] }[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || !isVerbAt(tokens, at)) continue;
    const verb = verbOf(token.text) ?? "";
    if (introducingVerbs.has(verb) && verb !== "create") continue;
    const next = tokens[at + 1];
    const particle =
      next !== undefined && !token.breaks && particles[verb]?.test(next.text.toLowerCase())
        ? next
        : undefined;
    const last = particle ?? token;
    const object = last.breaks ? [] : nounAfter(tokens, particle === undefined ? at + 1 : at + 2);
    const words = object.map(({ shown, fixed }, place) =>
      place === object.length - 1 && !fixed && /^[a-z]+$/.test(shown) ? manyOf(shown) : shown,
    );
    if (words.length === 0 && particle === undefined && !intransitive.has(verb)) continue;
    if (
      (verb === "log" || verb === "sign" || verb === "check" || verb === "roll") &&
      particle === undefined &&
      words.length === 0
    )
      continue;
    const tail = [particle?.text.toLowerCase(), ...words].filter((word) => word !== undefined);
    const head = object.at(-1)?.text.toLowerCase();
    found.push({
      action: {
        base: [verb, ...tail].join(" "),
        doing: [
          particle === undefined ? gerundOf(verb) : gerundOf(verb === "log" ? "log" : verb),
          ...tail,
        ].join(" "),
      },
      objects: head === undefined ? [] : [singularOf(head)],
    });
  }
  return found;
}

/** A thing in general: `API keys` of `API key`. */
function manyOf(noun: string): string {
  const isCounted = /s$/.test(noun) || dataNouns.has(noun) || people.has(noun);
  return isCounted ? pluralOf(singularOf(noun)) : noun;
}

/** The noun that begins at or soon after a place: articles and plain adjectives are left out. */
function nounAfter(tokens: readonly Token[], start: number): Token[] {
  let at = start;
  while (at < start + 3) {
    const token = tokens[at];
    if (token === undefined) return [];
    const word = token.text.toLowerCase();
    const isArticle =
      /^(?:a|an|the|their|its|his|her|my|our|your|all|any|each|every|some|own|these|those|this|that)$/.test(
        word,
      );
    if (!isArticle && !plainAdjectives.has(word)) break;
    if (token.breaks) return [];
    at += 1;
  }
  return nounFrom(tokens, at, 3);
}

function nounFrom(tokens: readonly Token[], start: number, longest: number): Token[] {
  const noun: Token[] = [];
  for (let at = start; at < tokens.length && noun.length < longest; at++) {
    const token = tokens[at];
    if (token === undefined || functionWords.has(token.text.toLowerCase()) || /^\d/.test(token.text)) break;
    // `cancelling removes it` is about no removes, `cancelling orders` is about orders.
    const isData = at === start && dataNouns.has(verbOf(token.text) ?? "");
    if (!isData && ((at > start && isVerbAt(tokens, at)) || isPredicate(tokens, at))) break;
    if (/ly$/i.test(token.text)) break;
    noun.push(token);
    if (token.breaks) break;
  }
  return noun;
}

function thingsOf(
  tokens: readonly Token[][],
  objects: ReadonlySet<string>,
  actors: ReadonlySet<string>,
): string[] {
  const found = new Map<string, { score: number; at: number }>();
  let order = 0;
  for (const [line, sentence] of tokens.entries()) {
    for (let at = 0; at < sentence.length; ) {
      const isVerb = isVerbAt(sentence, at) || (at > 0 && isPredicate(sentence, at));
      const noun = isVerb ? [] : nounFrom(sentence, at, 4);
      if (noun.length === 0) {
        at += 1;
        continue;
      }
      at += noun.length;
      const name = thingNamed(noun);
      if (name === null || actors.has(name.plural)) continue;
      if (screenNouns.has(name.head) && !objects.has(name.head)) continue;
      const known = found.get(name.plural) ?? { score: 0, at: order++ };
      known.score +=
        1 +
        (name.wasPlural ? 2 : 0) +
        (objects.has(name.head) ? 2 : 0) +
        (dataNouns.has(name.head) ? 2 : 0) +
        (line === 0 ? 2 : 0);
      found.set(name.plural, known);
    }
  }
  const ranked = [...found]
    .filter(([, { score }]) => score >= 3)
    .sort(([, one], [, other]) => other.score - one.score || one.at - other.at)
    .map(([name]) => name);
  // `payments` says nothing that `failed payments` before it does not.
  return ranked.filter((name, at) => !ranked.slice(0, at).some((other) => other.endsWith(` ${name}`)));
}

/** A noun as the name of data; null for what is none. */
function thingNamed(noun: readonly Token[]): { plural: string; head: string; wasPlural: boolean } | null {
  const kept = noun.filter(({ text }) => !plainAdjectives.has(text.toLowerCase())).slice(-2);
  const last = kept.at(-1);
  if (last === undefined || last.fixed) return null;
  const word = last.text.toLowerCase();
  const head = singularOf(word);
  if (!/^[a-z]{3,}$/.test(head) || abstractNouns.has(head) || people.has(head)) return null;
  if (/(?:tion|ment|ness|ity|ing|ance|ence|ism)$/.test(head) && head === word && !dataNouns.has(head))
    return null;
  if (services.has(word)) return null;
  const wasPlural = head !== word;
  if (!wasPlural && !dataNouns.has(head)) return null;
  const before = kept.slice(0, -1).map(({ shown }) => shown);
  return { plural: [...before, pluralOf(head)].join(" "), head, wasPlural };
}

function actorsOf(tokens: readonly Token[][], facets: ReadonlyMap<Facet, Shown>): string[] {
  const found = new Set<string>();
  for (const { text } of tokens.flat()) {
    const word = singularOf(text.toLowerCase());
    if (people.has(word)) found.add(pluralOf(word));
  }
  if (found.size === 0)
    found.add(
      facets.has("library") || (facets.has("api") && !facets.has("ui") && !facets.has("cli"))
        ? "callers"
        : "users",
    );
  // Of `client` mostly a program is meant.
  if (found.size > 1) found.delete("clients");
  return [...found];
}

const roles: readonly (readonly [Facet, string])[] = [
  ["auth", "the identity provider"],
  ["money", "the payment provider"],
  ["messages", "the mail service"],
  ["ai", "the model's provider"],
];

function externalsOf(tokens: readonly Token[][], facets: ReadonlyMap<Facet, Shown>): string[] {
  const found = new Set<string>();
  for (const sentence of tokens) {
    for (const [at, token] of sentence.entries()) {
      const known = services.get(token.text.toLowerCase());
      // `teams`, `linear` and `segment` are words, too.
      if (known !== undefined && (/[A-Z]/.test(token.text) || /[A-Z0-9]{2}|\d/.test(known))) found.add(known);
      const next = sentence[at + 1]?.text.toLowerCase() ?? "";
      const isName =
        /^[A-Z][A-Za-z0-9]+$/.test(token.text) && (at > 0 || /[A-Z0-9]/.test(token.text.slice(1)));
      if (isName && /^(?:api|webhooks?|sdk|oauth|integration)$/.test(next) && !isAcronym(token.text))
        found.add(token.text);
    }
  }
  const meant = facets.get("external");
  if (found.size === 0 && meant !== undefined) {
    const role = roles.find(([facet]) => facets.has(facet));
    found.add(role?.[1] ?? "the other system");
  }
  return [...found];
}

const isAcronym = (word: string) =>
  /^(?:REST|HTTP|HTTPS|JSON|XML|GraphQL|Public|Web|New|Our|The|Internal|External)$/.test(word);

/** Names that keep their capital inside a sentence. */
function namesOf(tokens: readonly Token[][]): string[] {
  return tokens.flatMap((sentence) =>
    sentence
      .filter(({ text }, at) => at > 0 && /^[A-Z]/.test(text) && !sentence[at - 1]?.breaks)
      .map(({ text }) => text),
  );
}
