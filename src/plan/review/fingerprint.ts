import { createHash } from "node:crypto";
import type { Material } from "./material.js";
import type { Plan } from "./plan.js";

/**
 * SHA-256 over what a plan says: the spec and its tasks without white space at the ends of lines, empty lines and
 * kinds of line ends, and what depends on what. Not what became of tasks.
 */
export function planFingerprint({ spec, texts }: Pick<Plan, "spec" | "texts">): string {
  const parts = texts.map(({ id, text, facts }) => [
    id,
    facts.title,
    [...facts.depends_on].sort(),
    facts.satisfies ?? [],
    plain(text),
  ]);
  return createHash("sha256")
    .update(`sluice plan v1\n${JSON.stringify([spec.id, parts])}`)
    .digest("hex");
}

/** SHA-256 over all that a reviewer is shown, to the letter. */
export function surroundingsFingerprint({ parts, not_shown, facts }: Material): string {
  return createHash("sha256")
    .update(
      `sluice plan surroundings v1\n${JSON.stringify([
        parts.map(({ role, path, sha256, facts: own }) => [role, path, sha256, own ?? null]),
        not_shown,
        facts,
      ])}`,
    )
    .digest("hex");
}

function plain(text: string): string[] {
  return text
    .normalize("NFC")
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}
