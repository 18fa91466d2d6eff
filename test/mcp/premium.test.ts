import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { gate, until } from "../local/fakes.js";
import { connect, type TestClient } from "../support/client.js";
import { reviewAnswer } from "../support/premium.js";
import type { TestRepository } from "../support/repository.js";
import { changedRepository, configureUser } from "../support/reviewing.js";

/** OpenAI's Responses API on loopback, which answers when the gate opens. */
interface Fake {
  server: Server;
  asked: number;
  left: number;
}

let repository: TestRepository;
let fake: Fake;
let hold: ReturnType<typeof gate>;
let client: TestClient;

function answer(response: ServerResponse, text: string): void {
  const content = [{ type: "output_text", text, annotations: [] }];
  const usage = {
    input_tokens: 1_000,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 1_050,
  };
  const done = {
    id: "r",
    model: "gpt-5.2-2025-12-11",
    status: "completed",
    output: [{ type: "message", role: "assistant", content }],
    usage,
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(
    `event: response.completed\ndata: ${JSON.stringify({ type: "response.completed", response: done })}\n\n`,
  );
}

beforeEach(async () => {
  repository = changedRepository();
  hold = gate();
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== "POST") return response.writeHead(404).end();
    fake.asked += 1;
    response.on("close", () => {
      if (!response.writableFinished) fake.left += 1;
    });
    return void hold.promise.then(() => answer(response, reviewAnswer("SHIP")));
  });
  fake = { server, asked: 0, left: 0 };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const list = ["openai_pro:gpt-5.2"];
  configureUser(repository, {
    premium_sources: {
      openai_pro: { access_method: "api", endpoint: `http://127.0.0.1:${port}/v1`, models: ["gpt-5.2"] },
    },
    review: { routing: { routine: list, complex: list, security: list } },
  });
  client = await connect("v1", repository, {
    env: { OPENAI_API_KEY: "sk-test", LOCAL_ENABLED: "0", PREMIUM_REVIEW_ENABLED: "1" },
  });
});

afterEach(async () => {
  hold.open();
  await client.close();
  fake.server.closeAllConnections();
  await new Promise((resolve) => fake.server.close(resolve));
  repository.remove();
});

it("a client that cancels leaves a premium call that was sent to finish, and its verdict is kept", {
  timeout: 120_000,
}, async () => {
  const caller = new AbortController();
  const call = client.call("review_change", {}, { signal: caller.signal }).catch(() => "cancelled");
  await until(() => fake.asked === 1);
  caller.abort();
  expect(await call).toBe("cancelled");
  const second = client.call("review_change");
  hold.open();
  expect((await second).structured).toMatchObject({ verdict: "SHIP" });
  const third = await client.call("review_change");
  expect(third.structured).toMatchObject({ verdict: "SHIP", decided_by: "fingerprint" });
  expect(fake).toMatchObject({ asked: 1, left: 0 });
  expect(client.stderr()).not.toMatch(/unhandled|rejection/i);
});

it("a server that is ended takes the call with it and does not hang", { timeout: 120_000 }, async () => {
  const call = client.call("review_change").catch(() => "ended");
  await until(() => fake.asked === 1);
  const started = performance.now();
  await client.close();
  expect(await call).toBe("ended");
  await until(() => fake.left === 1);
  expect(performance.now() - started).toBeLessThan(10_000);
});
