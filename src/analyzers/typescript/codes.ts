import type { Severity } from "../engine.js";

export interface CodeRule {
  class: string;
  severity: Severity;
  /** Kept in plain JavaScript too, where no types were promised; `hint`: as no more than that. */
  javascript?: true | "hint";
  /** Follows from how a type was narrowed, and so from what unknown functions would have told. */
  narrowing?: true;
}

/**
 * The codes of the TypeScript compiler that are kept. The rest is about style, about options, or says only that a
 * dependency is not installed. Measured on real repositories in docs/prescreen.md and its sources.
 */
export const codeRules: Readonly<Record<number, CodeRule>> = {
  2304: { class: "undefined-name", severity: "certain" },
  2552: { class: "undefined-name", severity: "certain" },
  18004: { class: "undefined-name", severity: "certain" },
  2305: { class: "missing-export", severity: "certain", javascript: true },
  2614: { class: "missing-export", severity: "certain", javascript: true },
  2724: { class: "missing-export", severity: "certain", javascript: true },
  2459: { class: "missing-export", severity: "certain", javascript: true },
  2460: { class: "missing-export", severity: "certain", javascript: true },
  1192: { class: "missing-export", severity: "certain", javascript: true },
  2613: { class: "missing-export", severity: "certain", javascript: true },
  2307: { class: "missing-module", severity: "certain", javascript: true },
  2792: { class: "missing-module", severity: "certain", javascript: true },
  2882: { class: "missing-module", severity: "certain", javascript: true },
  2366: { class: "missing-return", severity: "likely", narrowing: true },
  2355: { class: "missing-return", severity: "likely" },
  7030: { class: "missing-return", severity: "likely", narrowing: true },
  2448: { class: "use-before-assignment", severity: "certain", javascript: true },
  2449: { class: "use-before-assignment", severity: "certain", javascript: true },
  2454: { class: "use-before-assignment", severity: "likely", narrowing: true },
  2531: { class: "null-access", severity: "likely", narrowing: true },
  2532: { class: "null-access", severity: "likely", narrowing: true },
  2533: { class: "null-access", severity: "likely", narrowing: true },
  2721: { class: "null-access", severity: "likely", narrowing: true },
  2722: { class: "null-access", severity: "likely", narrowing: true },
  2723: { class: "null-access", severity: "likely", narrowing: true },
  18046: { class: "null-access", severity: "likely", narrowing: true },
  18047: { class: "null-access", severity: "likely", narrowing: true },
  18048: { class: "null-access", severity: "likely", narrowing: true },
  18049: { class: "null-access", severity: "likely", narrowing: true },
  2367: { class: "constant-condition", severity: "likely", narrowing: true },
  // Of a function that gives nothing, asked whether what it gives is true: its return was forgotten.
  1345: { class: "constant-condition", severity: "likely" },
  2774: { class: "constant-condition", severity: "likely" },
  2839: { class: "constant-condition", severity: "certain" },
  2845: { class: "constant-condition", severity: "certain" },
  2869: { class: "constant-condition", severity: "likely" },
  2872: { class: "constant-condition", severity: "likely" },
  2873: { class: "constant-condition", severity: "likely" },
  2801: { class: "missing-await", severity: "likely" },
  1117: { class: "duplicate-key", severity: "certain", javascript: true },
  2300: { class: "redeclaration", severity: "certain" },
  2451: { class: "redeclaration", severity: "certain", javascript: true },
  2588: { class: "constant-assignment", severity: "certain", javascript: true },
  2540: { class: "constant-assignment", severity: "likely" },
  7027: { class: "unreachable-code", severity: "likely", javascript: true, narrowing: true },
  7029: { class: "fallthrough", severity: "likely" },
  2554: { class: "argument-count", severity: "likely", javascript: "hint" },
  2555: { class: "argument-count", severity: "likely", javascript: "hint" },
  2339: { class: "missing-member", severity: "likely", narrowing: true },
  2551: { class: "missing-member", severity: "likely", narrowing: true },
  2345: { class: "wrong-type", severity: "likely", narrowing: true },
  2322: { class: "wrong-type", severity: "likely", narrowing: true },
};
