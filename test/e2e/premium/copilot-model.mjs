// A model behind an OpenAI-compatible address on loopback, which answers as it is told to and remembers what it was sent.
import { createServer } from "node:http";
import { close, listen } from "../harness.mjs";

/** How the model answers: a status of HTTP, or a finish reason with what comes along. */
const finishes = {
  ok: { content: "Hello world", finish: "stop" },
  length: { content: "Half an ans", finish: "length" },
  filter: { content: "Half an ans", finish: "content_filter" },
  empty: { content: "", finish: "stop" },
  toolcall: {
    content: "Let me look.",
    finish: "tool_calls",
    tool_calls: [
      { id: "t1", type: "function", function: { name: "bash", arguments: '{"command":"touch it-ran"}' } },
    ],
  },
};

export async function completionsModel() {
  const requests = [];
  const model = { mode: "ok", requests, url: "", close: () => close(server) };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      requests.push({
        url: request.url,
        headers: request.headers,
        body: text === "" ? null : JSON.parse(text),
      });
      answer(model.mode, response);
    });
  });
  model.url = `${await listen(server)}/v1`;
  return model;
}

function answer(mode, response) {
  if (mode === "hang") return;
  if (mode === "drop") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write("{");
    setTimeout(() => response.destroy(), 100);
    return;
  }
  const finish = finishes[mode];
  if (finish === undefined) {
    response.writeHead(Number(mode), { "content-type": "application/json", "retry-after": "7999" });
    response.end(JSON.stringify({ error: { message: `said ${mode}`, code: mode, type: "x" } }));
    return;
  }
  const { content, finish: finish_reason, tool_calls } = finish;
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      id: "c1",
      object: "chat.completion",
      created: 1,
      model: "scripted",
      choices: [{ index: 0, message: { role: "assistant", content, tool_calls }, finish_reason }],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 40 },
      },
    }),
  );
}
