import { createServer, type IncomingHttpHeaders } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { open as openAntigravity } from "../../src/premium/antigravity.js";
import { open as openClaude } from "../../src/premium/claude-max.js";
import { open as openOpenai } from "../../src/premium/openai-pro.js";
import { withoutVariables } from "../../src/premium/sdk-environment.js";
import type { PremiumSource, SourceSettings } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { failureIn, premiumRequest } from "../support/premium.js";

/** What the environment of an agent's machine may hold: another program's addresses, headers and keys. */
const foreign = {
  ANTHROPIC_BASE_URL: "http://127.0.0.1:9",
  ANTHROPIC_AUTH_TOKEN: "foreign-token",
  ANTHROPIC_CUSTOM_HEADERS: "X-Foreign: foreign-header\nAuthorization: Bearer foreign-token",
  ANTHROPIC_LOG: "debug",
  OPENAI_BASE_URL: "http://127.0.0.1:9",
  OPENAI_ORG_ID: "foreign-organization",
  OPENAI_PROJECT_ID: "foreign-project",
  OPENAI_ADMIN_KEY: "foreign-key",
  OPENAI_CUSTOM_HEADERS: "X-Foreign: foreign-header",
  GOOGLE_API_KEY: "foreign-key",
  GOOGLE_GENAI_USE_VERTEXAI: "true",
  GOOGLE_CLOUD_PROJECT: "foreign-project",
  GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:9",
};
const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(foreign)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

/** Refuses everything, and keeps what came. */
async function refusing() {
  const came: { url: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    came.push({ url: request.url ?? "", headers: request.headers });
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: 401, message: "no", status: "UNAUTHENTICATED" } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    came,
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("a vendor's SDK", () => {
  const sluice = createSluice({ env: { ...foreign } });
  it.each<[string, (settings: SourceSettings) => PremiumSource]>([
    ["openai_pro", (settings) => openOpenai(sluice, "api", settings)],
    ["claude_max", (settings) => openClaude(sluice, "api", settings)],
    ["antigravity", (settings) => openAntigravity(sluice, "api", settings)],
  ])("takes nothing from the environment by itself: %s", async (_, open) => {
    const server = await refusing();
    Object.assign(process.env, foreign);
    try {
      const source = open({
        program: null,
        key: "own-key",
        endpoint: server.url,
        headers: { "X-Own": "own" },
      });
      const failed = await failureIn(source.review(premiumRequest()));
      expect(failed.kind).toBe("auth");
      await source.probe({ signal: new AbortController().signal, timeout: 5_000 });
    } finally {
      server.close();
    }
    expect(server.came.length).toBeGreaterThan(0);
    for (const { url, headers } of server.came) {
      expect(`${url} ${JSON.stringify(headers)}`).not.toContain("foreign");
      expect(JSON.stringify(headers)).toContain("own-key");
      expect(headers["x-own"]).toBe("own");
    }
    // What was hidden from it is there again, for everybody else.
    expect(process.env).toMatchObject(foreign);
  });

  it.each<[string, typeof openOpenai]>([
    ["openai_pro", openOpenai],
    ["claude_max", openClaude],
    ["antigravity", openAntigravity],
  ])("is reached through the proxy that the environment names: %s", async (_, open) => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(502).end();
    });
    proxy.on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = proxy.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const env = { HTTPS_PROXY: `http://127.0.0.1:${address.port}` };
    try {
      const settings = { program: null, key: "own-key", endpoint: "https://provider.invalid", headers: {} };
      const source = open(createSluice({ env }), "api", settings);
      expect((await failureIn(source.review(premiumRequest()))).kind).toBe("unreachable");
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
    expect(asked[0]).toBe("provider.invalid:443");
  });

  it("leaves the environment as it was, also when there is no client", () => {
    Object.assign(process.env, foreign);
    const make = () => {
      expect(process.env.OPENAI_ORG_ID).toBeUndefined();
      expect(process.env.PATH).toBe(before.PATH);
      throw new Error("no client");
    };
    expect(() => withoutVariables(["OPENAI_"], make)).toThrow("no client");
    expect(process.env.OPENAI_ORG_ID).toBe("foreign-organization");
  });
});
