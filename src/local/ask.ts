import { sentSchema } from "./answer-schema.js";
import type { Completion, CompletionRequest } from "./completion.js";
import type { Inspection, ModelFacts } from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { LocalFailure, slow } from "./failures.js";
import { fence } from "./fence.js";
import type { ChosenModel, Host } from "./host.js";
import type { Answer, Job } from "./job.js";
import type { Limited, Pause } from "./limits.js";
import { measure } from "./sizing.js";
import { askStructured, systemPrompt } from "./structured.js";

/** How time is spent; tests hand in their own. */
export interface Timing {
  pause: Pause;
  /** Milliseconds between two words on what is waited for. */
  tick: number;
}

/** Milliseconds between two pieces of an answer. A long prompt may come between the headers and the first piece. */
const longestSilence = 180_000;
/** Milliseconds: our own limit ends a request, and names what was waited for, before the connection's does. */
const afterLimit = 5_000;
/** Milliseconds. */
const longestBackoff = 10_000;
const defaultTemperature = 0.2;

/** What a job is doing, for progress and for the name of a failure when its limit passes. */
class Phase {
  doing: "look" | "queue" | "load" | "answer" = "look";
  /** Something of an answer came. */
  heard = false;
  #since = performance.now();

  constructor(public model: string) {}

  enter(doing: Phase["doing"]): void {
    if (doing === this.doing) return;
    this.doing = doing;
    this.#since = performance.now();
  }

  /** For a person. */
  describe(running: number): string {
    const seconds = `${Math.round((performance.now() - this.#since) / 1000)} s`;
    if (this.doing === "queue") return `waiting for ${this.model} (${running} running), ${seconds}`;
    if (this.doing === "load") return `loading ${this.model}, ${seconds}`;
    return this.doing === "look"
      ? `looking for ${this.model}, ${seconds}`
      : `${this.model} is working, ${seconds}`;
  }
}

interface Attempt<T> {
  host: Host;
  endpoint: Endpoint;
  job: Job<T>;
  limit: Limited;
  timing: Timing;
  phase: Phase;
}

interface Plan {
  model: ChosenModel;
  size: Answer<unknown>["size"];
  /** Tokens of the prompt and the answer. */
  needed: number;
  /** Tokens that the server is told to make room for, where it has to be told. */
  context: number;
}

/** Asks one endpoint. Throws LocalFailure, and the signal's reason when the caller cancels. */
export async function askHost<T>(
  host: Host,
  endpoint: Endpoint,
  job: Job<T>,
  limit: Limited,
  timing: Timing,
): Promise<Answer<T>> {
  const phase = new Phase(endpoint.model);
  const attempt = { host, endpoint, job, limit, timing, phase };
  const started = performance.now();
  const ticker = setInterval(() => {
    job.onProgress?.(phase.describe(host.queue.load.running));
  }, timing.tick);
  ticker.unref();
  try {
    return await planned(attempt, started);
  } catch (error) {
    if (!limit.passed()) throw error;
    const failure = outOfTime(attempt);
    // One that hangs is found out at the second time, not at every call's cost.
    if (phase.doing === "answer" && !phase.heard) {
      host.modelBreaker(phase.model).strike(failure, host.sluice.clock());
    }
    throw failure;
  } finally {
    clearInterval(ticker);
  }
}

