import * as z from "zod";
import type { Sluice } from "../sluice.js";
import { Breaker } from "./breaker.js";
import type { ModelClient, StructuredMode } from "./completion.js";
import {
  type Inspection,
  inspect,
  type LoadedModel,
  loadedModels,
  type ModelFacts,
  modelFacts,
  modelPath,
} from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { LocalFailure, slow, unknownModel } from "./failures.js";
import { type Http, openHttp } from "./http.js";
import { limited, unlessAborted } from "./limits.js";
import { type ListedModel, largeVariant, type ModelMatch, matchModel } from "./model-names.js";
import { ollamaClient } from "./ollama-client.js";
import { openaiClient } from "./openai-client.js";
import { Queue } from "./queue.js";

/** Failures of a server as a whole. */
const mortal: readonly LocalFailure["kind"][] = ["not_running", "refused"];
/** Failures that say nothing on what the server has. */
const ofOneRequest: readonly LocalFailure["kind"][] = [
  "busy",
  "loading",
  "slow",
  "not_json",
  "out_of_context",
];
/** Milliseconds that a look around is remembered, and the list of what is loaded. */
const inspectionLife = 60_000;
/** Milliseconds that a form of answer which a server did not take is not tried again. */
const modeLife = 30 * 60_000;
const lookLimit = 10_000;
const loadedLife = 3_000;
const tokenizeTimeout = 10_000;

const tokenized = z.union([
  z.looseObject({ tokens: z.array(z.unknown()) }).transform(({ tokens }) => tokens.length),
  z.looseObject({ count: z.number() }).transform(({ count }) => count),
]);

/** A model at an endpoint, as it is used. */
export interface ChosenModel {
  match: ModelMatch;
  listed: ListedModel;
}

/** What is known about one server, shared by every call of this process: its queue, its breaker, what it has. */
export class Host {
  readonly http: Http;
  readonly breaker = new Breaker();
  readonly queue: Queue;
  readonly #modelBreakers = new Map<string, Breaker>();
  readonly #facts = new Map<string, ModelFacts>();
  readonly #modes = new Map<string, { at: number; mode: StructuredMode }>();
  #inspection: { at: number; value: Inspection } | null = null;
  #inspecting: Promise<Inspection> | null = null;
  #loaded: { at: number; value: LoadedModel[] | null } | null = null;
  #plain = false;

  constructor(
    readonly endpoint: Endpoint,
    readonly sluice: Sluice,
  ) {
    this.http = openHttp(endpoint, sluice);
    this.queue = new Queue((one, other) => {
      const ready = (id: string) =>
        this.#loaded?.value?.some((model) => model.id === id && model.ready) ?? false;
      return ready(one) && ready(other);
    });
  }

