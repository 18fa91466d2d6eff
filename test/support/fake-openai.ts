import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the fake answers a completion with. */
export type Reply =
  | { content?: string; reasoning?: string; finish?: string; usage?: boolean; whole?: boolean }
  | { status: number; body: unknown; headers?: Record<string, string> }
  /** Never answers, or stops after these characters. */
  | { hang: string | null }
  /** Ends the connection after these characters. */
  | { cut: string }
  /** An error object in the middle of the stream. */
  | { midError: unknown }
  /** So many bytes of content, in one answer that never ends by itself. */
  | { flood: number }
  /** A body as it is. */
  | { raw: string; contentType: string };

export interface Recorded {
  path: string;
  headers: IncomingMessage["headers"];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what was sent
  body: any;
}

export interface FakeModel {
  id: string;
  aliases?: string[];
  context?: number;
  slots?: number;
}

export interface FakeOptions {
  server?: "llama-swap" | "llama-server" | "vllm" | "lm-studio" | "plain";
  models?: FakeModel[];
  /** Answers in turn; the last one goes on. A function gets the request. */
  reply?: Reply | ((body: Recorded["body"], index: number) => Reply | Promise<Reply>);
  /** Waited for when a model is loaded. */
  load?: (model: string) => Promise<void> | void;
  /** What loading fails with. */
  loadFails?: (model: string) => { status: number; body: unknown } | null;
  loaded?: string[];
  /** So many of the first questions for the list of models are not answered. */
  silentLooks?: number;
  key?: string;
  host?: string;
  port?: number;
  tokens?: (text: string) => number;
}

export interface Fake {
  url: string;
  port: number;
  /** Requests of any path, in order. */
  requests: Recorded[];
  /** Bodies of completions. */
  completions(): Recorded["body"][];
  loaded: Set<string>;
  /** Completions that the client left before their end. */
  left(): number;
  /** Resolves when so many were left. */
  leaves(count: number): Promise<void>;
  options: FakeOptions;
  close(): Promise<void>;
}

