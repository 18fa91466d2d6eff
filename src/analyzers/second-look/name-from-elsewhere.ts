import { posix } from "node:path";
import { breathe } from "../breathe.js";
import { hasScript, isPython } from "../files.js";
import { scriptText } from "../javascript/script-blocks.js";
import { literally } from "../last-text.js";
import type { Family } from "../workspace.js";
import type { Look, SearchLook } from "./look.js";

/** Files read in search of something, of one family. */
export const searchLimit = 4_000;

/**
 * Which of the names do other files, which did not change, use without ever declaring or importing them? Something
 * gives those to this project: an auto-import, a script tag, a runtime.
 */
export async function usedAsGlobals(
  names: ReadonlySet<string>,
  family: Family,
  touched: ReadonlySet<string>,
  { workspace }: SearchLook,
): Promise<Set<string>> {
  const given = new Set<string>();
  if (names.size === 0) return given;
  const patterns = new Map([...names].map((name) => [name, { ...patternsOf(name), seen: 0 }]));
  const isPythons = family === "python";
  const belongs = isPythons ? isPython : hasScript;
  const sources = (await workspace.sources("base", family))
    .filter((path) => belongs(path) && !touched.has(path) && !/\.d\.[mc]?ts$/.test(path))
    .slice(0, searchLimit);
  for (const path of sources) {
    if (patterns.size === 0) break;
    const whole = await workspace.source("base", family, path);
    const text = whole === null ? null : scriptText(path, whole);
    if (text === null) continue;
    let code: string | undefined;
    for (const [name, of] of patterns) {
      if (!text.includes(name)) continue;
      code ??= withoutComments(text, isPythons);
      if (of.declared.test(code)) continue;
      of.seen += Math.min(code.match(of.used)?.length ?? 0, 2);
      if (of.seen < 2) continue;
      given.add(name);
      patterns.delete(name);
    }
  }
  return given;
}

function patternsOf(name: string): { used: RegExp; declared: RegExp } {
  const quoted = literally(name);
  const word = `(?<![\\w$.'"\`-])${quoted}(?![\\w$'"\`-])`;
  const declared = new RegExp(
    [
      `\\b(import|from|as|const|let|var|function|class|interface|type|enum|namespace|module|def|global|nonlocal|for|catch|lambda)\\b[^;=\\n]{0,400}${word}`,
      `import[^;'"]{0,2000}${word}`,
      `[({,]\\s*(\\.{3}|\\*{1,2})?${word}\\s*([,:=)}]|\\?:)`,
      `${word}\\s*(=>|:?=(?!=)|:)`,
      // A type parameter, or an argument for one.
      `<\\s*${word}\\s*(,|>|=|extends\\b)`,
      `import\\s*\\*`,
      // A method, or a member of a type.
      `${word}\\s*\\([^)]{0,1000}\\)\\s*[{:]`,
    ].join("|"),
  );
  const called = `${word}\\s*(?:[(.[]|<[^<>()\\n]{1,80}>\\s*\\()`;
  // A type: written with a capital, and where only types stand.
  const typed = /^[A-Z]/.test(name) ? `|[:|&]\\s*${word}(?=\\s*[,;>|&)=\\]}\\n])` : "";
  return { used: new RegExp(called + typed, "g"), declared };
}

