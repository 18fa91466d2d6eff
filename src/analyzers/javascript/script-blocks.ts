import { isComponent } from "../files.js";
import { forLastTexts, literally } from "../last-text.js";

/**
 * The script of a Vue or Svelte component, without a compiler of either: everything outside of its script blocks is
 * replaced by spaces, so that lines and columns stay what they are.
 */
export interface ComponentScript {
  text: string;
  language: "ts" | "tsx" | "js" | "jsx";
  /**
   * The text block by block, each alone in its place. Two blocks (a module's and an instance's) share one scope, run
   * in an order of their own, and may import the same twice.
   */
  blocks: readonly string[];
}

interface Block {
  name: string;
  attributes: string;
  /** Offsets of what is between the tags. */
  start: number;
  end: number;
}

const marker = ".sluice-script.";

/** The name by which a compiler knows a component's script: one that no import can mean. */
export function scriptName(path: string, language: ComponentScript["language"]): string {
  return `${path}${marker}${language}`;
}

/** The component whose script goes by a name, or the name itself. */
export function componentOf(name: string): string {
  const at = name.lastIndexOf(marker);
  return at === -1 ? name : name.slice(0, at);
}

/** A component's script; null where there is none, or none that can be read with certainty. */
export function scriptOf(path: string, text: string): ComponentScript | null {
  const isVue = /\.vue$/i.test(path);
  const blocks = isVue ? vueBlocks(text) : svelteBlocks(text);
  if (blocks === null || blocks.length === 0 || blocks.length > 2) return null;
  const languages = new Set(blocks.map(({ attributes }) => languageOf(attributes)));
  const [language] = languages;
  if (languages.size !== 1 || !language) return null;
  const generics = new Set(blocks.flatMap(({ attributes }) => genericNames(attributes)));
  const end = `\nexport {};${[...generics].map((name) => ` type ${name} = any;`).join("")}`;
  return {
    text: only(text, blocks) + end,
    language,
    blocks: blocks.map((block) => only(text, [block]) + end),
  };
}

function only(text: string, blocks: readonly Block[]): string {
  let written = "";
  let at = 0;
  for (const { start, end } of blocks) {
    written += `${blank(text.slice(at, start))}${text.slice(start, end)}`;
    // In place of the `<` of the closing tag: what follows is no part of the last statement.
    written += end < text.length ? ";" : "";
    at = Math.min(end + 1, text.length);
  }
  return written + blank(text.slice(at));
}

/** A file's text as an engine for scripts reads it; null for a component without a script. */
export function scriptText(path: string, text: string): string | null {
  return isComponent(path) ? (scriptOf(path, text)?.text ?? null) : text;
}

/**
 * Names that Svelte gives a component beside what its script declares: `$store` for a store, runes, and what a
 * `$:` statement assigns to for the first time.
 */
export function isGivenBySvelte(name: string, text: string): boolean {
  return name.startsWith("$") || assigned(text).has(name);
}

const assigned = forLastTexts((text) => {
  const names = new Set<string>();
  for (const [, target = ""] of text.matchAll(/^[ \t]{0,99}\$:([^=;]{0,400})=/gm))
    for (const [name] of target.matchAll(/[\p{ID_Continue}$]+/gu)) names.add(name);
  return names;
});

function blank(text: string): string {
  return text.replace(/[^\r\n]/g, " ");
}

function languageOf(attributes: string): ComponentScript["language"] | null {
  const said = attribute(attributes, "lang")?.toLowerCase();
  if (said === undefined) {
    const type = attribute(attributes, "type")?.toLowerCase();
    if (type === undefined || /^(module|(text|application)\/(java|ecma)script)$/.test(type)) return "js";
    return /typescript/.test(type) ? "ts" : null;
  }
  if (said === "typescript") return "ts";
  if (said === "javascript") return "js";
  return said === "ts" || said === "tsx" || said === "js" || said === "jsx" ? said : null;
}

