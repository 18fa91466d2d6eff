import type { Node, QueryCapture } from "web-tree-sitter";
import * as z from "zod";
import { capture } from "../../change/imports/grammar.js";
import { messageOf } from "../../errors.js";
import { eachOf } from "../warm/answer.js";
import { functionFlows, functionTexts, type PythonFunctionFlow } from "./flow.js";
import { mistakesOf, type PythonMistake, wanted } from "./mistakes.js";

const question = z.object({
  key: z.string(),
  text: z.string(),
  /** The file before the change, to compare its functions with. */
  before: z.string().nullable(),
});

interface Answer {
  found: PythonMistake[];
  /** Of the functions that are not the same as before: how they end now, and how those that went ended. */
  now: PythonFunctionFlow[];
  before: PythonFunctionFlow[];
  lost?: string;
}

export const analyse = eachOf(question, async ({ text, before }): Promise<Answer> => {
  try {
    const tops = "(module) @module ";
    const none = new Set<string>();
    const texts = before === null ? none : await capture("python", tops, before, within(functionTexts, none));
    const { found, now, same } = await capture("python", `${tops} ${wanted}`, text, (captures) => ({
      found: mistakesOf(captures),
      now: before === null ? [] : within((root) => functionFlows(root, texts), [])(captures),
      same: before === null ? none : within(functionTexts, none)(captures),
    }));
    const known = new Set(now.map(({ name }) => name));
    const earlier =
      before === null || now.length === 0
        ? []
        : await capture(
            "python",
            tops,
            before,
            // What is still there as it was is in neither: a property's setter must not be taken for its getter.
            within((root) => functionFlows(root, same).filter(({ name }) => known.has(name)), []),
          );
    return { found, now, before: earlier };
  } catch (error) {
    return { found: [], now: [], before: [], lost: messageOf(error).slice(0, 200) };
  }
});

/** What is read of a module that parses; of another, nothing is believed. */
function within<T>(read: (root: Node) => T, otherwise: T): (captures: readonly QueryCapture[]) => T {
  return (captures) => {
    const root = captures[0]?.node.tree.rootNode;
    return root && !root.hasError ? read(root) : otherwise;
  };
}
