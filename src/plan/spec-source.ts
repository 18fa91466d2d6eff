import { isAbsolute, join, relative, sep } from "node:path";
import { readRegularFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { findFlowId } from "../flow/find.js";
import { readFlow } from "../flow/folder.js";
import { parseFlowId } from "../flow/ids.js";
import { linesOf } from "../flow/markdown.js";
import type { Project } from "../flow/project.js";
import type { FlowFolder, FlowSpec, FlowTask } from "../flow/types.js";
import { printableLine } from "../printable.js";
import type { Sluice } from "../sluice.js";

/** What a caller wants planned, wherever it is written down. */
export interface SpecSource {
  /** Of the `.flow` folder; null for a file or a text. */
  spec: FlowSpec | null;
  title: string;
  markdown: string;
  /** That the spec has already. */
  tasks: FlowTask[];
  /** For a person: `fn-1-add-login`, a path, `the text given`. */
  origin: string;
  /** Null when the repository has no `.flow`. */
  folder: FlowFolder | null;
}

const longestName = 300;
/** Bytes of a file that is a spec. */
const fileLimit = 1024 * 1024;

/**
 * What is meant by an id of flow-next's, the path of a file in the repository, or a text.
 *
 * @throws UsageError for an id that is not there, a task's id, a file that can't be read, and an empty text
 */
export async function openSpecSource(
  given: string,
  { repository }: Pick<Project, "repository">,
  sluice: Sluice,
  signal: AbortSignal,
): Promise<SpecSource> {
  const folder = await readFlow(repository, sluice, signal);
  const name = given.trim();
  if (name === "") {
    throw new UsageError(
      "The spec is empty.",
      "Pass an epic or spec id (fn-1), the path of a Markdown file, or the text.",
    );
  }
  const oneLine = name.length <= longestName && !name.includes("\n");
  if (oneLine && isId(name, folder)) {
    if (folder === null) {
      throw new UsageError(
        `${name} is an id of flow-next's, and there is no .flow here.`,
        "Pass the path of a Markdown file or the text instead.",
      );
    }
    const found = findFlowId(folder, name);
    if (found.kind === "task") {
      throw new UsageError(`${found.id} is a task.`, `Pass its spec: ${found.spec}.`);
    }
    return ofFlow(found, folder);
  }
  const path = oneLine ? insidePath(name, repository.root) : null;
  if (path !== null) {
    const own = folder?.specs.find(({ specPath }) => specPath === path);
    if (own !== undefined && folder !== null) return ofFlow(own, folder);
    const file = await readRegularFile(join(repository.root, path), fileLimit);
    if (file.state === "refused" && looksLikeFile(name)) {
      throw new UsageError(
        `${name} can't be read: ${file.why}.`,
        "Pass a Markdown file of the repository, or the text.",
      );
    }
    if (file.state === "read") {
      return {
        spec: null,
        title: titleOf(file.text, path),
        markdown: file.text,
        tasks: [],
        origin: path,
        folder,
      };
    }
  }
  if (oneLine && looksLikeFile(name)) {
    throw new UsageError(
      `There is no file ${name} in this repository.`,
      "Pass an epic or spec id (fn-1), the path of a Markdown file, or the text.",
    );
  }
  return {
    spec: null,
    title: titleOf(given, name),
    markdown: given,
    tasks: [],
    origin: "the text given",
    folder,
  };
}

function isId(name: string, folder: FlowFolder | null): boolean {
  if (parseFlowId(name.toLowerCase()) === null) return false;
  // "utf-8" is no tracker's id where nothing of flow-next's has that key.
  const key = parseFlowId(name.toLowerCase())?.key;
  return (
    key === "fn" ||
    (folder?.specs.some(
      ({ id, tracker }) => id.startsWith(`${key}-`) || tracker?.toLowerCase().startsWith(`${key}-`),
    ) ??
      false)
  );
}

function ofFlow(spec: FlowSpec, folder: FlowFolder): SpecSource {
  if (spec.markdown === null) {
    const problem = folder.problems.find(({ path }) => path === spec.specPath)?.message;
    throw new UsageError(
      `The text of ${spec.id} can't be read${problem === undefined ? "" : `: ${problem}`}.`,
      `Write ${spec.specPath} first (draft_spec does).`,
    );
  }
  const tasks = folder.tasks.filter((task) => task.spec === spec.id);
  return { spec, title: spec.title, markdown: spec.markdown, tasks, origin: spec.id, folder };
}

function looksLikeFile(name: string): boolean {
  return /^[^\s]+\.(?:md|mdx|markdown|txt|rst|adoc)$/i.test(name);
}

/** A path from the repository's top; null for one that leads out of it. */
function insidePath(name: string, root: string): string | null {
  const path = isAbsolute(name) ? relative(root, name) : name;
  const plain = path
    .split(sep)
    .join("/")
    .replace(/^(?:\.\/)+/, "");
  if (plain === "" || plain.split("/").includes("..") || isAbsolute(plain) || plain.includes("\0"))
    return null;
  return plain;
}

/** The first heading, else the first line; without flow-next's id in front of it. */
export function titleOf(markdown: string, fallback: string): string {
  const lines = linesOf(markdown);
  const heading = lines
    .find(({ text, fenced }) => !fenced && /^#{1,2}\s+\S/.test(text))
    ?.text.replace(/^#+\s+/, "");
  const first = lines.find(({ text }) => text.trim() !== "")?.text.trim();
  const title = printableLine(heading ?? first ?? fallback)
    .replace(/^fn-\d+[\w-]*\s+/, "")
    .trim();
  return title.length <= 120 ? title : `${title.slice(0, 119).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Whether a spec is still as flowctl made it: headings with `TBD` below them. */
export function isSkeleton(markdown: string): boolean {
  const told = linesOf(markdown.replace(/<!--[\s\S]*?-->/g, ""))
    .map(({ text }) => text.trim())
    .filter((text) => text !== "" && !/^#{1,6}\s/.test(text));
  return told.every((text) => /^[-*]?\s*(?:\[ \]\s*)?`?(?:TBD|#\s*e\.g\..*)`?$/i.test(text));
}
