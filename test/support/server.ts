import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestRepository } from "./repository.js";

/** The compiled program that a client starts. */
export const serverProgram = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** What a server in this repository is started with: a home of its own, nothing of the user's. */
export function serverEnvironment(repository: TestRepository, extra: Record<string, string> = {}) {
  const { PATH = "", HOME = "", PREMIUM_REVIEW_ENABLED = "" } = repository.sluice().env;
  return { PATH, HOME, PREMIUM_REVIEW_ENABLED, ...extra };
}

export interface RawServer {
  child: ChildProcess;
  /** Everything that came on stdout, line by line. */
  lines: string[];
  stderr(): string;
  send(message: Record<string, unknown>): void;
  sendText(text: string): void;
  /** The answer to the request with this id. */
  answer(id: number): Promise<Record<string, unknown>>;
  /** Resolves when a line on stderr or stdout contains the text. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A server process without a client library around it: for what goes over the pipe, signals and endings. */
export function startServer(
  repository: TestRepository,
  extra: Record<string, string> = {},
  args: readonly string[] = [serverProgram, "serve"],
): RawServer {
  const child = spawn(process.execPath, args, {
    cwd: repository.path,
    env: serverEnvironment(repository, extra),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const waiting = new Map<number, (message: Record<string, unknown>) => void>();
  const early = new Map<number, Record<string, unknown>>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    if (typeof message !== "object" || message === null || !("id" in message) || "method" in message) return;
    if (typeof message.id !== "number") return;
    const give = waiting.get(message.id);
    if (give) give({ ...message });
    else early.set(message.id, { ...message });
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {});
  return {
    child,
    lines,
    stderr: () => stderr,
    send: (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    sendText: (text) => child.stdin.write(text),
    answer: (id) =>
      new Promise((resolve, reject) => {
        const known = early.get(id);
        if (known) return resolve(known);
        waiting.set(id, resolve);
        child.once("exit", (code) => reject(new Error(`the server ended (${code}): ${stderr}`)));
      }),
    exited: new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal }))),
  };
}

/** The handshake of the older era. */
export async function initialize(server: RawServer): Promise<Record<string, unknown>> {
  server.send({
    id: 0,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    },
  });
  const answer = await server.answer(0);
  server.send({ method: "notifications/initialized" });
  return answer;
}
