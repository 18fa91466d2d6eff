import { mentionedPaths, type Survey, surveyRepository } from "../../change/survey.js";
import { UsageError } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import { openFlowWriter } from "../../flow/writer.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import type { Sluice } from "../../sluice.js";
import { recordWork } from "../../state/metrics.js";
import { categoryOf } from "../categories.js";
import { readContent } from "../content.js";
import { lookUp } from "../look-up/look-up.js";
import { vagueWordIn } from "../pointed.js";
import type { PremiumAccess } from "../premium.js";
import type { Subject } from "../subject.js";
import { type Answer, type GivenAnswer, numbered } from "./answers.js";
import { composeSpec, composeTask, evidenceKey, listedEvidence, type SpecParts } from "./compose.js";
import { type Contradiction, contradictionsIn } from "./contradictions.js";
import type { DraftedSpec } from "./draft-spec-schema.js";
import { criteriaIn, placeOf, type Statement, saidBy } from "./statements.js";
import { sectionsOf, templateFor, withoutPlaceholders } from "./templates.js";
import { type ModelSpec, writeSpec } from "./write-model.js";

export interface DraftSpecOptions {
  answers: readonly GivenAnswer[];
  /** Of a new spec. */
  title?: string | undefined;
  write?: boolean | undefined;
  /** What scouts found about it. */
  digest?: string | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why no premium model may be asked; undefined when one may. */
  noPremium?: string | undefined;
  tier?: LocalTier | undefined;
  open?: PremiumAccess["open"];
}

const mostVague = 6;
const leastCriterion = 4;

/**
 * A spec from answers, in the form of the folder's dialect. Each statement names the answer or file that it rests on,
 * or is marked as an assumption; acceptance criteria and limits stay word for word; what the spec says already stays.
 * With `write` it is stored, else nothing is.
 *
 * @throws UsageError when it can't be stored as asked
 */
