import { UsageError } from "../errors.js";
import { abortAfter } from "../time-limit.js";

export type Output = Record<string, unknown>;

/** One piece of long work, opened but not begun. */
export interface Work {
  /** Calls of one tool with the same key are about the same thing and share one job. */
  key: string;
  run(): Promise<Output>;
  /** Whether what the result speaks of has changed since. */
  stale(signal: AbortSignal): Promise<boolean>;
}

export interface JobRequest {
  tool: string;
  /** The id of a job to go on waiting for; undefined begins or joins one. */
  job: string | undefined;
  /** Milliseconds after which to answer `running`. */
  wait: number;
  /** The call's own: cancels the waiting, and the job when nobody else waits for it. */
  signal: AbortSignal;
  onProgress(message: string): void;
  /** Says what the call is about. `signal` is the job's. */
  open(signal: AbortSignal, progress: (message: string) => void): Promise<Work>;
}

export type JobAnswer =
  | { state: "done"; output: Output; stale: boolean }
  | { state: "running"; doing: string; elapsed_s: number; job: string };

type Outcome = { output: Output } | { error: unknown };

interface Job {
  id: string;
  tool: string;
  cancel: AbortController;
  /** Calls waiting right now, and jobs that follow this one. */
  waiting: number;
  /** `running` answers given out and not come back for. */
  promised: number;
  doing: string;
  listeners: Set<(message: string) => void>;
  started: number;
  /** Set when `open` is through and no other job does the same. */
  work: Work | null;
  outcome: Outcome | null;
  finished: number | null;
  /** Resolves when `outcome` is set; never rejects. */
  settled: Promise<void>;
}

/** A result that nobody came for is kept this long, ms. */
const keptFor = 15 * 60_000;
const mostOpen = 32;
/** Work that is done at the same time; what comes after waits its turn. Each may run several processes. */
const mostAtOnce = 4;
/** A result younger than this, ms, can't be worth asking git whether it is stale. */
const fresh = 1_000;
const staleLimit = 5_000;

