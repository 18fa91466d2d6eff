import type { Side } from "../../change/types.js";
import { breathe } from "../breathe.js";
import { isPython } from "../files.js";
import { linesOf } from "../last-text.js";
import type { Workspace } from "../workspace.js";

/** Names of a side's functions and classes, as far as their heads tell what a type checker's word on them is worth. */
export interface PythonIndex {
  /** Under a decorator that may make something else of them. */
  decorated: ReadonlySet<string>;
  /** Functions that say what they return: what is told of others was guessed from their bodies. */
  annotated: ReadonlySet<string>;
  /** Functions that take any keyword when they run, and name some for type checkers (PEP 692). */
  open: ReadonlySet<string>;
}

const fileLimit = 4_000;
const known = new WeakMap<Workspace, Map<Side, Promise<PythonIndex>>>();

/** Read once for a change, and only when something is to be judged by it. */
export function pythonIndex(workspace: Workspace, side: Side): Promise<PythonIndex> {
  const both = known.get(workspace) ?? new Map<Side, Promise<PythonIndex>>();
  known.set(workspace, both);
  const made = both.get(side) ?? readIndex(workspace, side);
  both.set(side, made);
  return made;
}

async function readIndex(workspace: Workspace, side: Side): Promise<PythonIndex> {
  const decorated = new Set<string>();
  const annotated = new Set<string>();
  const open = new Set<string>();
  for (const path of (await workspace.sources(side, "python")).filter(isPython).slice(0, fileLimit)) {
    const text = await workspace.source(side, "python", path);
    if (text !== null) await indexInto(text, { decorated, annotated, open });
  }
  return { decorated, annotated, open };
}

/** Decorators after which a function or class is called as it is written. */
const plain =
  /^\s*@(staticmethod|classmethod|(dataclasses\.)?dataclass|(typing\.|t\.|te\.|typing_extensions\.)?(final|override|overload|no_type_check)|(abc\.)?abstractmethod|(functools\.)?total_ordering)\b/;

async function indexInto(
  text: string,
  { decorated, annotated, open }: Record<keyof PythonIndex, Set<string>>,
): Promise<void> {
  const lines = linesOf(text);
  let isPending = false;
  for (const [index, line] of lines.entries()) {
    if (/^\s*@\w/.test(line)) isPending ||= !plain.test(line);
    const [, word, name] = /^\s*(?:async\s+)?(def|class)\s+(\w+)/.exec(line) ?? [];
    if (name === undefined) continue;
    await breathe();
    if (isPending) decorated.add(name);
    isPending = false;
    if (word !== "def") continue;
    const head = headOf(lines, index);
    if (head.includes("->")) annotated.add(name);
    if (/\*\*\w+\s*:\s*[\w.]*Unpack\b/.test(head)) open.add(name);
  }
}

/** A `def` up to the colon that ends it. */
function headOf(lines: readonly string[], start: number): string {
  let head = "";
  for (const line of lines.slice(start, start + 40)) {
    head += `${line}\n`;
    if (/:\s*(\.\.\.\s*)?(#[^:]*)?$/.test(line) || /\)\s*(->[^:)]{0,300})?:\s/.test(line)) break;
  }
  return head;
}
