import { posix } from "node:path";
import { isCode, languageOf } from "../../change/risk/languages.js";
import { isManifest } from "../../change/risk/paths.js";
import { isProse } from "../../change/risk/prose.js";
import type { Survey } from "../../change/survey.js";
import { isTestPath } from "../../change/tests-of.js";

/** Folders that hold modules and are none. */
const scaffolding = new Set(
  "src lib libs source sources app internal pkg cmd main java kotlin scala groovy python js ts packages apps crates services modules plugins components".split(
    " ",
  ),
);
/** Of the code below a folder, that one folder in it has when it is the project's own name and no module. */
const wholeShare = 0.8;

/** Gives the module that a path belongs to; null for what is in none (tests, documents, settings, the top itself). */
export type ModuleOf = (path: string) => string | null;

/**
 * Modules as the tree shows them: the nearest folder with a manifest of its own, then the first folder below it that
 * is neither there for tidiness (`src`, `packages`) nor holds nearly all there is (a package's own name): both
 * `src/auth/login.ts` and `packages/api/src/auth/x.ts` are in an `auth`.
 */
export function modulesOf(survey: Survey): ModuleOf {
  const roots = new Set<string>();
  const below = new Map<string, number>();
  for (const { path } of survey.files) {
    if (isManifest(path) && path.includes("/")) roots.add(posix.dirname(path));
    if (!counts(path)) continue;
    for (const folder of foldersOf(path)) below.set(folder, (below.get(folder) ?? 0) + 1);
  }
  const isWhole = (folder: string) => {
    const inside = below.get(folder) ?? 0;
    const above = posix.dirname(folder);
    const around = below.get(above === "." ? "" : above) ?? 0;
    return inside >= 5 && inside >= around * wholeShare;
  };
  return (path) => {
    const file = path.endsWith("/") ? `${path}x.ts` : path;
    if (!counts(file)) return null;
    const folders = foldersOf(file);
    const root = folders.findLastIndex((folder) => folder !== "" && roots.has(folder));
    const inner = folders
      .slice(Math.max(root, 0) + 1)
      .find((folder) => !scaffolding.has(posix.basename(folder)) && !isWhole(folder));
    return inner ?? (root > 0 ? (folders[root] ?? null) : null);
  };
}

/** The modules of some paths; a folder that another one is in is not told apart from it. */
export function distinctModules(paths: readonly string[], moduleOf: ModuleOf): string[] {
  const modules = new Set(paths.map(moduleOf).filter((module) => module !== null));
  return [...modules].filter((one) => ![...modules].some((other) => other.startsWith(`${one}/`))).sort();
}

const beside =
  /(?:^|\/)(?:fuzz|bench(?:es|marks?)?|examples?|scripts?|docs?|website|fixtures?|testdata|[\w-]*-tests|e2e|\.[^/]+)\//;

/** Whether a file is part of what is built: code, and neither a test nor a hidden file. */
function counts(path: string): boolean {
  if (isManifest(path) || isProse(path) || path.startsWith(".") || beside.test(path)) return false;
  return isCode(languageOf(path)) && languageOf(path).family !== "other" && !isTestPath(path);
}

/** The folders that a path is in, the top (`""`) first. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return ["", ...parts.map((_, at) => parts.slice(0, at + 1).join("/"))];
}
