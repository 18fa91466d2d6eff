import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { close, json, listen, type Recorded } from "./fake-openai.js";

export type OllamaReply =
  | { content?: string; thinking?: string; reason?: string; promptTokens?: number; cachedTokens?: number }
  | { status: number; error: string }
  /** An error line after a status of 200. */
  | { midError: string }
  | { hang: true }
  | { cut: true }
  | { raw: string };

export interface OllamaOptions {
  models?: string[];
  loaded?: string[];
  reply?: OllamaReply | ((body: Recorded["body"], index: number) => OllamaReply | Promise<OllamaReply>);
  port?: number;
  /** Tokens that its models have at most, whatever is asked for; null for an Ollama that does not say. */
  context?: number | null;
}

export interface FakeOllama {
  url: string;
  requests: Recorded[];
  chats(): Recorded["body"][];
  left(): number;
  close(): Promise<void>;
}

/** Ollama's own API, as of 0.33. */
export async function fakeOllama(options: OllamaOptions = {}): Promise<FakeOllama> {
  const models = options.models ?? ["qwen2.5-coder:7b"];
  const requests: Recorded[] = [];
  /** Tokens that each model was loaded with last. */
  const contexts = new Map<string, number>();
  let left = 0;
  let index = 0;
  const server = createServer((request, response) => {
    response.on("error", () => {});
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => answer(request, response, Buffer.concat(chunks).toString("utf8")));
  });

  async function answer(request: IncomingMessage, response: ServerResponse, text: string): Promise<unknown> {
    const path = request.url ?? "";
    const body = text === "" ? null : JSON.parse(text);
    requests.push({ path, headers: request.headers, body });
    const list = (names: readonly string[]) => ({
      models: names.map((name) => ({ name, model: name, size: 1 })),
    });
    const loaded = (names: readonly string[]) => ({
      models: names.map((name) => ({
        name,
        model: name,
        size: 1,
        ...(options.context === null
          ? {}
          : { context_length: Math.min(contexts.get(name) ?? 16_384, options.context ?? Infinity) }),
      })),
    });
    if (path === "/api/version") return json(response, 200, { version: "0.33.0" });
    if (path === "/api/tags") return json(response, 200, list(models));
    if (path === "/api/ps")
      return json(response, 200, loaded([...new Set([...(options.loaded ?? []), ...contexts.keys()])]));
    if (path === "/v1/models")
      return json(response, 200, { data: models.map((id) => ({ id, owned_by: "library" })) });
    if (path !== "/api/chat") return response.writeHead(404).end("404 page not found");
    if (!models.includes(body.model)) {
      return json(response, 404, { error: `model '${body.model}' not found` });
    }
    contexts.set(body.model, body.options?.num_ctx ?? 4_096);
    response.on("close", () => {
      if (!response.writableFinished) left += 1;
    });
    const reply =
      typeof options.reply === "function" ? await options.reply(body, index++) : (options.reply ?? {});
    if ("status" in reply) return json(response, reply.status, { error: reply.error });
    const line = (value: object) => `${JSON.stringify({ model: body.model, ...value })}\n`;
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    if ("raw" in reply) return response.end(reply.raw);
    if ("hang" in reply) return response.write(line({ message: { content: "{" }, done: false }));
    if ("cut" in reply) {
      response.write(line({ message: { content: "{" }, done: false }), () => response.destroy());
      return;
    }
    if ("midError" in reply) {
      response.write(line({ message: { content: "{" }, done: false }));
      response.end(line({ error: reply.midError }));
      return;
    }
    if (reply.thinking)
      response.write(line({ message: { content: "", thinking: reply.thinking }, done: false }));
    response.write(line({ message: { role: "assistant", content: reply.content ?? "{}" }, done: false }));
    response.end(
      line({
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: reply.reason ?? "stop",
        prompt_eval_count: reply.promptTokens ?? Math.ceil(JSON.stringify(body.messages).length / 4),
        ...(reply.cachedTokens === undefined ? {} : { prompt_eval_cached_count: reply.cachedTokens }),
        eval_count: 9,
        total_duration: 1,
      }),
    );
  }

  await listen(server, options.port ?? 0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    chats: () => requests.filter(({ path }) => path === "/api/chat").map(({ body }) => body),
    left: () => left,
    close: () => close(server),
  };
}
