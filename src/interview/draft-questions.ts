import { type Survey, surveyRepository } from "../change/survey.js";
import { UsageError } from "../errors.js";
import type { Project } from "../flow/project.js";
import { type LocalTier, openLocal } from "../local/local.js";
import type { Sluice } from "../sluice.js";
import { recordWork } from "../state/metrics.js";
import { askModel } from "./ask-model.js";
import { bankQuestions } from "./bank/fill.js";
import { batchesOf, chipsOf } from "./batches.js";
import { type CategoryId, categoryIds, usualCategories } from "./categories.js";
import { type Content, readContent } from "./content.js";
import { Distinct } from "./distinct.js";
import type { DraftedQuestions } from "./draft-questions-schema.js";
import { filesAlike, type LookedUp, lookUp } from "./look-up/look-up.js";
import { pointedQuestions } from "./pointed.js";
import { type PremiumAccess, refineByPremium, writeByPremium } from "./premium.js";
import type { Draft } from "./question.js";
import { readInRepository, shallowness } from "./shallow.js";
import type { Subject } from "./subject.js";

export interface DraftQuestionsOptions {
  /** Names of categories, or `all`; default all but the business ones. */
  categories?: readonly string[] | undefined;
  /** At most, 1 to 10; default 5, which makes an interview of some sixty. */
  perCategory?: number | undefined;
  refine?: "agent" | "premium" | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why no premium model may be asked; undefined when one may. */
  noPremium?: string | undefined;
  /** Default: the configuration's. */
  tier?: LocalTier | undefined;
  open?: PremiumAccess["open"];
}

/** The items by what `of` gives, in the order of coming. */
function groupBy<T>(items: readonly T[], of: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(of(item), [...(groups.get(of(item)) ?? []), item]);
  return groups;
}

const usualEach = 5;
const mostFiles = 4;
/** Questions that a premium model gets to refine at once. */
const mostRefined = 30;

/**
 * An interview about something that is to be built: questions by category, in batches as an ask-the-user tool takes
 * them. By the local model where there is one, filled up from the bank with names from the text; what the repository
 * answers is looked up. Never without questions.
 *
 * @throws UsageError when a premium call would take a secret along; the signal's reason
 */