export async function draftSpec(
  subject: Subject,
  project: Project,
  sluice: Sluice,
  options: DraftSpecOptions,
): Promise<DraftedSpec> {
  const { signal, onProgress } = options;
  const began = performance.now();
  checkTarget(subject, options);
  onProgress?.("looking up what the repository says");
  const survey = await surveyRepository(project.repository, { signal, commits: 1 });
  const lookedUp = await lookUp(project.repository, survey, `${subject.title}\n${subject.text}`);
  const existing = sectionsOf(
    subject.spec !== null && subject.task === null
      ? (subject.spec.markdown ?? "")
      : (subject.task?.sections.description ?? "").replace(/^### /gm, "## "),
  );
  const { ids, next: from } = listedEvidence(existing);
  const fresh = numbered(options.answers, from);
  const known = fresh.map((answer) => ids.get(evidenceKey(answer)) ?? null);
  const answers = fresh
    .filter((_, at) => known[at] === null)
    .map((answer, at) => ({ ...answer, id: `A${from + at}` }));
  const source = subject.path ?? "idea";
  const skipped: DraftedSpec["skipped"] = survey.notes.map((why) => ({ what: "repository", why }));
  const repeated = known.filter((id) => id !== null).length;
  if (repeated > 0) skipped.push({ what: `${repeated} answers`, why: "the spec has them already" });

  const model = await byModel(
    subject,
    project,
    sluice,
    options,
    { answers, lookedUp, survey, source },
    skipped,
  );
  const contradictions = merged(contradictionsIn(answers, subject.text, source), model?.contradictions ?? []);
  const statements = [
    ...(model?.statements ?? []),
    ...answers
      .filter(({ id }) => model?.covered.has(id) !== true)
      .flatMap((answer) => statementOf(answer, survey)),
  ];
  const criteria = criteriaOf(answers, survey);
  const open = openQuestions(answers, contradictions, survey, model?.open ?? []);
  const title = options.title ?? subject.title.replace(/[.\s]+$/, "");
  const parts: SpecParts = {
    heading: subject.id === null ? `# ${title.replace(/^#+\s*/, "")}` : `# ${subject.id} ${title}`,
    template: templateFor(subject.spec?.dialect ?? subject.flow?.dialect ?? "spec", existing),
    existing,
    request: requestOf(subject),
    statements,
    criteria,
    open,
    lookedUp,
    evidence: answers,
  };
  const task = subject.task === null ? null : composeTask(parts, subject.task.sections);
  const markdown =
    task === null
      ? composeSpec(parts)
      : `## Description\n${task.description}\n\n## Acceptance\n${task.acceptance}\n`;
  const stored =
    options.write === true ? await store(subject, project, sluice, options, markdown, task) : null;
  await recordWork(
    project.store,
    sluice,
    began,
    {
      tool: "draft_spec",
      about: { task: stored?.id ?? subject.id, branch: project.repository.branch },
      outcome: model === null ? "answers" : "model",
    },
    ...(model === null ? [{ kind: "skip" as const, what: "prose of a spec", why: "no model" }] : []),
  );
  return {
    markdown,
    path: stored?.specPath ?? null,
    open_questions: open,
    contradictions,
    assumptions: statements.filter(({ trace }) => trace.length === 0).map(({ text }) => text),
    id: stored?.id ?? subject.id,
    written_by: model?.by ?? "answers",
    next: nextStep(
      subject,
      stored?.id ?? null,
      open.length,
      task === null ? openSections(markdown) : [],
      options,
    ),
    skipped,
  };
}

/** What can't be stored is said before any work is done. */
function checkTarget({ kind, id }: Subject, { write, title }: DraftSpecOptions): void {
  if (title !== undefined && id !== null) {
    throw new UsageError(
      `${id} has its title already.`,
      "Leave title out to write into it, or pass the idea or a file as `about` for a new spec.",
    );
  }
  if (write === true && title === undefined && id === null) {
    throw new UsageError(
      `There is no spec yet to write this ${kind} into.`,
      "Pass title to have a new spec made, or an epic or task id as `about`.",
    );
  }
}

async function byModel(
  subject: Subject,
  project: Project,
  sluice: Sluice,
  options: DraftSpecOptions,
  known: {
    answers: Answer[];
    lookedUp: Parameters<typeof writeSpec>[2]["lookedUp"];
    survey: Survey;
    source: string;
  },
  skipped: DraftedSpec["skipped"],
): Promise<ModelSpec | null> {
  const { config, store, repository } = project;
  const about = { task: subject.id, branch: repository.branch };
  const { signal, onProgress } = options;
  const given = known.answers.filter(({ state }) => state === "given");
  const material = given.length + subject.text.length + (options.digest ?? "").length;
  if (material === 0) return null;
  const paths = new Set(known.survey.files.map(({ path }) => path));
  // Without answers it is the plan's step, from the text and what scouts found.
  const setting = given.length > 0 ? config.interview.spec_drafting : config.plan.spec_drafting;
  const write: Parameters<typeof writeSpec>[2] = {
    answers: known.answers,
    lookedUp: known.lookedUp,
    digest: options.digest ?? "",
    has: (path) => paths.has(path),
    source: known.source,
    content: readContent(
      subject.title,
      `${subject.text}\n${given.map(({ question, answer }) => `${question} ${answer}`).join("\n")}`,
    ),
    signal,
    onProgress,
  };
  const reasons: string[] = [];
  if (setting.backend !== "premium") {
    const written = await writeSpec(
      { tier: options.tier ?? openLocal(config, sluice, { store }) },
      subject,
      write,
    );
    if (typeof written !== "string") return noted(written, skipped);
    reasons.push(written);
  }
  if (setting.backend !== "local") {
    if (options.noPremium !== undefined) reasons.push(options.noPremium);
    else {
      const written = await writeSpec(
        { sluice, access: { store, config, about, signal, onProgress, open: options.open, model: setting } },
        subject,
        write,
      );
      if (typeof written !== "string") return noted(written, skipped);
      reasons.push(written);
    }
  }
  skipped.push({
    what: "prose by a model",
    why: `${reasons.join(" ")} The answers stand as they were given.`,
  });
  return null;
}

function noted(model: ModelSpec, skipped: DraftedSpec["skipped"]): ModelSpec {
  if (model.dropped > 0)
    skipped.push({
      what: `${model.dropped} of the model's statements`,
      why: "they rest on no answer and no file",
    });
  return model;
}

function statementOf(answer: Answer, survey: Survey): Statement[] {
  const { id, question, category, state } = answer;
  if (state === "open" || category === "acceptance") return [];
  const place = placeOf(answer, categoryOf(category).title);
  if (state === "delegated")
    return [{ ...place, text: `${question} Left to who builds it [${id}]`, trace: [] }];
  const paths = mentionedPaths(survey, answer.answer).found.slice(0, 4);
  return [{ ...place, text: saidBy(answer), trace: [id, ...paths] }];
}

function criteriaOf(answers: readonly Answer[], survey: Survey): Pick<Statement, "text" | "trace">[] {
  return answers
    .filter(({ category, state }) => category === "acceptance" && state === "given")
    .flatMap((answer) => {
      const paths = mentionedPaths(survey, answer.answer).found.slice(0, 4);
      const found = criteriaIn(answer.answer);
      return found.map((text) => ({
        text:
          found.length > 1 || text.split(/\s+/).length >= leastCriterion
            ? text
            : saidBy({ ...answer, answer: text }),
        trace: [answer.id, ...paths],
      }));
    });
}

function openQuestions(
  answers: readonly Answer[],
  contradictions: readonly Contradiction[],
  survey: Survey,
  more: readonly string[],
): string[] {
  const found = contradictions.map(
    ({ between, why }) => `Contradiction between ${between.join(" and ")}: ${why}`,
  );
  const paths = new Set<string>();
  let vague = 0;
  for (const { id, question, answer, category, state } of answers) {
    if (state === "open")
      found.push(`${question} (not answered, ${categoryOf(category).title.toLowerCase()})`);
    if (state !== "given") continue;
    for (const path of mentionedPaths(survey, answer).missing) {
      if (!paths.has(path)) found.push(`${id} names ${path}, which is not there: is it to be made?`);
      paths.add(path);
    }
    const word = vagueWordIn(answer);
    if (word !== null && vague < mostVague) {
      vague += 1;
      found.push(`${id} says “${word.word}”: ${word.ask}?`);
    }
  }
  return [...found, ...more];
}

function merged(own: readonly Contradiction[], model: readonly Contradiction[]): Contradiction[] {
  const key = ({ between }: Contradiction) => [...between].sort().join(" ");
  const known = new Set(own.map(key));
  return [...own, ...model.filter((one) => !known.has(key(one)))];
}

/** A spec or task says itself what it is about. */
function requestOf({ kind, text, path }: Subject): SpecParts["request"] {
  if (kind === "idea") return { text, source: "idea" };
  return kind === "file" && path !== null ? { text: text.slice(0, 4_000), source: path } : null;
}

async function store(
  subject: Subject,
  project: Project,
  sluice: Sluice,
  { title, signal, onProgress }: DraftSpecOptions,
  markdown: string,
  task: { description: string; acceptance: string } | null,
): Promise<{ id: string; specPath: string }> {
  onProgress?.("writing it into .flow");
  const writer = await openFlowWriter(project, sluice, { signal });
  if (task !== null && subject.id !== null) return writer.setTaskSpec(subject.id, task);
  if (subject.id !== null) return writer.setPlan(subject.id, markdown);
  return writer.createSpec({ title: title ?? subject.title, markdown });
}

/** Sections that nobody has written yet. */
function openSections(markdown: string): string[] {
  return sectionsOf(markdown)
    .filter(({ heading, body }) => heading !== "" && body !== "" && withoutPlaceholders(body) === "")
    .map(({ heading }) => heading);
}

function nextStep(
  { id, kind }: Subject,
  stored: string | null,
  open: number,
  sections: readonly string[],
  { title }: DraftSpecOptions,
): string {
  const settle =
    open > 0 ? `Settle the ${open} open ${open === 1 ? "question" : "questions"} with the user. ` : "";
  const fill =
    sections.length > 0
      ? `Nothing is said yet on ${sections.join(", ")} (TBD): ask, and pass the answers, or take the sections out; review_plan sends them back. `
      : "";
  const ask = `${settle}${fill}`;
  if (stored === null) {
    const how = id !== null ? "" : title === undefined ? " and a title" : "";
    return `${ask}Nothing is written: show it to the user, then call draft_spec again with write: true${how}.`;
  }
  return kind === "task"
    ? `${ask}Then reanchor_task with ${stored}.`
    : `${ask}Then break_down_tasks with ${stored}, and review_plan.`;
}