  /** What stands there, remembered for a minute. Throws LocalFailure. */
  async inspection(signal: AbortSignal): Promise<Inspection> {
    const known = this.#inspection;
    if (known !== null && this.sluice.clock() - known.at < inspectionLife) return known.value;
    // One look for all who wait for it, with a limit of its own.
    this.#inspecting ??= this.#look().finally(() => {
      this.#inspecting = null;
    });
    return unlessAborted(this.#inspecting, signal);
  }

  async #look(): Promise<Inspection> {
    const limit = limited(new AbortController().signal, lookLimit);
    try {
      const value = await inspect(this.endpoint, this.http, limit.signal);
      this.#inspection = { at: this.sluice.clock(), value };
      this.#loaded = null;
      // A server may have been restarted with another configuration.
      this.#facts.clear();
      this.breaker.succeeded();
      return value;
    } catch (error) {
      const failure = limit.passed()
        ? slow(this.endpoint, "it does not say what models it has", error)
        : error;
      const passing = failure instanceof LocalFailure && ["busy", "loading"].includes(failure.kind);
      // Whoever can't say what it has is as good as dead to the next call.
      if (failure instanceof LocalFailure && !passing) this.breaker.failed(failure, this.sluice.clock());
      throw failure;
    } finally {
      limit.end();
    }
  }

  /** Milliseconds since the last look around; null for never. */
  get age(): number | null {
    return this.#inspection === null ? null : this.sluice.clock() - this.#inspection.at;
  }

  /** A failure that says more than that one request went wrong: what it means for the next ones. */
  died(failure: LocalFailure): void {
    if (!ofOneRequest.includes(failure.kind)) this.forget();
    if (!mortal.includes(failure.kind)) return;
    this.breaker.failed(failure, this.sluice.clock());
  }

  /** After a failure nothing remembered is certain. */
  forget(): void {
    this.#inspection = null;
    this.#loaded = null;
    this.#facts.clear();
  }

  /** The model that is meant by a name. Throws LocalFailure `model_unknown`. */
  choose(inspection: Inspection, endpoint: Endpoint, configured: string): ChosenModel {
    const single = !["openai-compatible", "ollama", "lm-studio"].includes(inspection.server);
    const match = matchModel(configured, inspection.models, single);
    if (match === null) {
      const names = inspection.models.map(({ id }) => id);
      throw unknownModel(endpoint, configured, names);
    }
    const listed = inspection.models.find(({ id }) => id === match.id);
    return { match, listed: listed ?? { id: match.id, aliases: [], context: null, loaded: null } };
  }

  /** The model for what does not fit the normal one; null when there is none. */
  large(inspection: Inspection, endpoint: Endpoint, normal: ChosenModel): ChosenModel | null {
    if (endpoint.largeModel !== null) {
      const match = matchModel(endpoint.largeModel, inspection.models, false);
      const listed = inspection.models.find(({ id }) => id === match?.id);
      return match && listed ? { match, listed } : null;
    }
    const listed = largeVariant(normal.listed.id, inspection.models);
    return listed === null ? null : { match: { name: listed.id, id: listed.id, note: null }, listed };
  }

  /** Whether a model is loaded now; null where the server does not say. */
  async isLoaded(inspection: Inspection, id: string, signal: AbortSignal): Promise<boolean | null> {
    const loaded = await this.#loadedNow(inspection, signal);
    return loaded === null ? null : loaded.some((model) => model.id === id && model.ready);
  }

  /** Tokens that a model is loaded with now; null when it is not, or where the server does not say. */
  async loadedContext(inspection: Inspection, id: string, signal: AbortSignal): Promise<number | null> {
    const loaded = await this.#loadedNow(inspection, signal);
    return loaded?.find((model) => model.id === id)?.context ?? null;
  }

  async #loadedNow(inspection: Inspection, signal: AbortSignal): Promise<LoadedModel[] | null> {
    const known = this.#loaded;
    if (known === null || this.sluice.clock() - known.at >= loadedLife) {
      this.#loaded = {
        at: this.sluice.clock(),
        value: await loadedModels(inspection.server, this.http, signal),
      };
    }
    return this.#loaded?.value ?? null;
  }

  /** What is loaded may have changed. */
  forgetLoaded(): void {
    this.#loaded = null;
  }

  knownFacts(id: string): ModelFacts | null {
    return this.#facts.get(id) ?? null;
  }

  /** What a model really has; loads it where the server only then knows. Throws LocalFailure. */
  async facts(
    inspection: Inspection,
    { listed }: ChosenModel,
    options: { timeout: number; signal: AbortSignal },
  ): Promise<ModelFacts> {
    const known = this.#facts.get(listed.id);
    if (known) return known;
    const facts = await modelFacts(this.endpoint, this.http, inspection.server, listed, options);
    this.#facts.set(listed.id, facts);
    this.queue.setSlots(listed.id, facts.slots ?? defaultSlots(inspection, this.sluice));
    return facts;
  }

  /** A limit that a server told in refusing a request. */
  learnContext(id: string, context: number): void {
    const known = this.#facts.get(id);
    this.#facts.set(id, { slots: known?.slots ?? null, context });
  }

  modelBreaker(id: string): Breaker {
    const known = this.#modelBreakers.get(id);
    if (known) return known;
    const breaker = new Breaker();
    this.#modelBreakers.set(id, breaker);
    return breaker;
  }

  /** How this server is asked for an answer of a schema. */
  mode(model: string, schemaName: string): StructuredMode {
    const known = this.#modes.get(`${model} ${schemaName}`);
    // A server that was restarted as a newer one may take more than it did.
    return known === undefined || this.sluice.clock() - known.at >= modeLife ? "json_schema" : known.mode;
  }

  rememberMode(model: string, schemaName: string, mode: StructuredMode): void {
    this.#modes.set(`${model} ${schemaName}`, { at: this.sluice.clock(), mode });
  }

  /** The server does not take fields beyond the standard's. */
  useOnlyStandardFields(): boolean {
    if (this.#plain) return false;
    this.#plain = true;
    return true;
  }

  client(inspection: Inspection, endpoint: Endpoint): ModelClient {
    if (inspection.server === "ollama") return ollamaClient(endpoint, this.http);
    const plain = { templateSwitch: false, streamOptions: false };
    return openaiClient(endpoint, this.http, { ...inspection.dialect, ...(this.#plain ? plain : {}) });
  }

  /** Tokens of a text by the server's own tokenizer; null when it has none or does not answer. Never loads a model. */
  async tokenize(
    inspection: Inspection,
    { listed, match }: ChosenModel,
    text: string,
    signal: AbortSignal,
  ): Promise<number | null> {
    const path = modelPath(inspection.server, listed.id, "tokenize");
    if (path === null) return null;
    if (inspection.server === "llama-swap" && (await this.isLoaded(inspection, listed.id, signal)) !== true)
      return null;
    const body =
      inspection.server === "vllm"
        ? { model: match.name, prompt: text }
        : { content: text, add_special: false };
    try {
      const answer = await this.http.text({
        method: "POST",
        path,
        body,
        signal,
        headersTimeout: tokenizeTimeout,
        bodyTimeout: tokenizeTimeout,
        cap: 64 * 1024 * 1024,
      });
      if (answer.status !== 200) return null;
      const found = tokenized.safeParse(JSON.parse(answer.text));
      return found.success ? found.data : null;
    } catch (error) {
      if (error instanceof LocalFailure || error instanceof SyntaxError) return null;
      throw error;
    }
  }
}

/** Requests at once where the server does not say. */
function defaultSlots({ server }: Inspection, { env }: Sluice): number {
  if (server === "vllm" || server === "sglang") return 4;
  const parallel = server === "ollama" ? Number(env.OLLAMA_NUM_PARALLEL) : 1;
  return Number.isInteger(parallel) && parallel > 0 && parallel <= 64 ? parallel : 1;
}

const hosts = new Map<string, Host>();

/** The one of this endpoint in this process. Endpoints at one address with one key share it. */
export function hostOf(endpoint: Endpoint, sluice: Sluice): Host {
  const key = JSON.stringify([endpoint.baseUrl, endpoint.kind, endpoint.apiKey, endpoint.headers]);
  const known = hosts.get(key);
  if (known) return known;
  const host = new Host(endpoint, sluice);
  hosts.set(key, host);
  return host;
}

/** Closes every connection and forgets what was learnt: at the end of a process, and between tests. */
export async function closeLocal(): Promise<void> {
  const open = [...hosts.values()];
  hosts.clear();
  await Promise.all(open.map(({ http }) => http.close()));
}
