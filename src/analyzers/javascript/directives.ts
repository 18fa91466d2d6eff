import { hasScript } from "../files.js";
import { forLastTexts } from "../last-text.js";

/** What a finding has for a directive to name it by. */
export interface Silenceable {
  /** The engine's own code: oxlint's are ESLint's names. */
  code: string;
  class: string;
  line: number;
}

/** The rules of ESLint, oxlint and Biome that look for a class of mistake, by their bare names. */
const rulesOf: Readonly<Record<string, string>> = {
  "undefined-name": "no-undef jsx-no-undef noUndeclaredVariables",
  "missing-module":
    "no-unresolved no-missing-import no-missing-require no-useless-path-segments noUnresolvedImports",
  "missing-export": "named default namespace no-unresolved no-missing-import noUnresolvedImports",
  "null-access": "no-unsafe-optional-chaining no-non-null-assertion noUnsafeOptionalChaining",
  "missing-return":
    "consistent-return array-callback-return getter-return useGetterReturn useIterableCallbackReturn",
  "use-before-assignment": "no-use-before-define no-used-before-define noInvalidUseBeforeDeclaration",
  "constant-condition":
    "no-constant-condition no-constant-binary-expression no-unnecessary-condition no-compare-neg-zero use-isnan valid-typeof no-unsafe-negation no-cond-assign for-direction noConstantCondition useIsNan useValidTypeof noCompareNegZero noAssignInExpressions useValidForDirection noConstantBinaryExpressions",
  "self-comparison": "no-self-compare noSelfCompare",
  "self-assignment": "no-self-assign noSelfAssign",
  "duplicate-key":
    "no-dupe-keys no-dupe-class-members noDuplicateObjectKeys noDuplicateClassMembers no-duplicate-keys",
  "duplicate-case": "no-duplicate-case no-dupe-else-if noDuplicateCase noDuplicateElseIf",
  "constant-assignment":
    "no-const-assign no-import-assign no-func-assign no-class-assign no-global-assign no-native-reassign noConstAssign noImportAssign noFunctionAssign noClassAssign noGlobalAssign",
  "missing-await":
    "no-floating-promises no-misused-promises await-thenable noFloatingPromises noMisusedPromises",
  "unreachable-code": "no-unreachable no-unreachable-loop noUnreachable",
  "wrong-use":
    "no-setter-return no-this-before-super constructor-super no-obj-calls no-new-native-nonconstructor no-invalid-regexp no-unsafe-finally no-async-promise-executor no-loss-of-precision",
  fallthrough: "no-fallthrough noFallthroughSwitchClause",
  redeclaration: "no-redeclare noRedeclare",
  debugger: "no-debugger noDebugger",
  "focused-test":
    "no-focused-tests no-focused-test no-only-tests no-exclusive-tests no-exclusive-test noFocusedTests",
  "skipped-test": "no-disabled-tests no-skipped-tests no-skipped-test no-pending-tests noSkippedTests",
};

/** Names that a file says it gets from the page or the runtime: a `global` comment. */
export const declaredGlobals: (text: string) => ReadonlySet<string> = forLastTexts((text) => {
  const names = new Set<string>();
  const opening = /\/\*\s{0,20}globals?\s/g;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    const end = text.indexOf("*/", opening.lastIndex);
    if (end === -1) break;
    const list =
      text
        .slice(opening.lastIndex, end)
        .split(/\s--\s/, 1)[0]
        ?.replace(/:\s+/g, ":") ?? "";
    for (const [name] of list.matchAll(/(?<![\w$:])[\w$]+(?![\w$])/g)) names.add(name);
    // What opens within a comment is none.
    opening.lastIndex = end;
  }
  return names;
});

interface Directive {
  /** A rule's bare name; null for all. */
  rule: string | null;
  /** Lines it is about, 1-based and inclusive. */
  from: number;
  to: number;
}

/** Tells of one file's text which findings its comments for linters take back, whichever engine they come from. */
export function silencer(path: string, text: string): (finding: Silenceable) => boolean {
  const directives = hasScript(path) && /(eslint|oxlint)-disable|biome-ignore/.test(text) ? read(text) : [];
  if (directives.length === 0) return () => false;
  const ranges = new Map<string | null, Range[]>();
  for (const { rule, from, to } of directives.sort((a, b) => a.from - b.from)) {
    const others = ranges.get(rule) ?? [];
    ranges.set(rule, others);
    others.push({ from, to: Math.max(to, others.at(-1)?.to ?? 0) });
  }
  return ({ code, class: kind, line }) => {
    const rules = rulesOf[kind]?.split(" ");
    if (!rules) return false;
    return [null, code, ...rules].some((rule) => covers(ranges.get(rule) ?? [], line));
  };
}

