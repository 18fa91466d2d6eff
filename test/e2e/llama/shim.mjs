// A thin OpenAI-compatible server over node-llama-cpp, as far as llama-server is one: what is behind it (tokenizer,
// grammar, context, cancellation) is the real llama.cpp.
//
//   node shim.mjs MODEL.gguf CONTEXT     prints the port it listens on, on 127.0.0.1
import { createServer } from "node:http";
import { getLlama, LlamaCompletion } from "node-llama-cpp";

const [modelPath, contextSize] = process.argv.slice(2);
const llama = await getLlama({
  build: "never",
  gpu: false,
  maxThreads: 1,
  progressLogs: false,
  logLevel: "error",
});
const model = await llama.loadModel({ modelPath });
// With more threads than one the little work of a tiny model waits for the threads most of the time.
const context = await model.createContext({ contextSize: Number(contextSize), sequences: 1, threads: 1 });
const sequence = context.getSequence();
const id = "tiny-random";
let busy = false;
let turn = Promise.resolve();

const server = createServer(async (request, response) => {
  response.on("error", () => {});
  let text = "";
  for await (const chunk of request) text += chunk;
  const json = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const path = new URL(request.url, "http://localhost").pathname;
  try {
    if (path === "/health") return json(200, { status: "ok" });
    if (path === "/slots") return json(200, [{ id: 0, n_ctx: context.contextSize, is_processing: busy }]);
    if (path === "/props") {
      return json(200, { default_generation_settings: { n_ctx: context.contextSize }, total_slots: 1 });
    }
    if (path === "/v1/models") {
      const meta = { n_ctx: context.contextSize, n_ctx_train: model.trainContextSize };
      return json(200, { object: "list", data: [{ id, object: "model", owned_by: "llamacpp", meta }] });
    }
    if (path === "/tokenize") return json(200, { tokens: model.tokenize(JSON.parse(text).content, false) });
    if (path === "/v1/chat/completions") {
      const mine = turn.then(() => complete(JSON.parse(text), response, json));
      turn = mine.catch(() => {});
      return await mine;
    }
    return json(404, { error: { message: "File Not Found", type: "not_found_error", code: 404 } });
  } catch (error) {
    if (response.headersSent) return response.destroy();
    return json(500, {
      error: { message: String(error?.message ?? error), type: "server_error", code: 500 },
    });
  }
});

async function complete(body, response, json) {
  if (response.destroyed) return;
  // The words of a message are never special tokens, whatever they say.
  const prompt = [
    ...model.tokenize("[gMASK]<sop>", true),
    ...body.messages.flatMap(({ role, content }) => [
      ...model.tokenize(`<|${role}|>`, true),
      ...model.tokenize(`\n${content}`, false),
    ]),
    ...model.tokenize(
      body.chat_template_kwargs?.enable_thinking === false ? "<|assistant|></think>" : "<|assistant|><think>",
      true,
    ),
  ];
  const limit = context.contextSize;
  if (prompt.length >= limit) {
    const message = `request (${prompt.length} tokens) exceeds the available context size (${limit} tokens), try increasing it`;
    const sizes = { n_prompt_tokens: prompt.length, n_ctx: limit };
    return json(400, { error: { code: 400, message, type: "exceed_context_size_error", ...sizes } });
  }
  const schema = body.response_format?.json_schema?.schema;
  const grammar = schema === undefined ? undefined : await llama.createGrammarForJsonSchema(schema);
  const stop = new AbortController();
  response.on("close", () => stop.abort());
  busy = true;
  try {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const event = (value) => response.write(`data: ${JSON.stringify({ model: id, ...value })}\n\n`);
    event({ choices: [{ index: 0, delta: { role: "assistant", content: null } }] });
    await sequence.clearHistory();
    const completion = new LlamaCompletion({ contextSequence: sequence });
    let tokens = 0;
    const { metadata } = await completion.generateCompletionWithMeta(prompt, {
      grammar,
      maxTokens: Math.min(body.max_tokens ?? limit, limit - prompt.length - 1),
      temperature: body.temperature ?? 0.8,
      signal: stop.signal,
      stopOnAbortSignal: true,
      onToken: (found) => {
        tokens += found.length;
      },
      onTextChunk: (content) => event({ choices: [{ index: 0, delta: { content } }] }),
    });
    completion.dispose();
    const finish_reason = metadata.stopReason === "maxTokens" ? "length" : "stop";
    event({ choices: [{ index: 0, delta: {}, finish_reason }] });
    if (body.stream_options?.include_usage) {
      event({ choices: [], usage: { prompt_tokens: prompt.length, completion_tokens: tokens } });
    }
    response.end("data: [DONE]\n\n");
  } finally {
    busy = false;
  }
}

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
