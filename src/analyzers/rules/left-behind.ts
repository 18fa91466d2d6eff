import type { Node } from "web-tree-sitter";
import { lineOfNode, parts } from "./nodes.js";
import type { Grammar, Mistake, Rule } from "./rule.js";

interface Leftover {
  grammars: readonly Grammar[];
  /** Kinds of nodes, and what their text begins with. */
  kinds: readonly string[];
  pattern: RegExp;
  class: "debugger" | "skipped-test" | "debug-output" | "unfinished";
  severity: "likely" | "hint";
  message: string;
}

const calls = [
  "call_expression",
  "method_invocation",
  "invocation_expression",
  "function_call_expression",
  "member_call_expression",
  "scoped_call_expression",
  "call",
  "macro_invocation",
  "command",
];
const stops = "stops the program for a debugger: remove it.";
const skips = "keeps this test from running.";
const prints = "prints for debugging: is it meant to stay?";

const leftovers: readonly Leftover[] = [
  {
    grammars: ["go"],
    kinds: calls,
    pattern: /^runtime\.Breakpoint\(/,
    class: "debugger",
    severity: "likely",
    message: stops,
  },
  {
    grammars: ["go"],
    kinds: calls,
    pattern: /^[tb]\.(Skip|SkipNow|Skipf)\(/,
    class: "skipped-test",
    severity: "hint",
    message: skips,
  },
  {
    grammars: ["rust"],
    kinds: calls,
    pattern: /^dbg!/,
    class: "debug-output",
    severity: "hint",
    message: prints,
  },
  {
    grammars: ["rust"],
    kinds: calls,
    pattern: /^(todo|unimplemented)!/,
    class: "unfinished",
    severity: "hint",
    message: "says that this is not written yet.",
  },
  {
    grammars: ["rust"],
    kinds: ["attribute_item"],
    pattern: /^#\[ignore\b/,
    class: "skipped-test",
    severity: "hint",
    message: skips,
  },
  {
    grammars: ["java", "kotlin"],
    kinds: ["marker_annotation", "annotation"],
    pattern: /^@(Disabled|Ignore)\b/,
    class: "skipped-test",
    severity: "hint",
    message: skips,
  },
  {
    grammars: ["c-sharp"],
    kinds: calls,
    pattern: /^(System\.Diagnostics\.)?Debugger\.(Break|Launch)\(/,
    class: "debugger",
    severity: "hint",
    message: stops,
  },
  {
    grammars: ["c-sharp"],
    kinds: ["attribute"],
    pattern: /^(Ignore\b|(Fact|Theory)\s*\([^)]*\bSkip\s*=)/,
    class: "skipped-test",
    severity: "hint",
    message: skips,
  },
  {
    grammars: ["php"],
    kinds: calls,
    pattern: /^\\?xdebug_break\(/,
    class: "debugger",
    severity: "likely",
    message: stops,
  },
  {
    grammars: ["php"],
    kinds: calls,
    pattern: /^\\?(var_dump|dd|dump|ray|debug_zval_refcount)\(/,
    class: "debug-output",
    severity: "hint",
    message: prints,
  },
  {
    grammars: ["php"],
    kinds: calls,
    pattern: /^(\$this->|self::|static::)markTest(Skipped|Incomplete)\(/,
    class: "skipped-test",
    severity: "hint",
    message: skips,
  },
  {
    grammars: ["cpp"],
    kinds: calls,
    pattern: /^(__debugbreak|DebugBreak|__builtin_debugtrap)\(/,
    class: "debugger",
    severity: "hint",
    message: stops,
  },
  {
    grammars: ["kotlin"],
    kinds: calls,
    pattern: /^TODO\(/,
    class: "unfinished",
    severity: "hint",
    message: "throws: this is not written yet.",
  },
  {
    grammars: ["bash"],
    kinds: calls,
    pattern: /^set -[a-z]*x[a-z]*$/,
    class: "debug-output",
    severity: "hint",
    message: "prints every command: is it meant to stay?",
  },
];

/** Debuggers, skipped tests and output of debugging that were left behind: by syntax, so not in strings or comments. */
export const leftBehind: Rule = {
  kinds: [...new Set(leftovers.flatMap(({ kinds }) => kinds))],
  look(node, { grammar }) {
    const text = node.text.slice(0, 200);
    const one = leftovers.find(
      ({ grammars, kinds, pattern }) =>
        grammars.includes(grammar) && kinds.includes(node.type) && pattern.test(text),
    );
    if (!one || isDefined(node)) return null;
    const what = (/^[@#[\\]*[\w.:$>-]+!?/.exec(text)?.[0] ?? text).replace(/[[(]+$/, "");
    return {
      code: one.class,
      class: one.class,
      severity: one.severity,
      message: `'${what}' ${one.message}`,
      line: lineOfNode(node),
    } satisfies Mistake;
  },
};

/** `function dd()` has a call of that name in no syntax, but a method of ours may. */
function isDefined(node: Node): boolean {
  return parts(node).length === 0 && node.type === "identifier";
}
