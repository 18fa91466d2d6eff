import { hasScript } from "./files.js";

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
export function declaredGlobals(text: string): Set<string> {
  const names = new Set<string>();
  for (const { index } of text.matchAll(/\/\*\s{0,20}globals?\s/g)) {
    const end = text.indexOf("*/", index);
    if (end === -1) break;
    const list =
      text
        .slice(index + 2, end)
        .replace(/^\s*globals?/, "")
        .split(/\s--\s/, 1)[0]
        ?.replace(/:\s+/g, ":") ?? "";
    for (const [name] of list.matchAll(/(?<![\w$:])[\w$]+(?![\w$])/g)) names.add(name);
  }
  return names;
}

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
  return ({ code, class: kind, line }) => {
    const rules = rulesOf[kind]?.split(" ");
    if (!rules) return false;
    return directives.some(
      (one) =>
        one.from <= line &&
        line <= one.to &&
        (one.rule === null || one.rule === code || rules.includes(one.rule)),
    );
  };
}

const opening =
  /(\/\/[ \t]*|\/\*[\s*]*|<!--\s*)((?:eslint|oxlint)-(?:disable|enable)(?:-next-line|-line)?|biome-ignore(?:-all|-start|-end)?)(?![\w-])/g;

function read(text: string): Directive[] {
  const lines = text.split("\n");
  const directives: Directive[] = [];
  const open: Directive[] = [];
  let counted = 0;
  let line = 1;
  for (const { 0: start, 1: mark = "", 2: what = "", index } of text.matchAll(opening)) {
    for (; counted < index; counted++) if (text.charCodeAt(counted) === 10) line++;
    const from = index + start.length;
    const end = text.indexOf(mark.startsWith("//") ? "\n" : mark.startsWith("/*") ? "*/" : "-->", from);
    if (end === -1 && !mark.startsWith("//")) break;
    const rest = text.slice(from, end === -1 ? undefined : end);
    const whole = start + rest;
    const isBlock = !mark.startsWith("//");
    const named = what.startsWith("biome") ? biomeRules(rest) : eslintRules(rest);
    const last = line + (isBlock ? newLines(whole) : 0);
    const add = (from: number, to: number) => {
      const added = (named ?? [null]).map((rule): Directive => ({ rule, from, to }));
      directives.push(...added);
      return added;
    };
    if (/-next-line$/.test(what)) add(last + 1, last + 1);
    else if (/-line$/.test(what)) add(line, line);
    else if (what === "biome-ignore") add(line, nextCode(lines, last));
    else if (what === "biome-ignore-all") add(1, Number.POSITIVE_INFINITY);
    else if (what === "biome-ignore-start") open.push(...add(line, Number.POSITIVE_INFINITY));
    else if (/-enable$|-end$/.test(what)) {
      if (isBlock || !what.startsWith("eslint")) close(open, named, line);
    } else if (isBlock || !what.startsWith("eslint")) open.push(...add(line, Number.POSITIVE_INFINITY));
  }
  return directives;
}

/** Ends what an `enable` names; one that names no rule ends all. What disables all is ended by that alone. */
function close(open: readonly Directive[], named: readonly string[] | null, line: number): void {
  for (const directive of open) {
    const isNamed = named === null || (directive.rule !== null && named.includes(directive.rule));
    if (isNamed && directive.to > line) directive.to = line;
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
  const isAside = /^\s*(\/\/.*|\{?\/\*.*\*\/\}?|<!--.*-->)?\s*$/;
  const at = lines.slice(line, line + 20).findIndex((one) => !isAside.test(one));
  return line + (at === -1 ? 1 : at + 1);
}
