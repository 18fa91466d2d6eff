import { join } from "node:path";
import { isCode, languageOf } from "../../change/risk/languages.js";
import { isManifest } from "../../change/risk/paths.js";
import { quote } from "../../change/risk/reasons.js";
import type { Survey } from "../../change/survey.js";
import type { Repository } from "../../change/types.js";
import { readRegularFile } from "../../durable-file.js";
import { filesWith } from "../search-tree.js";
import type { Statement } from "../statements.js";
import type { TaskFile } from "../task-files.js";
import { type Evidence, said } from "./evidence.js";
import { isLeftAlone } from "./prose.js";
import { type Technology, technologies } from "./technologies.js";

/** What a spec asks for, that a repository may not have yet. */
interface Asked {
  name: string;
  kind: Technology["kind"] | "language";
  words: readonly string[];
  extensions: readonly string[];
  statement: Statement;
}

const mostAsked = 24;
const manifestLimit = 256 * 1024;
const mostManifests = 60;

export interface Unfamiliar {
  evidence: Evidence[];
  notes: string[];
}

/**
 * Libraries, languages and idioms that the spec names and the repository does not have yet: neither in a manifest nor
 * in its code, nor as files with such an ending. A repository without code has nothing to compare with.
 */
export async function unfamiliarPatterns(
  repository: Repository,
  survey: Survey,
  statements: readonly Statement[],
  files: readonly TaskFile[],
  signal: AbortSignal,
): Promise<Unfamiliar> {
  const code = survey.files.filter(({ path }) => isCode(languageOf(path)) && !path.startsWith(".flow/"));
  if (code.length === 0) {
    return { evidence: [], notes: ["there is no code yet that anything could be unfamiliar to"] };
  }
  const evidence = newLanguages(survey, files);
  const asked = askedFor(statements).slice(0, mostAsked);
  const manifests = await manifestWords(repository, survey);
  const endings = new Set(survey.files.map(({ path }) => endingOf(path)));
  const notes: string[] = [];
  for (const one of asked) {
    signal.throwIfAborted();
    if (one.extensions.some((ending) => endings.has(ending))) continue;
    const words = one.words.map(wordKey);
    if (words.some((word) => manifests.has(word))) continue;
    const holding =
      one.words.length === 0
        ? []
        : await filesWith(repository, one.words, one.kind === "library" ? "import" : "word", signal);
    if (holding === null) {
      notes.push(`whether the code knows ${quote(one.name)} was not found out in time`);
      continue;
    }
    if (holding.length > 0) continue;
    evidence.push(said(one.statement, `new here: ${quote(one.name)} (${one.kind})`));
  }
  return { evidence, notes };
}

/** A file to be made, in a language that the repository has no file of. */
function newLanguages(survey: Survey, files: readonly TaskFile[]): Evidence[] {
  const families = new Set(survey.files.map(({ path }) => languageOf(path).family));
  const found = new Map<string, Evidence>();
  for (const { path, state } of files) {
    const { family } = languageOf(path);
    if (state !== "new" || path.endsWith("/") || !isCode(languageOf(path)) || families.has(family)) continue;
    if (family === "other") continue;
    const what = `new here: the first ${family} file`;
    found.set(family, { what, quote: quote(path), path: quote(path), line: null, from: "rules" });
  }
  return [...found.values()];
}

/** Named in the table, installed by a command, imported in a code block, or called a library. */
function askedFor(statements: readonly Statement[]): Asked[] {
  const found = new Map<string, Asked>();
  const add = (asked: Asked) => {
    const key = wordKey(asked.name);
    if (!found.has(key)) found.set(key, asked);
  };
  for (const statement of statements) {
    if (isLeftAlone(statement.text) || isComparison(statement.text)) continue;
    for (const technology of technologies) {
      if (!technology.says.test(statement.text)) continue;
      const { name, kind, words, extensions } = technology;
      add({ name, kind, words, extensions, statement });
    }
    for (const name of namedLibraries(statement.text)) {
      if (technologies.some((one) => one.words.includes(name.toLowerCase()))) continue;
      add({ name, kind: "library", words: [name], extensions: [], statement });
    }
  }
  return [...found.values()];
}

