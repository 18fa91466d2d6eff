import type { Node, QueryCapture } from "web-tree-sitter";
import * as z from "zod";
import { capture } from "../../change/imports/grammar.js";
import { messageOf } from "../../errors.js";
import { eachOf } from "../warm/answer.js";

const question = z.object({ key: z.string(), grammar: z.string(), text: z.string(), test: z.boolean() });

interface Leftover {
  kind: "focused-test" | "skipped-test" | "debugger";
  what: string;
  line: number;
}

const ecmaScript = "(call_expression) @call (debugger_statement) @debugger";
const queries: Readonly<Record<string, string>> = {
  javascript: ecmaScript,
  typescript: ecmaScript,
  tsx: ecmaScript,
  python: "(call) @call (decorator) @decorator",
  ruby: "(call) @call (identifier) @name",
};

export const analyse = eachOf(question, async ({ grammar, text, test }) => {
  try {
    const found = await capture(grammar, queries[grammar] ?? "", text, (captures) =>
      leftovers(grammar, captures, text, test),
    );
    return { found };
  } catch (error) {
    return { found: [], lost: messageOf(error).slice(0, 200) };
  }
});

function leftovers(
  grammar: string,
  captures: readonly QueryCapture[],
  source: string,
  test: boolean,
): Leftover[] {
  const read = grammar === "python" ? ofPython : grammar === "ruby" ? ofRuby : ofEcmaScript;
  return captures.flatMap(({ node }) => {
    const one = read(node, source);
    if (one === null || (one.kind !== "debugger" && !test)) return [];
    return [{ ...one, line: node.startPosition.row + 1 }];
  });
}

type Seen = Pick<Leftover, "kind" | "what"> | null;

const isDeclared = (name: string, source: string) =>
  new RegExp(`\\b(function|const|let|var|def|import)\\b[^;\\n]*(?<![\\w$.])${name}\\b`).test(source);

function ofEcmaScript(node: Node, source: string): Seen {
  if (node.type === "debugger_statement") return { kind: "debugger", what: "debugger" };
  const callee = node.childForFieldName("function");
  const passed = node.childForFieldName("arguments");
  if (!callee || passed?.type !== "arguments" || !startsWithTitle(passed)) return null;
  const name = dotted(callee);
  if (name === null) return null;
  if (/^(fit|fdescribe|fcontext|ftest)$/.test(name)) {
    return isDeclared(name, source) ? null : { kind: "focused-test", what: name };
  }
  if (/^(xit|xdescribe|xcontext|xtest|xspecify)$/.test(name)) {
    return isDeclared(name, source) ? null : { kind: "skipped-test", what: name };
  }
  const words = name.split(".");
  const at = words[0] === "Deno" ? 1 : 0;
  if (!/^(it|test|describe|context|suite|specify)$/.test(words[at] ?? "")) return null;
  const modifiers = words.slice(at + 1);
  if (modifiers.includes("only")) return { kind: "focused-test", what: name };
  if (modifiers.includes("skip") || modifiers.includes("fixme")) return { kind: "skipped-test", what: name };
  return null;
}

/** `describe.only`, `it.concurrent.only`, `test.only.each([…])`; null for what is no plain name. */
function dotted(node: Node): string | null {
  if (node.type === "identifier") return node.text;
  if (node.type === "call_expression") {
    const inner = node.childForFieldName("function");
    return inner && /\.(each|for)$/.test(inner.text.slice(-6)) ? dotted(inner) : null;
  }
  if (node.type !== "member_expression") return null;
  const object = node.childForFieldName("object");
  const property = node.childForFieldName("property");
  const left = object && object.type !== "call_expression" ? dotted(object) : null;
  return left === null || !property ? null : `${left}.${property.text}`;
}

/** A test has a title and then something to do; `test.skip(isWindows)` is a condition. */
function startsWithTitle(passed: Node): boolean {
  const [title, body] = passed.namedChildren.filter((child) => child?.type !== "comment");
  return (
    title !== undefined &&
    title !== null &&
    /^(string|template_string|identifier|member_expression)$/.test(title.type) &&
    body !== undefined &&
    body !== null &&
    body.type !== "string"
  );
}

function ofPython(node: Node, source: string): Seen {
  if (node.type === "decorator") {
    const what = /^@\s*((?:pytest\.mark|unittest|mark)\.skip)\b(?!if)/.exec(node.text)?.[1];
    return what === undefined ? null : { kind: "skipped-test", what: `@${what}` };
  }
  const name = node.childForFieldName("function")?.text ?? "";
  if (name === "breakpoint" && !isDeclared(name, source)) return { kind: "debugger", what: "breakpoint()" };
  return /^(i?pdb|pudb|wdb|rpdb)\.set_trace$/.test(name) ? { kind: "debugger", what: `${name}()` } : null;
}

function ofRuby(node: Node): Seen {
  if (node.type === "identifier") {
    const isStatement = /^(program|body_statement|block_body|then|else|begin|do)$/.test(
      node.parent?.type ?? "",
    );
    return node.text === "byebug" && isStatement ? { kind: "debugger", what: "byebug" } : null;
  }
  const method = node.childForFieldName("method")?.text ?? "";
  const receiver = node.childForFieldName("receiver")?.text;
  if (receiver === "binding" && /^(pry|irb|b|break)$/.test(method)) {
    return { kind: "debugger", what: `binding.${method}` };
  }
  if (receiver !== undefined && receiver !== "RSpec") return null;
  const [title] = node.childForFieldName("arguments")?.namedChildren ?? [];
  if (!title || node.childForFieldName("block") === null) return null;
  if (/^f(it|describe|context|specify|example)$/.test(method)) return { kind: "focused-test", what: method };
  if (/^x(it|describe|context|specify|example)$/.test(method)) return { kind: "skipped-test", what: method };
  return null;
}
