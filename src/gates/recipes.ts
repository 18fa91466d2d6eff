import type { ProjectFiles } from "./files.js";

/** A Makefile's or justfile's targets, as far as text shows them. */
export interface Recipes {
  /** The file itself and what it includes from the project. */
  files: { path: string; text: string }[];
  targets: Map<string, { needs: string[]; body: string }>;
  /** The target that runs when none is named. */
  first: string | null;
}

export const makefiles = ["GNUmakefile", "makefile", "Makefile"];
export const justfiles = ["justfile", "Justfile", ".justfile"];

/** Many targets before the colon. */
const makeRule = /^([^\s:#=][^:#=]*)::?(?!=)(.*)$/;
/** One name, then parameters, which may have defaults. */
const justRule = /^@?([A-Za-z_][\w-]*)(?:[ \t][^:]*)?:(?!=)(.*)$/;

const maxIncluded = 50;
/** What is longer was not written by a person, and is only hashed. */
const maxLine = 10_000;
const maxParsed = 256 * 1024;

/** Reads the first of `names` that exists in `folder` (relative, "" for the top); null when none does. */
export async function readRecipes(
  files: ProjectFiles,
  folder: string,
  names: readonly string[],
): Promise<Recipes | null> {
  for (const name of names) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const text = await files.read(path);
    if (text === null) continue;
    const recipes: Recipes = { files: [], targets: new Map(), first: null };
    await include(files, folder, path, text, recipes, names === justfiles ? justRule : makeRule);
    return recipes;
  }
  return null;
}

/** What a target runs: its own commands and those of all it needs, in no particular order. */
export function reachable(recipes: Recipes, target: string): string {
  const seen = new Set<string>();
  const bodies: string[] = [];
  const open = [target];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const found = recipes.targets.get(name);
    if (found === undefined || seen.has(name)) continue;
    seen.add(name);
    bodies.push(found.body);
    for (const need of found.needs) open.push(need);
  }
  return bodies.join("\n");
}

async function include(
  files: ProjectFiles,
  folder: string,
  path: string,
  text: string,
  into: Recipes,
  ruleLine: RegExp,
): Promise<void> {
  if (into.files.length >= maxIncluded || into.files.some((file) => file.path === path)) return;
  into.files.push({ path, text });
  // A line that ends in a backslash goes on in the next.
  const lines = text
    .slice(0, maxParsed)
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.length <= maxLine);
  const variables = new Map<string, string>();
  for (const line of lines) {
    const assigned = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?::{0,3}|\?|\+)=\s*(.*)$/.exec(line);
    if (assigned?.[1] !== undefined)
      variables.set(assigned[1], (assigned[2] ?? "").replace(/^(["'])(.*)\1$/, "$2"));
  }
  const expand = (part: string) => {
    let expanded = part;
    for (let depth = 0; depth < 4; depth++) {
      const before = expanded;
      expanded = expanded
        .replace(
          /\$[({]([\w.-]+)[)}]|\{\{ ?([\w.-]+) ?\}\}/g,
          (all, make: string | undefined, just: string | undefined) =>
            (variables.get(make ?? just ?? "") ?? all).slice(0, 1_000),
        )
        .slice(0, maxLine);
      if (expanded === before) break;
    }
    return expanded;
  };

  let open: { needs: string[]; body: string }[] = [];
  for (const line of lines) {
    if (/^\s/.test(line)) {
      for (const target of open) target.body += `${expand(line.trim())}\n`;
      continue;
    }
    if (line === "" || line.startsWith("#")) continue;
    const included = /^(?:-?s?include|import\??)\s+(.+)$/.exec(line);
    if (included?.[1] !== undefined) {
      for (const name of expand(included[1]).split(/\s+/)) {
        const inner = inFolder(folder, name.replace(/^(["'])(.*)\1$/, "$2"));
        const content = inner === null ? null : await files.read(inner);
        if (inner !== null && content !== null) await include(files, folder, inner, content, into, ruleLine);
      }
      continue;
    }
    const rule = ruleLine.exec(line);
    if (rule?.[1] === undefined) continue;
    open = [];
    const [needs = "", ...inline] = expand(rule[2] ?? "").split(";");
    const names = expand(rule[1]).trim().split(/\s+/);
    for (const name of names) {
      const target = into.targets.get(name) ?? { needs: [], body: "" };
      target.needs.push(...needs.split(/[\s|&()]+/).filter((need) => need !== ""));
      target.body += inline.length > 0 ? `${inline.join(";").trim()}\n` : "";
      into.targets.set(name, target);
      open.push(target);
    }
    if (into.first === null && !names[0]?.startsWith(".")) into.first = names[0] ?? null;
  }
}

/** A path written in a file of `folder`, relative to the project's top; null when it leaves the project. */
export function inFolder(folder: string, path: string): string | null {
  if (path === "" || path.startsWith("/") || path.includes("\\") || path.includes("\0")) return null;
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}