function attribute(attributes: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`).exec(attributes);
  return match?.[1] ?? match?.[2] ?? match?.[3];
}

/** Type parameters of a component: `generic="T extends Item, K extends keyof T = never"`. */
function genericNames(attributes: string): string[] {
  const text = attribute(attributes, "generic") ?? attribute(attributes, "generics") ?? "";
  const names: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of `${text},`) {
    if (char === "," && depth === 0) {
      const name = /^\s*(?:const\s+)?([A-Za-z_$][\w$]*)/.exec(part)?.[1];
      if (name) names.push(name);
      part = "";
      continue;
    }
    if (/[<([{]/.test(char)) depth++;
    if (/[>)\]}]/.test(char) && !part.endsWith("=")) depth--;
    part += char;
  }
  return names;
}

/** A comment, or a tag with its attributes. Each part can match in one way only: the text is a stranger's. */
const tag =
  /<!--[\s\S]*?(?:-->|$)|<(\/?)([A-Za-z][\w:.-]*)(?![\w:.-])((?:\s|\/(?!>)|"[^"]*"|'[^']*'|[^\s"'<>/]){0,5000})(\/?)>/;

/** Openings that turn out to be no tag after which a text is no component of anybody's. */
const mostMisses = 100;

/** Finds the tags and comments of a text, from where it is told; null when there are no more. */
function tagReader(text: string): (from: number) => RegExpExecArray | null {
  const opening = /<!--|<\/?[A-Za-z]/g;
  const whole = new RegExp(tag, "y");
  let misses = 0;
  return (from) => {
    opening.lastIndex = from;
    for (let at = opening.exec(text); at && misses < mostMisses; at = opening.exec(text)) {
      whole.lastIndex = at.index;
      const found = whole.exec(text);
      if (found) return found;
      misses++;
    }
    return null;
  };
}

/** The script blocks at the top level of a Vue component: what is in a template is no block. */
function vueBlocks(text: string): Block[] | null {
  const blocks: Block[] = [];
  const next = tagReader(text);
  let at = 0;
  for (let found = next(at); found; found = next(at)) {
    const [whole, closing, name, attributes = "", selfClosing] = found;
    const start = found.index + whole.length;
    at = start;
    if (name === undefined || closing || selfClosing) continue;
    const isMarkup = name === "template" && (attribute(attributes, "lang") ?? "html") === "html";
    const end = isMarkup ? endOfTemplate(start, next) : endOfRaw(text, name, start);
    if (end === -1) return null;
    if (name === "script" && attribute(attributes, "src") === undefined)
      blocks.push({ name, attributes, start, end });
    at = text.indexOf(">", end) + 1;
  }
  return blocks;
}

function endOfRaw(text: string, name: string, from: number): number {
  const close = new RegExp(`</${literally(name)}\\s*>`, "gi");
  close.lastIndex = from;
  return close.exec(text)?.index ?? -1;
}

function endOfTemplate(from: number, next: ReturnType<typeof tagReader>): number {
  let depth = 1;
  for (let found = next(from); found; found = next(found.index + found[0].length)) {
    if (found[2] !== "template" || found[4]) continue;
    depth += found[1] ? -1 : 1;
    if (depth === 0) return found.index;
  }
  return -1;
}

/** As Svelte's own preprocessor finds them; not those that are put into the page's head. */
function svelteBlocks(text: string): Block[] | null {
  const blocks: Block[] = [];
  const opening = /<!--|<(script|style|svelte:head)(?=[\s>])/g;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    const [, name] = found;
    const { attributes, start } = name === undefined ? noAttributes : openingTag(text, found.index);
    const end = name === undefined ? text.indexOf("-->", found.index) : endOfRaw(text, name, start);
    if (start === -1 || end === -1) return null;
    if (name === "script" && attribute(attributes, "src") === undefined)
      blocks.push({ name, attributes, start, end });
    opening.lastIndex = text.indexOf(">", end) + 1;
  }
  return blocks;
}

const noAttributes = { attributes: "", start: 0 };

function openingTag(text: string, at: number): { attributes: string; start: number } {
  const tags = new RegExp(tag, "y");
  tags.lastIndex = at;
  const found = tags.exec(text);
  return { attributes: found?.[3] ?? "", start: found ? tags.lastIndex : -1 };
}
