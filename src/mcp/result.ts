import { writeFile } from "node:fs/promises";
import type { CallToolResult } from "@modelcontextprotocol/server";
import type * as z from "zod";
import { isSluiceError, messageOf } from "../errors.js";
import { secretValues } from "../gates/environment.js";
import { Mask } from "../mask.js";
import { printable } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { systemProblem } from "../system-error.js";
import { abortAfter } from "../time-limit.js";
import { digest } from "./digest.js";

/**
 * Bytes of JSON that a result may have. Clients cut at 10,000 (Codex, in the middle, which breaks the JSON) or
 * more; the difference is room for `stale` and the like.
 */
export const resultLimit = 9_000;
const room = 400;

/**
 * A tool's output as it may be sent: checked against its schema, in the schema's order, without control
 * characters, and short. What is too long goes to a file in whole, and a digest takes its place.
 */
export async function fitting<O extends z.ZodObject>(
  tool: { name: string; output: O },
  output: z.output<O>,
  sluice: Sluice,
  repository: string | undefined,
): Promise<Record<string, unknown>> {
  const whole = clean(tool.output.parse(output));
  const limit = resultLimit - room;
  if (size(whole) <= limit) return whole;
  let path: string | null = null;
  try {
    path = await keep(tool.name, whole, sluice, repository);
  } catch (error) {
    sluice.log(`the full result of ${tool.name} could not be kept: ${messageOf(error)}`);
  }
  const short = digest(whole, (candidate) => size(withPath(candidate, path)) <= limit);
  return withPath(short, path);
}

function withPath(output: Record<string, unknown>, path: string | null): Record<string, unknown> {
  return path === null ? output : { ...output, full_result: path };
}

async function keep(
  name: string,
  output: Record<string, unknown>,
  sluice: Sluice,
  repository: string | undefined,
): Promise<string> {
  // Long results are rare: nothing of this is loaded for the others.
  const { openProject } = await import("../flow/project.js");
  const { store } = await openProject(sluice, repository, abortAfter(10_000));
  const file = store.resultFile(`${name}-${sluice.clock()}-${crypto.randomUUID().slice(0, 8)}.json`);
  await writeFile(file, `${JSON.stringify(output, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return file;
}

/** A success: the same facts as structure and as text, because clients show a model one of the two. */
export function success(output: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(output) }], structuredContent: output };
}

/** Whatever was thrown, as an answer a model can act on. What is a bug of ours goes to the log with its stack. */
export function failure(thrown: unknown, tool: string, sluice: Sluice): CallToolResult {
  const error = systemProblem(thrown) ?? thrown;
  const known = isSluiceError(error);
  const mask = new Mask(secretValues(sluice.env));
  const withoutSecrets = (text: string) =>
    text
      .split("\n")
      .map((line) => mask.line(line))
      .join("\n");
  if (!known) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    sluice.log(withoutSecrets(`${tool} failed unexpectedly: ${stack}`));
  }
  const say = (text: string, limit: number) => {
    const safe = printable(withoutSecrets(text)).trim();
    return safe.length > limit ? `${safe.slice(0, limit)}…` : safe;
  };
  const message = say(
    known ? error.message : `${tool} failed because of a bug in Sluice: ${messageOf(error)}`,
    2_000,
  );
  const hint = say(
    known
      ? error.hint
      : "Go on without this answer, or try once more with other arguments; please report it with the server's log.",
    1_000,
  );
  return {
    content: [{ type: "text", text: `${message}\nHint: ${hint}` }],
    structuredContent: { error: message, hint },
    isError: true,
  };
}

/** Characters that a terminal or a model would take for something else are replaced, in every string. */
function clean(output: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(output).map(([key, value]) => [printable(key), cleaned(value)]));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return printable(value).replace(/\p{Cs}/gu, "\ufffd");
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [printable(key), cleaned(item)]));
}

/** Bytes, not characters: what is cut by bytes must count Chinese comments for what they are. */
function size(output: Record<string, unknown>): number {
  return Buffer.byteLength(JSON.stringify(output));
}
