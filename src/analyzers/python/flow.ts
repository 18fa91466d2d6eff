import type { Node } from "web-tree-sitter";

/** How control leaves a Python function, as far as its text tells. */
export interface PythonFunctionFlow {
  /** With the classes and functions around it: `Client.send`. */
  name: string;
  /** 1-based: of the return annotation, or of the name. */
  line: number;
  annotation: string | null;
  /** As written, without arguments: `property`, `app.route`. */
  decorators: string[];
  /** The first line of its documentation that speaks of what it returns. */
  documented: boolean;
  isGenerator: boolean;
  /** Says only what others do: `...`, an exception, an abstract method, an overload. */
  isStub: boolean;
  /** Values it returns: how many, and whether all are what a call gave, or `self`. */
  values: number;
  /** Those values, each as its text. */
  returned: string[];
  /** Names in those values. */
  returnedNames: string[];
  /** Names that are given a value and never read. */
  unread: string[];
  isPassedOn: boolean;
  /** `return` without anything: `return None` says that nothing is the value. */
  bare: number;
  /** Whether its end can be reached, and the statements by which it is (calls may be ones that never return). */
  falls: boolean;
  tails: string[];
  /** Calls for their own sake, each as its text: a call that was followed by something did return. */
  calls: string[];
}

const endless = /^(\(?(True|1)\)?)$/;
const noReturn =
  /^(sys\.exit|exit|quit|os\._exit|os\.abort|pytest\.(fail|skip|exit|xfail)|self\.(fail|skipTest)|(typing\.|t\.|typing_extensions\.)?assert_never)\(/;

const interfaces = /^(\.\.\.$|raise\s+\w*NotImplemented)/;

/** The functions of a module whose text is not one of `known`. */
export function functionFlows(root: Node, known: ReadonlySet<string>): PythonFunctionFlow[] {
  return functionsOf(root).flatMap((node) => (known.has(node.text) ? [] : (flowOf(node) ?? [])));
}

/** The text of each function of a module. */
export function functionTexts(root: Node): Set<string> {
  return new Set(functionsOf(root).map(({ text }) => text));
}

function functionsOf(root: Node): Node[] {
  return root.descendantsOfType("function_definition").filter((node): node is Node => node !== null);
}

function flowOf(node: Node): PythonFunctionFlow | null {
  const body = node.childForFieldName("body");
  const name = node.childForFieldName("name");
  if (!body || !name) return null;
  const own = ownNodes(body);
  const returned = own.filter(({ type }) => type === "return_statement");
  const values = returned.flatMap((one) => returnedBy(one) ?? []);
  const returnType = node.childForFieldName("return_type");
  const statements = statementsOf(body);
  const first = documentation(statements[0]);
  const tails = tailsOf(body);
  const decorators = decoratorsOf(node);
  return {
    name: qualified(node, name.text),
    line: (returnType ?? name).startPosition.row + 1,
    annotation: returnType?.text ?? null,
    decorators,
    documented: first !== null && /:returns?:|:rtype|\breturns?\b|->/i.test(first),
    isGenerator: own.some(({ type }) => type === "yield"),
    isStub:
      decorators.some((one) => /abstract|overload/.test(one)) ||
      statements.some((one) => interfaces.test(one.text)),
    values: values.length,
    returned: values.slice(0, 60).map((one) => short(one.text)),
    returnedNames: [...new Set(values.slice(0, 60).flatMap(namesIn))].slice(0, 200),
    unread: unreadIn(body).slice(0, 200),
    isPassedOn: values.every(({ type, text }) => type === "call" || type === "await" || text === "self"),
    bare: returned.filter((one) => one.namedChildren.every((child) => child?.type === "comment")).length,
    falls: tails.length > 0,
    tails: tails.slice(0, 20).map((one) => short(one.text)),
    calls: own
      .filter((one) => one.type === "expression_statement" && isCall(one))
      .slice(0, 60)
      .map((one) => short(one.text)),
  };
}

function namesIn(node: Node): string[] {
  return [node, ...node.descendantsOfType("identifier")].flatMap((one) =>
    one?.type === "identifier" ? one.text : [],
  );
}

function unreadIn(body: Node): string[] {
  const counts = new Map<string, number>();
  const count = (names: readonly string[], by: number) => {
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + by);
  };
  const given = new Set<string>();
  for (const one of body.descendantsOfType(["identifier", "assignment"])) {
    if (one?.type === "identifier") count([one.text], 1);
    const target = one?.type === "assignment" ? one.childForFieldName("left") : null;
    if (target?.type !== "identifier" || !one?.childForFieldName("right")) continue;
    count([target.text], -1);
    given.add(target.text);
  }
  return [...given].filter((name) => counts.get(name) === 0);
}

function short(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 200);
}

/** A statement that is nothing but a call. */
export function isCall(node: Node): boolean {
  const only = node.type === "expression_statement" ? node.namedChildren[0] : null;
  const inner = only?.type === "await" ? only.namedChildren[0] : only;
  return inner?.type === "call";
}

function documentation(node: Node | undefined): string | null {
  if (node?.type !== "expression_statement") return null;
  const only = node.namedChildren[0];
  return only?.type === "string" || only?.type === "concatenated_string" ? only.text : null;
}

/** A returned value, or null for `return` and `return None`. */
function returnedBy(node: Node): Node | null {
  const value = node.namedChildren.find((one) => one !== null && one.type !== "comment") ?? null;
  return value === null || value.type === "none" ? null : value;
}

function qualified(node: Node, name: string): string {
  const names = [name];
  for (let at = node.parent; at; at = at.parent) {
    if (at.type === "class_definition" || at.type === "function_definition") {
      names.unshift(at.childForFieldName("name")?.text ?? "");
    }
  }
  return names.join(".");
}

