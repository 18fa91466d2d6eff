import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { messageOf } from "./errors.js";
import { killTree, runMarker, signalTree, type Tree, tracked } from "./process-tree.js";

export { killAllProcesses } from "./process-tree.js";

export interface RunOptions {
  cwd: string;
  /** The whole environment of the child; nothing is inherited. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which the process and all it started are killed. */
  timeout: number;
  signal?: AbortSignal | undefined;
  input?: string | Uint8Array | undefined;
  /** Bytes kept of stdout and of stderr each; what comes after is read and dropped. Default 64 MiB. */
  maxOutput?: number | undefined;
  /** Called with each chunk of either stream as it comes, before any cut: for logs. Must not throw. */
  onOutput?: ((chunk: Buffer, stream: "stdout" | "stderr") => void) | undefined;
  /** Ends what the program left running when it ended by itself, too. Default: only what was stopped goes whole. */
  reap?: boolean | undefined;
  /** On Windows: hands the arguments over as they are, for `cmd`, which quotes in its own way. */
  verbatim?: boolean | undefined;
}

export interface RunResult {
  /** Exit code; null when a signal ended it or it could not be started. */
  code: number | null;
  /** The signal that ended it; null when it exited. */
  killedBy: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Why it did not end by itself, or could not start (then stderr says what the system said). */
  stopped: "timeout" | "cancelled" | "not-found" | "not-started" | null;
  truncated: boolean;
  /** Milliseconds. */
  ms: number;
}

/** Between asking a tree to end and killing it. */
const killGrace = 2_000;
/** After the kill, and after the exit of a program whose pipes somebody else still holds. */
const drainGrace = 1_000;
/** How often output that still comes after the exit renews `drainGrace`. */
const mostDrains = 5;

/**
 * Runs a program without a shell, in a process group of its own, so that a limit or a cancellation ends
 * everything it started, what left the group included. Answers at most three seconds after the limit, whatever
 * the program does. Never throws for what the program does: the result says it.
 */
export function runProcess(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  const maxOutput = options.maxOutput ?? 64 * 1024 * 1024;
  const kept = { stdout: new Kept(maxOutput), stderr: new Kept(maxOutput) };
  const result = (
    stopped: RunResult["stopped"],
    code: number | null = null,
    killedBy: NodeJS.Signals | null = null,
  ): RunResult => ({
    code,
    killedBy,
    stdout: kept.stdout.bytes(),
    stderr: kept.stderr.bytes(),
    stopped,
    truncated: kept.stdout.cut || kept.stderr.cut,
    ms: Math.round(performance.now() - started),
  });
  const notStarted = (error: unknown): RunResult => {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    // A missing folder gives the same ENOENT as a missing program.
    const folder = missing && !existsSync(options.cwd);
    kept.stderr.add(Buffer.from(folder ? `no such folder: ${options.cwd}` : messageOf(error)));
    return result(missing && !folder ? "not-found" : "not-started");
  };

  if (options.signal?.aborted) return Promise.resolve(result("cancelled"));
  const run = randomBytes(9).toString("hex");
  let child: ChildProcess;
  try {
    child = spawn(file, [...args], {
      cwd: options.cwd,
      // A name that is there already is ours, one level up, which must find this process as well.
      env: { ...options.env, [runMarker]: [options.env[runMarker], run].filter(Boolean).join(",") },
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
      windowsVerbatimArguments: options.verbatim ?? false,
    });
  } catch (error) {
    // What the system refuses before there is a process: too long a command line, a NUL in an argument.
    return Promise.resolve(notStarted(error));
  }

  return new Promise((resolve) => {
    let stopped: RunResult["stopped"] = null;
    let ended: { code: number | null; killedBy: NodeJS.Signals | null } | null = null;
    const timers = new Set<NodeJS.Timeout>();
    const after = (ms: number, then: () => void) => {
      const timer = setTimeout(then, ms);
      timers.add(timer);
      return timer;
    };
    const tree: Tree | null = child.pid === undefined ? null : { pid: child.pid, run, seen: new Set() };
    if (tree !== null) tracked.add(tree);

    let answered = false;
    const finish = (answer: () => RunResult) => {
      if (answered) return;
      answered = true;
      for (const timer of timers) clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
      if (tree !== null) tracked.delete(tree);
      for (const stream of child.stdio) stream?.destroy();
      resolve(answer());
    };
    const done = () => finish(() => result(stopped, ended?.code, ended?.killedBy));
    let received = 0;
    // A pipe may outlive the program in the hands of what it left behind: not waited for without end. But when our
    // own event loop was busy, the timer comes before the output that waits to be read: that is let in first.
    const drain = (rounds: number) => {
      const before = received;
      after(drainGrace, () => {
        setImmediate(() => (received > before && rounds > 0 ? drain(rounds - 1) : done()));
      });
    };
    const kill = () => {
      if (tree !== null) killTree(tree);
      // A process that even SIGKILL does not end (it hangs in the kernel) is left behind.
      after(drainGrace, done);
    };
    const stop = (why: "timeout" | "cancelled") => {
      if (stopped !== null || tree === null) return;
      // It ended by itself; only its pipes are still held. That is no timeout.
      if (ended === null) stopped = why;
      signalTree(tree, "SIGTERM");
      after(ended === null ? killGrace : 0, kill);
    };
    const cancel = () => stop("cancelled");
    options.signal?.addEventListener("abort", cancel, { once: true });
    const limit = after(Math.min(options.timeout, 2 ** 31 - 1), () => stop("timeout"));

    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (chunk: Buffer) => {
        options.onOutput?.(chunk, name);
        kept[name].add(chunk);
        received += chunk.length;
      });
      child[name]?.on("error", () => {
        // A pipe that breaks ends the output, not the run.
        kept[name].cut = true;
      });
    }
    child.on("error", (error) => {
      if (tree === null) finish(() => notStarted(error));
    });
    child.on("exit", (code, killedBy) => {
      ended = { code, killedBy };
      clearTimeout(limit);
      // Whatever of a stopped program ignored the first signal goes with it.
      if (tree !== null && (stopped !== null || options.reap)) killTree(tree);
      drain(mostDrains);
    });
    child.on("close", done);
    child.stdin?.on("error", () => {
      // The program may end without reading its input.
    });
    child.stdin?.end(options.input ?? "");
  });
}

/** The first bytes of a stream. */
class Kept {
  readonly #chunks: Buffer[] = [];
  #room: number;
  cut = false;

  constructor(room: number) {
    this.#room = room;
  }

  add(chunk: Buffer): void {
    if (chunk.length > this.#room) this.cut = true;
    if (this.#room <= 0) return;
    this.#chunks.push(chunk.length > this.#room ? chunk.subarray(0, this.#room) : chunk);
    this.#room -= Math.min(chunk.length, this.#room);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
