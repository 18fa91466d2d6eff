import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeLocal } from "../../../src/local/local.js";
import { fakeOllama, type OllamaOptions } from "../../support/fake-ollama.js";
import type { Recorded } from "../../support/fake-openai.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { screen } from "../prescreen-screening.js";
import { dataOf, scriptedModel, withModel } from "./scripted.js";

let repository: TestRepository;
const servers: { close(): Promise<void> }[] = [];

beforeEach(() => {
  repository = testRepository();
});

afterEach(async () => {
  await closeLocal();
  await Promise.all(servers.splice(0).map((server) => server.close()));
  repository.remove();
});

const part = (part: number, look: boolean) => ({ part, look, why: "so" });
const paths = (bodies: Recorded["body"][]) =>
  bodies.map((body) => /^File: (\S+)/m.exec(dataOf(body))?.[1]).sort();

/** Two files of code and one that is security's by its path, screened with both models. */
async function screened(reply: OllamaOptions["reply"]) {
  const large = await scriptedModel({ find: { findings: [] } });
  const small = await fakeOllama({ models: ["small"], reply });
  servers.push(large, small);
  const look = () => screen(repository, { engines: [], sluice: withModel(repository, large.url, small.url) });
  const result = await look();
  return { result, look, large, small };
}

describe("the pre-filter", () => {
  beforeEach(() => {
    const files = { "src/a.ts": "export const a = 1;\n", "src/b.ts": "export const b = 1;\n" };
    repository.write({ ...files, "src/auth/c.ts": "export const c = 1;\n" });
    repository.commit();
    repository.write({ "src/a.ts": "export const a = 2;\n", "src/b.ts": "export const b = 2;\n" });
    repository.write({ "src/auth/c.ts": "export const c = 2;\n" });
  });

  it("leaves out what deserves no look, but nothing that is security's", async () => {
    const { result, large, small } = await screened((body) => ({
      content: JSON.stringify({ parts: [part(1, dataOf(body).includes("src/a.ts"))] }),
    }));
    expect(paths(small.chats())).toEqual(["src/a.ts", "src/b.ts"]);
    expect(paths(large.completions())).toEqual(["src/a.ts", "src/auth/c.ts"]);
    expect(result.engines).toMatchObject([
      {
        name: "prefilter",
        state: "ok",
        note: "2 files asked, 0 from cache, 1 security-classed; 1 part left out",
      },
      { name: "model", state: "ok", note: "2 files asked, 0 from cache" },
    ]);
  });

  it("is asked once for the same content", async () => {
    const { look, small, large } = await screened({ content: JSON.stringify({ parts: [part(1, false)] }) });
    expect((await look()).engines[0]?.note).toContain("0 files asked, 2 from cache");
    expect(small.chats()).toHaveLength(2);
    expect(large.completions()).toHaveLength(1);
  });

  it.each<[string, OllamaOptions["reply"]]>([
    ["says nothing of a part", { content: '{"parts": []}' }],
    ["speaks of parts that there are not", { content: JSON.stringify({ parts: [part(7, false)] }) }],
    ["contradicts itself", { content: JSON.stringify({ parts: [part(1, false), part(1, true)] }) }],
    ["answers nonsense", { content: "look: false" }],
    ["fails", { status: 500, error: "it broke" }],
    ["breaks off", { cut: true }],
  ])("has everything looked at when it %s", async (_name, reply) => {
    const { result, large } = await screened(reply);
    expect(paths(large.completions())).toEqual(["src/a.ts", "src/auth/c.ts", "src/b.ts"]);
    expect(result.engines.at(-1)).toMatchObject({ name: "model", state: "ok" });
  });

  it("is not missed when it is not there", async () => {
    const large = await scriptedModel({ find: { findings: [] } });
    servers.push(large);
    const sluice = withModel(repository, large.url, "http://127.0.0.1:9");
    const result = await screen(repository, { engines: [], sluice });
    expect(result.engines.map(({ name }) => name)).toEqual(["model"]);
    expect(large.completions()).toHaveLength(3);
  });
});