/**
 * Work that outlasts a call. A call waits a while and then answers with the job's id; the job goes on. Its result
 * is handed out once to each who was promised it.
 */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #byKey = new Map<string, Job>();
  readonly #clock: () => number;
  /** How many do their work right now. */
  #working = 0;
  /** Each lets the next one in, in the order of coming. */
  readonly #turns: (() => void)[] = [];
  #closed = false;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Begins, joins or goes on waiting for a job. Throws what the work threw, or UsageError for an unknown id. */
  async answer(request: JobRequest): Promise<JobAnswer> {
    this.#forgetOld();
    const job = request.job === undefined ? this.#begin(request) : this.#find(request.tool, request.job);
    if (request.job !== undefined) job.promised = Math.max(0, job.promised - 1);
    await this.#wait(job, request.signal, request.onProgress, request.wait);
    if (job.outcome === null) {
      if (request.signal.aborted) {
        this.#cancelIfUnwanted(job);
        throw new UsageError("The call was cancelled.", "Call again when the answer is wanted.");
      }
      job.promised += 1;
      return {
        state: "running",
        doing: job.doing,
        elapsed_s: Math.round((this.#clock() - job.started) / 1000),
        job: job.id,
      };
    }
    this.#handedOut(job);
    if ("error" in job.outcome) throw job.outcome.error;
    return { state: "done", output: job.outcome.output, stale: await this.#isStale(job, request) };
  }

  /** Cancels everything; resolves when it has ended. Nothing can be begun afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#jobs.values()].filter((job) => job.outcome === null);
    for (const job of running) job.cancel.abort();
    await Promise.all(running.map((job) => job.settled));
  }

  #begin(request: JobRequest): Job {
    if (this.#closed) throw new UsageError("The server is shutting down.", "Start it again.");
    const running = [...this.#jobs.values()].filter((job) => job.outcome === null);
    if (running.length >= mostOpen) {
      throw new UsageError(
        `${running.length} calls are being worked on already.`,
        "Wait until some of them have answered, then make this call again.",
      );
    }
    const job: Job = {
      id: crypto.randomUUID(),
      tool: request.tool,
      cancel: new AbortController(),
      waiting: 0,
      promised: 0,
      doing: "reading the change",
      listeners: new Set(),
      started: this.#clock(),
      work: null,
      outcome: null,
      finished: null,
      settled: Promise.resolve(),
    };
    this.#jobs.set(job.id, job);
    job.settled = this.#carryOut(job, request).then((outcome) => {
      job.outcome = outcome;
      job.finished = this.#clock();
      // What failed or was cancelled is not what the next call with these arguments should get.
      if ("error" in outcome) this.#unlist(job);
    });
    return job;
  }

  async #carryOut(job: Job, request: JobRequest): Promise<Outcome> {
    const progress = (message: string) => {
      job.doing = message;
      for (const listener of job.listeners) listener(message);
    };
    try {
      const work = await request.open(job.cancel.signal, progress);
      job.work = work;
      const key = JSON.stringify([job.tool, work.key]);
      const twin = this.#byKey.get(key);
      if (twin !== undefined && !twin.cancel.signal.aborted) return await this.#follow(job, twin, progress);
      this.#byKey.set(key, job);
      await this.#turn(job, progress);
      try {
        return { output: await work.run() };
      } finally {
        this.#working -= 1;
        this.#turns.shift()?.();
      }
    } catch (error) {
      return { error };
    }
  }

  /** Resolves when the job may begin its work, which then counts as begun. Throws when it is cancelled before. */
  async #turn(job: Job, progress: (message: string) => void): Promise<void> {
    const { signal } = job.cancel;
    signal.throwIfAborted();
    if (this.#working >= mostAtOnce) {
      progress(`waiting for its turn: ${this.#working + this.#turns.length} calls came before`);
      await new Promise<void>((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = () => {
          this.#turns.splice(this.#turns.indexOf(enter), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", leave, { once: true });
        this.#turns.push(enter);
      });
    }
    this.#working += 1;
  }

  /** The job becomes one more who waits for `twin`, which does the same. */
  async #follow(job: Job, twin: Job, progress: (message: string) => void): Promise<Outcome> {
    progress(twin.doing);
    await this.#wait(twin, job.cancel.signal, progress);
    if (twin.outcome === null) {
      this.#cancelIfUnwanted(twin);
      throw job.cancel.signal.reason;
    }
    this.#handedOut(twin);
    return twin.outcome;
  }

  async #wait(
    job: Job,
    signal: AbortSignal,
    onProgress: (message: string) => void,
    limit?: number,
  ): Promise<void> {
    job.waiting += 1;
    job.listeners.add(onProgress);
    let timer: NodeJS.Timeout | undefined;
    let giveUp = () => {};
    try {
      await Promise.race([
        job.settled,
        new Promise<void>((resolve) => {
          giveUp = () => resolve();
          if (limit !== undefined) timer = setTimeout(giveUp, limit);
          if (signal.aborted) giveUp();
          signal.addEventListener("abort", giveUp, { once: true });
        }),
      ]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      job.listeners.delete(onProgress);
      job.waiting -= 1;
    }
  }

  #find(tool: string, id: string): Job {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      throw new UsageError(
        `There is no job ${JSON.stringify(id)}: its result was handed out already, or it expired, or the server was restarted.`,
        `Call ${tool} again without \`job\`.`,
      );
    }
    if (job.tool !== tool) {
      throw new UsageError(
        `The job ${id} belongs to ${job.tool}, not to ${tool}.`,
        `Call ${job.tool} with it, or ${tool} without \`job\`.`,
      );
    }
    return job;
  }

  async #isStale(job: Job, request: JobRequest): Promise<boolean> {
    const quick = (job.finished ?? 0) - job.started < fresh && request.job === undefined;
    if (quick || job.work === null) return false;
    try {
      return await job.work.stale(AbortSignal.any([request.signal, abortAfter(staleLimit)]));
    } catch {
      // What can't be looked at any more has moved.
      return true;
    }
  }

  #cancelIfUnwanted(job: Job): void {
    if (job.waiting > 0 || job.promised > 0) return;
    job.cancel.abort();
    this.#forget(job);
  }

  /** From now on a call runs anew; only those who hold the id may still come for this result. */
  #handedOut(job: Job): void {
    this.#unlist(job);
    if (job.promised === 0 && job.waiting === 0) this.#forget(job);
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.id);
    this.#unlist(job);
  }

  #unlist(job: Job): void {
    for (const [key, listed] of this.#byKey) if (listed === job) this.#byKey.delete(key);
  }

  #forgetOld(): void {
    const before = this.#clock() - keptFor;
    for (const job of this.#jobs.values()) {
      if (job.finished !== null && job.finished < before) this.#forget(job);
    }
  }
}
