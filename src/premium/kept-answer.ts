import { writeFile } from "node:fs/promises";
import { messageOf } from "../errors.js";
import type { StateStore } from "../state/store.js";
import type { PremiumAnswer } from "./source.js";

/** Keeps what a reviewer wrote that is no verdict: gives the path of the file, null when it can't be kept. */
export async function keepAnswer(
  store: StateStore,
  now: number,
  answer: Pick<PremiumAnswer, "text" | "structured">,
): Promise<string | null> {
  const text = answer.text || JSON.stringify(answer.structured);
  try {
    const path = store.resultFile(`review-without-verdict-${now}-${crypto.randomUUID().slice(0, 8)}.txt`);
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    return path;
  } catch (error) {
    store.warnings.push(`What the reviewer wrote could not be kept: ${messageOf(error)}.`);
    return null;
  }
}