/** Code as far as names go: comments and strings left out. */
function withoutComments(text: string, python: boolean): string {
  // One that is not closed is matched too: it would be tried again from each quote in it.
  const strings = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?/g;
  const blanked = (string: string) => (string.length > 1 && string.endsWith(string.charAt(0)) ? "" : string);
  if (python)
    return text
      .replace(/("""|''')[\s\S]*?\1/g, "")
      .replace(strings, blanked)
      .replace(/#.*/g, "");
  return withoutBlockComments(text)
    .replace(/(^|\s)\/\/.*/g, "")
    .replace(strings, blanked);
}

/** Once through: a regular expression would look for the end anew from every opening that has none. */
function withoutBlockComments(text: string): string {
  let rest = "";
  let at = 0;
  for (let start = text.indexOf("/*"); start !== -1; start = text.indexOf("/*", at)) {
    const end = text.indexOf("*/", start + 2);
    if (end === -1) break;
    rest += text.slice(at, start);
    at = end + 2;
  }
  return rest + text.slice(at);
}

/** Configuration in which a linter is told of the names that a page or a runtime gives. */
const linterConfiguration =
  /(^|\/)(\.eslintrc(\.\w+)?|eslint\.config\.[cm]?[jt]s|\.?oxlintrc\.jsonc?|biome\.jsonc?|\.jshintrc|\.jslintrc|package\.json)$/;
/** What imports names into files that do not say so: Nuxt, WXT and the plugins of unjs. */
const autoImporter =
  /"(nuxt|nuxt3|nuxi|wxt|unimport|unplugin-auto-import|@vue-macros\/\w+|unplugin-vue-macros)"\s*:/;
const autoImporterFile =
  /(^|\/)(nuxt\.config\.[cm]?[jt]s|wxt\.config\.[cm]?[jt]s|\.?(eslintrc-)?auto-imports?(\.d\.ts|\.json)|components\.d\.ts)$/;

/** What a folder, or one above it, says of names that its files get from elsewhere. Reads each configuration once. */
export function configuredNames({ workspace }: Pick<Look, "workspace">): {
  /** Is a linter told of this name by a configuration above the file? */
  isDeclared(name: string, file: string): Promise<boolean>;
  /** Does something import names into files here by itself? */
  isAutoImported(file: string): Promise<boolean>;
} {
  let found: Promise<Record<"linters" | "importers", Map<string, string[]>>> | undefined;
  const find = async () => {
    const linters = new Map<string, string[]>();
    const importers = new Map<string, string[]>();
    const add = (paths: Map<string, string[]>, path: string) => {
      const folder = posix.dirname(path);
      paths.set(folder, [...(paths.get(folder) ?? []), path]);
    };
    for (const path of await workspace.paths("head")) {
      await breathe();
      if (/(^|\/)node_modules\//.test(path)) continue;
      if (linterConfiguration.test(path)) add(linters, path);
      if (autoImporterFile.test(path)) add(importers, path);
    }
    return { linters, importers };
  };
  const above = (paths: ReadonlyMap<string, readonly string[]>, file: string) => {
    const all: string[] = [];
    let folder = file;
    do {
      folder = posix.dirname(folder);
      all.unshift(...(paths.get(folder) ?? []));
    } while (folder !== "." && folder !== "/" && all.length < 100);
    return all.slice(0, 20);
  };
  const declared = new Map<string, boolean>();
  const declares = async (path: string, name: string) => {
    const key = JSON.stringify([path, name]);
    const known = declared.get(key);
    if (known !== undefined) return known;
    await breathe();
    const quoted = literally(name);
    const globals = new RegExp(`(?<![\\w$])${quoted}['"]?\\s{0,40}:|['"]${quoted}['"]`);
    const text = (await workspace.text("head", path)) ?? "";
    const isDeclared = text.includes(name) && /globals?\b/i.test(text) && globals.test(text);
    declared.set(key, isDeclared);
    return isDeclared;
  };
  const importing = new Map<string, boolean>();
  return {
    async isDeclared(name, file) {
      found ??= find();
      for (const path of above((await found).linters, file)) if (await declares(path, name)) return true;
      return false;
    },
    async isAutoImported(file) {
      found ??= find();
      const { linters, importers } = await found;
      if (above(importers, file).length > 0) return true;
      for (const path of above(linters, file)) {
        if (!path.endsWith("package.json")) continue;
        const known = importing.get(path) ?? autoImporter.test((await workspace.text("head", path)) ?? "");
        importing.set(path, known);
        if (known) return true;
      }
      return false;
    },
  };
}
