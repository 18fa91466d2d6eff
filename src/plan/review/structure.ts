import { findCycle } from "../../flow/graph.js";
import { acceptanceCriteria, linesOf, splitFrontmatter } from "../../flow/markdown.js";
import type { FlowTask } from "../../flow/types.js";
import { finding, type PlanFinding, quoted } from "./findings.js";
import { lineOf, type Plan } from "./plan.js";

/** What has to be there for anybody to build a plan, and is not; and what depends on what can't be. */
export function structureFindings(plan: Plan): PlanFinding[] {
  return [
    ...unreadable(plan),
    ...specFindings(plan),
    ...plan.tasks.flatMap((task) => taskFindings(task)),
    ...dependencyFindings(plan),
  ];
}

function unreadable({ unreadable: paths, problems }: Plan): PlanFinding[] {
  const missing = paths.map((path) =>
    finding({
      severity: "certain",
      class: "unreadable",
      file: path,
      line: null,
      about: path,
      message: problems.find((problem) => problem.path === path)?.message ?? "It can't be read.",
    }),
  );
  const broken = problems
    .filter(
      ({ path, message }) => !paths.includes(path) && !/\bit depends on|depend on each other/.test(message),
    )
    .map(({ path, message }) =>
      finding({
        severity: stopsWork.test(message) ? "certain" : "hint",
        class: "broken_folder",
        file: path,
        line: null,
        about: message,
        message: `${message}.`,
      }),
    );
  return [...missing, ...broken];
}

/** What keeps flowctl, or a worker, from the plan's own words; other problems of a folder do no harm to it. */
const stopsWork = /Description|Acceptance|frontmatter|can't be read|not a JSON|its JSON is missing|left out/;

/** Under these a spec says what it is for; any other text at its top does, too. */
const acceptance = /^#{1,6}\s+acceptance\b/i;
const placeholder =
  /^(?:[-*+]\s+)?(?:\[[ xX]\]\s*)?[_*`[(]{0,3}(?:TBD|TODO|FIXME|XXX|\.\.\.|…|to be (?:determined|decided|defined|written)|fill (?:this )?in|placeholder|<[^<>]{0,60}>)[_*`\])]{0,3}[.:]?$/i;

interface Section {
  heading: string;
  /** 0 for what stands before any heading. */
  level: number;
  line: number;
  /** Lines with something in them. */
  body: string[];
}

