import { type CategoryId, categoryOf } from "../categories.js";
import type { Content } from "../content.js";
import { isFacet, isOfNature } from "../facets.js";
import { singularOf, withArticle } from "../number.js";
import type { Draft } from "../question.js";
import { type Row, slots } from "./read.js";
import { rowsOf } from "./rows.js";

/** What a question may name besides what the text says. */
export interface Surroundings {
  /** Source files that are about the same, the nearest first. */
  files: readonly string[];
}

/** How much a row is worth that a text gives a name for; a facet's counts by how much the text is about it. */
const worth = { file: 9, external: 7, doing: 6, things: 5 } as const;
const facetWorth = 4;

/** Which of several names the next question takes: the first one mostly. */
const turns = [0, 1, 0, 2, 1, 0, 3] as const;

/**
 * A category's questions for a text, from the bank, with names from the text and its surroundings in them: the general
 * one that opens the category, then what the text gives occasion for, then the rest. Deterministic.
 */
export function bankQuestions(category: CategoryId, content: Content, { files }: Surroundings): Draft[] {
  const rows = rowsOf(category);
  const names = namesOf(category, content, files);
  const opening = rows.find((row) => rateOf(row, content, names) > 0);
  const rated = rows
    .map((row, at) => ({ row, at, rate: row === opening ? 100 : rateOf(row, content, names) }))
    .filter(({ rate }) => rate > 0)
    .sort((one, other) => other.rate - one.rate || one.at - other.at);
  return rated.map(({ row }, at) => filled(row, category, content, names, at));
}

type Names = Readonly<Record<(typeof slots)[number], readonly string[]>>;

/** Names in an order of the category's own, so that not every category speaks of the same one. */
function namesOf(category: CategoryId, content: Content, files: readonly string[]): Names {
  const start = Math.max(
    0,
    [...categoryOf(category).id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2,
  );
  const turned = <T>(list: readonly T[]) =>
    list.length < 2 || start === 0 ? list : [...list.slice(1, 2), ...list.slice(0, 1), ...list.slice(2)];
  return {
    things: turned(content.things),
    doing: turned(content.actions.map(({ doing }) => doing)),
    external: turned(content.externals),
    file: files.map((path) => `\`${path}\``),
  };
}

/** 0 where the text gives no occasion for a row. */
function rateOf({ on, unless, question }: Row, content: Content, names: Names): number {
  if (unless.some((nature) => isOfNature(nature, content.facets))) return 0;
  const rates = on.map((condition) => {
    if (!isFacet(condition)) return names[condition].length === 0 ? 0 : worth[condition];
    const shown = content.facets.get(condition);
    return shown === undefined ? 0 : facetWorth + Math.min(4, shown.weight);
  });
  if (slots.some((slot) => names[slot].length === 0 && mentions(question, slot))) return 0;
  return rates.includes(0) ? 0 : Math.max(1, ...rates);
}

function mentions(question: string, slot: (typeof slots)[number]): boolean {
  const pattern = slot === "things" ? /\{(?:a )?things?\}/i : new RegExp(`\\{${slot}\\}`, "i");
  return pattern.test(question);
}

function filled(row: Row, category: CategoryId, content: Content, names: Names, at: number): Draft {
  const pick = (slot: (typeof slots)[number]) => {
    const list = names[slot];
    return list[(turns[at % turns.length] ?? 0) % Math.max(1, list.length)] ?? "";
  };
  const things = pick("things");
  const [actors = "users"] = content.actors;
  const thing = singularPhrase(things);
  const values: Record<string, string> = {
    feature: content.feature,
    actors,
    "an actor": withArticle(singularPhrase(actors)),
    things,
    thing,
    "a thing": withArticle(thing),
    doing: pick("doing"),
    external: pick("external"),
    file: pick("file"),
  };
  const fill = (text: string) =>
    text.replace(/\{([A-Za-z ]+)\}/g, (_all, name: string) => {
      const value = values[name.toLowerCase()];
      if (value === undefined) throw new Error(`no value for {${name}} in: ${text}`);
      const isCapital = /^[A-Z]/.test(name);
      return isCapital ? `${value.slice(0, 1).toUpperCase()}${value.slice(1)}` : value;
    });
  return {
    category,
    question: fill(row.question),
    why: fill(row.why),
    options: row.options.map(({ label, description }) => ({
      label: fill(label),
      description: fill(description),
    })),
    from: "bank",
    occasion:
      row.on.length === 0
        ? null
        : row.on.map((one) => (isFacet(one) ? (content.facets.get(one)?.word ?? one) : one)).join(", "),
  };
}

function singularPhrase(plural: string): string {
  const words = plural.split(" ");
  return [...words.slice(0, -1), singularOf(words.at(-1) ?? "")].join(" ");
}
