import { ancestors } from "./python-source.mjs";
import { site } from "./site.mjs";

/** An argument dropped that a function of this repository requires, or one more given than it takes. */
export function argumentCounts({ path, text, nodes, bound, functions }) {
  return nodes.flatMap((node) => {
    if (node.type !== "call") return [];
    const list = node.childForFieldName("arguments");
    if (list?.type !== "argument_list") return [];
    const given = list.namedChildren.filter((one) => one !== null && one.type !== "comment");
    if (given.some(({ type }) => /splat|generator/.test(type))) return [];
    const called = calledFunction(node, { path, text, bound, functions });
    const parameters = called && parametersOf(called.head, called.indent > 0);
    if (!parameters) return [];
    const callee = node.childForFieldName("function").text.slice(0, 60);
    const sites = [];
    const last = given.at(-1);
    const keyword = last?.type === "keyword_argument" ? last.childForFieldName("name").text : null;
    const parameter =
      keyword === null ? parameters[given.length - 1] : parameters.find(({ name }) => name === keyword);
    if (last && parameter?.required) {
      const start = given.at(-2)?.endIndex ?? last.startIndex;
      const edit = { start, end: last.endIndex, text: "" };
      sites.push(site("argument-count", "dropped", text, [edit], `last argument of ${callee} dropped`));
    }
    const positional = parameters.filter((one) => one.positional);
    if (keyword === null && positional.length === given.length) {
      const start = last?.endIndex ?? list.startIndex + 1;
      const edit = { start, end: start, text: last ? ", None" : "None" };
      sites.push(site("argument-count", "added", text, [edit], `one argument too many for ${callee}`));
    }
    return sites;
  });
}

/** The one function that can be meant: by name alone when it is bound once, or a method of this very class. */
export function calledFunction(node, { path, text, bound, functions }) {
  const callee = node.childForFieldName("function");
  const name = callee?.type === "attribute" ? callee.childForFieldName("attribute").text : callee?.text;
  const known = functions.get(name) ?? [];
  const [only] = known;
  if (known.length !== 1 || only.decorated) return null;
  if (callee.type === "identifier")
    return only.indent === 0 && bound.get(name) === 1 && isFromThere(name, only.path, { path, text })
      ? only
      : null;
  if (callee.type !== "attribute" || callee.childForFieldName("object").text !== "self") return null;
  const inClass = ancestors(node).some(
    ({ type, text }) => type === "class_definition" && new RegExp(`def\\s+${name}\\b`).test(text),
  );
  return only.indent > 0 && only.path === path && inClass ? only : null;
}

/** Is it this file's own, or imported from a module that may be the one it stands in? Another package may have the name. */
function isFromThere(name, home, { path, text }) {
  if (home === path) return true;
  const taking = /^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)/gm;
  const from = [...text.matchAll(taking)].find(([, , names]) => names.match(/\w+/g)?.includes(name))?.[1];
  if (from === undefined) return false;
  const [top = ""] = from.replace(/^\.+/, "").split(".");
  return from.startsWith(".") || home.split("/").some((part) => part.replace(/\.py$/, "") === top);
}

/** Positional and keyword parameters of a `def`, without `self`; null when there are stars or the head is odd. */
function parametersOf(head, isMethod) {
  const inside = bracketed(head);
  if (inside === null) return null;
  const parts = split(inside)
    .map((part) => part.trim())
    .filter(Boolean);
  if (parts.some((part) => part.startsWith("*") && part !== "*") || parts.includes("/")) return null;
  const star = parts.indexOf("*");
  const names = parts
    .map((part, index) => ({
      name: /^\w+/.exec(part)?.[0] ?? "",
      required: !hasDefault(part),
      positional: star === -1 || index < star,
    }))
    .filter((_, index) => index !== star);
  return isMethod ? names.slice(1) : names;
}

function bracketed(head) {
  const start = head.indexOf("(");
  let depth = 0;
  for (let at = start; at < head.length; at += 1) {
    if ("([{".includes(head[at])) depth += 1;
    if (")]}".includes(head[at]) && --depth === 0) return head.slice(start + 1, at).replace(/#.*/g, "");
  }
  return null;
}

function split(text) {
  const parts = [""];
  let depth = 0;
  for (const char of text) {
    if ("([{".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}

function hasDefault(parameter) {
  return /(^|[^=!<>])=($|[^=])/.test(parameter.replace(/\[[^\]]*\]/g, ""));
}
