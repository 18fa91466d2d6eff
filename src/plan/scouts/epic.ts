import { mentionedPaths } from "../../change/relevance.js";
import type { FlowFolder, FlowSpec } from "../../flow/types.js";
import type { Ground } from "./ground.js";
import { likenessOf } from "./likeness.js";
import { type Fact, type Gathered, quoted, type Scout } from "./scout.js";

const sections = ["Dependencies", "Reverse Dependencies", "Overlaps", "No Relationship"] as const;
const most = 8;

/** How the feature stands to the specs there are: what it needs, what needs it, what does the same. */
export const epic: Scout = {
  name: "epic",
  folder: "epic-scout",
  settings: "epic_scout",
  heading: (_feature, dialect) => (dialect === "epic" ? "Epic Dependencies" : "Spec Dependencies"),
  sections,
  prompt: "scout-epic",
  from: "state",
  async off({ flow }: Ground) {
    const folder = await flow();
    if (folder !== null && folder.specs.length > 0) return null;
    const [first] = folder?.problems ?? [];
    return first === undefined
      ? "there are no specs yet (.flow)"
      : `there are no specs in .flow that can be read: ${first.path}: ${first.message}`;
  },
  async gather(ground: Ground): Promise<Gathered> {
    const folder = await ground.flow();
    if (folder === null) return { facts: [], relevantFiles: [], notes: [] };
    const own = folder.specs.find(({ id, markdown, title }) =>
      isAbout(ground.feature.text, { id, markdown, title }),
    );
    const facts = [...(own === undefined ? [] : declared(folder, own)), ...compared(ground, folder, own)];
    return {
      facts,
      relevantFiles: [],
      notes: folder.problems.slice(0, 5).map(({ path, message }) => `${path}: ${message}`),
    };
  },
};

/** Whether the feature was given as this spec. */
function isAbout(text: string, { markdown, title }: Pick<FlowSpec, "id" | "markdown" | "title">): boolean {
  return (
    markdown !== null &&
    markdown.trim() !== "" &&
    text.startsWith(title) &&
    text.trim().endsWith(markdown.trim())
  );
}

/** What the spec itself and others say of it. */
function declared({ specs }: FlowFolder, own: FlowSpec): Fact[] {
  const facts: Fact[] = [];
  for (const id of own.dependsOn) {
    const other = specs.find((spec) => spec.id === id);
    facts.push({
      section: "Dependencies",
      text: `${own.id} says that it depends on ${id}${other === undefined ? ", which is not there" : ` ${quoted(other.title, 80)} (${other.status})`}`,
      source: own.jsonPath,
    });
  }
  for (const other of specs.filter(({ dependsOn }) => dependsOn.includes(own.id))) {
    facts.push({
      section: "Reverse Dependencies",
      text: `${other.id} ${quoted(other.title, 80)} (${other.status}) says that it depends on ${own.id}`,
      source: other.jsonPath,
    });
  }
  return facts;
}

interface Compared {
  spec: FlowSpec;
  score: number;
  shared: string[];
  files: string[];
  tasks: string;
}

function compared(ground: Ground, folder: FlowFolder, own: FlowSpec | undefined): Fact[] {
  const others = folder.specs.filter((spec) => spec !== own);
  const tasksOf = (id: string) => folder.tasks.filter(({ spec }) => spec === id);
  const likeness = likenessOf(
    ground.feature.words,
    others.map(({ id, title, markdown }) => ({
      title,
      body: `${markdown ?? ""}\n${tasksOf(id)
        .map((task) => task.title)
        .join("\n")}`,
    })),
  );
  const touched = new Set([
    ...ground.mentioned.found,
    ...ground.relevant.slice(0, 12).map(({ path }) => path),
  ]);
  const list: Compared[] = others.map((spec, at) => {
    const tasks = tasksOf(spec.id);
    const text = `${spec.markdown ?? ""}\n${tasks.map(({ markdown }) => markdown ?? "").join("\n")}`;
    const files = mentionedPaths(ground.survey, text).found.filter((path) => touched.has(path));
    const done = tasks.filter(({ status }) => status === "done").length;
    const { score = 0, shared = [] } = likeness[at] ?? {};
    return {
      spec,
      score: score + files.length * 2,
      shared,
      files,
      tasks: tasks.length === 0 ? "no tasks" : `${done} of ${tasks.length} tasks done`,
    };
  });
  list.sort((one, other) => other.score - one.score);
  const related = list.filter(
    ({ score, shared, files }) => files.length > 0 || (shared.length >= 2 && score >= 3),
  );
  const facts = related.slice(0, most).map((one) => factOf(ground, one));
  const apart = list.filter((one) => !related.includes(one) && one.spec.status === "open");
  if (apart.length > 0) {
    facts.push({
      section: "No Relationship",
      text: `${apart
        .slice(0, 6)
        .map(({ spec }) => `${spec.id} ${quoted(spec.title, 50)}`)
        .join(", ")}${apart.length > 6 ? `, and ${apart.length - 6} more` : ""}`.slice(0, 480),
      source: ".flow",
    });
  }
  return facts;
}

function factOf({ feature }: Ground, { spec, shared, files, tasks }: Compared): Fact {
  const why = [
    files.length === 0 ? null : `both touch ${files.slice(0, 4).join(", ")}`,
    shared.length === 0 ? null : `both speak of ${shared.slice(0, 5).join(", ")}`,
  ].filter((part) => part !== null);
  const isNamed =
    feature.text.includes(spec.id) || feature.text.toLowerCase().includes(spec.title.toLowerCase());
  const section = isNamed ? "Dependencies" : "Overlaps";
  return {
    section,
    text: `${spec.id} ${quoted(spec.title, 80)} (${spec.status}, ${tasks}): ${isNamed ? "named in the feature; " : ""}${why.join("; ")}`,
    files,
    source: spec.specPath,
    excerpt: spec.markdown ?? "",
  };
}
