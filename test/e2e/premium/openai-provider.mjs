// OpenAI on loopback, as Codex and the SDK see it: the Responses API with each of its failures, the list of models,
// and what Codex asks of a ChatGPT account.
import { createServer } from "node:http";
import { close, listen } from "../harness.mjs";

/** What the model says when nothing goes wrong. */
export const spoken = JSON.stringify({ verdict: "SHIP", findings: [] });

const usage = {
  input_tokens: 1_000,
  input_tokens_details: { cached_tokens: 100 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 1_050,
};

/** What each mode answers a request for a response with. */
const failures = {
  usage_limit: () => [
    429,
    {
      type: "usage_limit_reached",
      message: "The usage limit has been reached",
      plan_type: "plus",
      resets_at: seconds() + 7_999,
      resets_in_seconds: 7_999,
    },
    { ...quota(100), "retry-after": "7999" },
  ],
  insufficient_quota: () => [
    429,
    { type: "insufficient_quota", code: "insufficient_quota", message: "You exceeded your current quota." },
  ],
  rate_limit: () => [
    429,
    { type: "tokens", code: "rate_limit_exceeded", message: "Rate limit reached. Please try again in 1.5s." },
    { ...quota(), "retry-after": "7999" },
  ],
  overloaded: () => [
    503,
    { type: "service_unavailable_error", code: "server_is_overloaded", message: "overloaded" },
  ],
  server_error: () => [500, { type: "server_error", code: null, message: "boom" }],
  unauthorized: () => [
    401,
    {
      type: "invalid_request_error",
      code: "invalid_api_key",
      message: "Incorrect API key provided: sk-abc12345678901234567890",
    },
  ],
  model_not_found: () => [
    404,
    {
      type: "invalid_request_error",
      code: "model_not_found",
      message: "The model `nope` does not exist or you do not have access to it.",
    },
  ],
  context_length: () => [
    400,
    {
      type: "invalid_request_error",
      code: "context_length_exceeded",
      message: "Your input exceeds the context window of this model.",
    },
  ],
};

const streamed = {
  failed_rate: (id) => [
    created(id),
    failed(
      id,
      "rate_limit_exceeded",
      "Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000. Please try again in 11.054s.",
    ),
  ],
  policy: (id) => [
    created(id),
    failed(id, "invalid_prompt", "Invalid prompt: flagged as potentially violating our usage policy."),
  ],
  incomplete: (id) => [
    created(id),
    { type: "response.output_item.done", output_index: 0, item: message(id, '{"verdict":"SH') },
    {
      type: "response.incomplete",
      response: response(id, "incomplete", [message(id, '{"verdict":"SH')], {
        incomplete_details: { reason: "max_output_tokens" },
      }),
    },
  ],
  content_filter: (id) => [
    created(id),
    {
      type: "response.incomplete",
      response: response(id, "incomplete", [], { incomplete_details: { reason: "content_filter" } }),
    },
  ],
  silent: (id) => [created(id), { type: "response.completed", response: response(id, "completed", []) }],
};

/**
 * A loopback OpenAI. `mode` says what it answers next, `spoken` what its model says, after `until` (a promise) where
 * there is one; `requests` are the bodies asked for a response.
 */
export async function openaiProvider() {
  const state = {
    mode: "ok",
    spoken,
    until: null,
    input: 1_000,
    requests: [],
    headers: [],
    paths: [],
    left: 0,
  };
  const server = createServer((request, reply) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => answer(request, reply, Buffer.concat(chunks).toString("utf8")));
    request.on("close", () => {
      if (!reply.writableEnded) state.left += 1;
    });
  });

  async function answer(request, reply, text) {
    const path = request.url.split("?")[0];
    state.paths.push(`${request.method} ${path}`);
    const json = (status, body, headers = {}) => {
      reply.writeHead(status, { "content-type": "application/json", ...headers });
      reply.end(JSON.stringify(body));
    };
    if (path.endsWith("/wham/usage")) return json(200, accountUsage());
    // Codex asks for a list of its own kind, and goes by the one that it ships with when there is none.
    if (path.endsWith("/v1/models") && !request.url.includes("client_version")) {
      return json(200, {
        object: "list",
        data: ["gpt-5.5", "gpt-6.1-sol"].map((id) => ({ id, object: "model" })),
      });
    }
    if (request.method !== "POST" || !path.endsWith("/responses"))
      return json(404, { error: { message: "no" } });
    state.requests.push(JSON.parse(text));
    state.headers.push(request.headers);
    const number = state.requests.length;
    const id = `resp_${number}`;
    await state.until;
    if (state.mode in failures) {
      const [status, error, headers] = failures[state.mode]();
      return json(status, { error }, headers);
    }
    if (state.mode === "unsupported_model") {
      return json(400, {
        detail: "The 'nope' model is not supported when using Codex with a ChatGPT account.",
      });
    }
    reply.writeHead(200, { "content-type": "text/event-stream", ...quota() });
    const send = (events) => {
      for (const event of events) reply.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    if (state.mode in streamed) {
      send(streamed[state.mode](id));
      return reply.end();
    }
    if (state.mode === "hang") return send([created(id)]);
    if (state.mode === "cut") {
      send([created(id), ...beginning(id, '{"verd')]);
      return setTimeout(() => request.socket.destroy(), 50);
    }
    const asks = state.mode === "tool" && !JSON.stringify(state.requests.at(-1)).includes("call_shell");
    if (asks || state.mode === "tools") {
      const item = {
        type: "function_call",
        id: `fc_${number}`,
        call_id: asks ? "call_shell" : `call_${number}`,
        name: "shell",
        arguments: JSON.stringify({ command: ["touch", "acted"] }),
        status: "completed",
      };
      send([
        created(id),
        { type: "response.output_item.done", output_index: 0, item },
        { type: "response.completed", response: response(id, "completed", [item]) },
      ]);
      return reply.end();
    }
    send([
      created(id),
      ...beginning(id, state.spoken),
      { type: "response.output_item.done", output_index: 0, item: message(id, state.spoken) },
      {
        type: "response.completed",
        response: response(id, "completed", [message(id, state.spoken)], {
          usage: { ...usage, input_tokens: state.input, total_tokens: state.input + 50 },
        }),
      },
    ]);
    reply.end();
  }

  const url = await listen(server);
  return Object.assign(state, {
    url,
    reset(mode = "ok") {
      state.mode = mode;
      for (const list of [state.requests, state.headers, state.paths]) list.length = 0;
    },
    close: () => close(server),
  });
}