/** In order of `from`; `to` is the last line that this one or any before it is about. */
interface Range {
  from: number;
  to: number;
}

function covers(ranges: readonly Range[], line: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.from ?? 0) <= line) low = middle + 1;
    else high = middle;
  }
  return (ranges[low - 1]?.to ?? 0) >= line;
}

const opening =
  /(\/\/[ \t]*|\/\*[\s*]*|<!--\s*)((?:eslint|oxlint)-(?:disable|enable)(?:-next-line|-line)?|biome-ignore(?:-all|-start|-end)?)(?![\w-])/g;

function read(text: string): Directive[] {
  const lines = text.split("\n");
  const directives: Directive[] = [];
  const open = new Map<string | null, Directive[]>();
  let counted = 0;
  let line = 1;
  const marks = new RegExp(opening);
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    const { 0: start, 1: mark = "", 2: what = "", index } = found;
    for (; counted < index; counted++) if (text.charCodeAt(counted) === 10) line++;
    const from = index + start.length;
    const isBlock = !mark.startsWith("//");
    const end = text.indexOf(isBlock ? (mark.startsWith("/*") ? "*/" : "-->") : "\n", from);
    if (end === -1 && isBlock) break;
    const rest = text.slice(from, end === -1 ? undefined : end);
    // What opens within a comment is none.
    marks.lastIndex = end === -1 ? text.length : end;
    const named = what.startsWith("biome") ? biomeRules(rest) : eslintRules(rest);
    const last = line + (isBlock ? newLines(start + rest) : 0);
    const add = (from: number, to: number) => {
      for (const rule of named ?? [null]) {
        const directive = { rule, from, to };
        directives.push(directive);
        if (to !== Number.POSITIVE_INFINITY || what === "biome-ignore-all") continue;
        const others = open.get(rule);
        if (others) others.push(directive);
        else open.set(rule, [directive]);
      }
    };
    if (/-next-line$/.test(what)) add(last + 1, last + 1);
    else if (/-line$/.test(what)) add(line, line);
    else if (what === "biome-ignore") add(line, nextCode(lines, last));
    else if (what === "biome-ignore-all") add(1, Number.POSITIVE_INFINITY);
    else if (what === "biome-ignore-start") add(line, Number.POSITIVE_INFINITY);
    else if (/-enable$|-end$/.test(what)) {
      if (isBlock || !what.startsWith("eslint")) close(open, named, line);
    } else if (isBlock || !what.startsWith("eslint")) add(line, Number.POSITIVE_INFINITY);
  }
  return directives;
}

/** Ends what an `enable` names; one that names no rule ends all. What disables all is ended by that alone. */
function close(open: Map<string | null, Directive[]>, named: readonly string[] | null, line: number): void {
  for (const rule of named ?? [...open.keys()]) {
    for (const directive of open.get(rule) ?? []) directive.to = line;
    open.delete(rule);
  }
}

/** `no-undef, @typescript-eslint/no-floating-promises -- because …` */
function eslintRules(text: string): string[] | null {
  const names = text
    .replace(/\s--[\s\S]*$/, "")
    .split(/[\s,]+/)
    .filter((name) => /^@?[a-z][\w@/-]*$/i.test(name));
  return names.length === 0 ? null : names.map(bare);
}

/** `lint/correctness/noUndeclaredVariables: because …`; `lint` and `lint/correctness` are all of them. */
function biomeRules(text: string): string[] | null {
  const names = text.replace(/:[\s\S]*$/, "").match(/\blint(?:\/\w+)*/g) ?? [];
  if (names.some((name) => name.split("/").length < 3)) return null;
  return names.map(bare);
}

function bare(rule: string): string {
  return rule.slice(rule.lastIndexOf("/") + 1);
}

function newLines(text: string): number {
  return text.split("\n").length - 1;
}

/** The first line after a comment's last that is neither empty nor a comment by itself. */
function nextCode(lines: readonly string[], line: number): number {
  const isAside = /^(\/\/.*|\{?\/\*.*\*\/\}?|<!--.*-->)?$/;
  const at = lines.slice(line, line + 20).findIndex((one) => !isAside.test(one.slice(0, 2_000).trim()));
  return line + (at === -1 ? 1 : at + 1);
}