async function planned<T>(attempt: Attempt<T>, started: number): Promise<Answer<T>> {
  const { host, job, limit } = attempt;
  const inspection = await patiently(attempt, () => host.inspection(limit.signal));
  const system = await systemPrompt(job.instructions, sentSchema(job.schema));
  const user = fence(job.data);
  let atLeast = 0;
  for (let round = 0; ; round++) {
    const plan = await makePlan(attempt, inspection, [system, user], atLeast);
    const { listed, match } = plan.model;
    const breakers = [host.breaker, host.modelBreaker(listed.id)];
    const known = breakers.map(({ failure }) => failure);
    const refused = host.modelBreaker(listed.id).check(host.sluice.clock());
    if (refused !== null) throw refused;
    attempt.phase.model = listed.id;
    attempt.phase.enter("queue");
    const free = await host.queue.take(listed.id, limit.signal);
    try {
      // Whoever waited may have waited for something that died meanwhile.
      const dead = breakers.find(({ failure }, at) => failure !== null && failure !== known[at]);
      if (dead?.failure) throw dead.failure;
      await load(attempt, inspection, plan);
      const real = host.knownFacts(listed.id)?.context ?? null;
      if (real !== null && real < plan.needed && round < 2) continue;
      attempt.phase.enter("answer");
      const begun = performance.now();
      const found = await askStructured<T>({
        name: job.name,
        schema: job.schema,
        instructions: job.instructions,
        user,
        mode: host.mode(listed.id, job.name),
        onMode: (mode) => host.rememberMode(listed.id, job.name, mode),
        complete: (messages, schema) =>
          complete(attempt, inspection, {
            model: match.name,
            messages,
            schema,
            maxTokens: job.maxTokens,
            temperature: job.temperature === undefined ? defaultTemperature : job.temperature,
            noThinking: true,
            context: plan.context,
          }),
      });
      host.modelBreaker(listed.id).succeeded();
      const { value, repaired, mode, completions } = found;
      return {
        state: "answered",
        value,
        model: listed.id,
        server: inspection.server,
        size: plan.size,
        mode,
        repaired,
        promptTokens: total(completions, "promptTokens"),
        completionTokens: total(completions, "completionTokens"),
        waitedMs: Math.round(begun - started),
        ms: Math.round(performance.now() - started),
        workMs: completions.reduce((sum, { ms, msToFirst }) => sum + ms - msToFirst, 0),
        note: match.note,
      };
    } catch (error) {
      if (error instanceof LocalFailure && ["out_of_memory", "not_started"].includes(error.kind)) {
        host.modelBreaker(listed.id).failed(error, host.sluice.clock());
      }
      const told = error instanceof LocalFailure && error.kind === "out_of_context" ? error.context : null;
      if (told === null || round >= 2) throw error;
      // Now its size is known, and maybe the limit: the next round may take the large model.
      atLeast = told.prompt ?? plan.context - job.maxTokens + 1;
      if (told.limit !== null) host.learnContext(listed.id, told.limit);
    } finally {
      host.modelBreaker(listed.id).undecided();
      free();
    }
  }
}

/** Which model a prompt goes to. Throws LocalFailure `out_of_context` when it fits none. */
async function makePlan<T>(
  attempt: Attempt<T>,
  inspection: Inspection,
  texts: readonly string[],
  atLeast: number,
): Promise<Plan> {
  const { host, endpoint, job, limit } = attempt;
  const normal = host.choose(inspection, endpoint, endpoint.model);
  // A loaded model says at once what it has.
  if (await host.isLoaded(inspection, normal.listed.id, limit.signal)) {
    await patiently(attempt, () => learn(attempt, inspection, normal));
  }
  const sizes = contexts(host, endpoint, inspection, normal);
  const room = sizes.normal - job.maxTokens;
  const size = await measure(texts, room, (text) => host.tokenize(inspection, normal, text, limit.signal));
  const prompt = Math.max(size.tokens, atLeast);
  const needed = prompt + job.maxTokens;
  const { large } = sizes;
  if (needed <= sizes.normal) {
    // The large one does it as well when it is there and the normal one would have to be loaded.
    const instead =
      large !== null &&
      large.model.listed.id !== normal.listed.id &&
      (await host.isLoaded(inspection, normal.listed.id, limit.signal)) === false &&
      (await host.isLoaded(inspection, large.model.listed.id, limit.signal)) === true;
    if (!instead) return { model: normal, size: "normal", needed, context: sizes.normal };
    return { model: large.model, size: "large", needed, context: large.context };
  }
  if (large !== null && needed <= large.context) {
    return { model: large.model, size: "large", needed, context: large.context };
  }
  const most = Math.max(sizes.normal, large?.context ?? 0);
  throw new LocalFailure(
    "out_of_context",
    `The request needs about ${needed} tokens with its answer; ${most} fit ${(large?.model ?? normal).listed.id} at ${endpoint.baseUrl}.`,
    "Ask about less at a time, or give the model more context and raise local.context_max.",
    { context: { prompt, limit: most } },
  );
}

