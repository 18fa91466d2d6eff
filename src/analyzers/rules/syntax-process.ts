import type { Node, QueryCapture } from "web-tree-sitter";
import * as z from "zod";
import { withTree } from "../../change/imports/grammar.js";
import { messageOf } from "../../errors.js";
import { eachOf } from "../warm/answer.js";
import { grammars, mistakesIn } from "./index.js";

const question = z.object({
  key: z.string(),
  grammar: z.enum(grammars),
  isC: z.boolean(),
  isTest: z.boolean(),
  text: z.string(),
});
type Question = z.infer<typeof question>;

export const analyse = eachOf(question, async (one) => {
  try {
    return await withTree(one.grammar, one.text, "(ERROR) @error (MISSING) @missing", (root, captures) => ({
      ...errorsOf(captures),
      ...mistakes(root, one),
    }));
  } catch (error) {
    return { errors: [], open: noneOpen, mistakes: [], lost: messageOf(error).slice(0, 200) };
  }
});

/** A text that the rules can't take has its syntax errors all the same. */
function mistakes(root: Node, source: Question) {
  try {
    return { mistakes: mistakesIn(root, source) };
  } catch (error) {
    return { mistakes: [], lost: messageOf(error).slice(0, 200) };
  }
}

interface SyntaxErrorAt {
  line: number;
  end: number;
  /** What the parser put in for it to make sense; null where nothing did. */
  missing: string | null;
}

/** How many more of each bracket are opened than closed. */
type Open = Record<"round" | "square" | "curly", number>;
const noneOpen: Open = { round: 0, square: 0, curly: 0 };

function errorsOf(captures: readonly QueryCapture[]): { errors: SyntaxErrorAt[]; open: Open } {
  const errors: SyntaxErrorAt[] = [];
  let root: Node | null = null;
  for (const { node } of captures) {
    root ??= node.tree.rootNode;
    errors.push({
      line: node.startPosition.row + 1,
      end: node.endPosition.row + 1,
      missing: node.isMissing ? node.type : null,
    });
  }
  return { errors: errors.slice(0, 20), open: root ? openIn(root) : noneOpen };
}

/** By the parser's tokens: brackets in strings and comments are none. */
function openIn(root: Node): Open {
  const open = { ...noneOpen };
  const cursor = root.walk();
  for (let more = true; more; ) {
    if (cursor.gotoFirstChild()) continue;
    const { nodeType } = cursor;
    if (!cursor.nodeIsNamed && !cursor.nodeIsMissing && /^\W+$/.test(nodeType)) count(nodeType, open);
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) {
        more = false;
        break;
      }
    }
  }
  cursor.delete();
  return open;
}

function count(text: string, open: Open): void {
  for (const character of text) {
    if (character === "(") open.round++;
    else if (character === ")") open.round--;
    else if (character === "[") open.square++;
    else if (character === "]") open.square--;
    else if (character === "{") open.curly++;
    else if (character === "}") open.curly--;
  }
}