/** Named to tell what something is like, or what is not to be used. */
function isComparison(text: string): boolean {
  return (
    /\b(?:like|unlike|similar to|as in|inspired by|instead of|rather than|no longer|remove|drop|without|don['’]t use|do not use|not use|not need)\b\s+(?:\w+\s+){0,3}/i.test(
      text,
    ) && !/\b(?:use|using|with|via|add|adopt|introduce|switch to|migrate to|install)\b/i.test(text)
  );
}

const installs =
  /\b(?:(?:npm|pnpm|bun)\s+(?:i|install|add)|yarn\s+add|(?:uv\s+)?pip3?\s+install|(?:poetry|uv|pdm|pixi|cargo|dart pub|flutter pub)\s+add|go\s+get|gem\s+install|bundle\s+add|composer\s+require|dotnet\s+add\s+package|brew\s+install|cargo\s+install)\s+((?:(?:-{1,2}[\w-]+|@?[\w./-]+(?:@[\w.^~-]+)?)\s*){1,6})/gi;
const links =
  /\b(?:npmjs\.com\/package|pypi\.org\/project|crates\.io\/crates|pkg\.go\.dev|rubygems\.org\/gems|packagist\.org\/packages|nuget\.org\/packages)\/(@?[\w./-]{2,80})/gi;
const called =
  /(?:`(@?[A-Za-z][\w./-]{1,60})`|\b([A-Za-z][\w.-]{0,40}[A-Z0-9-][\w.-]{0,40}|[A-Z][a-z]{2,30}|(?<=\b(?:using|use|with|via|the|add|adopt)\s(?:the\s)?)[a-z][a-z0-9-]{1,30}))\s+(?:library|package|crate|gem|SDK|framework|npm module|client library|middleware|ORM)\b/g;
const wanted =
  /\b(?:add|install|introduce|adopt|bring in|pull in|depend on|switch to|migrate to)\s+(?:the\s+)?`(@?[A-Za-z][\w./-]{1,60})`\s+(?:as\s+(?:a\s+)?(?:new\s+)?(?:dev\s+)?(?:dependency|dep)|to\s+(?:the\s+)?(?:package\.json|dependencies|requirements|cargo\.toml|go\.mod|pyproject))/gi;
const imports =
  /^\s*(?:import\s+(?:[\w*{}\s,]+\s+from\s+)?["'](@?[\w][\w./-]{0,80})["']|(?:const|let|var)\s+[^=]{1,100}=\s*require\(["'](@?[\w][\w./-]{0,80})["']\)|from\s+([a-z_]\w{1,40})(?:\.[\w.]*)?\s+import\s|import\s+([a-z_]\w{1,40})\s*$)/;
/** Words before "library" that name none. */
const noName =
  /^(?:the|this|that|our|your|their|its|a|an|new|no|any|each|every|same|standard|shared|core|common|external|internal|third-party|third|open-source|existing|current|other|another|single|local|public|private|main|root|parent|client|server|test|testing|ui|web|http|css|html|json|api|cli|sdk|os|node|nodejs|node\.js|python|rust|go|java|ruby|php|typescript|javascript|npm|pypi|separate|small|tiny|own|helper|utility|whole|entire|update|add|create|use|use-case|built-in|builtin|re-usable|reusable|published|monorepo|workspace|logging|validation|date|auth|error|custom|which|when|if|for|with|from|one|first|per)$/i;

function namedLibraries(text: string): string[] {
  const names: string[] = [];
  for (const [, list = ""] of text.matchAll(installs)) {
    for (const word of list.split(/\s+/)) {
      const name = word.replace(/(?<=.)@[\w.^~-]+$/, "");
      if (
        name !== "" &&
        !name.startsWith("-") &&
        !/^(?:and|then|or|to|in|\.|r|requirements\.txt)$/i.test(name)
      )
        names.push(name);
    }
  }
  for (const [, name] of text.matchAll(links)) if (name !== undefined) names.push(name.replace(/\/+$/, ""));
  for (const [, name] of text.matchAll(wanted)) if (name !== undefined) names.push(name);
  for (const [, quoted, bare] of text.matchAll(called)) {
    const name = quoted ?? bare ?? "";
    if (!noName.test(name) && name.length > 1) names.push(name);
  }
  const [, one, two, three, four] = imports.exec(text) ?? [];
  const imported = one ?? two ?? three ?? four;
  if (imported !== undefined && !imported.startsWith(".")) names.push(packageOf(imported));
  return names;
}

/** `@scope/name` of `@scope/name/deep`, `name` of `name/deep`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  return dot < 0 ? name : name.slice(dot + 1);
}

/** `Better_SQLite3` and `better-sqlite3` are one name to most registries. */
function wordKey(word: string): string {
  return word.toLowerCase().replaceAll("_", "-");
}

/** Every name-like word of the manifests: scoped names whole and in parts. */
async function manifestWords(repository: Repository, survey: Survey): Promise<Set<string>> {
  const words = new Set<string>();
  if (repository.bare) return words;
  const paths = survey.files
    .filter(({ path, bytes }) => isManifest(path) && bytes <= manifestLimit && !path.startsWith(".flow/"))
    .map(({ path }) => path)
    .sort((one, other) => one.split("/").length - other.split("/").length || (one < other ? -1 : 1))
    .slice(0, mostManifests);
  for (const path of paths) {
    const content = await readRegularFile(join(repository.root, path), manifestLimit);
    if (content.state !== "read") continue;
    for (const [word] of content.text.matchAll(/@?[A-Za-z][\w.-]*(?:\/[\w.-]+)*/g)) {
      const key = wordKey(word);
      words.add(key);
      for (const part of key.split("/")) words.add(part.replace(/^@/, ""));
    }
  }
  return words;
}
