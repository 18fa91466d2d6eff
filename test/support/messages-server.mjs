// Anthropic's Messages API on loopback, for the SDK and for the official program: answers what it is told to, with the
// headers of the real one, and keeps every request, which is exactly what the provider would have been sent.
import { createServer } from "node:http";

const now = Math.floor(Date.now() / 1000);
/** Resets in the answers, in epoch seconds. The program leaves out those that can't be true. */
export const fiveHourReset = now + 3_600;
export const weeklyReset = now + 400_000;

/** A subscription's windows, as `anthropic-ratelimit-unified-*` headers say them. */
export const unified = {
  "anthropic-ratelimit-unified-status": "allowed",
  "anthropic-ratelimit-unified-reset": String(fiveHourReset),
  "anthropic-ratelimit-unified-representative-claim": "five_hour",
  "anthropic-ratelimit-unified-5h-status": "allowed",
  "anthropic-ratelimit-unified-5h-utilization": "0.42",
  "anthropic-ratelimit-unified-5h-reset": String(fiveHourReset),
  "anthropic-ratelimit-unified-7d-status": "allowed",
  "anthropic-ratelimit-unified-7d-utilization": "0.3",
  "anthropic-ratelimit-unified-7d-reset": String(weeklyReset),
};

const fiveHourFull = {
  ...unified,
  "anthropic-ratelimit-unified-status": "rejected",
  "anthropic-ratelimit-unified-5h-status": "rejected",
  "anthropic-ratelimit-unified-5h-utilization": "1.0",
};

/** A key's limits per minute. */
export const perMinute = {
  "anthropic-ratelimit-requests-limit": "50",
  "anthropic-ratelimit-requests-remaining": "40",
  "anthropic-ratelimit-requests-reset": "2033-05-18T03:33:20Z",
  "anthropic-ratelimit-tokens-limit": "80000",
  "anthropic-ratelimit-tokens-remaining": "20000",
  "anthropic-ratelimit-tokens-reset": "2033-05-18T03:33:30Z",
};

const tooMany = "This request would exceed your account's rate limit. Please try again later.";

/** What the real one answers, by name. `error` is the body's; everything else is an answer, given after `until`. */
export const replies = {
  answer: { headers: unified, form: { verdict: "SHIP" } },
  text: { headers: unified, text: "No form, but <verdict>SHIP</verdict>" },
  wrong_form: { headers: unified, form: { nonsense: 1 } },
  empty: { headers: unified, text: "" },
  cut_at_limit: { headers: unified, text: "It began to say", stop: "max_tokens" },
  refusal: { headers: unified, text: "I won't.", stop: "refusal" },
  usage_limit: {
    status: 429,
    headers: { ...fiveHourFull, "retry-after": "7999", "x-should-retry": "false" },
    error: { type: "rate_limit_error", message: tooMany },
  },
  opus_limit: {
    status: 429,
    headers: {
      ...unified,
      "anthropic-ratelimit-unified-status": "rejected",
      "anthropic-ratelimit-unified-representative-claim": "seven_day_opus",
      "anthropic-ratelimit-unified-reset": String(weeklyReset),
      "anthropic-ratelimit-unified-7d_opus-status": "rejected",
      "anthropic-ratelimit-unified-7d_opus-utilization": "1.0",
      "anthropic-ratelimit-unified-7d_opus-reset": String(weeklyReset),
      "x-should-retry": "false",
    },
    error: { type: "rate_limit_error", message: tooMany },
  },
  rate_limit: {
    status: 429,
    headers: {
      ...perMinute,
      "anthropic-ratelimit-requests-remaining": "0",
      "retry-after": "7999",
      "x-should-retry": "true",
    },
    error: { type: "rate_limit_error", message: tooMany },
  },
  spend_limit: {
    status: 429,
    headers: { "x-should-retry": "false" },
    error: {
      type: "rate_limit_error",
      message: "Your organization has reached its spend limit.",
      details: { error_code: "enforced_spend_limit_reached" },
    },
  },
  monthly_limit: {
    status: 400,
    error: {
      type: "invalid_request_error",
      message:
        "You have reached your specified API usage limits. You will regain access on 2033-06-01 at 00:00 UTC.",
    },
  },
  overloaded: { status: 529, error: { type: "overloaded_error", message: "Overloaded" } },
  server_error: { status: 500, error: { type: "api_error", message: "Internal server error" } },
  billing: { status: 402, error: { type: "billing_error", message: "Your payment method was declined." } },
  credit: {
    status: 400,
    error: {
      type: "invalid_request_error",
      message: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    },
  },
  bad_key: { status: 401, error: { type: "authentication_error", message: "invalid x-api-key" } },
  forbidden: {
    status: 403,
    error: { type: "permission_error", message: "Your account does not have access to this model." },
  },
  no_model: { status: 404, error: { type: "not_found_error", message: "model: claude-nope-9" } },
  no_api: { status: 404, error: { type: "not_found_error", message: "Not found" } },
  too_long: {
    status: 400,
    error: {
      type: "invalid_request_error",
      message: "prompt is too long: 216000 tokens > 200000 maximum",
    },
  },
  too_large: {
    status: 413,
    error: { type: "request_too_large", message: "Request exceeds the maximum size" },
  },
  declined: {
    status: 400,
    error: { type: "invalid_request_error", message: "messages: text content blocks must be non-empty" },
  },
  error_within: {
    headers: unified,
    text: "It began to say",
    within: { type: "overloaded_error", message: "Overloaded" },
  },
  cut: { headers: unified, text: "It began to say", cut: true },
  hang: { hang: true },
};

