import { mkdir, realpath, rm } from "node:fs/promises";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import * as z from "zod";
import { readRegularFile, replaceFile } from "../durable-file.js";
import { explained, isSluiceError, messageOf, UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import type { Verdict } from "../verdicts.js";
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
  verdict: Verdict;
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

/** Where the caller wants a receipt; null for nowhere. */
export function receiptPath(sluice: Sluice, asked: string | undefined): string | null {
  const path = (asked ?? sluice.env.REVIEW_RECEIPT_PATH ?? "").trim();
  return path === "" ? null : isAbsolute(path) ? path : resolve(sluice.cwd, path);
}

/** The loop's count, where a loop runs us. */
export function iterationOf(sluice: Sluice): { iteration?: number } {
  const iteration = Number(sluice.env.RALPH_ITERATION);
  return Number.isInteger(iteration) && iteration > 0 ? { iteration } : {};
}

/** A premium model's own verdict, as it was remembered. */
interface Reached {
  verdict: Verdict;
  model: string | null;
  source: string | null;
  blockers: readonly { file: string | null; line: number | null; message: string }[];
  fingerprint: string;
  context_fingerprint: string;
}

/**
 * Writes the receipt of a verdict that a premium model gave Sluice itself.
 *
 * @param path absolute
 * @param summary what the reviewer said besides; empty for a verdict that is repeated
 * @returns null when it was written, else why not
 */
export async function leaveReceipt(
  path: string,
  about: Pick<Receipt, "type" | "id" | "base">,
  { record, summary, sluice }: { record: Reached; summary: string; sluice: Sluice },
): Promise<string | null> {
  const { verdict, model, source, fingerprint, context_fingerprint } = record;
  try {
    await writeReceipt(path, {
      ...about,
      mode: "sluice",
      verdict,
      model,
      source,
      review: receiptText(record, summary),
      fingerprint,
      context_fingerprint,
      ...iterationOf(sluice),
      timestamp: new Date(sluice.clock()).toISOString(),
    });
    return null;
  } catch (error) {
    return isSluiceError(error) ? explained(error) : `No receipt at ${path}: ${messageOf(error)}.`;
  }
}

/** What a person, and who looks for a verdict's tag, reads of a review. */
export function receiptText(
  { verdict, blockers }: Pick<Reached, "verdict" | "blockers">,
  summary: string,
): string {
  const list = blockers.map(({ file, line, message }) => {
    const place = file === null ? "" : `${file}${line === null ? "" : `:${line}`}: `;
    return `- ${place}${message}`;
  });
  return [summary, ...list, `<verdict>${verdict}</verdict>`].filter((part) => part !== "").join("\n\n");
}

const sizeLimit = 8 * 1024 * 1024;

/**
 * Writes a receipt, whole or not at all. What stands there is replaced only when it is a receipt itself or empty:
 * a path that was mistaken must not cost a file.
 *
 * @param path absolute
 * @throws UsageError when something else stands at that path, or git's own folder is meant; and what the system says
 *   when it can't be written
 */
export async function writeReceipt(path: string, receipt: Receipt): Promise<void> {
  refuseGit(path);
  const there = await readRegularFile(path, sizeLimit);
  if (there.state === "refused") throw elsewhere(path, there.why);
  if (there.state === "read" && there.text.trim() !== "" && asReceipt(there.text) === null) {
    throw elsewhere(path, "a file that is no receipt stands there");
  }
  await mkdir(dirname(path), { recursive: true });
  refuseGit(`${await realpath(dirname(path))}${sep}`);
  await replaceFile(path, flowJson(receipt));
}

/**
 * Removes a SHIP that Sluice left at that path for an earlier state of the same change or plan: a loop that finds it
 * would go on with it. Gives whether there was one. Never throws.
 *
 * @param now what the change or plan is today
 */
export async function withdrawReceipt(
  path: string,
  now: { type: Receipt["type"]; id: string; base?: string; fingerprint: string },
): Promise<boolean> {
  try {
    const there = await readRegularFile(path, sizeLimit);
    const kept = there.state === "read" ? asReceipt(there.text) : null;
    const outdated =
      kept?.mode === "sluice" &&
      kept.type === now.type &&
      kept.verdict === "SHIP" &&
      kept.id === now.id &&
      kept.base === now.base &&
      kept.fingerprint !== now.fingerprint;
    if (outdated) await rm(path);
    return outdated;
  } catch {
    return false;
  }
}

const anyReceipt = z.looseObject({
  type: z.string(),
  id: z.string(),
  mode: z.string().optional(),
  verdict: z.string().optional(),
  base: z.string().optional(),
  fingerprint: z.string().optional(),
});

function asReceipt(text: string): z.output<typeof anyReceipt> | null {
  try {
    return anyReceipt.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function refuseGit(path: string): void {
  if (path.split(sep).some((part) => part.toLowerCase() === ".git")) {
    throw elsewhere(path, "git keeps its own files there");
  }
}

function elsewhere(path: string, why: string): UsageError {
  return new UsageError(
    `No receipt was written at ${path}: ${why}.`,
    "Name another path with --receipt or REVIEW_RECEIPT_PATH.",
  );
}
