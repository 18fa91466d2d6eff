import type { ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions";
import * as z from "zod";
import { type Completion, type CompletionRequest, longestAnswer, type ModelClient } from "./completion.js";
import type { Endpoint } from "./endpoints.js";
import { failureOfAnswer } from "./failure-of-answer.js";
import { failureOfTransport } from "./failure-of-transport.js";
import { foreign, LocalFailure } from "./failures.js";
import { failureOf, type Http, understood } from "./http.js";

/** What differs between OpenAI-compatible servers. */
export interface Dialect {
  /** Below the base URL. */
  apiPath: "/v1" | "";
  /** Takes `chat_template_kwargs`, by which thinking is switched off. */
  templateSwitch: boolean;
  /** Takes `stream_options`, by which the last piece says the tokens used. */
  streamOptions: boolean;
}

type Body = ChatCompletionCreateParamsStreaming & { chat_template_kwargs?: Record<string, unknown> };

/** Bytes of a stream for each character of the answer: every token comes in an object of its own. */
const bytesPerCharacter = 400;

/** A server with /v1/chat/completions: llama-swap, llama-server, vLLM, SGLang, LM Studio, LiteLLM and others. */
export function openaiClient(endpoint: Endpoint, http: Http, dialect: Dialect): ModelClient {
  return {
    async complete(request) {
      const started = performance.now();
      const { OpenAI } = await import("openai");
      const cap = Math.min(longestAnswer(request.maxTokens) * bytesPerCharacter, 64 * 1024 * 1024);
      const client = new OpenAI({
        baseURL: `${endpoint.baseUrl}${dialect.apiPath}`,
        // Keys and headers are those of the endpoint alone: the library would take more from the environment.
        apiKey: "unused",
        organization: null,
        project: null,
        maxRetries: 0,
        // Longer than any limit of ours; setTimeout knows no more.
        timeout: 2 ** 31 - 1,
        // It would write to stdout.
        logLevel: "off",
        fetch: (_url, init) => fetchThrough(endpoint, http, dialect, request, cap, init?.body),
      });
      const gathered = new Gathered(endpoint, request, started);
      try {
        const stream = await client.chat.completions.create(bodyOf(request, dialect), {
          signal: request.signal,
        });
        for await (const chunk of stream) gathered.add(chunk);
      } catch (error) {
        throw mapped(endpoint, request, error);
      }
      return gathered.completion();
    },
  };
}

function bodyOf(request: CompletionRequest, { templateSwitch, streamOptions }: Dialect): Body {
  const { schema } = request;
  const body: Body = {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    max_tokens: request.maxTokens,
    stream: true,
  };
  if (streamOptions) body.stream_options = { include_usage: true };
  if (request.temperature !== null) body.temperature = request.temperature;
  if (schema?.mode === "json_schema") {
    body.response_format = {
      type: "json_schema",
      json_schema: { name: schema.name, strict: true, schema: schema.schema },
    };
  } else if (schema?.mode === "json_object") body.response_format = { type: "json_object" };
  if (request.noThinking && templateSwitch) body.chat_template_kwargs = { enable_thinking: false };
  return body;
}

/** The library's request, over our connections and with our headers. */
async function fetchThrough(
  endpoint: Endpoint,
  http: Http,
  dialect: Dialect,
  request: CompletionRequest,
  cap: number,
  body: unknown,
): Promise<Response> {
  const answer = await http.send({
    method: "POST",
    path: `${dialect.apiPath}/chat/completions`,
    body: typeof body === "string" ? JSON.parse(body) : body,
    signal: request.signal,
    ...request.limits,
    cap,
  });
  if (answer.status >= 300) throw await failureOf(endpoint, request.model, answer);
  const stream = /\bjson\b/.test(answer.contentType)
    ? asEvents(endpoint, request.model, answer.body)
    : answer.body;
  if (!/\bjson\b|event-stream/.test(answer.contentType)) {
    throw foreign(endpoint, `the answer is ${answer.contentType || "of no type"}`);
  }
  return new Response(readable(stream), {
    status: answer.status,
    headers: { "content-type": "text/event-stream" },
  });
}

/** A whole answer, of a server that does not stream, as the one event of a stream. */
async function* asEvents(
  endpoint: Endpoint,
  model: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw foreign(endpoint, "its answer is not the JSON it says it is");
  }
  if (typeof answer !== "object" || answer === null) throw foreign(endpoint, "its answer is no JSON object");
  if ("error" in answer && answer.error) {
    throw failureOfAnswer(endpoint, model, { status: 500, body: text, retryAfter: null });
  }
  const choices = "choices" in answer && Array.isArray(answer.choices) ? answer.choices : [];
  const event = {
    ...answer,
    choices: choices.map((choice) => ({ ...choice, delta: choice?.message ?? {} })),
  };
  yield Buffer.from(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`);
}

function readable(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** One piece of an answer, as servers really send it: any of it may be missing. */
const piece = z.looseObject({
  choices: z
    .array(z.looseObject({ delta: z.looseObject({}).nullish(), finish_reason: z.string().nullish() }))
    .nullish(),
  usage: z
    .looseObject({
      prompt_tokens: z.number().nullish(),
      completion_tokens: z.number().nullish(),
      prompt_tokens_details: z.looseObject({ cached_tokens: z.number().nullish() }).nullish(),
    })
    .nullish(),
});

class Gathered {
  #text: string[] = [];
  #reasoning: string[] = [];
  #characters = 0;
  #finish: string | null = null;
  #first: number | null = null;
  #pieces = 0;
  #usage: z.output<typeof piece>["usage"] = null;

  constructor(
    readonly endpoint: Endpoint,
    readonly request: CompletionRequest,
    readonly started: number,
  ) {}

  add(chunk: unknown): void {
    const { success, data } = piece.safeParse(chunk);
    if (!success) throw foreign(this.endpoint, "a piece of its answer has no form that is known");
    this.#first ??= performance.now();
    this.#pieces += 1;
    const choice = data.choices?.[0];
    if (choice) {
      this.#take(this.#text, choice.delta, "content");
      // DeepSeek's name and the one of vLLM and others.
      this.#take(this.#reasoning, choice.delta, "reasoning_content");
      this.#take(this.#reasoning, choice.delta, "reasoning");
      if (typeof choice.finish_reason === "string") this.#finish = choice.finish_reason;
    }
    if (data.usage) this.#usage = data.usage;
  }

  #take(into: string[], delta: Record<string, unknown> | null | undefined, name: string): void {
    const value = delta?.[name];
    if (typeof value !== "string" || value === "") return;
    into.push(value);
    this.#characters += value.length;
    this.request.onToken?.(this.#characters);
    if (this.#characters > longestAnswer(this.request.maxTokens)) throw endless(this.endpoint, this.request);
  }

  completion(): Completion {
    if (this.#pieces === 0) throw foreign(this.endpoint, "its answer is empty");
    if (this.#finish === null) {
      throw new LocalFailure(
        "cut",
        `${this.endpoint.baseUrl} ended its answer without an end.`,
        "Call again; if that does not help, look into the server's log.",
      );
    }
    const usage = this.#usage;
    return {
      text: this.#text.join(""),
      reasoning: this.#reasoning.join(""),
      finish: this.#finish === "stop" || this.#finish === "length" ? this.#finish : "other",
      usage: {
        promptTokens: usage?.prompt_tokens ?? null,
        completionTokens: usage?.completion_tokens ?? null,
        cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? null,
      },
      msToFirst: Math.round((this.#first ?? performance.now()) - this.started),
      ms: Math.round(performance.now() - this.started),
    };
  }
}

/** A server that goes on beyond the limit on tokens. */
export function endless(endpoint: Endpoint, { model, maxTokens }: CompletionRequest): LocalFailure {
  return new LocalFailure(
    "cut",
    `${model} at ${endpoint.baseUrl} went on far beyond ${maxTokens} tokens and was stopped.`,
    "Another model or quantisation may not repeat itself.",
  );
}

/** The library wraps what our fetch throws, and throws errors of its own for what a stream says. */
function mapped(endpoint: Endpoint, request: CompletionRequest, error: unknown): unknown {
  if (request.signal.aborted) return request.signal.reason;
  for (let inner = error, depth = 0; inner instanceof Error && depth < 6; inner = inner.cause, depth++) {
    if (inner instanceof LocalFailure) return inner;
  }
  // An error in the middle of a stream: `{"error": …}` after a status of 200.
  if (error instanceof Error && "error" in error && error.constructor.name.endsWith("APIError")) {
    const said: unknown = error.error;
    const code = typeof said === "object" && said !== null && "code" in said ? said.code : null;
    return failureOfAnswer(endpoint, request.model, {
      status: typeof code === "number" && code >= 400 && code < 600 ? code : 500,
      body: JSON.stringify({ error: said }),
      retryAfter: null,
    });
  }
  if (error instanceof SyntaxError) return foreign(endpoint, "a piece of its answer is no JSON");
  return understood(endpoint, failureOfTransport(endpoint, error) ?? error, request.signal);
}
