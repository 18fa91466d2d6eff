// Mistakes of logic: they compile and lint, and only reading finds them. Analyzers are not expected to.
import { site } from "./site.mjs";

/** The classes, each with the classes of findings that name it rightly. */
export const logicClasses = {
  "flipped-comparison": ["condition", "logic", "off-by-one"],
  "off-by-one": ["off-by-one", "condition", "logic"],
  "swapped-operands": ["logic", "contract"],
  "wrong-variable": ["logic", "contract", "condition"],
  "dropped-await": ["logic", "unhandled-failure", "concurrency", "contract"],
  "negated-condition": ["condition", "logic"],
};

export const flipped = {
  "<": ">",
  ">": "<",
  "<=": ">=",
  ">=": "<=",
  "===": "!==",
  "!==": "===",
  "==": "!=",
  "!=": "==",
  is: "is not",
  "is not": "is",
};
export const shifted = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
/** Operators for which the order of what they join matters. */
export const ordered = new Set(["-", "/", "%", "**", "//", "<<", ">>"]);

/** A site with one edit, named by what it was and what it is. */
export function swapped(name, variant, text, start, end, put) {
  const was = text.slice(start, end).replace(/\s+/g, " ").slice(0, 60);
  return site(
    name,
    variant,
    text,
    [{ start, end, text: put }],
    `${was} → ${put.replace(/\s+/g, " ").slice(0, 60)}`,
  );
}
