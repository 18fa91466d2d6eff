// The real flowctl on folders that Sluice wrote, by itself and through that flowctl. FLOWCTL names one or several
// (separated as in PATH), each with its plugin around it; they need Python 3.11 or later.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { epicFolder, play, writtenFiles } from "../flow/scenario.mjs";
import { run, said, writeFiles } from "./harness.mjs";

/** Why it can't be run; null when it can. */
export function whyNoFlowctl() {
  const paths = (process.env.FLOWCTL ?? "").split(delimiter).filter(Boolean);
  if (paths.length === 0) return "FLOWCTL names none";
  const missing = paths.find((path) => !existsSync(path));
  return missing === undefined ? null : `${missing} does not exist`;
}

export async function flowctlRuns({ root, sandbox, report, record }) {
  const load = (path) => import(pathToFileURL(join(root, "dist/src", path)).href);
  const [change, config, writer, reader, context] = await Promise.all(
    ["change/repository.js", "config/load.js", "flow/writer.js", "flow/folder.js", "sluice.js"].map(load),
  );

  for (const path of (process.env.FLOWCTL ?? "").split(delimiter).filter(Boolean)) {
    const version = versionOf(path);
    const dialect = version.startsWith("0.") ? "epic" : "spec";
    const json = async (cwd, ...args) => {
      const result = await run(path, [...args, "--json"], { cwd, env: sandbox.env, timeout: 120_000 });
      try {
        return JSON.parse(result.stdout);
      } catch {
        throw new Error(`flowctl ${args.join(" ")}: ${said(result)}`);
      }
    };
    const opened = async (cwd, flowctl) => {
      const sluice = context.createSluice({ cwd, env: sandbox.env });
      const loaded = await config.loadUserConfiguration(sluice);
      const repository = await change.openRepository(sluice, undefined);
      const project = { repository, config: { ...loaded.config, flow: { flowctl } } };
      return {
        writer: await writer.openFlowWriter(project, sluice, { create: true }),
        read: () => reader.readFlow(repository, sluice),
      };
    };
    const recorded = { version };

    for (const [hand, flowctl] of [
      ["sluice", false],
      ["flowctl", path],
    ]) {
      const cwd = await newRepository(join(sandbox.top, `flowctl-${version}-${hand}`), sandbox);
      if (dialect === "epic") writeFiles(cwd, epicFolder);
      let read;
      await report.check(`flowctl ${version}: ${hand} writes every kind of thing`, async () => {
        const folder = await opened(cwd, flowctl);
        read = folder.read;
        assert.equal(folder.writer.via, hand);
        const written = await play(folder.writer);
        assert.equal(written.length, 7);
        recorded[hand] = writtenFiles(cwd);
      });
      await report.check(`flowctl ${version}: validates what ${hand} wrote`, async () => {
        const validated = await json(cwd, "validate", "--all");
        assert.deepEqual([validated.valid, validated.total_errors, validated.total_tasks], [true, 0, 4]);
        recorded.validated = { valid: validated.valid, errors: validated.total_errors };
      });
      await report.check(`flowctl ${version}: sees what Sluice sees of it`, async () => {
        const shown = (await json(cwd, "tasks")).tasks.map(({ id, title, status, priority, depends_on }) => ({
          id,
          title,
          status,
          priority,
          depends_on,
        }));
        const { tasks, problems } = await read();
        assert.deepEqual(problems, []);
        const own = tasks.map(({ id, title, status, priority, dependsOn }) => ({
          id,
          title,
          status,
          priority,
          depends_on: dependsOn,
        }));
        assert.deepEqual(own, shown);
        if (hand === "sluice") recorded.tasks = shown;
      });
      await report.check(`flowctl ${version}: works on it, and Sluice reads how far it is`, async () => {
        const next = await json(cwd, "next");
        const [first, blocked] = ["fn-1-add-login-uber.1", "fn-1-add-login-uber.3"];
        assert.equal(next.task, first);
        assert.equal((await json(cwd, "start", first)).success, true);
        const evidence = JSON.stringify({ commits: [], tests: ["npm test"], prs: [] });
        writeFileSync(join(sandbox.top, "done.md"), "Did it.");
        const files = ["--summary-file", join(sandbox.top, "done.md"), "--evidence", evidence];
        assert.equal((await json(cwd, "done", first, ...files)).success, true);
        assert.equal(
          (await json(cwd, "block", blocked, "--reason-file", join(sandbox.top, "done.md"))).success,
          true,
        );
        const { tasks, problems } = await read();
        assert.deepEqual(problems, []);
        assert.deepEqual(
          tasks.map(({ status, statusSource }) => [status, statusSource]),
          [
            ["done", "flow-state"],
            ["todo", "committed"],
            ["blocked", "flow-state"],
            ["todo", "committed"],
          ],
        );
        assert.equal(tasks[0].sections.doneSummary, "Did it.");
        assert.deepEqual(tasks[0].evidence.tests, ["npm test"]);
      });
    }

    await report.check(`flowctl ${version}: 6 processes through it and 6 without it get 12 ids`, async () => {
      const cwd = await newRepository(join(sandbox.top, `flowctl-${version}-many`), sandbox);
      if (dialect === "epic") writeFiles(cwd, epicFolder);
      await (await opened(cwd, false)).writer.createSpec({ title: "s" });
      const hands = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? path : "-"));
      const ids = (await Promise.all(hands.map((hand) => makeTasks(cwd, hand, sandbox)))).flat();
      assert.deepEqual(
        ids.map((id) => Number(id.split(".")[1])).sort((a, b) => a - b),
        [...Array.from({ length: 12 }, (_, index) => index + 1)],
      );
      const { valid } = await json(cwd, "validate", "--all");
      assert.equal(valid, true);
    });

    await report.check(`flowctl ${version}: no spec that is made beside it gets its number`, async () => {
      const cwd = await newRepository(join(sandbox.top, `flowctl-${version}-beside`), sandbox);
      if (dialect === "epic") writeFiles(cwd, epicFolder);
      const { writer } = await opened(cwd, false);
      const theirs = async () => {
        const ids = [];
        for (let at = 0; at < 6; at += 1)
          ids.push((await json(cwd, dialect, "create", "--title", `theirs ${at}`)).id);
        return ids;
      };
      const ours = async () => {
        const ids = [];
        for (let at = 0; at < 12; at += 1) ids.push((await writer.createSpec({ title: `ours ${at}` })).id);
        return ids;
      };
      const numbers = (await Promise.all([theirs(), ours()])).flat().map((id) => id.split("-")[1]);
      assert.equal(new Set(numbers).size, 18, numbers.join(" "));
    });

    await report.check(`flowctl ${version}: validates a folder of 0.26.1 that Sluice added to`, async () => {
      const cwd = await newRepository(join(sandbox.top, `flowctl-${version}-older`), sandbox);
      cpSync(join(root, "test/fixtures/flow/0.26.1/dot-flow"), join(cwd, ".flow"), { recursive: true });
      for (const flowctl of [false, path]) {
        const folder = await opened(cwd, flowctl);
        const { id } = await folder.writer.createSpec({ title: "added" });
        await folder.writer.createTasks(id, [{ title: "t", description: "d", acceptance: "- [ ] a" }]);
        await folder.writer.setTaskSpec("fn-1.3", { description: `by ${folder.writer.via}` });
        const { schemaVersion, dialect: kept, problems } = await folder.read();
        assert.deepEqual([schemaVersion, kept, problems], [2, "epic", []]);
      }
      const validated = await json(cwd, "validate", "--all");
      assert.deepEqual([validated.valid, validated.total_errors], [true, 0]);
    });

    if (record) {
      const folder = join(root, "test/fixtures/flow/recorded");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${version}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
    }
  }
}

/** As the plugin around it says. */
function versionOf(path) {
  const manifest = join(dirname(path), "..", ".claude-plugin", "plugin.json");
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : "unknown";
}

async function newRepository(cwd, { env }) {
  mkdirSync(cwd);
  const who = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.com"];
  for (const args of [
    ["init", "-q"],
    [...who, "commit", "-q", "--allow-empty", "-m", "first"],
  ]) {
    const result = await run("git", args, { cwd, env });
    assert.equal(result.code, 0, said(result));
  }
  return cwd;
}

/** A process of its own that creates one task. */
async function makeTasks(cwd, flowctl, { env }) {
  const maker = new URL("../flow/task-maker.mjs", import.meta.url).pathname;
  const child = spawn(process.execPath, [maker, cwd, "fn-1", "1", flowctl], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ids = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") child.stdin.write("go\n");
    else ids.push(line);
  }
  return ids;
}
