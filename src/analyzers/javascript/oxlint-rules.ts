import type { Severity } from "../engine.js";

/** The rules of oxlint that tell mistakes, by the name it prints, with what they mean for a review. */
export const oxlintRules: Readonly<
  Record<string, { class: string; severity: Severity; options?: unknown[] }>
> = {
  "eslint(no-undef)": { class: "undefined-name", severity: "certain" },
  "eslint(no-self-compare)": { class: "self-comparison", severity: "certain" },
  "eslint(no-dupe-keys)": { class: "duplicate-key", severity: "certain" },
  "eslint(no-dupe-class-members)": { class: "duplicate-key", severity: "certain" },
  "eslint(no-duplicate-case)": { class: "duplicate-case", severity: "certain" },
  "eslint(no-dupe-else-if)": { class: "duplicate-case", severity: "likely" },
  "eslint(no-const-assign)": { class: "constant-assignment", severity: "certain" },
  "eslint(no-import-assign)": { class: "constant-assignment", severity: "certain" },
  "eslint(no-func-assign)": { class: "constant-assignment", severity: "likely" },
  "eslint(no-class-assign)": { class: "constant-assignment", severity: "likely" },
  "eslint(no-global-assign)": { class: "constant-assignment", severity: "likely" },
  "eslint(no-unreachable)": { class: "unreachable-code", severity: "likely" },
  "eslint(no-debugger)": { class: "debugger", severity: "likely" },
  "eslint(no-constant-condition)": {
    class: "constant-condition",
    severity: "likely",
    options: [{ checkLoops: "none" }],
  },
  "eslint(no-constant-binary-expression)": { class: "constant-condition", severity: "likely" },
  "eslint(no-compare-neg-zero)": { class: "constant-condition", severity: "likely" },
  "eslint(use-isnan)": { class: "constant-condition", severity: "certain" },
  "eslint(valid-typeof)": { class: "constant-condition", severity: "certain" },
  "eslint(no-unsafe-negation)": { class: "constant-condition", severity: "likely" },
  "eslint(no-cond-assign)": { class: "constant-condition", severity: "likely" },
  "eslint(for-direction)": { class: "constant-condition", severity: "certain" },
  "eslint(no-unsafe-optional-chaining)": { class: "null-access", severity: "likely" },
  "eslint(no-self-assign)": { class: "self-assignment", severity: "likely" },
  "eslint(array-callback-return)": { class: "missing-return", severity: "likely" },
  "eslint(getter-return)": { class: "missing-return", severity: "likely" },
  "eslint(no-setter-return)": { class: "wrong-use", severity: "likely" },
  "eslint(no-this-before-super)": { class: "wrong-use", severity: "certain" },
  "eslint(constructor-super)": { class: "wrong-use", severity: "certain" },
  "eslint(no-obj-calls)": { class: "wrong-use", severity: "certain" },
  "eslint(no-new-native-nonconstructor)": { class: "wrong-use", severity: "certain" },
  "eslint(no-invalid-regexp)": { class: "wrong-use", severity: "certain" },
  "eslint(no-unsafe-finally)": { class: "wrong-use", severity: "hint" },
  "eslint(no-async-promise-executor)": { class: "wrong-use", severity: "hint" },
  "eslint(no-loss-of-precision)": { class: "wrong-use", severity: "likely" },
  "oxc(bad-comparison-sequence)": { class: "constant-condition", severity: "likely" },
  "oxc(bad-char-at-comparison)": { class: "constant-condition", severity: "certain" },
  "oxc(bad-min-max-func)": { class: "constant-condition", severity: "certain" },
  "oxc(bad-object-literal-comparison)": { class: "constant-condition", severity: "certain" },
  "oxc(const-comparisons)": { class: "constant-condition", severity: "likely" },
  "oxc(double-comparisons)": { class: "constant-condition", severity: "likely" },
  "oxc(missing-throw)": { class: "wrong-use", severity: "likely" },
  "oxc(uninvoked-array-callback)": { class: "wrong-use", severity: "likely" },
  "oxc(bad-array-method-on-arguments)": { class: "wrong-use", severity: "certain" },
  "oxc(bad-replace-all-arg)": { class: "wrong-use", severity: "certain" },
  "jest(no-focused-tests)": { class: "focused-test", severity: "likely" },
};

/** Our configuration: nothing on but what is listed. A rule's name in it is `plugin/rule`, bare for ESLint's. */
export function oxlintConfiguration(): object {
  const rules = Object.entries(oxlintRules).map(([printed, { options }]) => {
    const [, plugin = "", rule = ""] = /^(\w+)\((.+)\)$/.exec(printed) ?? [];
    const name = plugin === "eslint" ? rule : `${plugin}/${rule}`;
    return [name, options ? ["error", ...options] : "error"];
  });
  return {
    plugins: ["oxc", "jest"],
    categories: Object.fromEntries(
      ["correctness", "suspicious", "pedantic", "perf", "style", "restriction", "nursery"].map((name) => [
        name,
        "off",
      ]),
    ),
    env: {
      builtin: true,
      browser: true,
      node: true,
      commonjs: true,
      worker: true,
      serviceworker: true,
      amd: true,
      mocha: true,
      jest: true,
      vitest: true,
      jasmine: true,
    },
    rules: Object.fromEntries(rules),
  };
}
