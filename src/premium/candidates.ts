import type { Config } from "../config/schema.js";
import { isKnownName, type ResolvedModel, resolveModel, routineModel, routingNames } from "./catalog.js";
import { sourceNames } from "./sources.js";

export const quotaLowest = "quota_lowest";

/** A source and model that a routing list leads to. */
export interface Candidate {
  source: string;
  /** Null when the source has no such model. */
  model: ResolvedModel | null;
  /** The routing name that led here. */
  name: string;
  /** Why there is no model; null when there is one. */
  why: string | null;
}

/** One place of a routing list: one candidate, or several of which the one with most left is taken. */
export interface Choice {
  entry: string;
  candidates: Candidate[];
}

type Class = "SECURITY" | "COMPLEX" | "ROUTINE";
type Settings = Pick<Config, "models" | "premium_sources">;

/**
 * The places of a class's routing list in order, and what is wrong with those that lead nowhere.
 *
 * `quota_lowest` means, for each class:
 * - SECURITY: the pairs that the list names itself, whichever of them has most left. Nothing else, ever.
 * - COMPLEX: every source that has a model that the list names.
 * - ROUTINE: every source, with the first model of the list that it has, else its own good and cheap one.
 */
export function routingChoices(
  settings: Settings,
  list: readonly string[],
  asked: Class,
): { choices: Choice[]; problems: string[] } {
  const problems: string[] = [];
  const choices: Choice[] = [];
  const pairs = list.filter((entry) => entry !== quotaLowest).map((entry) => ({ entry, ...split(entry) }));
  for (const { entry, source, name } of pairs) {
    const problem = misunderstood(settings, entry, source, name);
    if (problem !== null) problems.push(problem);
  }
  for (const entry of list) {
    if (entry !== quotaLowest) {
      const { source, name } = split(entry);
      choices.push({
        entry,
        candidates: [candidate(settings, source, name, misunderstood(settings, entry, source, name))],
      });
      continue;
    }
    const understood = pairs.filter(
      (pair) => misunderstood(settings, pair.entry, pair.source, pair.name) === null,
    );
    const candidates =
      asked === "SECURITY"
        ? understood.map(({ source, name }) => candidate(settings, source, name, null))
        : everySource(settings, [...new Set(understood.map(({ name }) => name))], asked);
    choices.push({ entry, candidates });
  }
  return { choices, problems };
}

/**
 * The places of a list of models for anything that is no review of a change, in order, and what is wrong with those
 * that lead nowhere. An entry is `source:model`; a bare routing name, which is any source that has that model; or
 * `quota_lowest`, which is any source, with the first model of the list that it has, else its own good and cheap one.
 */
export function modelChoices(
  settings: Settings,
  list: readonly string[],
): { choices: Choice[]; problems: string[] } {
  const problems: string[] = [];
  const names = list.filter((entry) => entry !== quotaLowest).map((entry) => split(entry).name || entry);
  const choices = list.map((entry): Choice => {
    if (entry === quotaLowest) return { entry, candidates: everySource(settings, names, "ROUTINE") };
    const { source, name } = split(entry);
    if (name !== "") {
      const problem = misunderstood(settings, entry, source, name);
      if (problem !== null) problems.push(problem);
      return { entry, candidates: [candidate(settings, source, name, problem)] };
    }
    const candidates = everySource(settings, [entry], "COMPLEX");
    if (candidates.length === 0) {
      problems.push(
        `\`${entry}\` is no model that a premium source lists; known are ${routingNames(settings).join(", ")}`,
      );
    }
    return { entry, candidates };
  });
  return { choices, problems };
}

/** Ids of every model that a list for `modelChoices` leads to, the ones that stand for retired models included. */
export function chosenModels(settings: Settings, list: readonly string[]): Set<string> {
  return idsOf(modelChoices(settings, list).choices);
}

/** Ids of every model that a class's list leads to, by any source, the ones that stand for retired models included. */
export function namedModels(settings: Settings, list: readonly string[], asked: Class): Set<string> {
  return idsOf(routingChoices(settings, list, asked).choices);
}

function idsOf(choices: readonly Choice[]): Set<string> {
  const models = choices.flatMap(({ candidates }) =>
    candidates.flatMap(({ model }) => (model === null ? [] : [model])),
  );
  return new Set(models.flatMap(({ id, also }) => [id, ...also]));
}

function split(entry: string): { source: string; name: string } {
  const colon = entry.indexOf(":");
  return colon < 0
    ? { source: entry, name: "" }
    : { source: entry.slice(0, colon), name: entry.slice(colon + 1) };
}

/** What is wrong with an entry whatever is configured; null when nothing is. */
function misunderstood(settings: Settings, entry: string, source: string, name: string): string | null {
  if (name === "") return `\`${entry}\` is neither \`source:model\` nor \`${quotaLowest}\``;
  const sources = Object.keys(settings.premium_sources);
  if (!sources.includes(source) || !sourceNames.includes(source)) {
    return `\`${entry}\`: no source is called ${source}; known are ${sourceNames.join(", ")}`;
  }
  if (!isKnownName(settings, source, name)) {
    return `\`${entry}\`: no model is called ${name}; known are ${routingNames(settings).join(", ")} (add yours to \`models\` in your own configuration)`;
  }
  return null;
}

function candidate(settings: Settings, source: string, name: string, problem: string | null): Candidate {
  const model = problem === null ? resolveModel(settings, source, name) : null;
  const missing = `${source} has no ${name}: premium_sources.${source}.models does not list it`;
  return { source, name, model, why: model === null ? (problem ?? missing) : null };
}

function everySource(settings: Settings, names: readonly string[], asked: Class): Candidate[] {
  return Object.keys(settings.premium_sources)
    .filter((source) => sourceNames.includes(source))
    .flatMap((source) => {
      for (const name of names) {
        const model = resolveModel(settings, source, name);
        if (model) return [{ source, name, model, why: null }];
      }
      const cheap = asked === "ROUTINE" ? routineModel(settings, source) : null;
      return cheap ? [{ source, name: cheap.name, model: cheap, why: null }] : [];
    });
}
