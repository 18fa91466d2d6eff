import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import { SourceError } from "../errors.js";
import { type RunResult, runProcess } from "../process.js";

export interface OwnProcessOptions {
  cwd: string;
  /** Milliseconds. */
  timeout: number;
  signal: AbortSignal;
  env: Readonly<Record<string, string>>;
  nodeOptions?: readonly string[];
}

/**
 * Runs one of our own scripts (beside this file) in a Node process of its own: a request as JSON in, an answer
 * as JSON out. What hangs or eats memory in there can be killed, and the server's event loop stays free.
 * Throws SourceError (kind `timeout`, `cancelled`, `crashed`).
 */
export async function callOwnProcess<T>(
  script: string,
  request: unknown,
  answer: z.ZodType<T>,
  options: OwnProcessOptions,
): Promise<T> {
  const result = await runProcess(
    process.execPath,
    [...(options.nodeOptions ?? []), ...scriptArguments(script)],
    {
      cwd: options.cwd,
      env: options.env,
      timeout: options.timeout,
      signal: options.signal,
      input: JSON.stringify(request),
    },
  );
  if (result.code !== 0) throw failure(script, result);
  return answer.parse(JSON.parse(result.stdout.toString("utf8")));
}

/** What to say of a process of ours that did not end well. */
export function failure(name: string, result: RunResult): SourceError {
  const kind = result.stopped === "timeout" || result.stopped === "cancelled" ? result.stopped : "crashed";
  const lines = result.stderr.toString("utf8").trim().split("\n");
  const said = lines.find((line) => /error|memory/i.test(line)) ?? lines.at(-1) ?? "";
  const how = kind === "crashed" ? `ended with code ${result.code}: ${said.trim().slice(0, 300)}` : kind;
  return new SourceError(`${name} ${how}`, "The other engines' findings stand.", { kind });
}

function scriptArguments(script: string): string[] {
  const compiled = fileURLToPath(new URL(`./${script}.js`, import.meta.url));
  if (existsSync(compiled)) return [compiled];
  // The sources, run without a build by our tests: Node 20 needs a loader for TypeScript.
  const loader = new URL("../../test/support/typescript-loader.mjs", import.meta.url);
  return ["--import", loader.href, fileURLToPath(new URL(`./${script}.ts`, import.meta.url))];
}
