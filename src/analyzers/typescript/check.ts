import ts from "typescript";
import { messageOf } from "../../errors.js";
import { isComponent, isFlow, isJavaScript } from "../files.js";
import { componentOf, scriptName, scriptOf } from "../javascript/script-blocks.js";
import { furtherChecks } from "./checks.js";
import { judge, type TypeScriptDiagnostic } from "./filter.js";
import { lostImports } from "./lost-imports.js";
import { isMadeLater } from "./modules.js";
import { type Checked, programOf } from "./programs.js";
import { root } from "./project.js";
import { remembered } from "./remembered.js";
import { lostReturns } from "./returns.js";
import type { Tree } from "./tree.js";

/** A file on both sides. */
export interface Pair {
  base: string | null;
  head: string | null;
}

/** What could not be checked. */
export interface Missed {
  /** In words, one a file. */
  lost: Set<string>;
  /** Files for which there was no time. */
  late: Set<string>;
}

/**
 * What is found in files of one side, as far as it is not known from before.
 *
 * @param until by path, in milliseconds since the epoch: after that a file is not checked any more
 */
export function checkAll(
  checked: Checked,
  paths: readonly string[],
  missed: Missed,
  until: (path: string) => number,
): TypeScriptDiagnostic[] {
  const found: TypeScriptDiagnostic[] = [];
  const before = remembered(checked);
  const rest = new Map<string, string>();
  for (const path of paths) {
    const name = sourceName(checked.tree, path);
    const known = name === null ? [] : before.get(name);
    if (known) found.push(...known);
    else if (name !== null) rest.set(name, path);
  }
  const isLate = [...rest.values()].every((path) => Date.now() > until(path));
  if (rest.size > 0 && isLate) for (const path of rest.values()) missed.late.add(path);
  if (rest.size === 0 || isLate) return found;
  const program = programOf(checked, [...rest.keys()]);
  const after = remembered(checked, program);
  for (const [name, path] of rest) {
    if (Date.now() > until(path)) {
      missed.late.add(path);
      continue;
    }
    try {
      const now = check(program, name, checked);
      after.set(name, now);
      found.push(...now);
    } catch (error) {
      // Nested thousands deep: that file's findings are lost, no others.
      missed.lost.add(`${path} could not be checked (${messageOf(error)})`);
    }
  }
  return found;
}

/** What a file is called in a program: a component goes by the name of its script. Null for one that has none. */
function sourceName(tree: Tree, path: string): string | null {
  const file = `${root}/${path}`;
  if (!isComponent(path)) return file;
  const script = scriptOf(path, tree.read(file) ?? "");
  return script === null ? null : scriptName(file, script.language);
}

function check(program: ts.Program, name: string, { project, tree }: Checked): TypeScriptDiagnostic[] {
  const file = program.getSourceFile(name);
  if (!file) return [];
  const javascript = isJavaScript(file.fileName);
  if (javascript && isFlow(file.text)) return [];
  const syntax = program.getSyntacticDiagnostics(file).filter((one) => one.code < 2000);
  if (syntax.length > 0) {
    // What follows the first mistake is mostly its echo, and so is what the checker says of such a file.
    return javascript ? [] : syntax.slice(0, 1).map((one) => syntaxError(one, file));
  }
  const checker = program.getTypeChecker();
  const semantic = program.getSemanticDiagnostics(file).filter((one) => one.file === file);
  // «Used before its declaration» and «used before being assigned» are one mistake.
  const early = new Set(
    semantic.flatMap(({ code, start }) => (code === 2448 || code === 2449 ? [start] : [])),
  );
  return semantic
    .filter(({ code, start }) => code !== 2454 || !early.has(start))
    .filter((one) => !isMadeLater(one, project, tree))
    .flatMap((one) => judge(one, file, checker, project) ?? [])
    .concat(furtherChecks(tree, file, checker));
}

function syntaxError(one: ts.DiagnosticWithLocation, file: ts.SourceFile): TypeScriptDiagnostic {
  return {
    code: `TS${one.code}`,
    class: "syntax",
    severity: "certain",
    message: ts.flattenDiagnosticMessageText(one.messageText, " "),
    path: componentOf(file.fileName).slice(root.length + 1),
    line: file.getLineAndCharacterOfPosition(one.start).line + 1,
  };
}

/** What a file's own text no longer says, of the files that are on both sides: an import, or the value of a function. */
export function lost(
  head: Checked,
  base: Tree,
  pairs: readonly Pair[],
  said: readonly TypeScriptDiagnostic[],
): TypeScriptDiagnostic[] {
  const found: TypeScriptDiagnostic[] = [];
  const suspects: { before: ts.SourceFile; after: ts.SourceFile }[] = [];
  for (const pair of pairs) {
    if (pair.base === null || pair.head === null) continue;
    if (base.id(`${root}/${pair.base}`) === head.tree.id(`${root}/${pair.head}`)) continue;
    const before = parse(base, pair.base);
    const after = parse(head.tree, pair.head);
    if (!before || !after) continue;
    try {
      found.push(...lostImports(before, after, head.tree));
      if (lostReturns(before, after, null, [], said).length > 0) suspects.push({ before, after });
    } catch {
      // Nested thousands deep; the checker has said what it could.
    }
  }
  if (suspects.length === 0) return found;
  const names = pairs.flatMap((pair) => (pair.head === null ? [] : (sourceName(head.tree, pair.head) ?? [])));
  const program = programOf(head, names);
  const users = names.flatMap((name) => program.getSourceFile(name) ?? []);
  for (const { before, after } of suspects) {
    const file = program.getSourceFile(after.fileName);
    if (file) found.push(...lostReturns(before, file, program.getTypeChecker(), users, said));
  }
  return found;
}

/** A file by itself; null for one that can't be read. */
export function parse(tree: Tree, path: string): ts.SourceFile | null {
  const name = sourceName(tree, path);
  const text = name === null ? undefined : tree.read(name);
  if (name === null || text === undefined) return null;
  try {
    return ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
  } catch {
    return null;
  }
}
