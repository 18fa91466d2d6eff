// The official Copilot program and SDK, asked as Sluice asks them, against a scripted model: what the model is really
// sent, that nothing of the user's folder takes part, and what each failure is told as.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeFiles } from "../harness.mjs";
import { completionsModel } from "./copilot-model.mjs";

export const copilotVersion = "1.0.102";

const failures = [
  ["429", "rate_limit"],
  ["402", "usage_limit"],
  ["503", "overloaded"],
  ["401", "auth"],
  ["404", "model_unknown"],
  ["400", "refused"],
  ["length", "cut"],
  ["filter", "refused"],
  ["empty", "silent"],
  ["toolcall", "refused"],
  ["drop", "unreachable"],
];
/** The program is ended while it would ask again; a model on loopback answers faster than that. */
const mostRequests = 3;

export async function copilotRuns({ binary, root, sandbox, report }) {
  const built = (path) => import(pathToFileURL(join(root, "dist/src", path)).href);
  const { open } = await built("premium/copilot.js");
  const { openAtServer } = await built("premium/copilot/session.js");
  const { startServer } = await built("premium/copilot/server.js");
  const { createSluice } = await built("sluice.js");
  const sdk = await import("@github/copilot-sdk").catch(() => null);
  const home = join(sandbox.top, "copilot-home");
  const marker = join(sandbox.top, "copilot-marker");
  // What must not take part, each leaving a trace where it does.
  writeFiles(home, {
    "mcp-config.json": JSON.stringify({
      mcpServers: {
        mine: { type: "local", command: "/bin/sh", args: ["-c", `echo mcp >> ${marker}`], tools: ["*"] },
      },
    }),
    "hooks/mine.json": JSON.stringify({
      version: 1,
      hooks: Object.fromEntries(
        ["sessionStart", "userPromptSubmitted"].map((name) => [
          name,
          [{ type: "command", bash: `echo ${name} >> ${marker}` }],
        ]),
      ),
    }),
    "copilot-instructions.md": "INSTRUCTIONS OF THE USER\n",
    "skills/mine/SKILL.md": "---\nname: mine\ndescription: SKILL OF THE USER\n---\nx\n",
  });
  const model = await completionsModel();
  const sluice = createSluice({
    cwd: sandbox.top,
    env: {
      ...sandbox.env,
      COPILOT_HOME: home,
      GH_TOKEN: "ghp_of_the_user",
      OPENAI_API_KEY: "sk-of-the-user",
    },
    log: () => {},
  });
  const settings = { program: binary, key: null, endpoint: model.url, headers: { "x-gateway": "1" } };
  const request = (more = {}) => ({
    model: "claude-opus-4-5",
    instructions: "You review.",
    prompt: "the change",
    schema: { name: "verdict", json: { type: "object" } },
    session: null,
    maxOutputTokens: 1_000,
    timeout: 60_000,
    signal: new AbortController().signal,
    ...more,
  });
  const review = (source, mode, more) => {
    model.mode = mode;
    model.requests.length = 0;
    return source.review(request(more));
  };
  const kindOf = (answer) =>
    answer.then(
      () => "an answer",
      (error) => error.kind ?? String(error),
    );

  try {
    const ways = [["cli", null], ...(sdk === null ? [] : [["coding_agent", sdk]])];
    if (sdk === null) report.skip("copilot: over the SDK", "@github/copilot-sdk is not installed");
    for (const [access, library] of ways) {
      const check = (name, test) => report.check(`copilot ${access}: ${name}`, test);
      const source = open(sluice, access, settings, async () => library);

      await check("the model is sent our text, no tool, and nothing of the user's", async () => {
        const answer = await review(source, "ok");
        assert.equal(answer.text, "Hello world");
        assert.deepEqual(answer.tokens, { input: 100, cached_input: 40, output: 20 });
        assert.equal(model.requests.length, 1);
        const { body, headers } = model.requests[0];
        assert.deepEqual(body.tools ?? [], []);
        assert.deepEqual(body.functions ?? [], []);
        assert.equal(body.model, "claude-opus-4-5");
        assert.equal(headers["x-gateway"], "1");
        const [system, user, ...more] = body.messages;
        assert.deepEqual(more, []);
        assert.match(system.content, /^You review\.\n\nAnswer with one JSON object/);
        assert.match(user.content, /^<current_datetime>[^<]{1,60}<\/current_datetime>\n\nthe change$/);
        assert.doesNotMatch(JSON.stringify(model.requests), /OF THE USER|of_the_user|of-the-user/);
      });

      for (const [mode, kind] of failures) {
        await check(`${mode} is told as ${kind}, without a retry of its own`, async () => {
          const started = performance.now();
          assert.equal(await kindOf(review(source, mode)), kind);
          assert.ok(model.requests.length <= mostRequests, `${model.requests.length} requests`);
          assert.ok(performance.now() - started < 45_000, "took too long");
        });
      }
      await check("a prompt that does not fit is refused before it is sent", async () => {
        assert.equal(await kindOf(review(source, "ok", { prompt: "word ".repeat(200_000) })), "too_large");
        assert.equal(model.requests.length, 0);
      });
      await check("a cancelled call and one that hangs end at once", async () => {
        assert.equal(await kindOf(review(source, "hang", { timeout: 15_000 })), "timeout");
        const stop = new AbortController();
        const onProgress = () => stop.abort(new Error("enough"));
        assert.equal(
          await kindOf(review(source, "hang", { signal: stop.signal, onProgress })),
          "Error: enough",
        );
      });
      await check("signed out is told with the way to sign in", async () => {
        const own = open(sluice, access, { ...settings, endpoint: null }, async () => library);
        assert.equal(
          (await own.probe({ signal: new AbortController().signal, timeout: 30_000 })).state,
          "signed_out",
        );
        assert.equal(await kindOf(own.review(request())), "auth");
      });
    }

    await report.check(
      "copilot: with the user's own sign-in folder, none of its servers, hooks and instructions is used",
      async () => {
        model.mode = "ok";
        model.requests.length = 0;
        const folders = {
          configuration: join(sandbox.top, "copilot-own"),
          work: join(sandbox.top, "copilot-work"),
        };
        for (const folder of Object.values(folders)) writeFiles(folder, { ".keep": "" });
        const env = {
          ...sandbox.env,
          COPILOT_HOME: home,
          COPILOT_OFFLINE: "true",
          COPILOT_PROVIDER_BASE_URL: model.url,
          COPILOT_MODEL: "x",
        };
        const server = startServer(binary, { cwd: folders.work, env });
        try {
          const idle = Promise.withResolvers?.() ?? deferred();
          const onEvent = ({ type }) => type === "session.idle" && idle.resolve();
          const signal = AbortSignal.timeout(60_000);
          await server.call("connect", {}, signal);
          const plan = { request: request(), model: "claude-opus-4-5", settings, ...folders, onEvent };
          const session = await openAtServer(server, plan, signal);
          const { tools, servers, instructions } = await session.inventory();
          assert.deepEqual([tools.tools, servers.servers, instructions.sources], [[], [], []]);
          await session.send("the change");
          await Promise.race([idle.promise, server.gone]);
          assert.equal(model.requests.length, 1);
          assert.doesNotMatch(JSON.stringify(model.requests), /OF THE USER/);
          assert.equal(existsSync(marker), false, "a server or a hook of the user's ran");
        } finally {
          server.kill();
        }
      },
    );
  } finally {
    await model.close();
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => {
    made.resolve = resolve;
  });
  return made;
}
