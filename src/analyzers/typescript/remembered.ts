import { createHash } from "node:crypto";
import ts from "typescript";
import { isEcmaScript, isTypeScript } from "../files.js";
import { closureHashes } from "./closures.js";
import { factsOf } from "./facts.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { type Checked, understandingKey } from "./programs.js";
import { ambientFiles } from "./project.js";
import { shapeOf } from "./shape.js";
import { ownPath, type Tree } from "./tree.js";

const answerLimit = 20_000;
const shapeLimit = 100_000;
/** Files parsed only to see whether something is known of what they reach. */
const parseLimit = 60;

const answers = new Map<string, readonly TypeScriptDiagnostic[]>();
const shapes = new Map<string, string>();

/** What was found in a file before, for as long as neither it nor anything its types come from has changed. */
export interface Remembered {
  get(file: string): readonly TypeScriptDiagnostic[] | undefined;
  set(file: string, found: readonly TypeScriptDiagnostic[]): void;
}

/** @param program the program that the files were checked in; without one only what is cheap to know is known */
export function remembered(checked: Checked, program?: ts.Program): Remembered {
  const { tree, project, resolver } = checked;
  let parses = 0;
  const hashOf = closureHashes((file) => {
    const id = tree.id(file);
    if (id === undefined) return { shape: "", edges: [] };
    if (!isEcmaScript(file)) return { shape: id, edges: [] };
    const { imports } = factsOf(id, /\.d\.[mc]?ts$/.test(file), () => tree.read(file));
    const wanted = [...imports];
    if (/x$/.test(file) && project.options.jsxImportSource)
      wanted.push(`${project.options.jsxImportSource}/jsx-runtime`);
    const edges = wanted.flatMap((specifier): [string, string][] => {
      const target = resolver.module(specifier, file, undefined)?.resolvedFileName;
      return target !== undefined && ownPath(target) !== null ? [[specifier, target]] : [];
    });
    return { shape: shape(tree, file, id, program, () => ++parses > parseLimit), edges };
  });
  let common: string | undefined;
  const keyOf = (file: string): string | undefined => {
    if (common === undefined) {
      const hash = createHash("sha1").update(understandingKey(checked));
      for (const one of ambientFiles(tree, project)) hash.update(`\0${one}\0${hashOf(one)}`);
      common = hash.digest("hex");
    }
    const reached = hashOf(file);
    return program === undefined && parses > parseLimit
      ? undefined
      : `${common} ${file} ${tree.id(file)} ${reached}`;
  };
  return {
    get(file) {
      const key = keyOf(file);
      return key === undefined ? undefined : answers.get(key);
    },
    set(file, found) {
      const key = keyOf(file);
      if (key === undefined) return;
      if (answers.size >= answerLimit) answers.clear();
      answers.set(key, found);
    },
  };
}

function shape(
  tree: Tree,
  file: string,
  id: string,
  program: ts.Program | undefined,
  isTooMuch: () => boolean,
): string {
  if (!isTypeScript(file) || /\.d\.[mc]?ts$/.test(file)) return id;
  const known = shapes.get(id);
  if (known !== undefined) return known;
  let source = program?.getSourceFile(file);
  if (source === undefined) {
    if (isTooMuch()) return "";
    try {
      source = ts.createSourceFile(file, tree.read(file) ?? "", ts.ScriptTarget.ESNext);
    } catch {
      return id;
    }
  }
  let found: string;
  try {
    found = shapeOf(source);
  } catch {
    // Nested too deep for a walk: then every text is its own.
    found = id;
  }
  if (shapes.size >= shapeLimit) shapes.clear();
  shapes.set(id, found);
  return found;
}
