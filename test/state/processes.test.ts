import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as z from "zod";
import { openStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

const worker = fileURLToPath(new URL("worker.mjs", import.meta.url));
const schema = z.looseObject({ entries: z.array(z.string()).default([]) });

let repository: TestRepository;
const started: ChildProcess[] = [];

beforeEach(() => {
  repository = testRepository();
  mkdirSync(join(repository.path, ".flow"));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  repository.remove();
});

function start(mode: string, name: string, count: number, options: { uid?: number } = {}) {
  const child = spawn(process.execPath, [worker, repository.path, mode, name, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
    ...options,
  });
  started.push(child);
  return { child, lines: createInterface({ input: child.stdout }), ended: once(child, "close") };
}

const file = () => join(repository.path, ".flow", "metrics.json");

it("loses no acknowledged update of 8 processes at once, some of them killed in the middle of one", async () => {
  const acknowledged: string[] = [];
  let broken = 0;
  let killed = 0;
  const run = (name: string, killAfter: number | null): Promise<unknown> => {
    // One that is to be killed is not done before, however late its lines are read here.
    const { child, lines, ended } = start("update", name, killAfter === null ? 12 : 1_000);
    let own = 0;
    lines.on("line", (line) => {
      acknowledged.push(line.replace("ack ", ""));
      own += 1;
      // Whatever moment it is, the file is whole.
      try {
        JSON.parse(readFileSync(file(), "utf8"));
      } catch {
        broken += 1;
      }
      if (own !== killAfter) return;
      // It is in its next update by now; a few turns of the event loop vary where.
      let turns = Math.floor(Math.random() * 40);
      const kill = () => {
        turns -= 1;
        if (turns > 0) setImmediate(kill);
        else if (child.kill("SIGKILL")) killed += 1;
      };
      kill();
    });
    return ended;
  };
  await Promise.all([
    ...["a", "b", "c", "d"].map((name) => run(name, null)),
    ...["e", "f", "g", "h"].map((name, index) => run(name, 1 + index * 2)),
  ]);
  const entries: string[] = JSON.parse(readFileSync(file(), "utf8")).entries;
  expect(killed).toBe(4);
  expect(broken).toBe(0);
  expect(acknowledged.length).toBeGreaterThanOrEqual(4 * 12 + 4);
  expect(acknowledged.filter((id) => !entries.includes(id))).toEqual([]);
  expect(new Set(entries).size).toBe(entries.length);

  // And the next one cleans up after the dead.
  const store = await openStore(repository.sluice(), opened(repository));
  await store.update("metrics.json", schema, (state) => state.entries.push("last"));
  expect(readdirSync(join(repository.path, ".flow", "cache", "tmp"))).toEqual([]);
  expect(readdirSync(join(repository.path, ".flow")).filter((name) => name.includes("corrupt"))).toEqual([]);
  expect(store.warnings).toEqual([]);
});

it("takes over from a process that was killed while it held the lock, at once", async () => {
  const { child, lines, ended } = start("hold", "x", 0);
  expect(await once(lines, "line")).toEqual(["holding"]);
  const store = await openStore(repository.sluice(), opened(repository));
  const waiting = store.update("metrics.json", schema, () => "mine", { wait: 30 });
  await expect(waiting).rejects.toThrow(`locked by process ${child.pid} on `);
  child.kill("SIGKILL");
  await ended;
  const before = performance.now();
  expect(await store.update("metrics.json", schema, () => "mine")).toBe("mine");
  expect(performance.now() - before).toBeLessThan(5_000);
});

it("works on without keeping anything where it may not write", async () => {
  // Root may write anywhere: then the process runs as nobody.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  chmodSync(dirname(repository.path), 0o755);
  const common = join(repository.path, ".git", "sluice");
  const places = [join(repository.path, ".flow"), common, join(repository.path, ".git")];
  mkdirSync(common);
  // git does not answer for the folder of somebody else, so as nobody the state is looked for in the git folder.
  for (const path of [file(), join(common, "metrics.json")]) {
    writeFileSync(path, '{"entries":["before"]}', { mode: 0o644 });
  }
  for (const place of places) chmodSync(place, 0o555);
  try {
    const { lines, ended } = start("warnings", "x", 2, uid === undefined ? {} : { uid });
    const [line] = await once(lines, "line");
    const said = JSON.parse(line);
    expect(said.state.entries).toEqual(["before", "x-0", "x-1"]);
    expect(said.warnings.join("\n")).toContain("not kept");
    expect(isAbsolute(said.result)).toBe(true);
    expect(existsSync(dirname(said.result))).toBe(true);
    expect(said.result.startsWith(repository.path)).toBe(false);
    expect((await ended)[0]).toBe(0);
    expect(readFileSync(file(), "utf8")).toBe('{"entries":["before"]}');
  } finally {
    for (const place of places) chmodSync(place, 0o755);
  }
});