function seconds() {
  return Math.floor(Date.now() / 1_000);
}

/** How ChatGPT's backend tells Codex of the subscription, with the week in the first place. */
function quota(percent = 42.5) {
  return {
    "x-codex-primary-used-percent": "17",
    "x-codex-primary-window-minutes": "10080",
    "x-codex-primary-reset-at": String(seconds() + 3 * 86_400),
    "x-codex-secondary-used-percent": String(percent),
    "x-codex-secondary-window-minutes": "300",
    "x-codex-secondary-reset-at": String(seconds() + 3_600),
  };
}

function accountUsage() {
  const window = (used_percent, limit_window_seconds, left) => ({
    used_percent,
    limit_window_seconds,
    reset_after_seconds: left,
    reset_at: seconds() + left,
  });
  return {
    plan_type: "pro",
    rate_limit: {
      allowed: true,
      limit_reached: false,
      primary_window: window(42, 18_000, 3_600),
      secondary_window: window(17, 604_800, 86_400),
    },
    credits: { has_credits: false, unlimited: false, balance: null },
  };
}

function response(id, status, output, more = {}) {
  return { id, object: "response", model: "gpt-6.1-sol", status, output, usage, ...more };
}

function message(id, text) {
  return {
    type: "message",
    id: `msg_${id}`,
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

function created(id) {
  return { type: "response.created", response: response(id, "in_progress", []) };
}

function beginning(id, delta) {
  return [
    { type: "response.output_item.added", output_index: 0, item: { ...message(id, ""), content: [] } },
    { type: "response.output_text.delta", item_id: `msg_${id}`, output_index: 0, content_index: 0, delta },
  ];
}

function failed(id, code, text) {
  return {
    type: "response.failed",
    response: response(id, "failed", [], { error: { code, message: text } }),
  };
}
