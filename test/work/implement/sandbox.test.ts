import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkEnvironment } from "../../../src/gates/environment.js";
import { confineTo, findSandbox } from "../../../src/gates/sandbox.js";
import { endAfterEach } from "../../local/fakes.js";
import { trustEverything } from "../../support/trust.js";
import {
  configureToy,
  edits,
  right,
  run,
  scriptedWorker,
  toyForEach,
  withWorker,
  write,
} from "./scripted.js";

endAfterEach();

const sandbox = await findSandbox(checkEnvironment(process.env));

const toy = toyForEach();

it("is bubblewrap's command line: no network, nothing writable but what is named, homes empty", () => {
  const cell = {
    writable: ["/work/tree"],
    hidden: ["/home/me", "/home/me/project"],
    readable: ["/home/me/project/node_modules", "/home/me/project/node_modules/x"],
    replaced: [{ path: "/home/me/project/.git/config", by: "/work/git-config" }],
  };
  const { file, args } = confineTo("/usr/bin/bwrap", cell)("/bin/sh", ["-c", "npm test"], "/work/tree");
  expect(file).toBe("/usr/bin/bwrap");
  const line = args.join(" ");
  for (const part of [
    "--unshare-user --unshare-all --die-with-parent --new-session --cap-drop ALL",
    "--ro-bind / /",
    "--tmpfs /home/me ",
    "--ro-bind-try /home/me/project/node_modules /home/me/project/node_modules",
    "--ro-bind /work/git-config /home/me/project/.git/config",
    "--bind /work/tree /work/tree --chdir /work/tree -- /bin/sh -c npm test",
  ])
    expect(line).toContain(part);
  expect(line).not.toContain("share-net ");
  expect(args.filter((one) => one === "--bind")).toHaveLength(1);
  // What hides comes before what shows, and that before what replaces.
  expect(line.indexOf("--tmpfs /home/me")).toBeLessThan(line.indexOf("--ro-bind-try /home/me"));
});

