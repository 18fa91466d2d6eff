// Everything that is tried with programs which are not ours. Drives real MCP clients (Claude Code, Codex CLI) through a
// review with the built server, each against a scripted model on loopback, and checks what their models were really sent.
//
//   npm run build && npm ci --prefix test/e2e && node test/e2e/run.mjs [--require]
//     [--only claude|codex|copilot|review|phases|flowctl|ralph|inspector|report-page|llama|gateways|package]
//     [--root FOLDER of a built checkout] [--keep the folder with all that was sent]
//     [--record what the premium sources' programs print into test/fixtures/premium, and what flowctl says of the
//     folders it is given into test/fixtures/flow/recorded]
//
// flowctl is run where FLOWCTL names one or several, separated as in PATH. The last five are scripts that can be run by
// themselves, too; the head of each says what it needs. `package` asks the package registry.
//
// What is not installed or cannot run is said in a line `NOT RUN: …` and does not fail the run, unless `--require`
// asks for all of it.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { claudeRuns, claudeVersion } from "./claude.mjs";
import { codexRuns, codexVersion } from "./codex.mjs";
import { flowctlRuns, whyNoFlowctl } from "./flowctl.mjs";
import { createReport, createSandbox, finish, killAll, run, runScript } from "./harness.mjs";
import { claudeOnLocalEndpoint, codexOnLocalEndpoint } from "./local-endpoint.mjs";
import { phasesByClaude, phasesByCodex } from "./phases.mjs";
import { claudeMaxRuns } from "./premium/claude-max.mjs";
import { copilotRuns, copilotVersion } from "./premium/copilot.mjs";
import { openaiProRuns } from "./premium/openai-pro.mjs";
import { premiumReviewRuns } from "./premium/review.mjs";
import { ralphRuns } from "./ralph.mjs";
import { readRegistration } from "./readme.mjs";
import { askServer } from "./server.mjs";

/** The whole run, in ms: a client that hangs must not hang whoever started this. */
const limit = 45 * 60_000;

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    root: { type: "string", default: join(here, "../..") },
    only: { type: "string" },
    require: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});

const clients = [
  {
    name: "claude-code",
    key: "claude",
    version: claudeVersion,
    binary: join(here, "node_modules/.bin/claude"),
    runs: [claudeRuns, claudeOnLocalEndpoint, claudeMaxRuns],
  },
  {
    name: "codex",
    key: "codex",
    version: codexVersion,
    binary: join(here, "node_modules/.bin/codex"),
    runs: [codexRuns, codexOnLocalEndpoint, openaiProRuns],
  },
  {
    name: "copilot",
    key: "copilot",
    version: copilotVersion,
    binary: join(here, "node_modules/.bin/copilot"),
    runs: [copilotRuns],
  },
];
const [claude, codex] = clients;

/** What is run, in this order; `needs` are programs without which it can't be. */
const parts = [
  ...clients.map((client) => ({ ...client, needs: [client] })),
  { key: "review", name: "premium review", runs: [premiumReviewRuns], needs: [claude, codex] },
  { key: "phases", name: "phases by claude-code", runs: [phasesByClaude], needs: [claude, codex] },
  { key: "phases", name: "phases by codex", runs: [phasesByCodex], needs: [claude, codex] },
  { key: "flowctl", name: "flowctl", runs: [flowctlRuns], needs: [], why: whyNoFlowctl },
  // Its `claude` is a script of its own.
  { key: "ralph", name: "a Ralph iteration", runs: [ralphRuns], needs: [] },
  ...[
    ["inspector", "inspector/run.mjs"],
    ["report-page", "report-page.mjs"],
    ["llama", "llama/run.mjs"],
    ["gateways", "gateways/run.mjs"],
    ["package", "package/run.mjs"],
  ].map(([key, script]) => ({ key, name: key, script, needs: [], runs: [] })),
];
if (options.only !== undefined && !parts.some(({ key }) => key === options.only)) {
  console.error(`--only ${options.only}: there are ${[...new Set(parts.map(({ key }) => key))].join(", ")}`);
  process.exit(2);
}

const report = createReport();
const deadline = setTimeout(() => {
  console.log(`FAIL  the run took longer than ${limit / 60_000} minutes and was ended`);
  killAll();
  process.exit(1);
}, limit);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

const sandbox = await createSandbox();
try {
  const root = resolve(options.root);
  const file = join(root, "dist/src/cli/main.js");
  if (!existsSync(file))
    throw new Error(`${file} does not exist: run \`npm run build\` in the project's top first`);
  const registration = readRegistration(join(root, "README.md"), root);
  const server = { file, registration, ...(await askServer(file, sandbox)) };
  let ran = false;
  const binaries = { claude: claude.binary, codex: codex.binary };
  for (const { key, name, binary, needs, runs, why, script } of parts) {
    if (options.only && options.only !== key) continue;
    const reasons = [...(await Promise.all(needs.map(whyNot))), why?.() ?? null];
    const missing = reasons.filter((reason) => reason !== null);
    if (missing.length > 0) {
      report.notRun(name, missing.join("; "));
      continue;
    }
    if (script !== undefined) {
      await runScript(join(root, "test/e2e", script), report, limit);
      continue;
    }
    ran = true;
    for (const one of runs) {
      await one({ binary, binaries, root, server, sandbox, report, record: options.record });
    }
  }
  if (ran)
    await report.check("nothing asked for a host beyond loopback", () => {
      if (sandbox.outside.asked.length > 0) throw new Error([...new Set(sandbox.outside.asked)].join("\n"));
    });
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  clearTimeout(deadline);
  if (options.keep) console.log(`kept: ${sandbox.top}`);
  await sandbox.remove({ keep: options.keep });
}

process.exitCode = finish(report, options);

/** Why a client can't be run here; null when it can, in the version that these checks were written for. */
async function whyNot({ name, binary, version }) {
  const client = `${name} ${version}`;
  if (!existsSync(binary)) return `${client} is not installed; run \`npm ci --prefix test/e2e\``;
  const result = await run(binary, ["--version"], { cwd: sandbox.top, env: sandbox.env, timeout: 60_000 });
  if (result.code !== 0) {
    return `${client} does not start: ${(result.stderr || result.stdout).trim().split("\n")[0]}`;
  }
  return result.stdout.includes(version) ? null : `${client}: ${result.stdout.trim()} is installed`;
}
