// A scripted model behind the Anthropic Messages API, on loopback: it calls the tools it is told to, one a turn,
// and keeps every request, which is exactly what a real model would have been sent.
import { createServer } from "node:http";
import { close, listen } from "./harness.mjs";
import { lastOf, nextCall } from "./script.mjs";

/** `steps` as in script.mjs; `onTurn` is called with the id of each call before it is made. */
export async function anthropicModel(steps, { onTurn = () => {} } = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => answer(request, response, text));
  });

  function answer(request, response, text) {
    const path = request.url.split("?")[0];
    const json = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (path.endsWith("/count_tokens")) return json(200, { input_tokens: 1_000 });
    if (request.method !== "POST" || !path.endsWith("/v1/messages")) {
      return json(request.method === "HEAD" ? 200 : 404, {
        type: "error",
        error: { type: "not_found_error", message: `no ${path} here` },
      });
    }
    const body = JSON.parse(text);
    requests.push(body);
    const results = new Map(
      toolResults(body).map((block) => [block.tool_use_id, ofServer(textOf(block.content))]),
    );
    // Requests without tools are the client's own (a title for the session, …) and are no turn.
    const isTurn = Array.isArray(body.tools) && body.tools.length > 0;
    const step = isTurn ? nextCall(steps, (id) => results.get(toolUseId(id))) : null;
    if (isTurn) onTurn(step?.id ?? "end");
    const block = step
      ? { type: "tool_use", id: toolUseId(step.id), name: step.tool, input: step.input }
      : { type: "text", text: isTurn ? "done" : "A review" };
    const message = {
      id: `msg_${requests.length}`,
      type: "message",
      role: "assistant",
      model: body.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: 10,
        output_tokens: 1,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    };
    const stop = step ? "tool_use" : "end_turn";
    if (!body.stream) return json(200, { ...message, content: [block], stop_reason: stop });
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    const send = (event) => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    send({ type: "message_start", message });
    send({
      type: "content_block_start",
      index: 0,
      content_block: step ? { ...block, input: {} } : { type: "text", text: "" },
    });
    send({
      type: "content_block_delta",
      index: 0,
      delta: step
        ? { type: "input_json_delta", partial_json: JSON.stringify(block.input) }
        : { type: "text_delta", text: block.text },
    });
    send({ type: "content_block_stop", index: 0 });
    send({
      type: "message_delta",
      delta: { stop_reason: stop, stop_sequence: null },
      usage: { output_tokens: 5 },
    });
    send({ type: "message_stop" });
    response.end();
  }

  function result(id) {
    for (const body of requests) {
      const block = toolResults(body).find((one) => one.tool_use_id === toolUseId(id));
      if (block) return { text: ofServer(textOf(block.content)), isError: block.is_error === true };
    }
    return null;
  }

  const url = await listen(server);
  return {
    url,
    requests,
    /** The requests that could call tools: the conversation, turn by turn. */
    turns: () => requests.filter((body) => Array.isArray(body.tools) && body.tools.length > 0),
    /** What the model was sent as the result of a call: `{ text, isError }`; null when it never came. */
    result,
    /** The same of a step, gone on with by its job until it was through. */
    outcome: (id) => result(lastOf(id, (one) => result(one)?.text)),
    close: () => close(server),
  };
}

/** All text of a request that a model reads before the first call: the system prompt and the first messages. */
export function promptOf(body) {
  const system = textOf(body.system);
  return [system, ...body.messages.map((message) => textOf(message.content))].join("\n");
}

function toolUseId(id) {
  return `toolu_${id.replaceAll(/[^a-zA-Z0-9]/g, "_")}`;
}

function toolResults(body) {
  return (body.messages ?? []).flatMap((message) =>
    Array.isArray(message.content) ? message.content.filter((block) => block.type === "tool_result") : [],
  );
}

/** A result without what the client hangs onto its end for the model (tokens left, …). */
function ofServer(text) {
  return text.replace(/(?:\s*<system-reminder>(?:(?!<system-reminder>)[\s\S])*<\/system-reminder>)+\s*$/, "");
}

function textOf(content) {
  if (typeof content === "string") return content;
  return (content ?? []).map((block) => block.text ?? JSON.stringify(block)).join("\n");
}