export async function draftQuestions(
  subject: Subject,
  project: Project,
  sluice: Sluice,
  options: DraftQuestionsOptions,
): Promise<DraftedQuestions> {
  const { signal, onProgress, perCategory = usualEach } = options;
  const began = performance.now();
  const { repository, config } = project;
  const { question_generation: generation } = config.interview;
  onProgress?.("looking up what the repository answers");
  const survey = await surveyRepository(repository, { signal, commits: 1 });
  const content = readContent(subject.title, `${subject.text}\n${subject.context}`);
  const lookedUp = await lookUp(repository, survey, `${subject.title}\n${subject.text}`);
  const wanted = wantedCategories(options);
  const skipped: DraftedQuestions["skipped"] = survey.notes.map((why) => ({ what: "repository", why }));
  const about = { task: subject.id, branch: repository.branch };
  const access: PremiumAccess = {
    store: project.store,
    config,
    about,
    signal,
    onProgress,
    open: options.open,
  };

  const written = new Map<CategoryId, Draft[]>();
  /** The premium model that wrote them. */
  let writer: string | null = null;
  const byPremium = async (why: string) => {
    if (options.noPremium !== undefined) return why;
    onProgress?.("asking a premium model for the questions");
    const given = await writeByPremium(sluice, access, subject, content, lookedUp, wanted, perCategory);
    if (given.state === "unanswered") return `${why} ${given.why}`;
    for (const [category, drafts] of given.value) written.set(category, drafts);
    writer = given.by;
    skipped.push({
      what: "local model",
      why: `${why} ${given.by} wrote the questions instead, in one call.`,
    });
    return null;
  };
  let missing: string | null = null;
  if (generation.backend === "premium")
    missing = await byPremium("interview.question_generation.backend is premium.");
  else {
    const tier = options.tier ?? openLocal(config, sluice, { store: project.store });
    const asked = await askModel(tier, subject, content, lookedUp, wanted, { signal, onProgress });
    for (const [category, drafts] of asked.drafts) written.set(category, drafts);
    for (const [why, failed] of groupBy(asked.failed, (one) => one.why))
      skipped.push({ what: `local model: ${failed.map(({ category }) => category).join(", ")}`, why });
    for (const [why, count] of asked.refused)
      skipped.push({ what: `${count} of the model's questions`, why });
    if (asked.absent !== null)
      missing = generation.fallback_to_premium ? await byPremium(asked.absent) : asked.absent;
  }
  if (missing !== null) {
    skipped.push({
      what: "questions by a model",
      why: `${missing.trim()} They come from the bank, with names from the text.`,
    });
  }

  const chosen = choose(wanted, perCategory, written, content, lookedUp, survey, subject);
  if (chosen.readable > 0)
    skipped.push({ what: `${chosen.readable} questions`, why: "the repository answers them: see looked_up" });
  if (chosen.repeats > 0) skipped.push({ what: `${chosen.repeats} questions`, why: "near-duplicates" });

  let { drafts } = chosen;
  let refinedBy: string | null = null;
  let request: string | null = null;
  const refinement = config.interview.premium_refinement;
  const shallowOf = (list: readonly Draft[]) => list.map((draft) => shallowness(draft, content, lookedUp));
  let shallow = shallowOf(drafts);
  const onShallow = /shallow/.test(refinement.trigger);
  const found = shallow.filter((evidence) => evidence.length > 0).length;
  const isWanted = options.refine !== undefined || (found > 0 && onShallow);
  if (isWanted && !refinement.enabled) {
    skipped.push({ what: "refinement", why: "interview.premium_refinement.enabled is false" });
  } else if (isWanted) {
    const targets = refinementTargets(shallow, drafts);
    // Who asked for no premium call does not pay for a second one.
    const itself =
      options.refine === "premium" ||
      (options.refine === undefined && generation.backend === "hybrid" && writer === null);
    if (itself && options.noPremium !== undefined)
      skipped.push({ what: "premium refinement", why: options.noPremium });
    else if (itself) {
      onProgress?.("asking a premium model to refine");
      const numbered = drafts.map((draft, at) => ({
        draft,
        number: at + 1,
        shallow: targets.has(at) ? (shallow[at] ?? []) : null,
      }));
      const given = await refineByPremium(sluice, access, subject, content, lookedUp, numbered);
      if (given.state === "answered") {
        refinedBy = given.by;
        drafts = replaced(drafts, given.value, content);
        shallow = shallowOf(drafts);
      } else skipped.push({ what: "premium refinement", why: given.why });
    }
    if (refinedBy === null)
      request = refinementRequest([...targets], options.refine !== undefined && found === 0);
  }
  await recordWork(
    project.store,
    sluice,
    began,
    { tool: "draft_questions", about, outcome: missing === null ? "model" : "bank" },
    ...(missing === null ? [] : [{ kind: "skip" as const, what: "questions", why: "no model" }]),
  );
  return assembled(subject, drafts, shallow, lookedUp, skipped, { refinedBy, writer, request });
}

function wantedCategories({ categories }: DraftQuestionsOptions): readonly CategoryId[] {
  if (categories === undefined || categories.length === 0) return usualCategories;
  const asked = categories.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, "_"),
  );
  const unknown = asked.findIndex((name) => name !== "all" && !categoryIds.some((id) => id === name));
  if (unknown >= 0) {
    throw new UsageError(
      `There is no category ${JSON.stringify(categories[unknown]?.slice(0, 40))}.`,
      `Pass some of ${categoryIds.join(", ")}, or all; without it all but business are asked.`,
    );
  }
  return asked.includes("all") ? categoryIds : categoryIds.filter((id) => asked.includes(id));
}

