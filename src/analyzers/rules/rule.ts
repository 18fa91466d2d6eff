import type { Node } from "web-tree-sitter";
import type { Severity } from "../engine.js";

/** The languages that have rules, by the name of their grammar. */
export const grammars = ["go", "java", "rust", "php", "ruby", "c-sharp", "bash", "cpp", "kotlin"] as const;
export type Grammar = (typeof grammars)[number];

/** A text as a rule sees it. */
export interface Source {
  grammar: Grammar;
  text: string;
  /** True for C, which shares its grammar with C++. */
  isC: boolean;
  /** A test: what compares with itself or ends early there is often meant. */
  isTest: boolean;
}

export interface Mistake {
  /** Name of the rule, kebab-case. */
  code: string;
  /** Our class of mistake, as in `Diagnostic`. */
  class: string;
  severity: Severity;
  message: string;
  /** 1-based. */
  line: number;
  /** The name it is about, where it is about one. */
  subject?: string | undefined;
}

/** What one node shows of a mistake. Rules read syntax only: what they can't see there they don't claim. */
export interface Rule {
  /** Kinds of nodes it wants to see. */
  kinds: readonly string[];
  look(node: Node, source: Source): Mistake | readonly Mistake[] | null;
}

/** Milliseconds for one text: a few tens of thousands of lines take less. */
const timeLimit = 3_000;

/**
 * Hands every node to the rules that want its kind. Throws an Error where that takes too long, which only a text
 * made for it does.
 */
export function applyRules(root: Node, source: Source, rules: readonly Rule[]): Mistake[] {
  const wanted = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const kind of rule.kinds) wanted.set(kind, [...(wanted.get(kind) ?? []), rule]);
  }
  const found: Mistake[] = [];
  const until = performance.now() + timeLimit;
  const cursor = root.walk();
  try {
    for (let more = true; more; ) {
      const lookers = cursor.nodeIsNamed ? wanted.get(cursor.nodeType) : undefined;
      if (lookers) {
        const node = cursor.currentNode;
        for (const rule of lookers) {
          const said = rule.look(node, source);
          if (said !== null) found.push(...(Array.isArray(said) ? said : [said]));
        }
        if (performance.now() > until) throw new Error("it is too tangled to search");
      }
      if (cursor.gotoFirstChild()) continue;
      while (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) {
          more = false;
          break;
        }
      }
    }
  } finally {
    cursor.delete();
  }
  return found;
}
