// MCP Inspector's --cli on the built server: tools, each of them called, prompts, resources, and the script that reviews
// with it. Twice: the version that runs on Node 20, and the current major, which wants a newer Node.
//
//   npm run build && node test/e2e/inspector/run.mjs [--install] [--require]
//
// `--install` puts the current Inspector and, where this Node is too old for it, the npm package `node` into this folder's
// node_modules (`du -sh test/e2e/inspector/node_modules` says how large); without it nothing is downloaded. SLUICE_INSPECTOR and SLUICE_NODE name others: the
// Inspector's package folder, a node program. What is not there is said in a line `NOT RUN`.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createReport, finish, run, said, writeFiles } from "../harness.mjs";

const current = "2.12.0";
/** What the current Inspector asks for in its `engines`. */
const wanted = [22, 19];
const nodePackage = "24.21.0";
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const program = join(root, "dist/src/cli/main.js");
const { values: options } = parseArgs({
  options: { install: { type: "boolean", default: false }, require: { type: "boolean", default: false } },
});

const id = "fn-1-add-login";
const task = `${id}.1`;
const json = (value) => `${JSON.stringify(value)}\n`;
const files = {
  ".flow/meta.json": json({ next_spec: 2, schema_version: 3 }),
  [`.flow/specs/${id}.json`]: json({
    id,
    title: "Add login",
    status: "open",
    created_at: "2026-01-01T00:00:00Z",
    next_task: 2,
    spec_path: `.flow/specs/${id}.md`,
  }),
  [`.flow/specs/${id}.md`]: `# ${id} Add login\n\n## Acceptance\n- [ ] A wrong password is answered with 401.\n`,
  [`.flow/tasks/${task}.json`]: json({
    id: task,
    spec: id,
    title: "Form",
    status: "todo",
    depends_on: [],
    spec_path: `.flow/tasks/${task}.md`,
  }),
  [`.flow/tasks/${task}.md`]: `# ${task} Form\n\n## Description\nA form in src/form.ts.\n\n## Acceptance\n- [ ] It has two fields.\n\n## Done summary\nTBD\n\n## Evidence\n`,
  "src/form.ts": 'export const fields = ["name"];\n',
};

/** How each tool is called, and the field of its answer that an agent needs first. */
const calls = {
  prescreen_diff: [[], "verdict"],
  review_change: [["until=prescreen"], "verdict"],
  run_gates: [[], "passed"],
  fingerprint_check: [[], "decision"],
  classify_change: [["head=WORKTREE"], "class"],
  route_review: [[], "decision"],
  record_verdict: [
    [
      "verdict=NEEDS_WORK",
      "attested_by=agent",
      'blockers=[{"file":"src/form.ts","line":1,"message":"password is not declared"}]',
    ],
    "recorded",
  ],
  draft_questions: [["about=Passwords can be reset by mail", "per_category=1"], "questions"],
  draft_spec: [["about=Passwords can be reset by mail"], "markdown"],
  run_scout: [["feature=Passwords can be reset by mail", 'scouts=["repo","memory"]'], "scouts"],
  break_down_tasks: [[`spec=${id}`], "tasks"],
  review_plan: [[`spec=${id}`, "until=prescreen"], "verdict"],
  classify_task: [[`task=${task}`], "level"],
  reanchor_task: [[`task=${task}`], "acceptance"],
  implement_task: [[`task=${task}`], "outcome"],
  quota_status: [[], "sources"],
  record_usage: [["source=claude_max", "input_tokens=1200"], "recorded"],
  savings_report: [["days=7"], "summary"],
};