/**
 * @param {object} [options]
 * @param {object | ((request: any) => object)} [options.reply] what a message is answered with
 * @param {Record<string, object>} [options.models] what the model list has, by id; null: there is no list here
 */
export async function messagesServer({ reply = replies.answer, models = null } = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      const body = text === "" ? null : JSON.parse(text);
      const isMessage = request.method === "POST" && path.endsWith("/v1/messages");
      requests.push({ method: request.method ?? "", path, headers: request.headers, body, isMessage });
      const json = (status, value, headers = {}) => {
        response.writeHead(status, { "content-type": "application/json", "request-id": "req_1", ...headers });
        response.end(JSON.stringify(value));
      };
      if (isMessage) {
        const now = typeof state.reply === "function" ? state.reply(requests.at(-1)) : state.reply;
        return Promise.resolve(now.until).then(() => answer(response, json, body, now));
      }
      const id = /\/v1\/models\/([^/]+)$/.exec(path)?.[1];
      if (models !== null && id !== undefined && Object.hasOwn(models, id))
        return json(200, { type: "model", id, ...models[id] });
      if (models !== null && path.endsWith("/v1/models"))
        return json(200, {
          data: Object.entries(models).map(([one, info]) => ({ type: "model", id: one, ...info })),
          has_more: false,
        });
      json(404, { type: "error", error: { type: "not_found_error", message: "Not found" } });
    });
  });
  const state = { reply };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    /** Requests to a model. */
    messages: () => requests.filter(({ isMessage }) => isMessage),
    /** What comes next is answered with this. */
    use(next) {
      state.reply = next;
      requests.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}

function answer(response, json, body, reply) {
  if (reply.hang) return;
  if (reply.error) {
    const { details, ...error } = reply.error;
    const value = {
      type: "error",
      error: { ...error, ...(details ? { details } : {}) },
      request_id: "req_1",
    };
    return json(reply.status, value, reply.headers);
  }
  const form = body.tools?.some((tool) => tool.name === "StructuredOutput") ? reply.form : undefined;
  const text = reply.text ?? JSON.stringify(reply.form);
  const block = form
    ? { type: "tool_use", id: "toolu_1", name: "StructuredOutput", input: form }
    : { type: "text", text };
  const stop = reply.stop ?? (form ? "tool_use" : "end_turn");
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: body.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: 10,
      output_tokens: 1,
      cache_creation_input_tokens: 300,
      cache_read_input_tokens: 4_000,
    },
  };
  if (!body.stream) return json(200, { ...message, content: [block], stop_reason: stop }, reply.headers);
  response.writeHead(200, { "content-type": "text/event-stream", "request-id": "req_1", ...reply.headers });
  const send = (event) => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  send({ type: "message_start", message });
  send({
    type: "content_block_start",
    index: 0,
    content_block: form ? { ...block, input: {} } : { type: "text", text: "" },
  });
  const delta = form
    ? { type: "input_json_delta", partial_json: JSON.stringify(form) }
    : { type: "text_delta", text };
  if (form || text !== "") send({ type: "content_block_delta", index: 0, delta });
  // Late enough for the other side to have read what came before.
  if (reply.cut) return void setTimeout(() => response.destroy(), 100);
  if (reply.within) {
    send({ type: "error", error: reply.within });
    return response.end();
  }
  send({ type: "content_block_stop", index: 0 });
  send({
    type: "message_delta",
    delta: { stop_reason: stop, stop_sequence: null },
    usage: { output_tokens: 50 },
  });
  send({ type: "message_stop" });
  response.end();
}
