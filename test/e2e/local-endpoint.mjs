// Claude Code and Codex pointed at the local endpoint as docs/local-models.md says, against scripted models on loopback.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { anthropicModel } from "./anthropic-model.mjs";
import { run, said, writeFiles } from "./harness.mjs";
import { responsesModel } from "./responses-model.mjs";

const documented = "http://localhost:8080";

/** The page's block that contains a text, with the endpoint in it replaced. */
function block(root, language, content, url) {
  const page = readFileSync(join(root, "docs/local-models.md"), "utf8");
  const found = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(
    ([, its, text]) => its === language && text.includes(content),
  );
  assert.equal(found.length, 1, `the page has ${found.length} blocks of ${language} with ${content}`);
  assert.ok(found[0][2].includes(documented), `no ${documented} in the block with ${content}`);
  return found[0][2].replaceAll(documented, url);
}

/** Every name that llama-swap.yaml knows as the model of 65,536 tokens. */
function aliases(root) {
  const text = readFileSync(join(root, "llama-swap.yaml"), "utf8");
  const entry = text.slice(text.indexOf('"glm-4.7-flash":'), text.indexOf('"glm-4.7-flash-large":'));
  return [...entry.matchAll(/^ +- "([^"]+)"$/gm)].map(([, name]) => name);
}

export async function claudeOnLocalEndpoint({ binary, root, sandbox, report }) {
  const check = (name, test) => report.check(`claude-code on the local endpoint: ${name}`, test);
  const folder = join(sandbox.top, "claude-local");
  mkdirSync(folder, { recursive: true });
  const model = await anthropicModel([]);
  const lines = block(root, "sh", "ANTHROPIC_BASE_URL", model.url).split("\n");
  const exported = Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^export (\w+)=(\S+)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  );
  const claude = (env, args = []) =>
    run(binary, ["-p", "Say hello", ...args], {
      cwd: folder,
      env: { ...sandbox.env, DISABLE_AUTOUPDATER: "1", ...env },
      timeout: 120_000,
    });
  try {
    await check("with the page's variables every request is for the local model", async () => {
      const result = await claude(exported);
      assert.equal(result.code, 0, said(result));
      assert.match(result.stdout, /done/, said(result));
      assert.ok(model.requests.length > 0);
      assert.deepEqual([...new Set(model.requests.map((body) => body.model))], ["glm-4.7-flash"]);
      const most = Math.max(...model.requests.map((body) => body.max_tokens));
      assert.equal(most, Number(exported.CLAUDE_CODE_MAX_OUTPUT_TOKENS));
      // It says so when it has to guess the window.
      assert.doesNotMatch(result.stderr, /assumes a context window/, said(result));
    });

    await check("the names that it asks for by itself are aliases in llama-swap.yaml", async () => {
      const { ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN } = exported;
      const bare = {
        ANTHROPIC_BASE_URL,
        ANTHROPIC_AUTH_TOKEN,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      };
      model.requests.length = 0;
      for (const args of [[], ["--model", "sonnet"], ["--model", "haiku"]]) {
        const result = await claude(bare, args);
        assert.equal(result.code, 0, said(result));
      }
      const asked = [...new Set(model.requests.map((body) => body.model))];
      assert.ok(asked.length >= 3, asked.join(" "));
      assert.deepEqual(
        asked.filter((name) => !aliases(root).includes(name)),
        [],
      );
    });
  } finally {
    await model.close();
  }
}

export async function codexOnLocalEndpoint({ binary, root, sandbox, report }) {
  const check = (name, test) => report.check(`codex on the local endpoint: ${name}`, test);
  const folder = join(sandbox.top, "codex-local");
  const home = join(sandbox.top, "codex-local-home");
  mkdirSync(folder, { recursive: true });
  const model = await responsesModel([]);
  const settings = [
    "check_for_update_on_startup = false",
    block(root, "toml", "[model_providers.local]", model.url),
    "[analytics]",
    "enabled = false",
    "[features]",
    // They fetch lists from the vendor's hosts at every start.
    ...["plugins", "remote_plugin", "apps", "in_app_updates"].map((feature) => `${feature} = false`),
  ];
  writeFiles(home, { "config.toml": settings.join("\n") });
  try {
    await check(
      "with the page's settings it asks the local model, and for nothing that only a vendor has",
      async () => {
        const result = await run(binary, ["exec", "--skip-git-repo-check", "Say hello"], {
          cwd: folder,
          env: { ...sandbox.env, CODEX_HOME: home },
          timeout: 120_000,
        });
        assert.equal(result.code, 0, said(result));
        assert.equal(model.requests.length, 1, said(result));
        const [body] = model.requests;
        assert.equal(body.model, "glm-4.7-flash");
        const types = [...new Set(body.tools.map((tool) => tool.type))];
        assert.deepEqual(
          types.filter((type) => type !== "function" && type !== "namespace"),
          [],
        );
      },
    );
  } finally {
    await model.close();
  }
}
