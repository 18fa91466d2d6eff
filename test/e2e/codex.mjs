// Codex CLI, as a user sets it up, against a scripted model: which tools it lets run unattended, and what it sends back.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, said, writeFiles } from "./harness.mjs";
import { createProject } from "./project.mjs";
import { responsesModel } from "./responses-model.mjs";
import { checkReview, reviewSteps, toolNames } from "./review.mjs";

export const codexVersion = "0.169.0";

/** Codex cuts the middle out of what is longer, and JSON with it. */
const resultLimit = 10_000;

/** Lines of `config.toml` that keep Codex from asking anybody and from reaching beyond loopback; tables come last. */
export const codexSettings = [
  'approval_policy = "never"',
  'sandbox_mode = "read-only"',
  "check_for_update_on_startup = false",
  "[analytics]",
  "enabled = false",
  "[features]",
  // They fetch lists from the vendor's hosts at every start.
  ...["plugins", "remote_plugin", "apps", "in_app_updates"].map((feature) => `${feature} = false`),
];

export async function codexRuns({ binary, server, sandbox, report }) {
  const check = (name, test) => report.check(`codex: ${name}`, test);
  const { folder } = createProject(join(sandbox.top, "codex-project"), sandbox.env);
  const env = { ...sandbox.env, NOT_A_KEY: "x", PRESCREEN_MAX_ITERATIONS: "7" };
  const configuration = join(sandbox.codexHome, "config.toml");
  const codex = (args, timeout = 60_000) => run(binary, args, { cwd: folder, env, timeout });

  const steps = reviewSteps.map((step) => ({ ...step, namespace: "mcp__sluice" }));
  const gates = [
    { id: "gates", tool: "run_gates", namespace: "mcp__sluice" },
    { id: "pipeline", tool: "review_change", namespace: "mcp__sluice", input: { until: "prescreen" } },
  ];
  const model = await responsesModel(steps);
  const refusing = await responsesModel(gates);
  const approving = await responsesModel(gates);
  const exec = (provider, ...overrides) =>
    codex(
      [
        "exec",
        "--json",
        "--skip-git-repo-check",
        "-C",
        folder,
        // Without it Codex begins the first turn before a server has started that takes more than a moment.
        ...["-c", "mcp_servers.sluice.required=true"],
        ...["-c", `model_provider="${provider}"`, ...overrides.flatMap((value) => ["-c", value])],
        "Review my change",
      ],
      180_000,
    );
  try {
    const settings = [
      'model = "scripted"',
      'model_provider = "review"',
      ...codexSettings,
      ...provider("review", model.url),
      ...provider("refusing", refusing.url),
      ...provider("approving", approving.url),
    ].join("\n");
    writeFiles(sandbox.codexHome, { "config.toml": settings });

    // As the README says: the command, then the limits and variables in the file.
    await check("codex mcp add registers the server, and the README's settings are read", async () => {
      const added = await codex(server.registration.codexAdd);
      assert.equal(added.code, 0, said(added));
      const written = readFileSync(configuration, "utf8");
      assert.match(written, /\[mcp_servers\.sluice\]/);
      const table = server.registration.configToml;
      for (const line of table.split("\n").filter((one) => /^(command|args) = /.test(one))) {
        assert.ok(written.includes(line), `${line}\nis not what the command wrote:\n${written}`);
      }
      // One more variable than the README names, to see that what is named there arrives.
      const variables = table.replace("env_vars = [", 'env_vars = ["PRESCREEN_MAX_ITERATIONS", ');
      assert.notEqual(variables, table, "the README's table has no env_vars");
      writeFileSync(configuration, `${settings}\n${variables}`);
      const list = await codex(["mcp", "list", "--json"]);
      assert.equal(list.code, 0, said(list));
      const entry = JSON.parse(list.stdout).find((one) => one.name === "sluice");
      assert.equal(entry?.enabled, true, list.stdout);
      assert.equal(entry?.startup_timeout_sec, 20, list.stdout);
      assert.equal(entry?.tool_timeout_sec, 120, list.stdout);
    });

    const result = await exec("review");
    writeFiles(sandbox.top, {
      "codex-requests.json": JSON.stringify(model.requests, null, 1),
      "codex-output.jsonl": result.stdout,
    });

    await check("the conversation runs to its end", () => {
      assert.equal(result.code, 0, said(result));
      assert.equal(model.requests.length, steps.length + 1, said(result));
    });

    await check("the model is given the instructions and every tool's description and schema, uncut", () => {
      const namespace = model.requests[0]?.tools.find((one) => one.name === "mcp__sluice");
      assert.ok(namespace, "no namespace mcp__sluice among the tools");
      assert.ok(namespace.description.includes(server.instructions), namespace.description);
      for (const tool of server.tools.filter((one) => toolNames.includes(one.name))) {
        const sent = namespace.tools.find((one) => one.name === tool.name);
        assert.equal(sent?.description, tool.description);
        assert.deepEqual(
          Object.keys(sent.parameters.properties ?? {}).sort(),
          Object.keys(tool.inputSchema.properties ?? {}).sort(),
        );
      }
    });

    await check("with approval policy never, every tool but run_gates runs", () => {
      for (const step of steps) {
        const sent = model.result(step.id);
        assert.ok(sent, `no output of ${step.id}`);
        assert.doesNotMatch(sent.text, /requires approval|unsupported call/, step.id);
      }
    });

    await checkReview({
      check,
      server,
      project: folder,
      resultOf(id) {
        const sent = model.result(id);
        assert.ok(sent, `the model was never sent a result of ${id}`);
        assert.doesNotMatch(sent.text, /tokens truncated/, id);
        assert.ok(sent.text.length < resultLimit, `${id}: ${sent.text.length} characters`);
        return { text: resultIn(sent.text) };
      },
    });

    await check("run_gates is refused without the README's approval_mode, and runs with it", async () => {
      const trusted = await run(process.execPath, [server.file, "trust", "--yes"], { cwd: folder, env });
      assert.equal(trusted.code, 0, said(trusted));
      const refused = await exec(
        "refusing",
        'mcp_servers.sluice.tools.run_gates.approval_mode="auto"',
        'mcp_servers.sluice.tools.review_change.approval_mode="auto"',
      );
      for (const id of ["gates", "pipeline"]) {
        assert.match(refusing.result(id)?.text ?? said(refused), /requires approval/, id);
      }
      assert.ok(!existsSync(join(folder, "gate-ran")), "a command ran without approval");
      const approved = await exec("approving");
      const checks = JSON.parse(resultIn(approving.result("gates")?.text ?? said(approved))).checks;
      assert.deepEqual(
        checks
          .filter((one) => one.state !== "skipped")
          .map((one) => [one.name, one.state])
          .sort(),
        [
          ["lint", "passed"],
          ["typecheck", "passed"],
        ],
      );
      assert.ok(existsSync(join(folder, "gate-ran")), "the lint script did not run");
      const pipeline = JSON.parse(resultIn(approving.result("pipeline")?.text ?? said(approved)));
      assert.equal(pipeline.decided_by, "prescreen");
    });
  } finally {
    for (const one of [model, refusing, approving]) await one.close();
  }
}

/** Codex puts the time in front of what the server gave. */
function resultIn(text) {
  return text.replace(/^Wall time: [^\n]*\n(?:Output:\n)?/, "");
}

function provider(name, url) {
  return [
    `[model_providers.${name}]`,
    `name = "${name}"`,
    `base_url = "${url}/v1"`,
    'wire_api = "responses"',
    'env_key = "NOT_A_KEY"',
    "request_max_retries = 0",
    "stream_max_retries = 0",
  ];
}
