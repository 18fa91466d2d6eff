import { fence } from "../fence.js";
import { sentSchema } from "./answer-schema.js";
import { type Attempt, afterLimit, learn, Phase, patiently, type Timing } from "./attempt.js";
import type { Completion, CompletionRequest } from "./completion.js";
import type { Inspection } from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { LocalFailure, slow } from "./failures.js";
import type { Host } from "./host.js";
import type { Answer, Job } from "./job.js";
import type { Limited } from "./limits.js";
import { makePlan, type Plan } from "./plan.js";
import { askStructured, systemPrompt } from "./structured.js";

/** Milliseconds between two pieces of an answer. A long prompt may come between the headers and the first piece. */
const longestSilence = 180_000;
const defaultTemperature = 0.2;
/** Milliseconds left of a job: for another look, and an answer after it. */
const enoughToLookAgain = 30_000;

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
  const inspection = await lookAround(attempt);
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
    // Ollama loads a model anew for another context.
    const variant = inspection.server === "ollama" ? String(plan.context) : "";
    const free = await host.queue.take(listed.id, limit.signal, variant);
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

/**
 * What stands there. A machine that is busy, often with the model itself, may not say in time what it has: whoever has
 * the time to wait for an answer looks a second time before it is taken for dead.
 */
async function lookAround<T>(attempt: Attempt<T>): Promise<Inspection> {
  const { host, limit } = attempt;
  const look = () => patiently(attempt, () => host.inspection(limit.signal));
  try {
    return await look();
  } catch (error) {
    const isSlow = error instanceof LocalFailure && error.kind === "slow";
    if (!isSlow || limit.left() < enoughToLookAgain) throw error;
    return look();
  }
}

/** Has the model loaded, where that can be seen, and learns what it really has. */
async function load<T>(attempt: Attempt<T>, inspection: Inspection, { model, context }: Plan): Promise<void> {
  const { host, limit, phase } = attempt;
  const { id } = model.listed;
  const loaded = await host.isLoaded(inspection, id, limit.signal);
  const anew =
    inspection.server === "ollama" && (await host.loadedContext(inspection, id, limit.signal)) !== context;
  if (loaded === false) {
    phase.enter("load");
    attempt.job.onProgress?.(`loading ${model.listed.id}`);
  }
  await patiently(attempt, () => learn(attempt, inspection, model));
  if (loaded === false || anew) host.forgetLoaded();
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

function outOfTime<T>({ phase, endpoint, job, host }: Attempt<T>): LocalFailure {
  const seconds = `${Math.round(job.limit / 1000)} s`;
  const retry = "Call again: it goes on where it can.";
  if (phase.doing === "queue") {
    const { waiting, running } = host.queue.load;
    // Whoever it waited for may have ended by the same limit.
    const others = running + waiting === 0 ? "" : ` (${running} running, ${waiting} more waiting)`;
    return new LocalFailure(
      "busy",
      `${endpoint.baseUrl} was busy for ${seconds}${others}.`,
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
