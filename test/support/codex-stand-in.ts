import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/premium/openai_pro");

/** A run of the official Codex as test/e2e recorded it: what it printed, and the lines of its record that are read. */
export interface CodexRecording {
  thread: string | null;
  code: number;
  stdout: string;
  stderr: string;
  rollout: unknown[];
}

export function codexRecording(name: string): CodexRecording {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8"));
}

/** What a call of the stand-in was given. */
export interface CodexCalled {
  args: string[];
  env: Record<string, string>;
  stdin: string;
  cwd: string;
  /** The files that it was handed, by the setting that names them. */
  files: Record<string, string>;
}

/** How the stand-in behaves; what is absent is as the official one does. */
export interface CodexManner {
  /** In turn; the last one goes on. */
  runs?: (CodexRecording | "hang")[];
  version?: string;
  /** Null: signed out. */
  signIn?: string | null;
  models?: string | null;
  appServer?: "subscription" | "api-key" | "signed-out" | "hang" | "crash";
}

export interface CodexStandIn {
  program: string;
  home: string;
  top: string;
  /** Calls of `codex exec`. */
  calls(): CodexCalled[];
  remove(): void;
}

/** A program that answers as Codex 0.169 was recorded to. */
export function codexStandIn(manner: CodexManner = {}): CodexStandIn {
  const top = mkdtempSync(join(tmpdir(), "sluice-codex-"));
  const home = join(top, "home");
  mkdirSync(home);
  const program = join(top, "codex");
  writeFileSync(join(top, "manner.json"), JSON.stringify(manner));
  writeFileSync(program, script(top));
  chmodSync(program, 0o755);
  return {
    program,
    home,
    top,
    calls: () =>
      read(join(top, "calls.jsonl"))
        .split("\n")
        .filter((line) => line !== "")
        .map((line): CodexCalled => JSON.parse(line)),
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function script(top: string): string {
  return `#!${process.execPath}
const fs = require("node:fs");
const path = require("node:path");
const top = ${JSON.stringify(top)};
const fixtures = ${JSON.stringify(fixtures)};
const manner = JSON.parse(fs.readFileSync(path.join(top, "manner.json"), "utf8"));
const args = process.argv.slice(2);
const wait = () => setInterval(() => {}, 1000);
if (args[0] === "--version") console.log("codex-cli " + (manner.version ?? "0.169.0"));
else if (args[0] === "login") {
  if (manner.signIn === null) { console.error("Not logged in"); process.exitCode = 1; }
  else console.error(manner.signIn ?? "Logged in using ChatGPT");
} else if (args[0] === "debug") {
  if (manner.models === null) { console.error("error: unrecognized subcommand 'debug'"); process.exitCode = 2; }
  else process.stdout.write(manner.models ?? fs.readFileSync(path.join(fixtures, "models.json"), "utf8"));
} else if (args[0] === "app-server") appServer();
else run();

function run() {
  const calls = path.join(top, "calls.jsonl");
  const files = {};
  const catalog = args.find((arg) => arg.startsWith("model_catalog_json="));
  if (catalog) files.catalog = fs.readFileSync(JSON.parse(catalog.slice("model_catalog_json=".length)), "utf8");
  const schema = args[args.indexOf("--output-schema") + 1];
  if (schema) files.schema = fs.readFileSync(schema, "utf8");
  const number = fs.existsSync(calls) ? fs.readFileSync(calls, "utf8").trim().split("\\n").length : 0;
  const stdin = fs.readFileSync(0, "utf8");
  fs.appendFileSync(calls, JSON.stringify({ args, env: process.env, stdin, cwd: process.cwd(), files }) + "\\n");
  const runs = manner.runs ?? [JSON.parse(fs.readFileSync(path.join(fixtures, "ok.json"), "utf8"))];
  const one = runs[Math.min(number, runs.length - 1)];
  if (one === "hang") {
    console.log(JSON.stringify({ type: "thread.started", thread_id: "01a203b5-9ce7-7032-81c3-c4e1ce40862b" }));
    console.log(JSON.stringify({ type: "turn.started" }));
    return wait();
  }
  if (one.thread !== null && one.rollout.length > 0) {
    const made = new Date(Number.parseInt(one.thread.replace("-", "").slice(0, 12), 16)).toISOString();
    const folder = path.join(process.env.CODEX_HOME, "sessions", ...made.slice(0, 10).split("-"));
    fs.mkdirSync(folder, { recursive: true });
    const lines = one.rollout.map((entry) => JSON.stringify(entry)).join("\\n") + "\\n";
    fs.writeFileSync(path.join(folder, "rollout-" + made.slice(0, 19).replaceAll(":", "-") + "-" + one.thread + ".jsonl"), lines);
  }
  process.stdout.write(one.stdout);
  process.stderr.write(one.stderr);
  process.exitCode = one.code;
}

function appServer() {
  const how = manner.appServer ?? "subscription";
  if (how === "hang") return wait();
  if (how === "crash") { console.error("thread 'main' panicked"); process.exit(101); }
  const answers = JSON.parse(fs.readFileSync(path.join(fixtures, "app-server.json"), "utf8"))[how];
  let rest = "";
  process.stdin.on("data", (chunk) => {
    const lines = (rest + chunk).split("\\n");
    rest = lines.pop();
    for (const line of lines) {
      const { id } = JSON.parse(line);
      fs.appendFileSync(path.join(top, "asked.jsonl"), line + "\\n");
      for (const answer of answers) if (id !== undefined && answer.id === id) console.log(JSON.stringify(answer));
    }
  });
}
`;
}
