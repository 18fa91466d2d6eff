// A whole Ralph iteration as docs/ralph.md has it, in scratch repositories of both of flow-next's dialects: what the loop
// does around the agent is done here, and `claude` is a script that makes the tool calls that the page tells an agent
// to make. The local model and the premium provider are servers on loopback.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messagesServer, unified } from "../support/messages-server.mjs";
import { run, writeFiles } from "./harness.mjs";

const claudeScript = fileURLToPath(new URL("ralph-claude.mjs", import.meta.url));
const spec = "fn-1-shout";
const task = `${spec}.1`;

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const at = "2026-11-22T06:06:16.017000Z";
const taskText = `# ${task} Shout

## Description
greet in src/greet.js takes a second argument \`loud\`: then the greeting is in capitals.

**Files:** src/greet.js, test/greet.test.js

## Acceptance
- [ ] greet("Ann", true) gives "HELLO ANN"
- [ ] greet("Ann") stays as it is

## Done summary
TBD

## Evidence
- Commits:
- Tests:
- PRs:
`;

/** What flowctl of either dialect leaves. */
function flowFiles(dialect) {
  const isEpic = dialect === "epic";
  const own = isEpic ? "epics" : "specs";
  const base = { created_at: at, updated_at: at };
  return {
    ".flow/meta.json": json(
      isEpic ? { next_epic: 2, schema_version: 2 } : { next_spec: 2, schema_version: 3 },
    ),
    [`.flow/${own}/${spec}.json`]: json({
      ...base,
      branch_name: spec,
      depends_on_epics: [],
      id: spec,
      next_task: 2,
      plan_review_status: "ship",
      plan_reviewed_at: null,
      spec_path: `.flow/specs/${spec}.md`,
      status: "open",
      title: "Shout",
    }),
    [`.flow/specs/${spec}.md`]: `# ${spec} Shout\n\n## Overview\nGreetings may be loud.\n\n## Acceptance\n- [ ] The greeting can be in capitals.\n`,
    [`.flow/tasks/${task}.json`]: json({
      ...base,
      assignee: null,
      claim_note: "",
      claimed_at: null,
      depends_on: [],
      [isEpic ? "epic" : "spec"]: spec,
      id: task,
      priority: null,
      spec_path: `.flow/tasks/${task}.md`,
      status: "todo",
      title: "Shout",
    }),
    [`.flow/tasks/${task}.md`]: taskText,
  };
}

const project = {
  "package.json": json({
    name: "toy",
    type: "module",
    scripts: { lint: "node scripts/lint.mjs", test: "node --test" },
  }),
  "scripts/lint.mjs": `import { readFileSync } from "node:fs";
if (readFileSync("src/greet.js", "utf8").includes("var ")) {
  console.error("src/greet.js: error: no var");
  process.exitCode = 1;
}
`,
  "src/greet.js": 'export function greet(name) {\n  return "Hello " + name;\n}\n',
  "test/greet.test.js": `import { equal } from "node:assert/strict";
import { test } from "node:test";
import { greet } from "../src/greet.js";
test("greets", () => equal(greet("Ann"), "Hello Ann"));
`,
};

const edit = (path, search, text) => ({ path, action: "replace", search, text });
const head = 'export function greet(name) {\n  return "Hello " + name;';
const loud = (word) =>
  `export function greet(name, loud = false) {\n  ${word} text = "Hello " + name;\n  return loud ? text.toUpperCase() : text;`;
const rest = { look: [], flags: [], more: false, confidence: 90 };
const criteria = [
  { number: 1, file: "test/greet.test.js" },
  { number: 2, file: "src/greet.js" },
];

/** The local model: wrong at first, right once the gate has complained. */
async function localModel() {
  let turn = 0;
  const asked = [];
  const answers = {
    implement_plan: () => ({ steps: ["Give greet a second argument."], files: [], look: [], flags: [] }),
    implement_edit: () =>
      turn++ === 0
        ? {
            ...rest,
            criteria,
            edits: [
              edit("src/greet.js", head, loud("var")),
              edit(
                "test/greet.test.js",
                'test("greets"',
                'test("shouts", () => equal(greet("Ann", true), "HELLO ANN"));\ntest("greets"',
              ),
            ],
          }
        : { ...rest, criteria, edits: [edit("src/greet.js", "var text", "const text")] },
  };
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const send = (value) =>
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
      if (request.url === "/v1/models")
        return send({ object: "list", data: [{ id: "tiny", object: "model" }] });
      if (request.url !== "/v1/chat/completions") return response.writeHead(404).end("404");
      const name = JSON.parse(text).response_format?.json_schema?.name;
      asked.push(name);
      const content = JSON.stringify(answers[name]?.() ?? {});
      const event = (value) => `data: ${JSON.stringify({ model: "tiny", ...value })}\n\n`;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event({ choices: [{ index: 0, delta: { role: "assistant", content } }] }));
      response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function ralphRuns({ server, sandbox, report }) {
  for (const dialect of ["epic", "spec"]) await iteration(dialect, { server, sandbox, report });
}

