import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../../src/local/endpoints.js";
import { type HttpRequest, openHttp } from "../../src/local/http.js";
import { createSluice } from "../../src/sluice.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Listens, keeps what each connection sent, and answers what is a request. */
async function listener(options: { isSilent?: boolean } = {}) {
  const connections: { text: string; ended: Promise<void> }[] = [];
  const server = createServer((socket) => {
    const connection = {
      text: "",
      ended: new Promise<void>((resolve) => socket.on("close", () => resolve())),
    };
    connections.push(connection);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      connection.text += data;
      if (!options.isSilent) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, connections, server };
}

function http(port: number) {
  const endpoint: Endpoint = {
    role: "primary",
    kind: "openai",
    baseUrl: `http://127.0.0.1:${port}`,
    model: "m",
    largeModel: null,
    apiKey: null,
    headers: {},
    contextDefault: 1_000,
    contextMax: 1_000,
  };
  return openHttp(endpoint, createSluice({ cwd: "/", env: { HOME: "/nowhere" } }));
}

const request = (signal = new AbortController().signal): HttpRequest => ({
  method: "GET",
  path: "/v1/models",
  signal,
  headersTimeout: 5_000,
  bodyTimeout: 5_000,
  cap: 1_000,
});

describe("before the first request to a server on this machine", () => {
  it("a connection is made and closed without a word, and only once", async () => {
    const { port, connections } = await listener();
    const client = http(port);
    expect((await client.text(request())).text).toBe("ok");
    expect((await client.text(request())).text).toBe("ok");
    const [knock, ...others] = connections;
    await knock?.ended;
    expect(knock?.text).toBe("");
    expect(others.filter(({ text }) => text === "")).toEqual([]);
    await client.close();
  });

  it("nobody who listens is what the client would say, each time anew", async () => {
    const { port, server } = await listener();
    await new Promise((resolve) => server.close(resolve));
    const client = http(port);
    const said = { kind: "not_running", message: `Nothing listens at http://127.0.0.1:${port}.` };
    await expect(client.send(request())).rejects.toMatchObject(said);
    await expect(client.send(request())).rejects.toMatchObject(said);
    await client.close();
  });

  it("whoever comes to listen later is found", async () => {
    const { port, server } = await listener();
    await new Promise((resolve) => server.close(resolve));
    const client = http(port);
    await expect(client.send(request())).rejects.toMatchObject({ kind: "not_running" });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    expect((await client.text(request())).text).toBe("ok");
    await client.close();
  });

  it("cancelling is heard", async () => {
    const { port, connections } = await listener({ isSilent: true });
    const controller = new AbortController();
    const client = http(port);
    const sent = client.send(request(controller.signal));
    controller.abort(new Error("enough"));
    await expect(sent).rejects.toThrow("enough");
    expect(connections.filter(({ text }) => text !== "")).toEqual([]);
    await client.close();
  });
});