/** For each category the model's questions, the deeper ones first, then the bank's, without repeats. */
function choose(
  wanted: readonly CategoryId[],
  each: number,
  written: ReadonlyMap<CategoryId, readonly Draft[]>,
  content: Content,
  lookedUp: readonly LookedUp[],
  survey: Survey,
  subject: Subject,
): { drafts: Draft[]; readable: number; repeats: number } {
  const distinct = new Distinct(content.feature);
  const files = filesAlike(survey, `${subject.title}\n${subject.text}`, mostFiles);
  const pointed = pointedQuestions(content);
  const drafts: Draft[] = [];
  let readable = 0;
  let repeats = 0;
  const isShallow = (draft: Draft) => shallowness(draft, content, lookedUp).length > 0;
  for (const category of wanted) {
    const own = [...(written.get(category) ?? [])].sort(
      (one, other) => Number(isShallow(one)) - Number(isShallow(other)),
    );
    const [opening, ...rest] = bankQuestions(category, content, { files });
    const quoting = pointed.filter((draft) => draft.category === category);
    const bank = [...(opening === undefined ? [] : [opening]), ...quoting, ...rest];
    let taken = 0;
    for (const draft of [...own, ...bank]) {
      if (taken >= each) break;
      const known =
        draft.from === "bank" ? null : (readInRepository(draft.question, lookedUp)?.known ?? null);
      if (known !== null) readable += 1;
      else if (!distinct.take(draft.question)) repeats += draft.from === "bank" ? 0 : 1;
      else {
        drafts.push(draft);
        taken += 1;
      }
    }
  }
  return { drafts, readable, repeats };
}

/** What is refined: the shallow ones; where somebody asks and none is, the one of each category that came last. */
function refinementTargets(shallow: readonly string[][], drafts: readonly Draft[]): Set<number> {
  const targets = shallow.flatMap((evidence, at) => (evidence.length > 0 ? [at] : []));
  if (targets.length > 0) return new Set(targets.slice(0, mostRefined));
  const last = drafts.flatMap(({ category }, at) => (drafts[at + 1]?.category === category ? [] : [at]));
  return new Set(last.slice(0, mostRefined));
}

/** With the refined ones in their places, as far as they repeat none that stays. */
function replaced(drafts: readonly Draft[], refined: ReadonlyMap<number, Draft>, content: Content): Draft[] {
  const distinct = new Distinct(content.feature);
  for (const [at, { question }] of drafts.entries()) if (!refined.has(at + 1)) distinct.take(question);
  return drafts.map((old, at) => {
    const draft = refined.get(at + 1);
    return draft === undefined || !distinct.take(draft.question) ? old : draft;
  });
}

function refinementRequest(targets: readonly number[], all: boolean): string {
  const ids = targets.map((at) => `Q${at + 1}`).join(", ");
  return all
    ? `None is shallow by rule; to go deeper, sharpen ${ids} yourself before you ask them: name the text's own data and steps, and what hangs on the answer.`
    : `${ids} ${targets.length === 1 ? "is" : "are"} shallow (see shallow): replace ${targets.length === 1 ? "it" : "each"} yourself by one that names the text's own data and steps and whose answer changes what is built, or leave ${targets.length === 1 ? "it" : "them"} out. refine: "premium" has it done by one premium call.`;
}

function assembled(
  subject: Subject,
  drafts: readonly Draft[],
  shallow: readonly string[][],
  lookedUp: readonly LookedUp[],
  skipped: DraftedQuestions["skipped"],
  { refinedBy, writer, request }: Record<"refinedBy" | "writer" | "request", string | null>,
): DraftedQuestions {
  const batches = batchesOf(drafts);
  const placed = drafts.map((draft, at) => ({ ...draft, batch: batches[at] ?? 1 }));
  const chips = chipsOf(placed);
  const { kind, id, path, title } = subject;
  const ask = `Ask the user batch by batch with your ask-the-user tool (its \`header\`, \`question\`, \`options\`; where there are none, offer your own guesses), skip what an earlier answer settles, then call draft_spec with the answers. Where \`cut\` is set, all ${drafts.length} are in full_result${writer === null ? "; or ask for one of `categories` at a time" : ""}.`;
  const paid =
    writer === null ? "" : `${writer} wrote these in one premium call, and would again for another one. `;
  return {
    questions: placed.map(({ category, question, why, options, batch, from }, at) => ({
      category,
      question,
      why,
      ...(options.length === 0 ? {} : { options }),
      id: `Q${at + 1}`,
      header: chips[at] ?? "",
      batch,
      from,
    })),
    shallow: shallow.flatMap((evidence, at) =>
      evidence.length === 0 ? [] : [{ id: `Q${at + 1}`, evidence }],
    ),
    refined_by: refinedBy,
    next: `${paid}${request === null ? "" : `${request} `}${ask}`,
    looked_up: lookedUp.map(({ question, answer, source }) => ({ question, answer, source })),
    about: { kind, id, path, title },
    skipped,
  };
}