describe.runIf(sandbox.state === "ready")("a proposal under bubblewrap", { timeout: 60_000 }, () => {
  it("reaches no network, no socket, no secret, and nothing of the user's files", async () => {
    const home = toy.repository.sluice().env.HOME ?? "";
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh/id_ed25519"), "PRIVATE");
    toy.repository.write({ ".env": "TOKEN=abc\n", ".gitignore": ".env\n" });
    toy.repository.git("config", "remote.origin.url", "https://me:hunter2@example.com/x.git");
    toy.repository.git("config", "http.extraheader", "Authorization: secret");
    toy.repository.commit();
    const reached: string[] = [];
    const server = createServer((socket) => {
      reached.push("network");
      socket.end();
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const socketPath = join(toy.temporary, "agent.sock");
    const agent = createServer((socket) => {
      reached.push("socket");
      socket.end();
    });
    await new Promise<void>((resolve) => agent.listen(socketPath, resolve));
    const expected = [
      "key: no (ENOENT)",
      "env file: no (ENOENT)",
      "variables: clean",
      "other processes: hidden",
      "write outside: no (ENOENT)",
      "write to git: no (EROFS)",
      "write in usr: no (EROFS)",
      "git works: change",
      "git settings: clean",
      "network: no (ECONNREFUSED)",
      "socket: no (ENOENT)",
    ];
    const spy = `import { deepEqual } from "node:assert/strict";
import { readFileSync, writeFileSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
const told = [];
const attempt = (name, what) => { try { told.push(name + ": " + String(what())); } catch (error) { told.push(name + ": no (" + error.code + ")"); } };
attempt("key", () => readFileSync(${JSON.stringify(join(home, ".ssh/id_ed25519"))}, "utf8"));
attempt("env file", () => readFileSync(${JSON.stringify(join(toy.repository.path, ".env"))}, "utf8"));
attempt("variables", () => JSON.stringify(process.env).includes("k-secret-value") ? "LEAKED" : "clean");
attempt("other processes", () => readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length < 12 ? "hidden" : "SEEN");
attempt("write outside", () => writeFileSync(${JSON.stringify(join(toy.repository.path, "src/evil.js"))}, "x"));
attempt("write to git", () => writeFileSync(${JSON.stringify(join(toy.repository.path, ".git/hooks/post-checkout"))}, "x"));
attempt("write in usr", () => writeFileSync("/usr/evil", "x"));
attempt("git works", () => execFileSync("git", ["log", "--format=%s", "-1"]).toString().trim());
attempt("git settings", () => /hunter2|secret/.test(readFileSync(${JSON.stringify(join(toy.repository.path, ".git/config"))}, "utf8")) ? "LEAKED" : "clean");
const dial = (name, options) => new Promise((resolve) => { const socket = connect(options, () => { told.push(name + ": REACHED"); socket.end(); resolve(); }); socket.on("error", (error) => { told.push(name + ": no (" + error.code + ")"); resolve(); }); });
test("spies", async () => {
  await dial("network", { host: "127.0.0.1", port: ${port} });
  await dial("socket", { path: ${JSON.stringify(socketPath)} });
  writeFileSync("/tmp/mine", "x");
  deepEqual(told, ${JSON.stringify(expected)});
});
`;
    const fake = await scriptedWorker({ edits: [edits({ edits: [write("test/spy.test.js", spy)] })] });
    const { result } = await run(
      withWorker(toy.repository, fake.url, { TMPDIR: toy.temporary, ANTHROPIC_API_KEY: "k-secret-value" }),
    );
    server.close();
    agent.close();
    expect(reached).toEqual([]);
    expect(result.sandbox).toEqual({ kind: "bubblewrap", why: null });
    const test = result.checks.find(({ name }) => name === "test");
    expect(`${test?.state} ${test?.output_tail}`).toBe("passed ");
  });

  it("has the project's dependencies, from where they are installed, and can't change them", async () => {
    toy.repository.write({
      ".gitignore": "node_modules/\n",
      "node_modules/dep/package.json": '{"name":"dep","main":"index.js"}',
      "node_modules/dep/index.js": "module.exports = 42;\n",
    });
    toy.repository.commit();
    const text = `import { equal, throws } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import dep from "dep";
test("dep", () => { equal(dep, 42); throws(() => writeFileSync(new URL("../node_modules/dep/index.js", import.meta.url), "x")); writeFileSync(new URL("../node_modules/.own", import.meta.url), "x"); });
`;
    const fake = await scriptedWorker({ edits: [edits({ edits: [write("test/dep.test.js", text)] })] });
    const { result } = await run(withWorker(toy.repository, fake.url, { TMPDIR: toy.temporary }), {
      task: "Test dep in test/dep.test.js.",
    });
    expect(result.checks.find(({ name }) => name === "test")).toMatchObject({ state: "passed" });
  });

  it("is killed whole at its limit, with what it started", async () => {
    toy.repository.write({ "scripts/lint.mjs": 'import "../src/slow.js";\n', "src/slow.js": "export {};\n" });
    toy.repository.commit();
    await trustEverything(toy.repository);
    const slow =
      'import { spawn } from "node:child_process";\nspawn("sleep", ["300"], { detached: true, stdio: "ignore" });\nsetInterval(() => {}, 1000);\n';
    const fake = await scriptedWorker({ edits: [edits({ edits: [write("src/slow.js", slow)] }), edits()] });
    configureToy(toy.repository, {}, 2);
    const { result } = await run(withWorker(toy.repository, fake.url, { TMPDIR: toy.temporary }), {
      task: "Slow src/slow.js.",
    });
    expect(result.checks.find(({ name }) => name === "lint")).toMatchObject({ state: "failed" });
    expect(result.checks[0]?.reason).toContain("not finished after 2 s");
  });
});

it("without a sandbox nothing of the proposal is run, unless the user says so, and confidence shows it", {
  timeout: 60_000,
}, async () => {
  configureToy(toy.repository, { allow_unsandboxed: false });
  const bin = mkdtempSync(join(toy.temporary, "bin-"));
  writeFileSync(
    join(bin, "bwrap"),
    "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n",
    { mode: 0o755 },
  );
  const fake = await scriptedWorker({ edits: [right] });
  const sluice = withWorker(toy.repository, fake.url, {
    TMPDIR: toy.temporary,
    PATH: `${bin}:${process.env.PATH}`,
  });
  const { result } = await run(sluice);
  expect(result.sandbox.kind).toBe("not-run");
  expect(result.sandbox.why).toContain("No permissions to create new namespace");
  expect(result.checks.map(({ state }) => state)).toEqual(["skipped", "skipped"]);
  expect(result.outcome).toBe("escalate");
  expect(result.confidence).toBeLessThan(0.8);
  expect(result.premium_questions).toMatchObject([{ kind: "evidence" }]);

  configureToy(toy.repository, { allow_unsandboxed: true });
  const other = await run(sluice);
  expect(other.result.sandbox).toEqual({ kind: "none", why: null });
  expect(other.result).toMatchObject({ outcome: "proposed" });
});
