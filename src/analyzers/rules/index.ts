import type { Node } from "web-tree-sitter";
import { comparisons, repeatedConditions, selfAssignments } from "./comparisons.js";
import { assignedConditions, emptyBodies } from "./conditions.js";
import { repeatedCases, repeatedFunctions, repeatedKeys } from "./duplicates.js";
import { goImports } from "./go-imports.js";
import { leftBehind } from "./left-behind.js";
import { missingReturns, missingTails, returnCounts } from "./returns.js";
import { applyRules, type Mistake, type Rule, type Source } from "./rule.js";
import { shellAssignments, shellLocals, shellTests } from "./shell.js";
import { unreachable } from "./unreachable.js";

export { grammars } from "./rule.js";

const rules: readonly Rule[] = [
  comparisons,
  selfAssignments,
  repeatedConditions,
  repeatedCases,
  repeatedKeys,
  repeatedFunctions,
  unreachable,
  missingReturns,
  missingTails,
  returnCounts,
  assignedConditions,
  emptyBodies,
  goImports,
  leftBehind,
  shellTests,
  shellAssignments,
  shellLocals,
];

/** Linters that were told to be silent about a line know of what is on it. */
const silenced =
  /\b(NOLINT|nolint|noinspection|noqa)\b|@phpstan-ignore|@psalm-suppress|phpcs:ignore|rubocop:\s*disable|shellcheck disable|@SuppressWarnings|@Suppress\b|allow\(clippy|#pragma warning disable|lint:ignore|NOSONAR|coverity\[/;

/** What the rules find in a parsed text. Throws an Error for a text that takes too long. */
export function mistakesIn(root: Node, source: Source): Mistake[] {
  const lines = source.text.split(/\r?\n/);
  const isSilenced = (line: number) =>
    silenced.test(lines[line - 1] ?? "") || silenced.test(lines[line - 2] ?? "");
  return applyRules(root, source, rules)
    .filter(({ line }) => !isSilenced(line))
    .sort((a, b) => a.line - b.line)
    .slice(0, 500);
}
