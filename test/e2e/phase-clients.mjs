// The two clients alike: a conversation of a scripted model's with Sluice's server, and what that model was sent.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { anthropicModel } from "./anthropic-model.mjs";
import { claudeEnvironment } from "./claude.mjs";
import { codexSettings } from "./codex.mjs";
import { run, writeFiles } from "./harness.mjs";
import { responsesModel } from "./responses-model.mjs";
import { answerIn } from "./script.mjs";

/**
 * A client with a folder of its own for what it keeps. `converse` has it talk with a model that makes the calls of
 * `steps` (script.mjs), and gives what came of it:
 * `{ result, answer(id), first(id), text(id), isError(id), model }`.
 */
export function claudeClient(binary, folder, sandbox) {
  let count = 0;
  return {
    name: "claude-code",
    /** A call that reads one of the server's resources. */
    readResource: (uri) => ({ tool: "ReadMcpResourceTool", input: { server: "sluice", uri } }),
    /** What a user types for one of the server's prompts; null where there is no such thing. */
    slash: (name, argument) => `/mcp__sluice__${name} ${argument}`,
    /** Characters that it hands on whole. */
    whole: 50_000,
    async converse({ project, steps, server, onTurn, prompt = "Go on", toolTimeout, startTimeout }) {
      count += 1;
      const names = [...new Set(steps.map(({ tool }) => tool))];
      const own = names.filter((name) => /^[a-z_]+$/.test(name));
      const called = steps.map((step) =>
        own.includes(step.tool) ? { ...step, tool: `mcp__sluice__${step.tool}` } : step,
      );
      const wanted = [...new Set(called.map(({ tool }) => tool))];
      const query = `select:${wanted.join(",")}`;
      const search = { id: "search", tool: "ToolSearch", input: { query, max_results: wanted.length } };
      const model = await anthropicModel([...(wanted.length > 0 ? [search] : []), ...called], { onTurn });
      const configuration = join(folder, `claude-mcp-${count}.json`);
      writeFileSync(configuration, JSON.stringify({ mcpServers: { sluice: { type: "stdio", ...server } } }));
      const env = {
        ...claudeEnvironment(sandbox, model),
        MCP_TIMEOUT: String(startTimeout ?? 30_000),
        ...(toolTimeout === undefined ? {} : { MCP_TOOL_TIMEOUT: String(toolTimeout) }),
      };
      const allowed = "mcp__sluice,ListMcpResourcesTool,ReadMcpResourceTool";
      const options = ["--model", "claude-sonnet-4-5", "--output-format", "stream-json", "--verbose"];
      const registered = ["--mcp-config", configuration, "--strict-mcp-config", "--allowedTools", allowed];
      try {
        const result = await run(binary, ["-p", prompt, ...registered, ...options], {
          cwd: project,
          env,
          timeout: 180_000,
        });
        keep(folder, `claude-${count}`, model, result);
        const events = result.stdout
          .split("\n")
          .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
        return conversation(model, result, {
          init: events.find(({ type, subtype }) => type === "system" && subtype === "init"),
          isError: (id) => model.outcome(id)?.isError ?? false,
        });
      } finally {
        await model.close();
      }
    },
  };
}

/** See claudeClient. */
export function codexClient(binary, folder, sandbox, approvals) {
  const home = join(folder, "codex-client-home");
  mkdirSync(home, { recursive: true });
  let count = 0;
  return {
    name: "codex",
    readResource: (uri) => ({ tool: "read_mcp_resource", own: true, input: { server: "sluice", uri } }),
    slash: null,
    whole: 10_000,
    async converse({ project, steps, server, onTurn, prompt = "Go on", toolTimeout, startTimeout }) {
      count += 1;
      const model = await responsesModel(
        steps.map((step) => (step.own ? step : { ...step, namespace: "mcp__sluice" })),
        { onTurn },
      );
      writeFiles(home, {
        "config.toml": [
          'model = "scripted"',
          'model_provider = "scripted"',
          ...codexSettings,
          "[model_providers.scripted]",
          'name = "scripted"',
          `base_url = "${model.url}/v1"`,
          'wire_api = "responses"',
          'env_key = "NOT_A_KEY"',
          "request_max_retries = 0",
          "stream_max_retries = 0",
          "[mcp_servers.sluice]",
          `command = ${JSON.stringify(server.command)}`,
          `args = ${JSON.stringify(server.args)}`,
          `required = true`,
          `startup_timeout_sec = ${(startTimeout ?? 20_000) / 1000}`,
          `tool_timeout_sec = ${(toolTimeout ?? 120_000) / 1000}`,
          "[mcp_servers.sluice.env]",
          ...Object.entries(server.env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
          approvals,
        ].join("\n"),
      });
      try {
        const result = await run(binary, ["exec", "--json", "--skip-git-repo-check", "-C", project, prompt], {
          cwd: project,
          env: { ...sandbox.env, CODEX_HOME: home, NOT_A_KEY: "x" },
          timeout: 180_000,
        });
        keep(folder, `codex-${count}`, model, result);
        return conversation(model, result, { isError: () => false });
      } finally {
        await model.close();
      }
    },
  };
}

function conversation(model, result, more) {
  const text = (id) => model.outcome(id)?.text ?? null;
  return {
    result,
    model,
    text,
    /** What a step's first call was answered with, which may say that it is running. */
    first: (id) => answerIn(model.result(id)?.text ?? ""),
    answer: (id) => answerIn(text(id) ?? ""),
    ...more,
  };
}

/** For who looks into a failure. */
function keep(folder, name, model, result) {
  writeFiles(folder, {
    [`${name}-requests.json`]: JSON.stringify(model.requests, null, 1),
    [`${name}-output.jsonl`]: `${result.stdout}\n${result.stderr}`,
  });
}
