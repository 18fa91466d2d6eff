import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import { openFlowWriter } from "../../src/flow/writer.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];
afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

/** A folder of our own writing, a place beside it for programs, and our writer there with more environment. */
function setUp() {
  const repository = testRepository();
  made.push(repository);
  repository.commit();
  const programs = join(repository.path, "..", "programs");
  mkdirSync(programs);
  return {
    flow: join(repository.path, ".flow"),
    programs,
    writer: async (env: Record<string, string> = {}, signal?: AbortSignal) => {
      const sluice = repository.sluice({ env: { ...repository.sluice().env, ...env } });
      const { config } = await loadUserConfiguration(sluice);
      const project = {
        repository: await openRepository(sluice, undefined),
        config: { ...config, flow: { flowctl: false as const } },
      };
      return openFlowWriter(project, sluice, { create: true, ...(signal ? { signal } : {}) });
    },
    status: () => repository.git("status", "--porcelain", "--untracked-files=all"),
  };
}

function program(path: string, body: string): string {
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

function findPython(): string | null {
  try {
    return execFileSync("python3", ["-c", "import sys, fcntl; print(sys.executable)"], {
      encoding: "utf8",
    }).trim();
  } catch {
    return null;
  }
}
const python = findPython();

/** Holds a lock as flowctl does until somebody else asks for it; then makes a file and lets go. */
const theirs = `
import fcntl, os, sys, time
lock, asked, makes = sys.argv[1:]
os.makedirs(os.path.dirname(lock), exist_ok=True)
fd = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
end = time.monotonic() + 20
while not os.path.exists(asked) and time.monotonic() < end:
    time.sleep(0.01)
open(makes, "w").write("{}")
`;

describe.skipIf(python === null)("beside a flowctl that creates at the same time", () => {
  const real = python ?? "";

  it.each([
    ["a spec", "native-fn-id-alloc.lock", "specs/fn-2-theirs.json", "fn-3-ours"],
    ["a task", "task-create-144c22ec0307d333.lock.d", "tasks/fn-1-first.1.json", "fn-1-first.2"],
  ])("%s gets its number under flowctl's lock", async (kind, lock, makes, expected) => {
    const { flow, programs, writer, status } = setUp();
    await (await writer()).createSpec({ title: "First" });
    const asked = join(programs, "asked");
    const other = spawn(real, ["-c", theirs, join(flow, "locks", lock), asked, join(flow, makes)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => createInterface({ input: other.stdout }).once("line", resolve));
    const mine = await writer({
      PYTHON_BIN: program(join(programs, "python"), `touch "${asked}"; exec "${real}" "$@"`),
    });
    const task = { title: "t", description: "d", acceptance: "- [ ] a" };
    const id =
      kind === "a spec"
        ? (await mine.createSpec({ title: "Ours" })).id
        : (await mine.createTasks("fn-1", [task]))[0]?.id;
    expect(id).toBe(expected);
    expect(status()).not.toContain("locks/");
  });

  it("a call that is cancelled while the lock is taken ends, and writes nothing", async () => {
    const { flow, programs, writer } = setUp();
    await writer();
    const never = join(programs, "never");
    const lock = join(flow, "locks", "native-fn-id-alloc.lock");
    const other = spawn(real, ["-c", theirs, lock, never, join(flow, "specs", "x.json")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => createInterface({ input: other.stdout }).once("line", resolve));
    const controller = new AbortController();
    const mine = await writer({}, controller.signal);
    const asked = mine.createSpec({ title: "Ours" });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    other.kill();
    expect(existsSync(join(flow, "specs", "fn-1-ours.json"))).toBe(false);
  });
});

it("a number that somebody takes who locks nothing is given up", async () => {
  const { flow, programs, writer } = setUp();
  const git = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  // Between the look at the folder and the writing of it stands the look at the history.
  program(
    join(programs, "git"),
    `case "$*" in *--diff-filter=A*) echo '{}' > "${flow}/specs/fn-1-theirs.json";; esac\nexec "${git}" "$@"`,
  );
  const mine = await writer({ PATH: `${programs}:${process.env.PATH}` });
  expect((await mine.createSpec({ title: "Ours" })).id).toBe("fn-2-ours");
  expect(existsSync(join(flow, "specs", "fn-1-ours.json"))).toBe(false);
  expect(existsSync(join(flow, "specs", "fn-1-theirs.json"))).toBe(true);
});

it("no lock of flowctl's is put where git would be shown it, and none is missed where no Python is", async () => {
  const { flow, writer, status } = setUp();
  const mine = await writer({ PYTHON_BIN: "/nowhere/python" });
  expect((await mine.createSpec({ title: "One" })).id).toBe("fn-1-one");
  writeFileSync(join(flow, ".gitignore"), "# none\n");
  // Made by the first: gone again, as in a folder that no flowctl of today has seen.
  execFileSync("rm", ["-r", join(flow, "locks")]);
  expect((await (await writer()).createSpec({ title: "Two" })).id).toBe("fn-2-two");
  expect(existsSync(join(flow, "locks"))).toBe(false);
  expect(status()).not.toContain("locks/");
});
