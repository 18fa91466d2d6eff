import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { readFlow } from "../../src/flow/folder.js";
import { sampleRepository } from "../support/flow.js";
import type { TestRepository } from "../support/repository.js";

const made: TestRepository[] = [];
afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

/** Starts a process that waits for `go` with its tasks, and gives the ids it got. */
async function start(repository: TestRepository, spec: string, count: number) {
  const worker = join("test", "flow", "task-maker.mjs");
  const { env } = repository.sluice();
  const child = spawn(process.execPath, [worker, repository.path, spec, String(count), "-"], {
    env: { ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const ended = new Promise<string[]>((resolve, reject) => {
    child.once("close", (code) =>
      code === 0 ? resolve(lines.slice(1)) : reject(new Error(`ended with ${code}`)),
    );
  });
  await new Promise<void>((ready) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      ready();
    });
  });
  return { go: () => child.stdin.write("go\n"), ended };
}

it("gives 20 processes that create tasks at once 20 ids, and loses none of them", async () => {
  const repository = sampleRepository("4.4.0");
  made.push(repository);
  const workers = await Promise.all(Array.from({ length: 20 }, () => start(repository, "fn-2", 1)));
  for (const { go } of workers) go();
  const ids = (await Promise.all(workers.map(({ ended }) => ended))).flat();
  const expected = Array.from({ length: 20 }, (_, place) => `fn-2-second-thing.${place + 1}`);
  expect([...ids].sort()).toEqual([...expected].sort());
  const sluice = repository.sluice();
  const folder = await readFlow(await openRepository(sluice, undefined), sluice);
  expect(folder?.problems).toEqual([]);
  expect(folder?.tasks.filter(({ spec }) => spec === "fn-2-second-thing").map(({ id }) => id)).toEqual(
    expected,
  );
}, 120_000);
