import { lstat, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { flowJson } from "./json.js";

/**
 * What a Ralph loop and flowctl (0.26 to 4.4) read of a review: `type`, `id`, `mode`, `verdict` and `timestamp` have to
 * be there, more keys are let pass. `mode` is ours, so that flowctl does not continue a session that is not its own.
 */
export interface Receipt {
  type: "impl_review" | "plan_review";
  /** Of the task, or of the epic or spec. */
  id: string;
  mode: "sluice";
  verdict: "SHIP" | "NEEDS_WORK" | "MAJOR_RETHINK" | "NEEDS_HUMAN";
  /** Commit that the change was compared with; for `impl_review`. */
  base?: string;
  model: string | null;
  source: string | null;
  /** What a person reads. */
  review: string;
  /** Of the change and of what surrounds it, in hex. */
  fingerprint: string;
  context_fingerprint: string;
  iteration?: number;
  /** UTC, ISO 8601. */
  timestamp: string;
}

/**
 * Writes a receipt, whole or not at all. Throws UsageError when something that is no file stands at that path, and what
 * the system says when it can't be written.
 *
 * @param path absolute
 */
export async function writeReceipt(path: string, receipt: Receipt): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (there !== null && !there.isFile()) {
    throw new UsageError(
      `No receipt was written: ${path} is no file.`,
      "Name another path with --receipt or REVIEW_RECEIPT_PATH.",
    );
  }
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, flowJson(receipt));
}
