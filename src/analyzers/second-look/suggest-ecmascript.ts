import { posix } from "node:path";
import { isComponent } from "../files.js";

/** How a file brings a name in. */
export interface Import {
  /** `{ name }`, `{ other as name }`, `name`, `* as name` */
  clause: string;
  specifier: string;
  isType: boolean;
  isRequire: boolean;
  quote: string;
  semicolon: boolean;
}

const statement =
  /^[ \t]*import\s{1,40}(type\s{1,40})?([\w$*{][^;'"()=]{0,2000}?)\s{1,40}from\s*(['"])([^'"\n]{1,300})\3(?:\s*with\s*\{[^}]*\})?[ \t]*(;?)/gm;
const required =
  /^[ \t]*(?:const|let|var)\s+([\w$]+|\{[^{}=;]{1,2000}\})\s*=\s*require\(\s*(['"])([^'"\n]{1,300})\2\s*\)[ \t]*(;?)/gm;

/** The import or require of a file's text that binds a name. */
export function importOf(name: string, text: string): Import | null {
  if (!text.includes(name)) return null;
  for (const [, type, clause = "", quote = '"', specifier = "", end] of text.matchAll(statement)) {
    const found = partOf(clause, name);
    if (found !== null)
      return {
        clause: found.clause,
        specifier,
        isType: type !== undefined || found.isType,
        isRequire: false,
        quote,
        semicolon: end === ";",
      };
  }
  for (const [, target = "", quote = '"', specifier = "", end] of text.matchAll(required)) {
    const parts = target.startsWith("{") ? listed(target) : [target];
    const part = parts.find((one) => one.split(/\s*:\s*/).at(-1) === name);
    if (part === undefined) continue;
    const clause = target.startsWith("{") ? `{ ${part} }` : part;
    return { clause, specifier, isType: false, isRequire: true, quote, semicolon: end === ";" };
  }
  return null;
}

/** `a, { b, type c as d }` and `* as e`: the part that binds the name. */
function partOf(clause: string, name: string): { clause: string; isType: boolean } | null {
  const braces = /\{([^{}]*)\}/.exec(clause);
  for (const one of braces ? listed(braces[0]) : []) {
    if (
      one
        .split(/\s+as\s+/)
        .at(-1)
        ?.replace(/^type\s+/, "") !== name
    )
      continue;
    return { clause: `{ ${one.replace(/^type\s+/, "")} }`, isType: /^type\s/.test(one) };
  }
  const rest = clause.replace(/\{[^{}]*\}/, "").split(",");
  for (const one of rest.map((part) => part.trim())) {
    if (one === name || one.replace(/\s+/g, " ") === `* as ${name}`) return { clause: one, isType: false };
  }
  return null;
}

function listed(braces: string): string[] {
  return braces
    .slice(1, -1)
    .replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/.*/g, "")
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
}

/** An import as the file would write it. */
export function importLine({ clause, specifier, isType, isRequire, quote, semicolon }: Import): string {
  const from = `${quote}${specifier}${quote}`;
  const end = semicolon ? ";" : "";
  return isRequire
    ? `const ${clause} = require(${from})${end}`
    : `import ${isType ? "type " : ""}${clause} from ${from}${end}`;
}

/** Is a name exported by a module's text, from where it is declared; and is it only a type? */
export function exportOf(name: string, text: string): "value" | "type" | null {
  const quoted = name.replace(/\$/g, "\\$");
  const declared = new RegExp(
    `^[ \\t]*export\\s+(?:declare\\s+)?(?:async\\s+|abstract\\s+)?(const|let|var|function\\*?|class|enum|const\\s+enum|interface|type)\\s+${quoted}(?![\\w$])`,
    "m",
  ).exec(text);
  if (declared) return /^(interface|type)$/.test(declared[1] ?? "") ? "type" : "value";
  for (const [, type, list = "", from] of text.matchAll(
    /^[ \t]*export\s+(type\s+)?\{([^{}]{0,4000})\}\s*(from\b)?/gm,
  )) {
    const part = listed(`{${list}}`).find(
      (one) =>
        one
          .split(/\s+as\s+/)
          .at(-1)
          ?.replace(/^type\s+/, "") === name,
    );
    if (part !== undefined && from === undefined) return type || part.startsWith("type ") ? "type" : "value";
  }
  return null;
}

/** How relative imports of a text end: `.js` for what is TypeScript, the file's own ending, or not at all. */
export type Ending = "js" | "own" | "none";

export function endingOf(text: string): Ending | null {
  const seen: Record<Ending, number> = { js: 0, own: 0, none: 0 };
  for (const [, specifier = ""] of text.matchAll(
    /(?:from|import|require\()\s*['"](\.{1,2}\/[^'"\n]{1,300})['"]/g,
  )) {
    const ending = /\.([cm]?[jt]sx?)$/.exec(specifier)?.[1];
    if (ending === undefined) {
      if (!/\.\w+$/.test(specifier)) seen.none++;
    } else seen[/^[cm]?jsx?$/.test(ending) ? "js" : "own"]++;
  }
  const used = (["js", "own", "none"] as const).filter((ending) => seen[ending] > 0);
  const [only] = used;
  return used.length === 1 && only ? only : null;
}

/** A relative specifier from one file to another. */
export function specifierTo(target: string, from: string, ending: Ending): string {
  let path = posix.relative(posix.dirname(from), target);
  if (!path.startsWith(".")) path = `./${path}`;
  if (isComponent(target) || ending === "own" || /\.(json|css)$/.test(target)) return path;
  if (ending === "js") return path.replace(/\.([cm]?)[jt]sx?$/, ".$1js");
  return path.replace(/\.[cm]?[jt]sx?$/, "").replace(/(?<=\.|[^/])\/index$/, "");
}

/** Names that a file's text declares or imports, as far as a glance tells. */
export function declaredNames(text: string): Set<string> {
  const names = new Set<string>();
  const add = (list: string) => {
    for (const [name] of list.matchAll(/[A-Za-z_$][\w$]*/g)) names.add(name);
  };
  for (const [, name = ""] of text.matchAll(
    /\b(?:const|let|var|function\*?|class|enum|interface|type)\s+([A-Za-z_$][\w$]*)/g,
  ))
    add(name);
  for (const [, list = ""] of text.matchAll(/\b(?:const|let|var)\s+[{[]([^{}[\]=;]{1,500})[}\]]/g)) add(list);
  for (const [, , clause = ""] of text.matchAll(statement)) add(clause.replace(/[\w$]+\s+as\s+/g, ""));
  for (const [, list = ""] of text.matchAll(/\(([\w$\s,{}.?:]{1,300})\)\s*(?:=>|\{)/g))
    add(list.replace(/:\s*\w+/g, ""));
  for (const [, name = ""] of text.matchAll(/([A-Za-z_$][\w$]*)\s*=>/g)) add(name);
  return names;
}
