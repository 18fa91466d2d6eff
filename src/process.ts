import { spawn } from "node:child_process";

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
  /** Called with each chunk of either stream as it comes, before any cut: for logs. */
  onOutput?: ((chunk: Buffer) => void) | undefined;
}

export interface RunResult {
  /** Exit code; null when a signal ended it or it could not be started. */
  code: number | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Why it did not end by itself, or could not start. */
  stopped: "timeout" | "cancelled" | "not-found" | "not-started" | null;
  truncated: boolean;
  /** Milliseconds. */
  ms: number;
}

const killGrace = 2_000;
const groups = new Set<number>();

/**
 * Runs a program without a shell, in a process group of its own, so that a limit or a cancellation ends
 * everything it started. Never throws for what the program does: the result says it.
 */
export function runProcess(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  if (options.signal?.aborted) {
    const nothing = Buffer.alloc(0);
    return Promise.resolve({
      code: null,
      stdout: nothing,
      stderr: nothing,
      stopped: "cancelled",
      truncated: false,
      ms: 0,
    });
  }
  const maxOutput = options.maxOutput ?? 64 * 1024 * 1024;
  const grouped = process.platform !== "win32";
  return new Promise((resolve) => {
    let stopped: RunResult["stopped"] = null;
    let truncated = false;
    const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const sizes = { stdout: 0, stderr: 0 };
    const finish = (code: number | null) => {
      clearTimeout(timer);
      clearTimeout(harder);
      clearTimeout(drained);
      options.signal?.removeEventListener("abort", cancel);
      resolve({
        code,
        stdout: Buffer.concat(out.stdout),
        stderr: Buffer.concat(out.stderr),
        stopped,
        truncated,
        ms: Math.round(performance.now() - started),
      });
    };
    const child = spawn(file, [...args], {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: grouped,
      windowsHide: true,
    });
    if (child.pid !== undefined && grouped) groups.add(child.pid);
    const stop = (why: "timeout" | "cancelled") => {
      stopped ??= why;
      killGroup(child.pid, "SIGTERM");
      harder = setTimeout(() => killGroup(child.pid, "SIGKILL"), killGrace);
    };
    const cancel = () => stop("cancelled");
    const timer = setTimeout(() => stop("timeout"), options.timeout);
    let harder: NodeJS.Timeout | undefined;
    let drained: NodeJS.Timeout | undefined;
    options.signal?.addEventListener("abort", cancel, { once: true });
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        options.onOutput?.(chunk);
        const room = maxOutput - sizes[name];
        if (chunk.length > room) truncated = true;
        if (room > 0) out[name].push(chunk.subarray(0, room));
        sizes[name] += Math.min(chunk.length, Math.max(room, 0));
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      stopped = error.code === "ENOENT" ? "not-found" : "not-started";
      out.stderr.push(Buffer.from(error.message));
      finish(null);
    });
    // A grandchild that left the group may hold the pipes open: a second after the exit is enough.
    child.on("exit", (code) => {
      drained = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, 1_000);
      // Whatever the program left running in its group goes with it.
      if (stopped !== null) killGroup(child.pid, "SIGKILL");
      child.once("close", () => {
        if (child.pid !== undefined) groups.delete(child.pid);
        finish(code);
      });
    });
    child.stdin.on("error", () => {
      // The program may end without reading its input.
    });
    child.stdin.end(options.input ?? "");
  });
}

/** Ends every process group still running: for our own exit. */
export function killAllProcesses(): void {
  for (const pid of groups) killGroup(pid, "SIGKILL");
  groups.clear();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // Already gone.
  }
}
