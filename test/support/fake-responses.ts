import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What the fake answers a request for a response with. */
export type ResponsesReply =
  | { text: string; status?: "completed" | "incomplete"; reason?: string; refusal?: string; model?: string }
  /** An HTTP error with a body as it is. */
  | { error: number; body: unknown }
  /** An event in the middle of the stream. */
  | { event: Record<string, unknown> }
  /** Stops after some of the text: `cut` ends the connection, `hang` never does. */
  | { text: string; end: "cut" | "hang" }
  /** A body as it is. */
  | { raw: string; contentType: string };

export interface FakeResponses {
  url: string;
  requests: { path: string; headers: IncomingMessage["headers"]; body: Record<string, unknown> | null }[];
  /** What comes next; stays until it is set anew. */
  reply: ResponsesReply;
  /** On every answer. */
  headers: Record<string, string>;
  /** Resolves when a client left before the end. */
  left: Promise<void>;
  close(): Promise<void>;
}

/** OpenAI's Responses API and list of models, on loopback. */
export async function fakeResponses(): Promise<FakeResponses> {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const fake: FakeResponses = {
    url: "",
    requests: [],
    reply: { text: "{}" },
    headers: {},
    left,
    close: () => close(server),
  };
  const server = createServer((request, answer) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    answer.on("close", () => {
      if (!answer.writableFinished) leave();
    });
    request.on("end", () => {
      const path = request.url ?? "";
      fake.requests.push({ path, headers: request.headers, body: text === "" ? null : JSON.parse(text) });
      const json = (status: number, body: unknown) => {
        answer.writeHead(status, { "content-type": "application/json", ...fake.headers });
        answer.end(JSON.stringify(body));
      };
      const { reply } = fake;
      if (request.method === "GET") {
        if ("error" in reply && reply.error === 401) return json(401, reply.body);
        const ids = ["text-embedding-3-small", "gpt-6.1-sol", "gpt-5.5"];
        return json(200, { object: "list", data: ids.map((id) => ({ id, object: "model" })) });
      }
      if ("error" in reply) return json(reply.error, reply.body);
      if ("raw" in reply) {
        answer.writeHead(200, { "content-type": reply.contentType, ...fake.headers });
        return answer.end(reply.raw);
      }
      answer.writeHead(200, { "content-type": "text/event-stream", ...fake.headers });
      const send = (event: Record<string, unknown>) =>
        answer.write(`event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`);
      send({ type: "response.created", response: { id: "resp_1", status: "in_progress", output: [] } });
      if ("event" in reply) {
        send(reply.event);
        return answer.end();
      }
      send({
        type: "response.output_text.delta",
        item_id: "m",
        output_index: 0,
        content_index: 0,
        delta: reply.text,
      });
      if ("end" in reply) {
        if (reply.end === "cut") setImmediate(() => request.socket.destroy());
        return;
      }
      const content =
        reply.refusal === undefined
          ? [{ type: "output_text", text: reply.text, annotations: [] }]
          : [{ type: "refusal", refusal: reply.refusal }];
      const status = reply.status ?? "completed";
      send({
        type: `response.${status}`,
        response: {
          id: "resp_1",
          model: reply.model ?? "gpt-6.1-sol-2026-10-01",
          status,
          incomplete_details: reply.reason === undefined ? null : { reason: reply.reason },
          output:
            reply.text === "" && reply.refusal === undefined
              ? []
              : [{ type: "message", role: "assistant", content }],
          usage: {
            input_tokens: 1_000,
            input_tokens_details: { cached_tokens: 100 },
            output_tokens: 50,
            output_tokens_details: { reasoning_tokens: 20 },
            total_tokens: 1_050,
          },
        },
      });
      answer.end();
    });
  });
  fake.url = await listen(server);
  return fake;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
