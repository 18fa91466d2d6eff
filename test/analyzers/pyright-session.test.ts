import { execFileSync } from "node:child_process";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { coolDown } from "../../src/analyzers/warm/warm.js";
import { type Files, screen } from "../review/prescreen-screening.js";
import { type TestRepository, testRepository } from "../support/repository.js";

afterAll(coolDown);

/** Language servers that run for this very process. */
function servers(): number[] {
  const list = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" });
  return list.split("\n").flatMap((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return pid && parent === process.pid && line.includes("langserver.index.js") ? [pid] : [];
  });
}

describe.skipIf(process.platform === "win32")("a warm pyright", () => {
  let repository: TestRepository;
  beforeEach(async () => {
    await coolDown();
    repository = testRepository();
    repository.write({
      "lib.py": "def find(key: str) -> int:\n    return 1\n",
      "user.py": "from lib import find\n\nprint(find('a'))\n",
    });
    repository.commit();
    return () => repository.remove();
  });

  async function found(files: Files): Promise<string[]> {
    repository.write(files);
    const { findings, engines } = await screen(repository);
    const states = engines.filter(({ name, state }) => name === "pyright" && state !== "ok");
    return [
      ...states.map(({ state, note }) => `${state} ${note}`),
      ...findings
        .filter(({ severity }) => severity !== "hint")
        .map((one) => `${one.file}:${one.line} ${one.class}`),
    ];
  }

  it("sees each change of what it knows: edited, added, taken away, given back", async () => {
    const user = "from lib import find\n\nprint(find('a'))\nprint(1)\n";
    expect(await found({ "user.py": user })).toEqual([]);
    const [server] = servers();
    expect(await found({ "lib.py": "def find(key: str, other: int) -> int:\n    return 1\n" })).toEqual([
      "user.py:3 argument-count",
    ]);
    expect(await found({ "lib.py": "def find(key: str) -> int:\n    return 1\n" })).toEqual([]);
    expect(await found({ "user.py": `${user}from more import thing\n`, "more.py": "thing = 1\n" })).toEqual(
      [],
    );
    expect(await found({ "more.py": "other = 1\n" })).toEqual(["user.py:5 missing-export"]);
    expect(await found({ "more.py": "thing = 2\n" })).toEqual([]);
    expect(servers()).toEqual([server]);
  });

  it("judges none against what another file was in the call before", async () => {
    repository.write({ "app.py": "from lib import find\n\nprint(find('a'))\n" });
    repository.commit();
    const both = (parameters: string, given: string) => ({
      "app.py": `from lib import find\n\nprint(find(${given}))\n`,
      "lib.py": `def find(${parameters}) -> int:\n    return 1\n`,
      "user.py": `from lib import find\n\nprint(find(${given}))\n`,
    });
    expect(await found(both("key, other", "1, 2"))).toEqual([]);
    expect(await found(both("key, other, third", "1, 2, 3"))).toEqual([]);
    expect(await found(both("key", "1"))).toEqual([]);
  });

  it("asks what base said as it is by now, where head says something", async () => {
    const wrong = "from lib import find\n\nprint(find())\n";
    expect(await found({ "user.py": wrong })).toEqual(["user.py:3 argument-count"]);
    repository.commit();
    expect(await found({ "user.py": `# more\n${wrong}` })).toEqual([]);
    repository.write({
      "user.py": wrong,
      "lib.py": "def find(key: str, other: int) -> int:\n    return 1\n",
    });
    repository.commit();
    // Moved to another file, where it is as wrong as it was.
    expect(await found({ "user.py": "print(1)\n", "moved.py": wrong })).toEqual([]);
  });

  it("is replaced when it died, at no cost to the answer", async () => {
    const wrong = { "user.py": "from lib import find\n\nprint(find())\n" };
    expect(await found(wrong)).toEqual(["user.py:3 argument-count"]);
    for (const pid of servers()) process.kill(pid, "SIGKILL");
    expect(await found({ ...wrong, "b.py": "x = 1\n" })).toEqual(["user.py:3 argument-count"]);
  });

  it("goes away with its folder", async () => {
    await found({ "user.py": "x = 1\n" });
    expect(servers()).toHaveLength(1);
    await coolDown();
    await expect.poll(servers).toEqual([]);
  });
});
