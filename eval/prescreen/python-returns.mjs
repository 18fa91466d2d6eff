import { nodesOf, statementsOf } from "./python-source.mjs";
import { site } from "./site.mjs";

/** The last way out of a function that gives a value, without it. */
export function missingReturns({ text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "function_definition") continue;
    const body = node.childForFieldName("body");
    const annotation = node.childForFieldName("return_type")?.text;
    if (!body || /^(None|NoReturn|Never|\w+\.(NoReturn|Never))$/.test(annotation ?? "") || isGenerator(body))
      continue;
    for (const last of waysOut(body)) {
      const value = last.namedChildren[0];
      if (!value || value.type === "none") continue;
      // What a call gives may be nothing, and then nothing is lost.
      if (annotation === undefined && mayBeNothing(value)) continue;
      const alone = statementsOf(last.parent).length === 1;
      const note = `return dropped, ${annotation === undefined ? "no annotation" : "type annotated"}`;
      const add = (variant, end, put) =>
        sites.push(site("missing-return", variant, text, [{ start: last.startIndex, end, text: put }], note));
      add("statement", last.endIndex, alone ? "pass" : "");
      add("keyword", value.startIndex, "");
    }
  }
  return sites;
}

function mayBeNothing(value) {
  if (value.type === "conditional_expression" || value.type === "boolean_operator")
    return value.namedChildren.some((one) => one !== null && mayBeNothing(one));
  return ["call", "await"].includes(value.type);
}

function isGenerator(body) {
  return nodesOf(body).some(({ type }) => type === "yield");
}

function waysOut(block) {
  const last = statementsOf(block).at(-1);
  if (last?.type === "return_statement") return [last];
  if (last?.type === "with_statement") return waysOut(last.childForFieldName("body"));
  if (last?.type === "try_statement") return waysOutOfTry(last);
  if (last?.type !== "if_statement") return [];
  const branches = last.namedChildren.filter((one) => one !== null && /^(elif|else)_clause$/.test(one.type));
  if (branches.at(-1)?.type !== "else_clause") return [];
  return [
    ...waysOut(last.childForFieldName("consequence")),
    ...branches.flatMap((one) =>
      waysOut(one.childForFieldName("consequence") ?? one.childForFieldName("body")),
    ),
  ];
}

function waysOutOfTry(node) {
  const clauses = node.namedChildren.filter((one) => one !== null && /_clause$/.test(one.type));
  if (clauses.some(({ type }) => type === "finally_clause")) return [];
  const blocks = clauses.flatMap((one) => one.namedChildren.filter((child) => child?.type === "block"));
  const body = clauses.some(({ type }) => type === "else_clause") ? [] : [node.childForFieldName("body")];
  return [...body, ...blocks].flatMap(waysOut);
}
