import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isWithin } from "../change/repository.js";
import { isExcluded } from "../change/state-paths.js";
import { readRegularFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { findFlowId } from "../flow/find.js";
import { readFlow } from "../flow/folder.js";
import { parseFlowId } from "../flow/ids.js";
import type { Project } from "../flow/project.js";
import type { FlowFolder, FlowSpec, FlowTask } from "../flow/types.js";
import type { Sluice } from "../sluice.js";
import { sentencesOf } from "./sentences.js";

/** What an interview or a spec is about. All texts in it are data. */
export interface Subject {
  kind: "spec" | "task" | "file" | "idea";
  /** Of a spec or task. */
  id: string | null;
  /** From the repository's top; null for an idea. */
  path: string | null;
  title: string;
  text: string;
  /** What it belongs to, for a task its spec's text; else empty. */
  context: string;
  /** Null where there is no `.flow`. */
  flow: FlowFolder | null;
  spec: FlowSpec | null;
  task: FlowTask | null;
}

const largestFile = 1024 * 1024;
const longestIdea = 100_000;

/**
 * Tells an id of flow-next's, a file and an idea apart: what is an id has to be there, what can only be meant as a
 * path has to be a text file inside the repository, all else is the idea itself.
 *
 * @throws UsageError that says what is wrong with the id or path
 */
export async function openSubject(
  about: string,
  project: Project,
  sluice: Sluice,
  signal: AbortSignal,
): Promise<Subject> {
  const text = about.trim();
  if (text === "") {
    throw new UsageError(
      "There is nothing to ask about.",
      "Pass `about`: an epic or task id (fn-1, fn-1.2), the path of a file in the repository, or the idea in your own words.",
    );
  }
  if (text.length > longestIdea) {
    throw new UsageError(
      `The idea has ${text.length} characters, more than the ${longestIdea} that are read.`,
      "Put it into a file of the repository and pass its path, or pass the part that is to be built now.",
    );
  }
  const flow = await readFlow(project.repository, sluice, signal);
  const nothing = { flow, spec: null, task: null, context: "" };
  const isWord = !/\s/.test(text);
  if (isWord && parseFlowId(text.toLowerCase()) !== null) {
    const found = inFlow(text, flow);
    if (found !== null) return found;
  }
  const path = isWord || text.length < 400 ? pathOf(text, project, sluice) : null;
  if (path !== null) {
    const content = await readText(text, path, project);
    const [first = path] = sentencesOf(content);
    return { ...nothing, kind: "file", id: null, path, title: first.slice(0, 200), text: content };
  }
  const [first = text] = sentencesOf(text);
  return { ...nothing, kind: "idea", id: null, path: null, title: first.slice(0, 200), text };
}

/** Null for what only looks like a tracker's id (`utf-8`), where nothing has it. */
function inFlow(id: string, flow: FlowFolder | null): Subject | null {
  const isOwn = /^fn-\d/i.test(id);
  if (flow === null) {
    if (!isOwn) return null;
    throw new UsageError(
      `Nothing of flow-next's is in this repository, so no ${id}.`,
      'Pass the idea in words or a file\'s path; `sluice plan "the idea" --write` makes the first spec.',
    );
  }
  let found: FlowSpec | FlowTask;
  try {
    found = findFlowId(flow, id);
  } catch (error) {
    if (isOwn) throw error;
    return null;
  }
  if (found.kind === "spec") {
    return {
      kind: "spec",
      id: found.id,
      path: found.specPath,
      title: found.title,
      text: withoutHeading(found.markdown ?? ""),
      context: "",
      flow,
      spec: found,
      task: null,
    };
  }
  const spec = flow.specs.find((one) => one.id === found.spec) ?? null;
  const { description, acceptance } = found.sections;
  return {
    kind: "task",
    id: found.id,
    path: found.specPath,
    title: found.title,
    text: [description, acceptance].filter((part) => part !== null).join("\n\n"),
    context: withoutHeading(spec?.markdown ?? ""),
    flow,
    spec,
    task: found,
  };
}

function withoutHeading(markdown: string): string {
  return markdown.replace(/^\uFEFF?\s*#\s[^\n]*\n?/, "");
}

/**
 * The path that a text means, from the repository's top; null for a text that is none.
 *
 * @param state whether Sluice's own state files count
 * @throws UsageError for what can only be a path and is not a file inside the repository
 */
export function pathOf(
  text: string,
  { repository }: Project,
  sluice: Sluice,
  state: "with-state" | "without-state" = "without-state",
): string | null {
  if (text.includes("\n") || text.includes("\0")) return null;
  const places = isAbsolute(text) ? [text] : [join(repository.root, text), resolve(sluice.cwd, text)];
  for (const place of places) {
    const real = realOf(place);
    if (real === null || !isWithin(real, repository.root)) continue;
    const path = relative(repository.root, real).split(sep).join("/");
    if (path === "" || path === ".git" || path.startsWith(".git/")) continue;
    if (state === "without-state" && isExcluded(path)) continue;
    return path;
  }
  const looksLikePath =
    !/\s/.test(text) &&
    (/^(?:\.{0,2}\/|~\/)/.test(text) || /\.(?:md|mdx|markdown|txt|rst|adoc|json|ya?ml|html?)$/i.test(text));
  if (!looksLikePath) return null;
  const isElsewhere = places.some((place) => realOf(place) !== null);
  throw new UsageError(
    isElsewhere
      ? `${text} is outside of the repository, or a link.`
      : `There is no file ${text} in the repository.`,
    "Pass a path inside the repository, an epic or task id, or the idea in words.",
  );
}

/** A file's path with the links of its folders resolved, its own left for the reader to refuse; null for none. */
function realOf(place: string): string | null {
  try {
    const folder = realpathSync(dirname(place));
    const name = place.slice(dirname(place).length).replace(/^[\\/]+|[\\/]+$/g, "");
    const path = join(folder, name);
    realpathSync(path);
    return path;
  } catch {
    return null;
  }
}

async function readText(asked: string, path: string, { repository }: Project): Promise<string> {
  const content = await readRegularFile(join(repository.root, path), largestFile);
  const why =
    content.state === "absent"
      ? "it is not there"
      : content.state === "refused"
        ? content.why
        : content.text.includes("\0")
          ? "it is not a text"
          : content.text.trim() === ""
            ? "it is empty"
            : null;
  if (content.state === "read" && why === null) return content.text.replaceAll("\r\n", "\n");
  throw new UsageError(
    `${asked} can't be read: ${why ?? "it is no file"}.`,
    "Pass another file of the repository, or the idea in words.",
  );
}
