import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { SourceError } from "../../errors.js";
import { type Resident, startResident } from "../../resident-process.js";
import { makeTemporary, removeTemporary } from "../../temporary.js";
import { bareEnvironment } from "../bare-environment.js";
import { howItEnded } from "../process-failure.js";

/**
 * A process of ours that answers one request after the other. The small engines share one; the TypeScript compiler,
 * which eats memory, has its own.
 */
export type Lane = "light" | "typescript";

interface LaneSettings {
  nodeOptions: readonly string[];
  /** Bytes of resident memory above which a process is not kept for the next request. */
  memory: number;
}

const mebibyte = 1024 * 1024;

const lanes: Readonly<Record<Lane, LaneSettings>> = {
  // Measured: V8's optimising compiler spends 5 s and 440 MB on ruff's 10 MB of WebAssembly, in the background, for
  // nothing.
  light: { nodeOptions: ["--liftoff-only", "--max-old-space-size=1024"], memory: 700 * mebibyte },
  typescript: { nodeOptions: ["--max-old-space-size=3072"], memory: 2_200 * mebibyte },
};

/** Milliseconds without a request after which a process ends. */
const idleLimit = 10 * 60_000;

export interface CallOptions {
  signal: AbortSignal;
  /** `TMPDIR`, as configured. */
  temporary: string | undefined;
}

interface Job {
  script: string;
  request: unknown;
  options: CallOptions;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

interface LaneState {
  waiting: Job[];
  running: Job | null;
  resident: Resident | null;
  folder: string | null;
  idle: NodeJS.Timeout | null;
}

const states = new Map<Lane, LaneState>();

const reply = z.object({ answer: z.unknown().optional(), error: z.string().optional(), rss: z.number() });

/**
 * Has `analyse` of one of our scripts (`data/data-process`) work in the lane's process, which stays warm for the next
 * call: what hangs or eats memory in there can be killed, and the server's event loop stays free. Requests of a lane
 * are answered one after the other. When the signal is aborted the work is killed with its process.
 * Throws the signal's reason, or SourceError (kind `crashed`, `failed`).
 */
export async function callWorker<T>(
  lane: Lane,
  script: string,
  request: unknown,
  answer: z.ZodType<T>,
  options: CallOptions,
): Promise<T> {
  options.signal.throwIfAborted();
  const state = stateOf(lane);
  const given = await new Promise<unknown>((resolve, reject) => {
    const job: Job = { script, request, options, resolve, reject };
    const abort = () => {
      if (state.running === job) {
        state.running = null;
        stop(state);
      } else {
        state.waiting = state.waiting.filter((other) => other !== job);
      }
      job.reject(options.signal.reason);
      next(lane, state);
    };
    options.signal.addEventListener("abort", abort, { once: true });
    job.resolve = (value) => {
      options.signal.removeEventListener("abort", abort);
      resolve(value);
    };
    job.reject = (error) => {
      options.signal.removeEventListener("abort", abort);
      reject(error);
    };
    state.waiting.push(job);
    next(lane, state);
  });
  return answer.parse(given);
}

/** Process ids of the workers that are alive now, for measurements. */
export function workerIds(): number[] {
  return [...states.values()].flatMap(({ resident }) => resident?.child.pid ?? []);
}

/** Ends the workers and removes their folders; the next call starts new ones. */
export async function endWorkers(): Promise<void> {
  await Promise.all([...states.values()].map(stop));
}

function stateOf(lane: Lane): LaneState {
  const known = states.get(lane);
  if (known) return known;
  const state: LaneState = { waiting: [], running: null, resident: null, folder: null, idle: null };
  states.set(lane, state);
  return state;
}

function next(lane: Lane, state: LaneState): void {
  if (state.running !== null) return;
  const job = state.waiting.shift();
  if (!job) {
    rest(state);
    return;
  }
  if (state.idle) clearTimeout(state.idle);
  state.running = job;
  try {
    const resident = state.resident ?? start(lane, state, job.options);
    state.resident = resident;
    resident.hold(true);
    resident.child.send({ script: job.script, request: job.request }, (error) => {
      // It ended just now: `ended` says so to who waits.
      if (error && state.running === job) resident.kill();
    });
  } catch (error) {
    state.running = null;
    job.reject(error);
    next(lane, state);
  }
}

function rest(state: LaneState): void {
  state.resident?.hold(false);
  if (state.idle) clearTimeout(state.idle);
  state.idle = setTimeout(() => stop(state), idleLimit).unref();
}

function start(lane: Lane, state: LaneState, { temporary }: CallOptions): Resident {
  state.folder ??= makeTemporary("prescreen", temporary);
  const empty = join(state.folder, "empty");
  const scratch = join(state.folder, "scratch");
  for (const folder of [empty, scratch]) mkdirSync(folder, { recursive: true });
  const { nodeOptions, memory } = lanes[lane];
  const resident = startResident(process.execPath, [...nodeOptions, ...hostArguments()], {
    cwd: empty,
    env: bareEnvironment(empty, scratch, process.env),
    talk: "messages",
  });
  const settle = (finish: (job: Job) => void) => {
    if (state.resident !== resident) return;
    const job = state.running;
    state.running = null;
    if (job) finish(job);
    next(lane, state);
  };
  resident.child.on("message", (message) => {
    const read = reply.safeParse(message);
    settle((job) => {
      if (!read.success) job.reject(crashed(job.script, "gave no answer"));
      else if (read.data.error !== undefined) job.reject(crashed(job.script, read.data.error, "failed"));
      else job.resolve(read.data.answer);
      if ((read.data?.rss ?? 0) > memory) stop(state);
    });
  });
  resident.ended.then((end) => {
    if (state.resident !== resident) return;
    state.resident = null;
    const job = state.running;
    state.running = null;
    job?.reject(crashed(job.script, howItEnded(end, resident.stderr())));
    next(lane, state);
  });
  return resident;
}

/** Ends the process now; `ended` of it is nobody's any more. */
async function stop(state: LaneState): Promise<void> {
  const { resident, folder } = state;
  state.resident = null;
  resident?.kill();
  if (folder !== null && state.running === null && state.waiting.length === 0) {
    state.folder = null;
    await removeTemporary(folder);
  }
}

function crashed(script: string, what: string, kind = "crashed"): SourceError {
  return new SourceError(`${script} ${what}`, "The other engines' findings stand.", { kind });
}

function hostArguments(): string[] {
  const compiled = fileURLToPath(new URL("./worker-process.js", import.meta.url));
  if (existsSync(compiled)) return [compiled];
  // The sources, run without a build by our tests: Node 20 needs a loader for TypeScript.
  const loader = new URL("../../../test/support/typescript-loader.mjs", import.meta.url);
  return ["--import", loader.href, fileURLToPath(new URL("./worker-process.ts", import.meta.url))];
}
