// Claude Code, as a user sets it up, against a scripted model: what it tells the model of Sluice, and what it sends back.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { anthropicModel, promptOf } from "./anthropic-model.mjs";
import { run, said, writeFiles } from "./harness.mjs";
import { createProject } from "./project.mjs";
import { checkReview, reviewSteps, toolNames } from "./review.mjs";

export const claudeVersion = "2.1.330";

/** Below this many characters Claude Code hands a result on whole. */
const resultLimit = 50_000;

/** What Claude Code needs to talk to a scripted model, and to nobody else. */
export function claudeEnvironment(sandbox, model) {
  return {
    ...sandbox.env,
    // Without it even `claude mcp list` asks the vendor's host.
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "sk-not-a-key",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_BUG_COMMAND: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    // Without it the first turn may begin before the server has started.
    MCP_CONNECTION_NONBLOCKING: "0",
  };
}

export async function claudeRuns({ binary, server, sandbox, report }) {
  const check = (name, test) => report.check(`claude-code: ${name}`, test);
  const { folder } = createProject(join(sandbox.top, "claude-project"), sandbox.env);
  const registered = createProject(join(sandbox.top, "claude-shared"), sandbox.env).folder;
  const steps = [
    { id: "search", tool: "ToolSearch", input: { query: selectAll(), max_results: toolNames.length } },
    ...reviewSteps.map((step) => ({ ...step, tool: `mcp__sluice__${step.tool}` })),
  ];
  const model = await anthropicModel(steps);
  const env = {
    ...claudeEnvironment(sandbox, model),
    MCP_TIMEOUT: "30000",
    PRESCREEN_MAX_ITERATIONS: "7",
    // The client's key would make Anthropic a source, whose limits are asked of the vendor's host.
    CLAUDE_MAX_ENABLED: "0",
  };
  const claude = (args, cwd, timeout = 60_000) => run(binary, args, { cwd, env, timeout });

  try {
    // As the README says: for one user, by command.
    await check("claude mcp add registers the server, and claude mcp list finds it healthy", async () => {
      const added = await claude(server.registration.claudeAdd, folder);
      assert.equal(added.code, 0, said(added));
      const list = await claude(["mcp", "list"], folder);
      assert.match(list.stdout, /sluice: .*✔ Connected/, said(list));
    });

    // As the README says: for everybody who works on a project, by file.
    await check("a project's .mcp.json waits for approval, and is healthy once approved", async () => {
      writeFiles(registered, { ".mcp.json": server.registration.mcpJson });
      const before = await claude(["mcp", "list"], registered);
      assert.match(before.stdout, /sluice: .*Pending approval/, said(before));
      writeFiles(registered, {
        ".claude/settings.local.json": JSON.stringify({ enabledMcpjsonServers: ["sluice"] }),
      });
      writeFiles(sandbox.home, { ".claude.json": trusting(sandbox.home, registered) });
      const after = await claude(["mcp", "list"], registered);
      assert.match(after.stdout, /sluice: .*✔ Connected/, said(after));
    });

    const arguments_ = ["-p", "Review my change", "--model", "claude-sonnet-4-5"];
    const result = await claude(
      [...arguments_, "--allowedTools", "mcp__sluice", "--output-format", "stream-json", "--verbose"],
      folder,
      180_000,
    );
    writeFiles(sandbox.top, {
      "claude-requests.json": JSON.stringify(model.requests, null, 1),
      "claude-output.jsonl": result.stdout,
    });
    const events = result.stdout
      .split("\n")
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
    const turns = model.turns();

    await check("the conversation runs to its end with the server connected and nothing refused", () => {
      assert.equal(result.code, 0, said(result));
      const init = events.find((event) => event.type === "system" && event.subtype === "init");
      assert.equal(init?.mcp_servers.find((one) => one.name === "sluice")?.status, "connected");
      const end = events.find((event) => event.type === "result");
      assert.deepEqual(end?.permission_denials, []);
    });

    await check(
      "before its first call the model has the instructions whole and the name of every tool",
      () => {
        const prompt = promptOf(turns[0]);
        assert.ok(
          prompt.includes(server.instructions),
          `instructions are not in the prompt:\n${prompt.slice(-3_000)}`,
        );
        const named = toolNames.filter((name) => !prompt.includes(`mcp__sluice__${name}`));
        const loaded = turns[0].tools.map((tool) => tool.name);
        assert.deepEqual(
          named.filter((name) => !loaded.includes(`mcp__sluice__${name}`)),
          [],
        );
      },
    );

    await check("a tool that it asks for comes with its description and schema, uncut", () => {
      const last = turns.at(-1).tools;
      for (const tool of server.tools.filter((one) => toolNames.includes(one.name))) {
        const sent = last.find((one) => one.name === `mcp__sluice__${tool.name}`);
        assert.ok(sent, `${tool.name} was not loaded`);
        assert.equal(sent.description, tool.description);
        assert.deepEqual(
          Object.keys(sent.input_schema.properties ?? {}),
          Object.keys(tool.inputSchema.properties ?? {}),
        );
      }
    });

    await checkReview({
      check,
      server,
      project: folder,
      resultOf(id) {
        const sent = model.result(id);
        assert.ok(sent, `the model was never sent a result of ${id}`);
        assert.ok(sent.text.length < resultLimit, `${sent.text.length} characters`);
        return sent;
      },
    });

    await check("an error reaches the model as an error, with what to do next", () => {
      for (const id of ["bad ref", "unknown argument"]) assert.equal(model.result(id)?.isError, true, id);
    });
  } finally {
    await model.close();
  }
}

function selectAll() {
  return `select:${toolNames.map((name) => `mcp__sluice__${name}`).join(",")}`;
}

/** The user's own file with a project marked as trusted, as the client writes it when a person says so. */
function trusting(home, project) {
  const file = join(home, ".claude.json");
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const projects = before.projects ?? {};
  return JSON.stringify({
    ...before,
    projects: { ...projects, [project]: { ...projects[project], hasTrustDialogAccepted: true } },
  });
}