/** Tokens that fit the normal model, and the large one where there is one. */
export function contexts(
  host: Host,
  endpoint: Endpoint,
  inspection: Inspection,
  normal: ChosenModel,
): { normal: number; large: { model: ChosenModel; context: number } | null } {
  const real = ({ listed }: ChosenModel) => host.knownFacts(listed.id)?.context ?? listed.context;
  // Ollama makes room for what it is asked for, by loading the model anew.
  if (inspection.server === "ollama") {
    const large = endpoint.contextMax > endpoint.contextDefault;
    return {
      normal: endpoint.contextDefault,
      large: large ? { model: normal, context: endpoint.contextMax } : null,
    };
  }
  const large = host.large(inspection, endpoint, normal);
  const own = real(normal);
  if (large === null) {
    // llama-swap's model tells once it is loaded.
    const unknown = inspection.server === "llama-swap" ? endpoint.contextMax : endpoint.contextDefault;
    return { normal: Math.min(own ?? unknown, endpoint.contextMax), large };
  }
  return {
    normal: Math.min(own ?? endpoint.contextDefault, endpoint.contextDefault),
    large: {
      model: large,
      context: Math.min(real(large) ?? endpoint.contextMax, endpoint.contextMax),
    },
  };
}

/** Has the model loaded, where that can be seen, and learns what it really has. */
async function load<T>(attempt: Attempt<T>, inspection: Inspection, { model }: Plan): Promise<void> {
  const { host, limit, phase } = attempt;
  const loaded = await host.isLoaded(inspection, model.listed.id, limit.signal);
  if (loaded === false) {
    phase.enter("load");
    attempt.job.onProgress?.(`loading ${model.listed.id}`);
  }
  await patiently(attempt, () => learn(attempt, inspection, model));
  if (loaded === false) host.forgetLoaded();
}

function learn<T>(
  { host, limit }: Attempt<T>,
  inspection: Inspection,
  model: ChosenModel,
): Promise<ModelFacts> {
  return host.facts(inspection, model, { timeout: limit.left() + afterLimit, signal: limit.signal });
}

async function complete<T>(
  attempt: Attempt<T>,
  inspection: Inspection,
  request: Omit<CompletionRequest, "signal" | "limits" | "onToken">,
): Promise<Completion> {
  const { host, endpoint, limit } = attempt;
  const once = () =>
    host.client(inspection, endpoint).complete({
      ...request,
      signal: limit.signal,
      limits: {
        headersTimeout: limit.left() + afterLimit,
        bodyTimeout: Math.min(limit.left() + afterLimit, longestSilence),
      },
      onToken: () => {
        attempt.phase.heard = true;
        attempt.phase.enter("answer");
      },
    });
  try {
    return await patiently(attempt, once);
  } catch (error) {
    const extra = error instanceof LocalFailure && error.unsupported === "extra_fields";
    if (!extra || !host.useOnlyStandardFields()) throw error;
    return patiently(attempt, once);
  }
}

/** Tries again while a server is busy or loading, for as long as the caller's limit lets it. */
async function patiently<T, R>(
  { host, job, limit, timing, phase }: Attempt<T>,
  work: () => Promise<R>,
): Promise<R> {
  for (let round = 0; ; round++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LocalFailure) || (error.kind !== "busy" && error.kind !== "loading"))
        throw error;
      const wait = Math.max(error.retryAfter ?? 0, Math.min(250 * 2 ** round, longestBackoff));
      if (wait >= limit.left()) throw error;
      if (error.kind === "loading") phase.enter("load");
      job.onProgress?.(phase.describe(host.queue.load.running));
      await timing.pause(wait, limit.signal);
    }
  }
}

function outOfTime<T>({ phase, endpoint, job, host }: Attempt<T>): LocalFailure {
  const seconds = `${Math.round(job.limit / 1000)} s`;
  const retry = "Call again: it goes on where it can.";
  if (phase.doing === "queue") {
    const { waiting, running } = host.queue.load;
    return new LocalFailure(
      "busy",
      `${endpoint.baseUrl} was busy for ${seconds} (${running} running, ${waiting} more waiting).`,
      "Call again in a moment.",
    );
  }
  if (phase.doing === "load") {
    return new LocalFailure("loading", `${phase.model} was still loading after ${seconds}.`, retry);
  }
  return slow(endpoint, `no answer within ${seconds}`);
}

function total(completions: readonly Completion[], key: "promptTokens" | "completionTokens"): number | null {
  const found = completions.map(({ usage }) => usage[key]);
  return found.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}
