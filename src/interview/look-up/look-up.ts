import { join } from "node:path";
import { plainness } from "../../change/relevance.js";
import { relevantFiles, type Survey } from "../../change/survey.js";
import type { Repository } from "../../change/types.js";
import { readRegularFile } from "../../durable-file.js";
import { printableLine } from "../../printable.js";
import { conventions } from "./conventions.js";
import { manifests } from "./manifests.js";

/** What the repository answers by itself, so that nobody is asked. */
export interface LookedUp {
  /** `languages`, `tests`, … */
  topic: string;
  question: string;
  answer: string;
  /** File that says so; `git ls-files` for what a listing says. */
  source: string;
  /** Words of the answer that a question may use. */
  names: string[];
}

/** Looks into one repository's files. */
export interface Look {
  survey: Survey;
  /** Whether a path is there. */
  has(path: string): boolean;
  /** A file's text; null when it is missing, too large or no plain file. */
  read(path: string): Promise<string | null>;
}

const largest = 512 * 1024;
const longest = 200;
const mostAlike = 5;

/**
 * What can be read instead of asked: languages, manifests, tests, licence, CI, conventions, files that are named like
 * the text. Reads about a dozen small files, runs nothing.
 */
export async function lookUp(repository: Repository, survey: Survey, text: string): Promise<LookedUp[]> {
  const paths = new Set(survey.files.map(({ path }) => path));
  const look: Look = {
    survey,
    has: (path) => paths.has(path),
    async read(path) {
      if (!paths.has(path) || repository.bare) return null;
      const content = await readRegularFile(join(repository.root, path), largest);
      return content.state === "read" ? content.text : null;
    },
  };
  const found = [
    ...languages(survey),
    ...(await manifests(look)),
    ...(await conventions(look)),
    ...alike(survey, text),
  ];
  return found.map(({ topic, question, answer, source, names }) => ({
    topic,
    question,
    answer: printableLine(answer).slice(0, longest),
    source: printableLine(source).slice(0, longest),
    names,
  }));
}

/** Source files that are named like what a text is about, the nearest first. */
export function filesAlike(survey: Survey, text: string, limit: number): string[] {
  const found = relevantFiles(survey, text, { limit: 4 * limit });
  const [best] = found;
  if (best === undefined) return [];
  return found
    .filter(({ path, score, why }) => {
      const isNamed = why.some((reason) => /^(?:named|name:)/.test(reason));
      return isNamed && plainness(path) >= 0.9 && score >= best.score * 0.6;
    })
    .slice(0, limit)
    .map(({ path }) => path);
}

function alike(survey: Survey, text: string): LookedUp[] {
  const files = filesAlike(survey, text, mostAlike);
  const [first] = files;
  if (first === undefined) return [];
  return [
    {
      topic: "alike",
      question: "Which existing files are named alike?",
      answer: files.join(", "),
      source: first,
      names: files,
    },
  ];
}

const extensions: Readonly<Record<string, string>> = {
  ts: "TypeScript",
  tsx: "TypeScript",
  mts: "TypeScript",
  cts: "TypeScript",
  js: "JavaScript",
  jsx: "JavaScript",
  mjs: "JavaScript",
  cjs: "JavaScript",
  py: "Python",
  go: "Go",
  rs: "Rust",
  java: "Java",
  kt: "Kotlin",
  kts: "Kotlin",
  scala: "Scala",
  cs: "C#",
  fs: "F#",
  c: "C",
  h: "C",
  cc: "C++",
  cpp: "C++",
  hpp: "C++",
  rb: "Ruby",
  php: "PHP",
  swift: "Swift",
  m: "Objective-C",
  ex: "Elixir",
  exs: "Elixir",
  erl: "Erlang",
  clj: "Clojure",
  hs: "Haskell",
  ml: "OCaml",
  lua: "Lua",
  r: "R",
  jl: "Julia",
  dart: "Dart",
  sh: "Shell",
  bash: "Shell",
  vue: "Vue",
  svelte: "Svelte",
  sql: "SQL",
  zig: "Zig",
};

function languages(survey: Survey): LookedUp[] {
  const counts = new Map<string, number>();
  for (const { path } of survey.files) {
    const name = extensions[/\.([a-z]+)$/.exec(path)?.[1] ?? ""];
    if (name !== undefined && plainness(path) > 0.2) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const main = sorted.filter(([, count]) => count / total >= 0.05).slice(0, 4);
  if (main.length === 0) return [];
  return [
    {
      topic: "languages",
      question: "Which languages is it written in?",
      answer: main.map(([name, count]) => `${name} (${count} ${count === 1 ? "file" : "files"})`).join(", "),
      source: "git ls-files",
      names: main.map(([name]) => name),
    },
  ];
}
