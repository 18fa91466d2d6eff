import { createHash } from "node:crypto";
import * as z from "zod";
import { loadPrompt } from "../../config/prompts.js";
import type { Cache } from "../../state/cache.js";
import { mistakeClasses } from "./answers.js";
import type { CheckedClaim } from "./check.js";
import type { Block, Unit } from "./units.js";

/** Raised when what is shown, or what is made of the answers, changes its meaning. */
const version = 2;

const claims = z.array(
  z.object({
    line: z.int().min(1),
    class: z.enum(mistakeClasses),
    message: z.string().max(1_000),
    confidence: z.number().min(0).max(1),
  }),
);
const looks = z.array(z.boolean());

/** Answers by file content, change, prompts and model: another round pays for what changed since. */
export interface Kept {
  /** @param callers what is shown of them: a caller that was mended is another question */
  claims(unit: Unit, blocks: readonly Block[], callers: readonly string[]): Promise<CheckedClaim[] | null>;
  keepClaims(
    unit: Unit,
    blocks: readonly Block[],
    callers: readonly string[],
    found: readonly CheckedClaim[],
  ): Promise<void>;
  /** For each block of a file whether it deserves a look. */
  looks(unit: Unit): Promise<boolean[] | null>;
  keepLooks(unit: Unit, found: readonly boolean[]): Promise<void>;
}

/** @param prompts names of the prompts whose words the answers rest on */
export async function openKept(cache: Cache, model: string, prompts: readonly string[]): Promise<Kept> {
  const words = await Promise.all(prompts.map(async (name) => (await loadPrompt(name)).text));
  const key = ({ file }: Unit, blocks: readonly Block[], callers: readonly string[] = []): string => {
    const { path, newId, hunks } = file;
    const ranges = blocks.map(({ start, end }) => [start, end]);
    return createHash("sha256")
      .update(JSON.stringify([version, model, words, path, newId, hunks, ranges, callers]))
      .digest("hex");
  };
  const get = async <T>(at: string, schema: z.ZodType<T>): Promise<T | null> =>
    schema.safeParse(await cache.get(at)).data ?? null;
  return {
    claims: (unit, blocks, callers) => get(key(unit, blocks, callers), claims),
    keepClaims: (unit, blocks, callers, found) => cache.set(key(unit, blocks, callers), found),
    looks: (unit) => get(key(unit, unit.blocks), looks),
    keepLooks: (unit, found) => cache.set(key(unit, unit.blocks), found),
  };
}