const report = createReport();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-inspector-")));
const deadline = setTimeout(() => {
  console.log("FAIL  the run took longer than 10 minutes and was ended");
  process.exit(1);
}, 10 * 60_000);
try {
  if (!existsSync(program)) throw new Error(`${program} does not exist: run \`npm run build\` first`);
  const own = join(root, "node_modules/@modelcontextprotocol/inspector");
  if (existsSync(own)) await inspectWith(own, "cli/build/cli.js", process.execPath);
  else report.notRun("MCP Inspector for Node 20", "it is not installed; run `npm ci`");
  const why = await install();
  if (why === null) await inspectWith(inspectorFolder(), "clients/launcher/build/index.js", nodeProgram());
  else report.notRun(`MCP Inspector ${current}`, why);
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  clearTimeout(deadline);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = finish(report, options);

function inspectorFolder() {
  return process.env.SLUICE_INSPECTOR ?? join(here, "node_modules/@modelcontextprotocol/inspector");
}

/** A Node that is new enough for the current Inspector. */
function nodeProgram() {
  if (process.env.SLUICE_NODE) return process.env.SLUICE_NODE;
  return isNewEnough(process.version) ? process.execPath : join(here, "node_modules/node/bin/node");
}

function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

/** Why the current Inspector can't be run; null when it can. */
async function install() {
  const missing = [
    ...(existsSync(inspectorFolder()) ? [] : [`@modelcontextprotocol/inspector@${current}`]),
    ...(existsSync(nodeProgram()) ? [] : [`node@${nodePackage}`]),
  ];
  if (missing.length > 0) {
    if (!options.install)
      return `${missing.join(" and ")} not installed; run test/e2e/inspector/run.mjs with --install`;
    for (const one of missing) {
      // The package `node` fetches its program by a script of its own; nothing else may run one.
      const scripts = one.startsWith("node@") ? [] : ["--ignore-scripts"];
      const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", ...scripts];
      const { status } = spawnSync("npm", ["install", ...flags, one], { cwd: here, stdio: "inherit" });
      if (status !== 0) return `npm install ${one} failed`;
    }
  }
  const { stdout } = await run(nodeProgram(), ["--version"], { cwd: folder, env: {} });
  return isNewEnough(stdout.trim()) ? null : `${nodeProgram()} is ${stdout.trim()}, not 22.19 or later`;
}

async function inspectWith(inspector, file, node) {
  const { version } = JSON.parse(readFileSync(join(inspector, "package.json"), "utf8"));
  const runsOn = await run(node, ["--version"], { cwd: folder, env: {} });
  const name = `MCP Inspector ${version} (Node ${runsOn.stdout.trim()})`;
  const home = join(folder, `home-${version}`);
  const repository = join(folder, `repository-${version}`);
  mkdirSync(repository, { recursive: true });
  writeFiles(home, {
    ".config/sluice/config.json": json({
      local: { enabled: false },
      review: { premium: { enabled: false } },
    }),
  });
  writeFiles(repository, files);
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: home };
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.com", ...args], {
      cwd: repository,
      env,
    });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "first");
  writeFiles(repository, { "src/form.ts": 'export const fields = ["name", password];\n' });

  const inspect = (method, ...args) => {
    const serve = [process.execPath, program, "serve"];
    const given = [join(inspector, file), "--cli", ...serve, "--method", method, ...args];
    return run(node, given, { cwd: repository, env, timeout: 120_000 });
  };
  const ask = async (method, ...args) => {
    const result = await inspect(method, ...args);
    try {
      return JSON.parse(result.stdout);
    } catch {
      throw new Error(`${method} ${args.join(" ")}: ${said(result)}`);
    }
  };
  const call = (tool, given) =>
    ask("tools/call", "--tool-name", tool, ...given.flatMap((one) => ["--tool-arg", one]));

  await report.check(`${name}: tools/list`, async () => {
    const { tools } = await ask("tools/list");
    assert.deepEqual(tools.map((tool) => tool.name).sort(), Object.keys(calls).sort());
    for (const tool of tools) assert.ok(tool.description && tool.inputSchema && tool.outputSchema, tool.name);
  });
  for (const [tool, [given, first]] of Object.entries(calls)) {
    await report.check(`${name}: ${tool}`, async () => {
      const { isError, content, structuredContent } = await call(tool, given);
      assert.ok(!isError, content[0].text);
      assert.ok(first in structuredContent, `${first} is not in ${Object.keys(structuredContent)}`);
      assert.ok(content[0].text.length > 0);
    });
  }
  await report.check(`${name}: is told what is wrong with an argument`, async () => {
    // The current one prints a second object then, so this is no one JSON text.
    const given = ["--tool-name", "classify_change", "--tool-arg", "haed=WORKTREE"];
    const result = await inspect("tools/call", ...given);
    assert.match(result.stdout, /"isError": true/);
    assert.match(result.stdout, /`head`/);
  });
  await report.check(`${name}: prompts`, async () => {
    const { prompts } = await ask("prompts/list");
    assert.deepEqual(
      prompts.map((prompt) => prompt.name),
      ["interview", "plan", "work", "review"],
    );
    for (const prompt of prompts) {
      const given = (prompt.arguments ?? []).map((one) => `${one.name}=${task}`);
      const args = given.flatMap((one) => ["--prompt-args", one]);
      const { messages } = await ask("prompts/get", "--prompt-name", prompt.name, ...args);
      assert.match(messages[0].content.text, /\w{3}/);
    }
  });
  await report.check(`${name}: resources`, async () => {
    const { resources } = await ask("resources/list");
    const uris = resources.map((resource) => resource.uri);
    assert.ok(uris.includes(`sluice://task/${task}`), uris.join(", "));
    for (const uri of uris) {
      const { contents } = await ask("resources/read", "--uri", uri);
      assert.equal(contents[0].uri, uri);
      assert.ok(contents[0].text.length > 0, uri);
    }
  });
  const script = "scripts/review-with-inspector.sh";
  if (spawnSync("jq", ["--version"]).error !== undefined) {
    report.skip(`${name}: ${script}`, "no jq on PATH");
    return;
  }
  await report.check(`${name}: ${script} says by its exit code how it ended`, async () => {
    const withInspector = { ...env, INSPECTOR: `${node} ${join(inspector, file)}` };
    const reviewed = await run(join(root, script), [repository], { cwd: folder, env: withInspector });
    assert.equal(reviewed.code, 1, said(reviewed));
    assert.match(reviewed.stdout, /verdict: NEEDS_WORK {2}by: prescreen/);
    assert.match(reviewed.stdout, /src\/form\.ts:1/);
  });
}