/** llama-swap with llama-server behind it, or another server with the same API, as recorded from the real ones. */
export async function fakeOpenai(options: FakeOptions = {}): Promise<Fake> {
  const kind = options.server ?? "llama-swap";
  const models = options.models ?? [{ id: "glm-4.7-flash", aliases: ["gpt-4"], context: 65_536 }];
  const loaded = new Set(options.loaded ?? (kind === "llama-swap" ? [] : models.map(({ id }) => id)));
  const requests: Recorded[] = [];
  const watchers: (() => void)[] = [];
  let left = 0;
  let index = 0;

  const find = (name: string) => models.find(({ id, aliases }) => id === name || aliases?.includes(name));
  const load = async (id: string): Promise<{ status: number; body: unknown } | null> => {
    if (loaded.has(id)) return null;
    const failure = options.loadFails?.(id) ?? null;
    if (failure !== null) return failure;
    await options.load?.(id);
    loaded.clear();
    loaded.add(id);
    return null;
  };

  const server = createServer((request, response) => {
    // A client that leaves is the point of some tests.
    response.on("error", () => {});
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      void answer(request, response, Buffer.concat(chunks).toString("utf8"));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse, text: string): Promise<unknown> {
    const path = request.url ?? "";
    const body = text === "" ? null : JSON.parse(text);
    requests.push({ path, headers: request.headers, body });
    if (options.key !== undefined && request.headers.authorization !== `Bearer ${options.key}`) {
      json(response, 401, { error: { message: "Invalid API Key", type: "authentication_error", code: 401 } });
      return;
    }
    const upstream = /^\/upstream\/(.+)\/(props|tokenize)$/.exec(path);
    if (kind === "llama-swap" && upstream) {
      const model = find(decodeURIComponent(upstream[1] ?? ""));
      if (!model) return json(response, 404, notFound);
      const failed = await load(model.id);
      if (failed) return json(response, failed.status, failed.body);
      return own(response, upstream[2] ?? "", model, body);
    }
    if (kind === "llama-server" && (path === "/props" || path === "/tokenize")) {
      const [model] = models;
      return model ? own(response, path.slice(1), model, body) : json(response, 404, {});
    }
    const looks = requests.filter((one) => one.path === "/v1/models").length;
    if (path === "/v1/models" && looks <= (options.silentLooks ?? 0)) return;
    if (path === "/v1/models") return json(response, 200, { object: "list", data: models.flatMap(entries) });
    if (path === "/running" && kind === "llama-swap") {
      const running = [...loaded].map((model) => ({ model, state: "ready", cmd: "llama-server", ttl: 300 }));
      return json(response, 200, { running });
    }
    if (path === "/api/v0/models" && kind === "lm-studio") {
      const data = models.map(({ id, context }) => ({
        id,
        state: loaded.has(id) ? "loaded" : "not-loaded",
        loaded_context_length: context,
      }));
      return json(response, 200, { data });
    }
    if (path !== "/v1/chat/completions" || request.method !== "POST") {
      response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found");
      return;
    }
    const model = kind === "llama-server" ? models[0] : find(body.model);
    if (!model) return json(response, 404, notFound);
    response.on("close", () => {
      if (response.writableFinished) return;
      left += 1;
      for (const watcher of watchers) watcher();
    });
    const failed = await load(model.id);
    if (failed) return json(response, failed.status, failed.body);
    const reply =
      typeof options.reply === "function" ? await options.reply(body, index++) : (options.reply ?? {});
    await send(response, reply, body, model.id);
  }

  function own(response: ServerResponse, what: string, model: FakeModel, body: Recorded["body"]): unknown {
    if (what === "props") {
      return json(response, 200, {
        default_generation_settings: { n_ctx: model.context ?? 65_536, params: {} },
        total_slots: model.slots ?? 1,
        model_alias: model.id,
      });
    }
    const count = options.tokens?.(body.content) ?? Math.ceil(body.content.length / 4);
    return json(response, 200, { tokens: Array.from({ length: count }, (_, at) => at % 390) });
  }

  function entries(model: FakeModel): object[] {
    const owner = { "llama-swap": "llama-swap", "llama-server": "llamacpp", vllm: "vllm" }[kind as string];
    const entry = {
      id: model.id,
      object: "model",
      owned_by: owner ?? "someone",
      ...(kind === "vllm" ? { max_model_len: model.context } : {}),
      ...(kind === "llama-server" ? { meta: { n_ctx: model.context ?? 65_536, n_ctx_train: 131_072 } } : {}),
    };
    if (kind !== "llama-swap") return [entry];
    const aliases = model.aliases ?? [];
    return [
      { ...entry, meta: { llamaswap: { type: "model", aliases } } },
      ...aliases.map((id) => ({ ...entry, id, meta: { llamaswap: { type: "alias", modelID: model.id } } })),
    ];
  }

  await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host === "::1" ? "[::1]" : "127.0.0.1"}:${port}`,
    port,
    requests,
    loaded,
    options,
    completions: () => requests.filter(({ path }) => path === "/v1/chat/completions").map(({ body }) => body),
    left: () => left,
    leaves: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (left >= count) resolve();
        };
        watchers.push(check);
        check();
      }),
    close: () => close(server),
  };
}

const notFound = {
  src: "llama-swap",
  error: {
    message: "no router for requested model",
    type: "invalid_request_error",
    param: null,
    code: "not_found",
  },
};

async function send(
  response: ServerResponse,
  reply: Reply,
  body: Recorded["body"],
  model: string,
): Promise<unknown> {
  if ("status" in reply) return json(response, reply.status, reply.body, reply.headers);
  if ("raw" in reply) {
    response.writeHead(200, { "content-type": reply.contentType }).end(reply.raw);
    return;
  }
  const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
  const delta = (content: object) => event({ model, choices: [{ index: 0, delta: content }] });
  const begin = () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(delta({ role: "assistant", content: null }));
  };
  if ("hang" in reply) {
    if (reply.hang !== null) {
      begin();
      response.write(delta({ content: reply.hang }));
    }
    return;
  }
  if ("cut" in reply) {
    begin();
    response.write(delta({ content: reply.cut }), () => response.destroy());
    return;
  }
  if ("midError" in reply) {
    begin();
    response.write(delta({ content: '{"a' }));
    response.end(event({ error: reply.midError }));
    return;
  }
  if ("flood" in reply) {
    begin();
    const piece = delta({ content: "x".repeat(65_536) });
    let sent = 0;
    const more = () => {
      while (sent < reply.flood && !response.destroyed) {
        sent += 65_536;
        if (!response.write(piece)) return response.once("drain", more);
      }
    };
    more();
    return;
  }
  const content = reply.content ?? "{}";
  const usage = { prompt_tokens: 21, completion_tokens: 46, prompt_tokens_details: { cached_tokens: 20 } };
  const finish = reply.finish ?? "stop";
  if (reply.whole || body.stream !== true) {
    const message = {
      role: "assistant",
      content,
      ...(reply.reasoning ? { reasoning_content: reply.reasoning } : {}),
    };
    return json(response, 200, { model, choices: [{ index: 0, finish_reason: finish, message }], usage });
  }
  begin();
  if (reply.reasoning) response.write(delta({ reasoning_content: reply.reasoning }));
  const middle = Math.floor(content.length / 2);
  response.write(delta({ content: content.slice(0, middle) }));
  response.write(delta({ content: content.slice(middle) }));
  response.write(event({ model, choices: [{ index: 0, delta: {}, finish_reason: finish }] }));
  if (reply.usage !== false && body.stream_options?.include_usage)
    response.write(event({ model, choices: [], usage }));
  response.end("data: [DONE]\n\n");
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
