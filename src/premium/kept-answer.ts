import { writeFile } from "node:fs/promises";
import { messageOf } from "../errors.js";
import type { StateStore } from "../state/store.js";
import type { PremiumAnswer } from "./source.js";

/**
 * Keeps what a premium model wrote that can't be used: gives the path of the file, null when it can't be kept.
 *
 * @param name what the file's name begins with
 */
export async function keepAnswer(
  store: StateStore,
  now: number,
  answer: Pick<PremiumAnswer, "text" | "structured">,
  name = "review-without-verdict",
): Promise<string | null> {
  const text = answer.text || JSON.stringify(answer.structured);
  try {
    const path = store.resultFile(`${name}-${now}-${crypto.randomUUID().slice(0, 8)}.txt`);
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    return path;
  } catch (error) {
    store.warnings.push(`What the premium model wrote could not be kept: ${messageOf(error)}.`);
    return null;
  }
}
