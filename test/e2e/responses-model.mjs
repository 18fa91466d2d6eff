// A scripted model behind the OpenAI Responses API, on loopback; see anthropic-model.mjs.
import { createServer } from "node:http";
import { close, listen } from "./harness.mjs";
import { lastOf, nextCall } from "./script.mjs";

/** `steps` as in script.mjs; `onTurn` is called with the id of each call before it is made. */
export async function responsesModel(steps, { onTurn = () => {} } = {}) {
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
    if (request.method !== "POST" || !path.endsWith("/responses")) {
      const models = path.endsWith("/models");
      response.writeHead(models ? 200 : 404, { "content-type": "application/json" });
      return response.end(
        JSON.stringify(models ? { object: "list", data: [], models: [] } : { error: { message: "no" } }),
      );
    }
    const body = JSON.parse(text);
    requests.push(body);
    const results = new Map(outputs(body).map((item) => [item.call_id, textOf(item.output)]));
    const step = nextCall(steps, (id) => results.get(callId(id)));
    onTurn(step?.id ?? "end");
    const number = requests.length;
    const item = step
      ? {
          type: "function_call",
          id: `fc_${number}`,
          call_id: callId(step.id),
          name: step.tool,
          namespace: step.namespace,
          arguments: JSON.stringify(step.input),
          status: "completed",
        }
      : {
          type: "message",
          id: `msg_${number}`,
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "done", annotations: [] }],
        };
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (event) => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const id = `resp_${number}`;
    send({ type: "response.created", response: { id, status: "in_progress", output: [] } });
    send({ type: "response.output_item.added", output_index: 0, item });
    send({ type: "response.output_item.done", output_index: 0, item });
    send({
      type: "response.completed",
      response: {
        id,
        status: "completed",
        output: [item],
        usage: {
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 5,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 15,
        },
      },
    });
    response.end();
  }

  function result(id) {
    for (const body of requests) {
      const item = outputs(body).find((one) => one.call_id === callId(id));
      if (item) return { text: textOf(item.output) };
    }
    return null;
  }

  const url = await listen(server);
  return {
    url,
    requests,
    /** What the model was sent as the output of a call: `{ text }`; null when it never came. */
    result,
    /** The same of a step, gone on with by its job until it was through. */
    outcome: (id) => result(lastOf(id, (one) => result(one)?.text)),
    close: () => close(server),
  };
}

function callId(id) {
  return `call_${id.replaceAll(/[^a-zA-Z0-9]/g, "_")}`;
}

function outputs(body) {
  return (body.input ?? []).filter((item) => item.type === "function_call_output");
}

function textOf(output) {
  if (typeof output === "string") return output;
  return (output ?? []).map((part) => part.text ?? JSON.stringify(part)).join("\n");
}
