import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { killTree, runMarker, type Tree, tracked } from "./process-tree.js";

export interface ResidentOptions {
  cwd: string;
  /** The whole environment of the child; nothing is inherited. */
  env: Readonly<Record<string, string | undefined>>;
  /** `messages`: Node's own channel (structured clone). `pipes`: stdin and stdout, for a protocol of its own. */
  talk: "messages" | "pipes";
}

/** A program that stays between the calls it serves. */
export interface Resident {
  child: ChildProcess;
  /** Settles when it has ended, for whatever reason; never rejects. */
  ended: Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>;
  isEnded(): boolean;
  /** The last of what it wrote to stderr. */
  stderr(): string;
  /** While busy, our own process waits for it; while not, nothing of it keeps us running. */
  hold(busy: boolean): void;
  /** Ends it and all it started, at once. */
  kill(): void;
}

const stderrKept = 8 * 1024;

/**
 * Starts a program without a shell that ends with us at the latest: `killAllProcesses` knows it, and its channel
 * closes when we are gone. Throws what the system says when it can't be started at once.
 */
export function startResident(file: string, args: readonly string[], options: ResidentOptions): Resident {
  const run = randomBytes(9).toString("hex");
  const piped = options.talk === "pipes";
  const child = spawn(file, [...args], {
    cwd: options.cwd,
    env: { ...options.env, [runMarker]: [options.env[runMarker], run].filter(Boolean).join(",") },
    stdio: piped ? ["pipe", "pipe", "pipe"] : ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const tree: Tree | null = child.pid === undefined ? null : { pid: child.pid, run, seen: new Set() };
  if (tree !== null) tracked.add(tree);
  let tail = "";
  let isEnded = false;
  child.stderr?.on("data", (chunk: Buffer) => {
    tail = (tail + chunk.toString("utf8")).slice(-stderrKept);
  });
  for (const stream of child.stdio) {
    stream?.on("error", () => {
      // A pipe that breaks is told by the end of the process.
    });
  }
  const ended = new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>((resolve) => {
    const finish = (code: number | null, killedBy: NodeJS.Signals | null) => {
      isEnded = true;
      if (tree !== null) tracked.delete(tree);
      resolve({ code, killedBy });
    };
    child.on("error", (error) => {
      tail = (tail + error.message).slice(-stderrKept);
      if (tree === null) finish(null, null);
    });
    child.on("exit", finish);
  });
  return {
    child,
    ended,
    isEnded: () => isEnded,
    stderr: () => tail,
    hold(busy) {
      const handles = [child, child.channel, ...child.stdio];
      for (const handle of handles) {
        if (busy && handle && "ref" in handle && typeof handle.ref === "function") handle.ref();
        if (!busy && handle && "unref" in handle && typeof handle.unref === "function") handle.unref();
      }
    },
    kill() {
      if (tree === null || isEnded) return;
      killTree(tree);
      child.kill("SIGKILL");
    },
  };
}
