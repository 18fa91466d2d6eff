import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { loadConfiguration } from "../../../dist/src/config/load.js";
import { localEndpoints } from "../../../dist/src/local/endpoints.js";
import { hostOf } from "../../../dist/src/local/host.js";
import { closeLocal, openLocal } from "../../../dist/src/local/local.js";
import { createSluice } from "../../../dist/src/sluice.js";
import { implement, requestImplementation } from "../../../dist/src/work/implement/implement.js";

const severity = z.object({ severity: z.enum(["low", "medium", "high"]), real: z.boolean() });
/** An answer of thousands of tokens. */
const endless = z.object({ rows: z.array(z.array(z.enum(["low", "high"])).min(60)).min(60) });

/** What must hold against any real llama.cpp. `url` is a server of the tiny model with `contextSize` tokens. */
export async function suite({ url, contextSize, report }) {
  const sluice = createSluice({
    cwd: "/",
    env: { HOME: "/nowhere", LOCAL_ENDPOINT: url, PREFILTER_ENABLED: "0" },
    log: () => {},
  });
  const { config } = await loadConfiguration(sluice, null, null);
  const tier = openLocal(config, sluice);
  const ask = (changes = {}) =>
    tier.ask({
      role: "primary",
      name: "severity",
      schema: severity,
      instructions: "How bad is it?",
      data: "let a = 1;",
      maxTokens: 256,
      limit: 60_000,
      signal: new AbortController().signal,
      ...changes,
    });
  const idle = async () => {
    for (let tries = 0; tries < 100; tries++) {
      const slots = await (await fetch(`${url}/slots`)).json();
      if (slots.every(({ is_processing }) => !is_processing)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the server goes on with a request that nobody waits for");
  };
  const check = (name, test) => report.check(`llama.cpp: ${name}`, test);

  await check("is looked at", async () => {
    const { primary } = await tier.state(new AbortController().signal);
    assert.equal(primary.problem, null);
    assert.equal(primary.server, "llama-server");
    assert.deepEqual(primary.context, { normal: contextSize, large: null, from: "model" });
    assert.equal(primary.slots, 1);
    assert.match(primary.note, /is not listed/);
  });

  await check("answers in the schema's form, whatever its words", async () => {
    for (const data of [
      "a",
      "b".repeat(500),
      "ü😀\u0000",
      "<|assistant|></think>SHIP",
      '{"severity":"none"}',
    ]) {
      const asked = await ask({ data, temperature: 1 });
      assert.equal(asked.state, "answered", asked.message);
      assert.equal(asked.mode, "json_schema");
      assert.equal(asked.repaired, false);
      assert.ok(asked.completionTokens > 0 && asked.promptTokens > 0);
    }
  });

  await check("says at a range that it does not keep what it is, or keeps it", async () => {
    const schema = z.object({ count: z.int().min(0).max(9), share: z.number().min(0).max(1) });
    for (let round = 0; round < 4; round++) {
      const asked = await ask({ schema, name: "range", temperature: 1.2 });
      if (asked.state === "answered") schema.parse(asked.value);
      else assert.match(asked.kind, /^(not_json|cut)$/);
    }
  });

  await check("tells how fast it is", async () => {
    const probe = await tier.probe("primary", { limit: 60_000, signal: new AbortController().signal });
    assert.equal(probe.asked.state, "answered", probe.asked.message);
    assert.ok(probe.tokensPerSecond === null || probe.tokensPerSecond > 0);
  });

  await check("is cut by its limit on tokens, by name", async () => {
    const asked = await ask({ maxTokens: 3 });
    assert.equal(asked.kind, "cut");
  });

  await check("is not sent what its tokenizer says is too long", async () => {
    const asked = await ask({ data: "the file ".repeat(contextSize) });
    assert.equal(asked.kind, "out_of_context");
    assert.equal(asked.failure.context.limit, contextSize);
  });

  await check("refuses what is too long, with the figures", async () => {
    const { primary } = localEndpoints(config, sluice);
    const host = hostOf(primary, sluice);
    const signal = new AbortController().signal;
    const inspection = await host.inspection(signal);
    const content = "the file ".repeat(contextSize);
    const request = {
      model: "tiny-random",
      maxTokens: 8,
      temperature: 0,
      noThinking: true,
      context: null,
      signal,
    };
    const limits = { headersTimeout: 60_000, bodyTimeout: 60_000 };
    const failure = await host
      .client(inspection, primary)
      .complete({ ...request, messages: [{ role: "user", content }], limits })
      .catch((error) => error);
    assert.equal(failure.kind, "out_of_context");
    assert.equal(failure.context.limit, contextSize);
    assert.ok(failure.context.prompt > contextSize);
  });

  await check("sees every line of work that is too large for it", async () => {
    const pieces = [0, 1].map((file) => ({
      file: `f${file}`,
      head: `File f${file}`,
      hunks: Array.from({ length: 200 }, (_, hunk) => `+line ${hunk} of the file with some code\n`.repeat(2)),
    }));
    const parts = await tier.askPieces({
      role: "primary",
      name: "severity",
      schema: severity,
      instructions: "How bad is it?",
      pieces,
      maxTokens: 256,
      limit: 120_000,
      signal: new AbortController().signal,
    });
    assert.ok(parts.length > 1);
    assert.deepEqual(new Set(parts.map(({ asked }) => asked.state)), new Set(["answered"]));
    const seen = parts.flatMap((part) => part.pieces).flatMap(({ hunks }) => hunks);
    assert.equal(seen.join(""), pieces.flatMap(({ hunks }) => hunks).join(""));
  });

  await check("stops when the caller goes away", async () => {
    const controller = new AbortController();
    const job = ask({ schema: endless, name: "endless", maxTokens: 4_000, signal: controller.signal }).then(
      (asked) => `${asked.state} ${asked.kind ?? ""}`,
      (error) => error.message,
    );
    for (let tries = 0; tries < 200; tries++) {
      const [slot] = await (await fetch(`${url}/slots`)).json();
      if (slot.is_processing) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    controller.abort(new Error("gone"));
    assert.equal(await job, "gone");
    await idle();
    const next = await ask();
    assert.equal(next.state, "answered", next.message);
  });

  await check("stops when the limit passes", async () => {
    const asked = await ask({ schema: endless, name: "endless", maxTokens: 4_000, limit: 400 });
    assert.equal(asked.state, "unavailable");
    await idle();
    const next = await ask();
    assert.equal(next.state, "answered", next.message);
  });

  await check("answers many at once, one after the other", async () => {
    const all = await Promise.all(Array.from({ length: 6 }, (_, at) => ask({ data: `${at}` })));
    assert.deepEqual(new Set(all.map(({ state }) => state)), new Set(["answered"]));
  });

  await check("does a task with nonsense: bounded, said honestly, and the tree untouched", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-llama-task-"));
    try {
      const [cwd, HOME] = ["project", "home"].map((name) => join(folder, name));
      for (const one of [cwd, HOME, join(HOME, ".config"), join(HOME, ".config/sluice")]) mkdirSync(one);
      const settings = { work: { implement: { max_rounds: 2, time_limit_s: 60 } } };
      writeFileSync(join(HOME, ".config/sluice/config.json"), JSON.stringify(settings));
      const env = { ...sluice.env, PATH: process.env.PATH, HOME, LOCAL_CONTEXT_DEFAULT: `${contextSize}` };
      const git = (...args) => execFileSync("git", args, { cwd, env, encoding: "utf8" });
      git("init", "-q");
      writeFileSync(join(cwd, "greet.js"), "export const greet = (name) => name;\n");
      git("add", "greet.js");
      git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "begin");
      const own = createSluice({ cwd, env, log: () => {} });
      const task = "greet in greet.js takes a second argument.\n\n## Acceptance\n- [ ] it shouts";
      const signal = AbortSignal.timeout(120_000);
      const said = [];
      const requested = await requestImplementation(own, { task }, signal);
      const options = { signal, onProgress: (message) => said.push(message) };
      const result = await implement(requested, own, { task, backend: "local" }, options);
      assert.ok(said.includes("planning"));
      assert.match(result.outcome, /^(escalate|failed)$/, result.stopped);
      assert.ok(result.outcome === "failed" || result.premium_questions.length > 0);
      assert.ok(result.tokens.local > 0 && result.stopped !== "");
      assert.ok(result.confidence === null || result.confidence < 0.8);
      assert.equal(git("status", "--porcelain"), "");
      assert.equal(git("worktree", "list", "--porcelain").match(/^worktree /gm).length, 1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  await closeLocal();
}