function decoratorsOf(node: Node): string[] {
  if (node.parent?.type !== "decorated_definition") return [];
  return node.parent.namedChildren.flatMap((one) =>
    one?.type === "decorator" ? [one.text.replace(/^@\s*/, "").replace(/[\s(][\s\S]*$/, "")] : [],
  );
}

const scopes = new Set(["function_definition", "class_definition", "lambda"]);

/** All that is inside of a block, without what belongs to functions and classes in it. */
function ownNodes(block: Node): Node[] {
  const all: Node[] = [];
  const visit = (node: Node) => {
    for (const child of node.namedChildren) {
      if (child === null || scopes.has(child.type)) continue;
      all.push(child);
      visit(child);
    }
  };
  visit(block);
  return all;
}

/** A block's statements, without comments. */
export function statementsOf(block: Node): Node[] {
  return block.namedChildren.filter((one): one is Node => one !== null && one.type !== "comment");
}

/** The statements after which control can run off the end of a block; none when it can't. */
function tailsOf(block: Node): Node[] {
  const statements = statementsOf(block);
  for (const one of statements) if (!completes(one)) return [];
  const last = statements.at(-1);
  return last ? tailsIn(last) : [block];
}

function completes(statement: Node): boolean {
  return tailsIn(statement).length > 0;
}

function tailsIn(node: Node): Node[] {
  switch (node.type) {
    case "return_statement":
    case "raise_statement":
    case "continue_statement":
    case "break_statement":
      return [];
    case "if_statement":
      return tailsOfIf(node);
    case "while_statement": {
      const isEndless = endless.test(node.childForFieldName("condition")?.text ?? "");
      return isEndless && !breaks(node) ? [] : isEndless || breaks(node) ? [node] : elseTails(node);
    }
    case "for_statement":
      return breaks(node) ? [node] : elseTails(node);
    case "with_statement": {
      const body = node.childForFieldName("body");
      // What swallows exceptions goes on after them.
      const swallows = /suppress|raises|ignor|assert|warn|catch|handle/i.test(headOf(node, body));
      return swallows ? [node] : body ? tailsOf(body) : [node];
    }
    case "try_statement":
      return tailsOfTry(node);
    case "match_statement":
      return tailsOfMatch(node);
    case "expression_statement":
      return noReturn.test(node.text.replace(/^await\s+/, "")) ? [] : [node];
    case "assert_statement":
      return /^assert\s*\(?\s*(False|0)\b/.test(node.text) ? [] : [node];
    default:
      return [node];
  }
}

function headOf(node: Node, body: Node | null): string {
  const text = body ? node.text.slice(0, body.startIndex - node.startIndex) : node.text;
  return text.replace(/#.*/g, "");
}

function tailsOfIf(node: Node): Node[] {
  const consequence = node.childForFieldName("consequence");
  const tails = consequence ? tailsOf(consequence) : [node];
  let isClosed = false;
  for (const clause of clausesOf(node)) {
    const block = clause.childForFieldName("consequence") ?? clause.childForFieldName("body");
    tails.push(...(block ? tailsOf(block) : [clause]));
    isClosed ||= clause.type === "else_clause";
  }
  return isClosed ? tails : [...tails, node];
}

function clausesOf(node: Node): Node[] {
  return node.namedChildren.filter((one): one is Node => one !== null && /_clause$/.test(one.type));
}

function elseTails(node: Node): Node[] {
  const other = clausesOf(node).find(({ type }) => type === "else_clause");
  const block = other?.childForFieldName("body");
  return block && tailsOf(block).length === 0 ? [] : [node];
}

/** Does a `break` of this very loop leave it? */
function breaks(loop: Node): boolean {
  const visit = (node: Node): boolean =>
    node.namedChildren.some((child) => {
      if (child === null || scopes.has(child.type)) return false;
      if (child.type === "break_statement") return true;
      if (child.type !== "for_statement" && child.type !== "while_statement") return visit(child);
      // The `else` of a loop inside is outside of that loop.
      return clausesOf(child).some(visit);
    });
  const body = loop.childForFieldName("body");
  return body !== null && visit(body);
}

function tailsOfTry(node: Node): Node[] {
  const clauses = clausesOf(node);
  const blockOf = (clause: Node | undefined) =>
    clause?.childForFieldName("body") ?? clause?.namedChildren.find((one) => one?.type === "block") ?? null;
  const last = blockOf(clauses.find(({ type }) => type === "finally_clause"));
  if (last && tailsOf(last).length === 0) return [];
  const body = node.childForFieldName("body");
  let tails = body ? tailsOf(body) : [node];
  const other = blockOf(clauses.find(({ type }) => type === "else_clause"));
  if (tails.length > 0 && other) tails = tailsOf(other);
  for (const clause of clauses) {
    if (!/^except(_group)?_clause$/.test(clause.type)) continue;
    const block = blockOf(clause);
    tails.push(...(block ? tailsOf(block) : [clause]));
  }
  return tails;
}

function tailsOfMatch(node: Node): Node[] {
  const tails: Node[] = [];
  let isClosed = false;
  for (const clause of node.descendantsOfType("case_clause")) {
    if (clause === null || clause.parent?.parent?.id !== node.id) continue;
    const block = clause.childForFieldName("consequence");
    tails.push(...(block ? tailsOf(block) : [clause]));
    const pattern = clause.namedChildren.find((one) => one?.type === "case_pattern")?.text ?? "";
    isClosed ||= /^[a-z_]\w*$/.test(pattern) && clause.childForFieldName("guard") === null;
  }
  // Whether the cases given are all that there are is for a type checker to say.
  return isClosed ? tails : [...tails, node];
}