function sectionsOf(markdown: string): Section[] {
  const body = splitFrontmatter(markdown)?.body ?? markdown;
  const before = markdown.slice(0, markdown.length - body.length).split("\n").length - 1;
  const sections: Section[] = [{ heading: "", level: 0, line: 0, body: [] }];
  for (const [at, { text, fenced }] of linesOf(body).entries()) {
    const level = fenced ? undefined : /^(#{1,6})\s/.exec(text)?.[1]?.length;
    if (level !== undefined) {
      sections.push({ heading: text.replace(/^#+\s+/, "").trim(), level, line: before + at + 1, body: [] });
    } else if (text.trim() !== "" && !/^<!--.*-->$/.test(text.trim()))
      sections.at(-1)?.body.push(text.trim());
  }
  return sections;
}

function specFindings({ spec, tasks }: Plan): PlanFinding[] {
  if (spec.markdown === null) return [];
  const file = spec.specPath;
  const sections = sectionsOf(spec.markdown);
  const found: PlanFinding[] = [];
  const criteria = acceptanceCriteria(spec.markdown);
  const written = sections.filter(({ heading }) => acceptance.test(`## ${heading}`));
  const inWords = written.some(({ body }) => body.some((line) => !placeholder.test(line)));
  if (criteria.length === 0 && !inWords) {
    found.push(
      finding({
        severity: "certain",
        class: "missing_acceptance",
        file,
        line: written[0]?.line ?? null,
        about: "acceptance",
        message: "The spec has no acceptance criteria: nobody can say when it is done.",
      }),
    );
  }
  const purpose = sections.some(
    ({ heading, body }) =>
      !acceptance.test(`## ${heading}`) &&
      body.some((line) => !placeholder.test(line) && /\p{L}{2}/u.test(line)),
  );
  if (!purpose) {
    found.push(
      finding({
        severity: "certain",
        class: "missing_section",
        file,
        line: null,
        about: "purpose",
        message: "The spec says nothing of what is to be built and why: only headings or criteria are there.",
      }),
    );
  }
  for (const [at, section] of sections.entries()) {
    if (section.level === 0 || acceptance.test(`## ${section.heading}`)) continue;
    const open = section.body.filter((line) => placeholder.test(line));
    if (open.length === 0 || open.length < section.body.length) continue;
    // What has sections of its own below it may be empty itself.
    if ((sections[at + 1]?.level ?? 0) > section.level) continue;
    found.push(
      finding({
        severity: "likely",
        class: "placeholder",
        file,
        line: section.line,
        about: section.heading,
        message: `The section ${quoted(section.heading)} was left open (${quoted(open[0] ?? "")}): decide it, or take it out.`,
      }),
    );
  }
  if (tasks.length === 0) {
    found.push(
      finding({
        severity: "certain",
        class: "no_tasks",
        file,
        line: null,
        about: "tasks",
        message: "There are no tasks: break_down_tasks makes them.",
      }),
    );
  }
  return found;
}

function taskFindings(task: FlowTask): PlanFinding[] {
  const { sections, markdown, specPath: file, id } = task;
  // What is done is past planning.
  if (markdown === null || task.status === "done") return [];
  const found: PlanFinding[] = [];
  const said = (text: string | null) =>
    (text ?? "").split(/\r\n|\r|\n/).filter((line) => line.trim() !== "" && !placeholder.test(line.trim()));
  if (sections.description !== null && said(sections.description).length === 0) {
    found.push(
      finding({
        severity: "certain",
        class: "missing_section",
        file,
        line: lineOf(markdown, "## Description"),
        about: "description",
        message: `${id} has no description: a worker knows only its title, ${quoted(task.title)}.`,
      }),
    );
  }
  if (sections.acceptance !== null && said(sections.acceptance).length === 0) {
    found.push(
      finding({
        severity: "certain",
        class: "missing_acceptance",
        file,
        line: lineOf(markdown, "## Acceptance"),
        about: "acceptance",
        message: `${id} has no acceptance criteria: nobody can say when it is done.`,
      }),
    );
  }
  return found;
}

function dependencyFindings({ spec, tasks, folder }: Plan): PlanFinding[] {
  const found: PlanFinding[] = [];
  const add = (file: string, kind: "cycle" | "unknown_dependency", message: string) =>
    found.push(finding({ severity: "certain", class: kind, file, line: null, about: message, message }));
  const ids = new Set(tasks.map(({ id }) => id));
  for (const { id, dependsOn, jsonPath } of tasks) {
    for (const other of dependsOn) {
      if (ids.has(other)) continue;
      const elsewhere = folder.tasks.some((task) => task.id === other);
      add(
        jsonPath,
        "unknown_dependency",
        elsewhere
          ? `${id} depends on ${other}, a task of another spec: let the spec depend on that spec instead.`
          : `${id} depends on ${other}, which is not there.`,
      );
    }
  }
  const circle = findCycle(new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn])));
  if (circle !== null) {
    const file = tasks.find(({ id }) => id === circle[0])?.jsonPath ?? spec.jsonPath;
    add(
      file,
      "cycle",
      `These tasks wait for each other, so none can begin: ${circle.slice(0, 20).join(" → ")}.`,
    );
  }
  const specs = new Map(folder.specs.map((one) => [one.id, one.dependsOn]));
  for (const other of spec.dependsOn) {
    if (!specs.has(other))
      add(spec.jsonPath, "unknown_dependency", `The spec depends on ${other}, which is not there.`);
  }
  const around = findCycle(reachable(spec.id, specs));
  if (around?.includes(spec.id))
    add(spec.jsonPath, "cycle", `These specs wait for each other: ${around.slice(0, 20).join(" → ")}.`);
  return found;
}

/** Only what a spec depends on, however far: a circle elsewhere is not its business. */
function reachable(
  start: string,
  specs: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const seen = new Map<string, readonly string[]>();
  const waiting = [start];
  for (const id of waiting) {
    if (seen.has(id)) continue;
    const next = specs.get(id) ?? [];
    seen.set(id, next);
    waiting.push(...next);
  }
  return seen;
}