async function iteration(dialect, { server, sandbox, report }) {
  const name = `ralph (${dialect === "epic" ? "flow-next 0.x" : "flow-next 1.0 and later"})`;
  const folder = join(sandbox.top, `ralph-${dialect}`);
  const repository = join(folder, "repo");
  const home = join(folder, "home");
  const bin = join(folder, "bin");
  for (const one of [repository, join(home, ".config/sluice"), bin]) mkdirSync(one, { recursive: true });
  const provider = await messagesServer({
    reply: {
      headers: unified,
      form: { findings: [], prior: [], summary: "greet shouts when asked to.", verdict: "SHIP" },
    },
  });
  const model = await localModel();
  writeFileSync(
    join(home, ".config/sluice/config.json"),
    json({
      review: {
        gates: { checks: ["lint", "build", "typecheck", "test"] },
        routing: {
          security: ["claude_max:opus-4.5"],
          complex: ["claude_max:opus-4.5"],
          routine: ["claude_max:opus-4.5"],
        },
      },
      // What the run of this project's own checks is worth knowing about; a developer has bubblewrap.
      work: { implement: { allow_unsandboxed: true } },
      premium_sources: { claude_max: { access_method: "api", endpoint: provider.url } },
      local: { primary_endpoint: model.url, primary_model: "tiny", prefilter_enabled: false },
    }),
  );
  const program = join(bin, "claude");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${claudeScript}" "$@"\n`);
  chmodSync(program, 0o755);
  const receipt = join(repository, "scripts/ralph/runs/one/receipts", `impl-${task}.json`);
  const env = {
    ...sandbox.env,
    PATH: `${bin}:${sandbox.env.PATH}`,
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    ANTHROPIC_API_KEY: "sk-ant-nobody",
    SLUICE_SERVER: server.file,
    // What Ralph sets, from config.env and by itself.
    FLOW_RALPH: "1",
    RALPH_ITERATION: "3",
    REVIEW_RECEIPT_PATH: receipt,
    WORK_REVIEW: "codex",
    FLOW_REVIEW_BACKEND: "codex",
    GIT_AUTHOR_NAME: "Ralph",
    GIT_AUTHOR_EMAIL: "ralph@example.com",
    GIT_COMMITTER_NAME: "Ralph",
    GIT_COMMITTER_EMAIL: "ralph@example.com",
  };
  const git = (...args) =>
    execFileSync("git", args, { cwd: repository, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  git("init", "-q", "-b", "main");
  writeFiles(repository, { ...project, ...flowFiles(dialect), ".gitignore": "scripts/ralph/runs/\n" });
  git("add", "-A");
  git("commit", "-qm", "A greeting, and a task");
  git("switch", "-q", "-c", spec);
  mkdirSync(dirname(receipt), { recursive: true });
  try {
    const trusted = await run(process.execPath, [server.file, "trust", "--yes"], { cwd: repository, env });
    assert.equal(trusted.code, 0, trusted.stderr);
    const prompt = `Do the task ${task} as docs/ralph.md says.`;
    const ended = await run("claude", ["-p", prompt, "--output-format", "stream-json"], {
      cwd: repository,
      env,
      timeout: 300_000,
    });
    const said = ended.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    const of = (tool) => said.find((one) => one.tool === tool)?.result;

    await report.check(`${name}: the scripted agent comes to its end`, () => {
      assert.equal(ended.code, 0, `${ended.stderr}\n${ended.stdout.slice(-2_000)}`);
    });
    await report.check(`${name}: the task's own words before the first edit`, () => {
      assert.deepEqual(
        of("reanchor_task")
          .acceptance.filter((one) => one.of === "task")
          .map((one) => one.text),
        ['greet("Ann", true) gives "HELLO ANN"', 'greet("Ann") stays as it is'],
      );
    });
    await report.check(`${name}: a level with its worker`, () => {
      assert.match(of("classify_task").level, /^(LOW|MEDIUM|HIGH)$/);
    });
    await report.check(
      `${name}: the gate's complaint went back to the local model, and its change was applied`,
      () => {
        const made = of("implement_task");
        assert.equal(made.outcome, "proposed", JSON.stringify(made, null, 1));
        assert.equal(made.applied, true);
        assert.deepEqual(
          made.rounds.map((round) => round.checks[0]),
          ["lint failed", "lint passed"],
        );
        assert.equal(made.tokens.premium, null);
      },
    );
    await report.check(`${name}: one premium call, for the review, and its receipt`, () => {
      const reviewed = of("review_change");
      assert.equal(reviewed.verdict, "SHIP", JSON.stringify(reviewed, null, 1));
      assert.equal(provider.messages().length, 1);
      const left = JSON.parse(readFileSync(receipt, "utf8"));
      assert.deepEqual(
        { type: left.type, id: left.id, verdict: left.verdict, iteration: left.iteration },
        { type: "impl_review", id: task, verdict: "SHIP", iteration: 3 },
      );
    });
    await report.check(`${name}: nothing is left behind`, () => {
      assert.equal(git("worktree", "list").trim().split("\n").length, 1);
      assert.equal(git("status", "--porcelain").trim(), "");
      assert.deepEqual(
        readdirSync(sandbox.env.TMPDIR).filter((one) => one.startsWith("sluice-implement-")),
        [],
      );
      assert.ok(existsSync(join(repository, "src/greet.js")));
    });
  } finally {
    model.close();
    await provider.close();
  }
}
