import { posix } from "node:path";
import { languageOf } from "../change/risk/languages.js";
import { isProse } from "../change/risk/prose.js";
import { mentionedPaths, relevantFiles, type Survey } from "../change/survey.js";
import { UsageError } from "../errors.js";
import { isAside, type Statement } from "./statements.js";
import { epicStatements, type Task } from "./task.js";

/** A file that a task will probably change or make. */
export interface TaskFile {
  /** From the repository's top; a folder ends with `/`. */
  path: string;
  /** `exists`: seen in the tree; `new`: not there yet. */
  state: "exists" | "new";
  /** Who says so: the caller, the spec, or names and history. */
  from: "given" | "spec" | "estimate";
  /** For a person: why, or what to look at. */
  why: string;
  /** Of the best estimate; 1 for what somebody named. */
  weight: number;
}

const mostFiles = 40;
const mostEstimated = 8;
/** Of the best estimate's score, that another one needs. */
const estimateShare = 0.45;

/**
 * The files of a task: those given, else those that its spec names, else an estimate by names and history.
 *
 * @throws UsageError for a given path that leaves the repository
 */
export function taskFiles(survey: Survey, task: Task, given: readonly string[] | undefined): TaskFile[] {
  const files = new Set(survey.files.map(({ path }) => path));
  if (given !== undefined && given.length > 0) {
    return [...new Set(given.map(cleanPath))].slice(0, mostFiles * 5).map((path) => {
      const state = isThere(path, files) ? "exists" : "new";
      return { path, state, from: "given", why: "given by the caller", weight: 1 };
    });
  }
  const named = namedFiles(survey, task, files);
  // A document to read is named as often as one to write: by itself it is no estimate of the work.
  if (named.some(({ path }) => !isProse(path)) || isAboutDocs(task)) {
    if (named.length > 0) return named;
  }
  return [...named, ...estimated(survey, task)];
}

function cleanPath(given: string): string {
  const path = posix.normalize(given.trim().replaceAll("\\", "/")).replace(/^\.\//, "");
  const outside = path === ".." || path.startsWith("../") || path.startsWith("/") || path.includes("\0");
  if (outside || path === "." || path === "" || path.length > 4_000 || isGit(path)) {
    throw new UsageError(
      `files: ${JSON.stringify(given.slice(0, 200))} is no path inside the repository.`,
      "Pass paths relative to the repository's top.",
    );
  }
  return path;
}

function isGit(path: string): boolean {
  return path.split("/").some((part) => part.toLowerCase() === ".git");
}

function isThere(path: string, files: ReadonlySet<string>): boolean {
  if (!path.endsWith("/")) return files.has(path);
  for (const file of files) if (file.startsWith(path)) return true;
  return false;
}

/** Words beside a path that say that it is to be made. */
const makes =
  /\b(?:creat\w*|new|add(?:s|ed|ing)?|introduc\w*|scaffold\w*|generat\w*|mov\w*|renam\w*|extract\w*|split\w*)\b/i;
/** How flow-next's template and people introduce the list of files. */
const listsFiles =
  /^(?:files?|touches|touched|paths?|changes?|files? to (?:change|touch|create|edit|modify))\b/i;
/** A place to look something up, not to write. */
const looksUp =
  /^(?:see|read|cf\.?|compare|as in|like|reference|follow(?:s|ing)?|pattern|similar to|based on)\b/i;

function namedFiles(survey: Survey, task: Task, files: ReadonlySet<string>): TaskFile[] {
  const found = new Map<string, TaskFile>();
  const statements = [...task.own, ...epicStatements(task)].filter((statement) => !isAside(statement));
  for (const statement of statements) {
    const { text, kind } = statement;
    if (found.size >= mostFiles) break;
    if (kind === "code") continue;
    const mentioned = mentionedPaths(survey, text);
    const where = placeOf(statement);
    if (
      looksUp.test(text) ||
      statement.headings.some((heading) => /^(?:optional|required)\b/.test(heading))
    ) {
      // What is to be read there is there: it is no file to make, and seldom one to change.
      continue;
    }
    for (const path of mentioned.found) {
      if (isOwn(path) || found.has(path)) continue;
      found.set(path, { path, state: "exists", from: "spec", why: `named in ${where}`, weight: 1 });
    }
    for (const path of mentioned.missing) {
      if (isOwn(path) || found.has(path) || !isPlausible(path, statement)) continue;
      const twin = [...files].find((file) => posix.basename(file) === posix.basename(path));
      const doubt = twin === undefined || makes.test(text) ? "" : `; not there, but ${twin} is`;
      found.set(path, { path, state: "new", from: "spec", why: `named in ${where}${doubt}`, weight: 1 });
    }
  }
  return [...found.values()];
}

function placeOf({ path, line }: Statement): string {
  return path === null ? "the task" : `${path}${line === null ? "" : `:${line}`}`;
}

function isOwn(path: string): boolean {
  return path.startsWith(".flow/");
}

/** Whether what looks like a path and is not there can be a file that the task makes. */
function isPlausible(path: string, { text, headings }: Statement): boolean {
  if (path.startsWith("../") || path.startsWith("/") || path.startsWith("~") || isGit(path)) return false;
  if (/[\\$%?=&#@{}]|\.\./.test(path) || !/^[\w./ +-]+$/.test(path)) return false;
  const { family } = languageOf(path);
  const known =
    family !== "other" || /\.(?:txt|html?|sql|proto|graphql|lua|ex|exs|dart|zig|vue|svelte)$/i.test(path);
  if (path.includes("/")) return known || /\.[a-z]{1,5}$/.test(path);
  // `res.json()`, `config.yml` of somewhere: without a folder it has to be said to be a file.
  const called = text.includes(`${path}(`);
  const listed =
    listsFiles.test(text.replace(/^\W+/, "")) || headings.some((heading) => listsFiles.test(heading));
  return known && !called && (listed || makes.test(text) || /\bfile\b/i.test(text));
}

function estimated(survey: Survey, task: Task): TaskFile[] {
  const own = [...task.own, ...epicStatements(task)].filter(
    (statement) => !isAside(statement) && statement.kind !== "code",
  );
  const text = own.map((statement) => statement.text).join("\n");
  const isAboutTooling = /\b(?:ci|workflows?|github actions|pipelines?|pre-commit|lint\w*|editor)\b/i.test(
    text,
  );
  const ranked = relevantFiles(survey, text, { limit: 40 }).filter(
    ({ path }) =>
      !isOwn(path) &&
      isProse(path) === isAboutDocs(task) &&
      !path.endsWith("/") &&
      (isAboutTooling || !isHidden(path)),
  );
  const best = ranked[0]?.score ?? 0;
  return ranked
    .filter(({ score }) => score >= best * estimateShare)
    .slice(0, mostEstimated)
    .map(({ path, why, score }) => ({
      path,
      state: "exists",
      from: "estimate",
      why: why.slice(0, 2).join(", "),
      weight: score / best,
    }));
}

/** Settings of tools, licences and the like, which are seldom meant by a word in their names. */
function isHidden(path: string): boolean {
  return path.startsWith(".") || path.includes("/.") || /^[A-Z_-]+(?:\.txt)?$/.test(posix.basename(path));
}

/** Whether a task is to write documents: its title says so. */
export function isAboutDocs(task: Task): boolean {
  return /\b(?:docs?|document(?:s|ed|ation)?|readme|changelog|typos?|wording|guide|tutorial|spelling)\b/i.test(
    task.title,
  );
}
