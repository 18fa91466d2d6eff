// The main job on real input: starts the real server over stdio, drives it with a real MCP client and prints
// what the tools say. Without arguments: an agent's change to a small project (shortlinks.bundle, its git
// history), before and after the agent fixed what was found. With a path: the change in that repository.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import pc from "picocolors";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const bundle = fileURLToPath(new URL("shortlinks.bundle", import.meta.url));
const asked = process.argv[2];
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "sluice-demo-")));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

try {
  if (asked === undefined) await shippedProject();
  else await givenRepository(resolve(process.env.INIT_CWD ?? process.cwd(), asked));
} catch (error) {
  console.error(`${pc.red("error")}: ${error.message}`);
  process.exitCode = 1;
}

async function shippedProject() {
  const project = join(scratch, "shortlinks");
  const home = join(scratch, "home");
  mkdirSync(home);
  const env = { PATH: process.env.PATH ?? "", HOME: home };
  const git = (...args) =>
    execFileSync("git", args, {
      cwd: project,
      env: { ...process.env, HOME: home },
      stdio: ["ignore", "pipe", "inherit"],
    });
  execFileSync("git", ["clone", "--quiet", "--branch", "add-expiry", bundle, project], { stdio: "inherit" });
  git("fetch", "--quiet", "origin", "main:main", "add-expiry-fixed:add-expiry-fixed");
  title("A small project: a URL shortener in TypeScript and Python. An agent let its links expire.");
  console.log(git("log", "--oneline", "-5").toString().trimEnd().replace(/^/gm, "  "));
  console.log(git("diff", "--stat", "main", "add-expiry").toString().trimEnd().replace(/^/gm, "  "));
  // In your own repository you are shown what would run, and asked. This project is ours, in a folder of ours.
  execFileSync(process.execPath, [main, "trust", "--yes"], { cwd: project, env, stdio: "ignore" });
  await withServer(project, env, async (call) => {
    title("Round 1: what the agent wrote");
    await review(call, {});
    git("checkout", "--quiet", "add-expiry-fixed");
    title("Round 2: the agent fixed what was found");
    await review(call, {});
    title("A premium model (here: your agent) has reviewed it and says so");
    const kept = await call("record_verdict", { verdict: "SHIP", attested_by: "agent", model: "opus-4.5" });
    console.log(`  ${kept.recorded === false ? pc.red("not recorded") : pc.green("recorded")}`);
    step("fingerprint_check", "asked again, on the same code");
    showFingerprint(await call("fingerprint_check", {}));
  });
  console.log(
    `\nNow on your own code:  npm run demo -- PATH    or, in any repository:  node ${main} review\n`,
  );
}

async function givenRepository(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`${path} is not a folder. Give the path of a git repository: npm run demo -- PATH`);
  await withServer(path, process.env, async (call) => {
    title(`The change in ${path}`);
    await review(call, {});
  });
}

async function withServer(cwd, env, use) {
  const client = new Client({ name: "sluice-demo", version: "1.0.0" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, "serve"],
    cwd,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stderr: "inherit",
  });
  await client.connect(transport);
  try {
    await use(async (name, args) => {
      let more = args;
      for (;;) {
        const result = await client.callTool({ name, arguments: more });
        if (result.isError) throw new Error(result.content.map((part) => part.text ?? "").join("\n"));
        const answer = result.structuredContent;
        if (answer.state !== "running") return answer;
        more = { ...args, job: answer.job };
      }
    });
  } finally {
    await client.close();
  }
}

async function review(call, args) {
  const gates = await call("run_gates", args);
  console.log(pc.dim(`  ${gates.trees.base} → ${gates.trees.head}`));
  step("run_gates", "the project's own lint, build and typecheck");
  showGates(gates);
  step("prescreen_diff", "static analyzers, what is new between base and head");
  showPrescreen(await call("prescreen_diff", args));
  step("fingerprint_check", "was this very change reviewed before?");
  showFingerprint(await call("fingerprint_check", args));
  step("classify_change", "how much reviewer does it need?");
  showClass(await call("classify_change", args));
  step("route_review", "who reviews it, and what would be sent?");
  showRoute(await call("route_review", args));
}

function showGates(gates) {
  for (const check of gates.checks) {
    const colour = { passed: pc.green, failed: pc.red, skipped: pc.dim }[check.state];
    console.log(
      `  ${colour(check.state.padEnd(8))}${check.name.padEnd(11)}${pc.dim([check.command, check.reason].filter(Boolean).join(": "))}`,
    );
    if (check.state === "failed") console.log(indent(check.output_tail));
  }
}

function showPrescreen(prescreen) {
  const used = prescreen.engines.filter((engine) => engine.state !== "skipped");
  console.log(
    `  ${prescreen.verdict === "clean" ? pc.green("clean") : pc.red("issues")}  ${pc.dim(used.map((engine) => `${engine.name} ${engine.state} ${(engine.ms / 1000).toFixed(1)} s`).join(", "))}`,
  );
  for (const finding of prescreen.findings) {
    const colour = { certain: pc.red, likely: pc.yellow, hint: pc.dim }[finding.severity];
    console.log(
      `  ${colour(finding.severity.padEnd(8))}${finding.file}:${finding.line}  ${finding.message.split("\n")[0]}`,
    );
    console.log(pc.dim(`          ${finding.evidence}`));
  }
}

function showFingerprint(check) {
  console.log(
    `  ${check.decision === "skip" ? pc.green("skip") : pc.yellow("review")}  ${check.reason}  ${pc.dim(`${check.fingerprint.slice(0, 16)}…`)}`,
  );
  if (check.next) console.log(pc.dim(indent(check.next)));
}

function showClass(classified) {
  const colour = { SECURITY: pc.red, COMPLEX: pc.yellow, ROUTINE: pc.green }[classified.class];
  console.log(`  ${colour(classified.class)}`);
  for (const reason of classified.reasons.slice(0, 5))
    console.log(pc.dim(`  ${reason.rule}  ${reason.file ?? ""}  ${reason.evidence}`));
}

function showRoute(route) {
  const where =
    route.decision === "route" ? `${route.source} ${route.model} by ${route.access}` : route.decision;
  console.log(
    `  ${route.decision === "route" ? pc.green(where) : pc.yellow(where)}  ${pc.dim(`${route.context.tokens} tokens of context in ${route.context.files.length} files`)}`,
  );
  if (route.next) console.log(pc.dim(indent(route.next)));
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, "          ");
}

function title(text) {
  console.log(`\n${pc.bold(text)}`);
}

function step(tool, what) {
  console.log(`\n${pc.cyan(tool)}  ${pc.dim(what)}`);
}
