import * as z from "zod";
import { type Completion, type CompletionRequest, longestAnswer, type ModelClient } from "./completion.js";
import { loadedModels } from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { failureOfAnswer } from "./failure-of-answer.js";
import { foreign, LocalFailure } from "./failures.js";
import { failureOf, type Http } from "./http.js";
import { endless } from "./openai-client.js";
import { cutPrompt } from "./silent-cut.js";

/** How long Ollama keeps the model after a call: the next iteration of a review comes within minutes. */
const keepAlive = "10m";
const bytesPerCharacter = 400;

const line = z.looseObject({
  error: z.string().optional(),
  message: z.looseObject({ content: z.string().nullish(), thinking: z.string().nullish() }).optional(),
  done: z.boolean().optional(),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  prompt_eval_cached_count: z.number().nullish(),
  eval_count: z.number().nullish(),
});

/**
 * Ollama's own API, because /v1 can't set the context: Ollama reloads a model when `num_ctx` changes, so it is
 * always the same, and cuts a prompt that is too long without a word unless told not to.
 */
export function ollamaClient(endpoint: Endpoint, http: Http): ModelClient {
  return {
    async complete(request) {
      const started = performance.now();
      const answer = await http.send({
        method: "POST",
        path: "/api/chat",
        body: {
          model: request.model,
          messages: request.messages,
          stream: true,
          think: request.noThinking ? false : undefined,
          format: request.schema === undefined ? undefined : formatOf(request.schema),
          keep_alive: keepAlive,
          truncate: false,
          shift: false,
          options: {
            num_ctx: request.context ?? undefined,
            num_predict: request.maxTokens,
            temperature: request.temperature ?? undefined,
          },
        },
        signal: request.signal,
        ...request.limits,
        cap: Math.min(longestAnswer(request.maxTokens) * bytesPerCharacter, 64 * 1024 * 1024),
      });
      if (answer.status >= 300) throw await failureOf(endpoint, request.model, answer);
      let text = "";
      let reasoning = "";
      let first: number | null = null;
      for await (const piece of lines(endpoint, answer.body)) {
        first ??= performance.now();
        // An error in the middle comes after a status of 200.
        if (piece.error !== undefined) {
          throw failureOfAnswer(endpoint, request.model, {
            status: 500,
            body: JSON.stringify({ error: piece.error }),
            retryAfter: null,
          });
        }
        text += piece.message?.content ?? "";
        reasoning += piece.message?.thinking ?? "";
        const size = text.length + reasoning.length;
        request.onToken?.(size);
        if (size > longestAnswer(request.maxTokens)) throw endless(endpoint, request);
        if (!piece.done) continue;
        await refuseCut(endpoint, http, request, piece);
        const completion: Completion = {
          text,
          reasoning,
          finish:
            piece.done_reason === "stop" || piece.done_reason === "length" ? piece.done_reason : "other",
          usage: {
            promptTokens: piece.prompt_eval_count ?? null,
            completionTokens: piece.eval_count ?? null,
            cachedTokens: piece.prompt_eval_cached_count ?? null,
          },
          msToFirst: Math.round((first ?? performance.now()) - started),
          ms: Math.round(performance.now() - started),
        };
        return completion;
      }
      throw new LocalFailure(
        "cut",
        `${endpoint.baseUrl} ended its answer without an end.`,
        "Call again; if that does not help, look into Ollama's log.",
      );
    },
  };
}

/** Throws LocalFailure `out_of_context` when Ollama read less of the prompt than was sent. */
async function refuseCut(
  endpoint: Endpoint,
  http: Http,
  { model, messages, signal }: CompletionRequest,
  { prompt_eval_count, prompt_eval_cached_count }: z.output<typeof line>,
): Promise<void> {
  const read = prompt_eval_count ?? null;
  const cut = await cutPrompt(
    { read, saysKept: typeof prompt_eval_cached_count === "number" },
    messages.map(({ content }) => content),
    async () => {
      const loaded = await loadedModels("ollama", http, signal);
      return loaded?.find(({ id }) => id === model)?.context ?? null;
    },
  );
  if (cut === null) return;
  throw new LocalFailure(
    "out_of_context",
    `Ollama at ${endpoint.baseUrl} read ${read} of about ${cut.expected} tokens for ${model} and said nothing: its answer is not used.`,
    "Update Ollama, or use a model with more context.",
    { context: { prompt: cut.expected, limit: cut.limit } },
  );
}

function formatOf({ mode, schema }: { mode: string; schema: Record<string, unknown> }): unknown {
  if (mode === "json_schema") return schema;
  return mode === "json_object" ? "json" : undefined;
}

async function* lines(
  endpoint: Endpoint,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<z.output<typeof line>> {
  const decoder = new TextDecoder();
  let rest = "";
  const parse = (source: string) => {
    try {
      return line.parse(JSON.parse(source));
    } catch {
      throw foreign(endpoint, "a piece of its answer is not what Ollama sends");
    }
  };
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.trim() !== "") yield parse(part);
  }
  if (rest.trim() !== "") yield parse(rest);
}
