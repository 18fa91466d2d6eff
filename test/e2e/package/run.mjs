// What npm would publish, installed from its tarball into an empty folder, as a user has it: the command, the server
// under a real client, a review of a repository, and the plugin's own server line.
//
//   npm run build && node test/e2e/package/run.mjs [--require]
//
// Needs the package registry; out of its reach it says `NOT RUN`. Nothing of this checkout is used after `npm pack`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { createReport, finish, run } from "../harness.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const { values: options } = parseArgs({ options: { require: { type: "boolean", default: false } } });
/** How npm says that it can't reach its registry. */
const unreachable = /npm error code (?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)/;
const report = createReport();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-package-")));
const home = join(folder, "home");
const app = join(folder, "app");
const env = {
  PATH: process.env.PATH,
  HOME: home,
  LOCAL_ENABLED: "0",
  PREFILTER_ENABLED: "0",
  PREMIUM_REVIEW_ENABLED: "0",
};
for (const one of [home, app]) mkdirSync(one);

try {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" }),
  );
  console.log(
    `      ${packed.filename}: ${Math.round(packed.size / 1024)} KB packed, ${Math.round(packed.unpackedSize / 1024)} KB unpacked, ${packed.entryCount} files`,
  );
  writeFileSync(join(app, "package.json"), '{"name": "app", "version": "1.0.0", "private": true}\n');
  const installed = await run("npm", ["install", "--no-audit", "--no-fund", join(folder, packed.filename)], {
    cwd: app,
    env: { ...process.env },
    timeout: 600_000,
  });
  const out = unreachable.exec(installed.stderr);
  if (out !== null) report.notRun("the package", `the registry is out of reach (${out[0]})`);
  else {
    assert.equal(installed.code, 0, installed.stderr.slice(-2_000));
    await tryInstalled();
  }
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(finish(report, options));

/** What was installed, as its user meets it. */
async function tryInstalled() {
  const own = join(app, "node_modules", "sluice");
  const sluice = (args, cwd = app) =>
    run("npx", ["--no-install", "sluice", ...args], { cwd, env, timeout: 120_000 });

  await report.check("the package has its parts, and no tests", () => {
    for (const path of [
      "dist/src/cli/main.js",
      "prompts",
      "schema/config.schema.json",
      ".claude-plugin/plugin.json",
      "plugin/commands/review.md",
      "plugin/skills/sluice/SKILL.md",
      "llama-swap.yaml",
      "README.md",
      "LICENSE",
    ]) {
      assert.ok(existsSync(join(own, path)), `${path} is missing`);
    }
    for (const path of ["test", "src", "eval", "bench", ".ci"])
      assert.ok(!existsSync(join(own, path)), `${path} is in it`);
  });

  await report.check("npx --no-install sluice --version, doctor", async () => {
    const version = await sluice(["--version"]);
    assert.equal(version.stdout.trim(), JSON.parse(readFileSync(join(own, "package.json"), "utf8")).version);
    const doctor = await sluice(["doctor"]);
    assert.match(doctor.stdout, /git/);
    assert.ok([0, 1].includes(doctor.code), `doctor ended with ${doctor.code}: ${doctor.stderr}`);
  });

  const repository = join(folder, "repository");
  mkdirSync(repository);
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.com", ...args], {
      cwd: repository,
      env,
      encoding: "utf8",
    });
  git("init", "-q", "-b", "main");
  writeFileSync(join(repository, "a.ts"), "export const a = 1;\n");
  writeFileSync(join(repository, "b.py"), "import os\n\nprint(os.name)\n");
  git("add", ".");
  git("commit", "-qm", "first");
  writeFileSync(join(repository, "a.ts"), "export const a = b;\n");
  writeFileSync(join(repository, "b.py"), "print(os.name)\n");

  await report.check("sluice review finds what is wrong, in TypeScript and in Python", async () => {
    const bin = join(app, "node_modules", ".bin", "sluice");
    const reviewed = await run(bin, ["review", "--json"], { cwd: repository, env, timeout: 180_000 });
    assert.equal(reviewed.code, 1, reviewed.stderr);
    const { verdict, blockers } = JSON.parse(reviewed.stdout);
    assert.equal(verdict, "NEEDS_WORK");
    assert.deepEqual([...new Set(blockers.map(({ file }) => file))].sort(), ["a.ts", "b.py"]);
  });

  const serve = async (command, args) => {
    const client = new Client({ name: "package", version: "1.0.0" });
    await client.connect(new StdioClientTransport({ command, args, cwd: repository, env, stderr: "ignore" }));
    try {
      const { tools } = await client.listTools();
      assert.ok(tools.length >= 18, `${tools.length} tools`);
      const found = await client.callTool({ name: "prescreen_diff", arguments: {} });
      assert.equal(found.structuredContent.verdict, "issues");
      assert.equal((await client.listPrompts()).prompts.length, 4);
    } finally {
      await client.close();
    }
  };
  await report.check("sluice serve answers a client", () =>
    serve(join(app, "node_modules", ".bin", "sluice"), ["serve"]),
  );

  await report.check("the plugin's server line starts it", async () => {
    const { mcpServers } = JSON.parse(readFileSync(join(own, ".claude-plugin", "plugin.json"), "utf8"));
    const { command, args } = mcpServers.sluice;
    await serve(
      command,
      args.map((one) => one.replace(`\${CLAUDE_PLUGIN_ROOT}`, own)),
    );
  });

  await report.check("sluice init is safe to repeat", async () => {
    const copy = join(folder, "copy");
    cpSync(repository, copy, { recursive: true });
    const first = await run(join(app, "node_modules", ".bin", "sluice"), ["init", "--no-trust"], {
      cwd: copy,
      env,
    });
    assert.equal(first.code, 0, first.stderr);
    assert.ok(first.stdout.includes(own), "it names this installation");
    const before = readFileSync(join(copy, ".flow", "config.json"), "utf8");
    const again = await run(join(app, "node_modules", ".bin", "sluice"), ["init", "--no-trust"], {
      cwd: copy,
      env,
    });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /nothing was changed/);
    assert.equal(readFileSync(join(copy, ".flow", "config.json"), "utf8"), before);
  });
}
