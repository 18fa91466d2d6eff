import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SourceError } from "../../src/errors.js";
import { LockLost, withLock } from "../../src/file-lock.js";

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-lock-"));
  lock = join(folder, "state.lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A lock that somebody else left, with a heartbeat some seconds ago. */
function leave(owner: Record<string, unknown> | string, secondsAgo: number): void {
  mkdirSync(lock);
  const path = join(lock, "owner-0123");
  const known = { host: "elsewhere", boot_id: "b", pid_namespace: "n", pid: 1, started: "1", since: "then" };
  writeFileSync(path, typeof owner === "string" ? owner : JSON.stringify({ ...known, ...owner }));
  const at = new Date(Date.now() - secondsAgo * 1_000);
  utimesSync(path, at, at);
}

/** What this process writes into a lock. */
async function ownerOf(): Promise<unknown> {
  const other = join(folder, "other.lock");
  const text = await withLock(other, {}, async () => {
    const [name = ""] = readdirSync(other);
    return readFileSync(join(other, name), "utf8");
  });
  return JSON.parse(text);
}

const free = () => readdirSync(folder).every((name) => readdirSync(join(folder, name)).length === 0);

describe("a lock", () => {
  it("is held by one at a time, and given back whatever happens", async () => {
    let inside = 0;
    let most = 0;
    const work = (fail: boolean) =>
      withLock(lock, {}, async () => {
        inside += 1;
        most = Math.max(most, inside);
        for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        if (fail) throw new Error("work failed");
        return "done";
      });
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => work(index % 4 === 0)));
    expect(most).toBe(1);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(15);
    expect(free()).toBe(true);
  });

  it("of another host is left alone while its heart beats, and the error names the holder", async () => {
    leave({ pid: 4711 }, 0);
    const attempt = withLock(lock, { wait: 20 }, async () => "mine");
    await expect(attempt).rejects.toThrow(/process 4711 on elsewhere since then/);
    await expect(attempt).rejects.toBeInstanceOf(SourceError);
    expect(readdirSync(folder)).toEqual(["state.lock"]);
  });

  it.each([
    ["another host", {}],
    ["the same host before its last boot", { host: hostname(), boot_id: "earlier" }],
    ["a file that names nobody", ""],
    ["a file that is no JSON", "{{{"],
  ])("of %s is taken over when its heart stopped", async (_name, owner) => {
    leave(owner, 60);
    expect(await withLock(lock, { wait: 1_000 }, async () => "mine")).toBe("mine");
    expect(free()).toBe(true);
  });

  it("is not blocked for long by what somebody else left in its folder", async () => {
    mkdirSync(lock);
    writeFileSync(join(lock, ".DS_Store"), "");
    await expect(withLock(lock, { wait: 20 }, async () => "mine")).rejects.toThrow(SourceError);
    expect(await withLock(lock, { wait: 1_000, staleAfter: -1 }, async () => "mine")).toBe("mine");
  });

  it("that died is taken over by exactly one of many at a time", async () => {
    leave({}, 60);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        withLock(lock, {}, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
  });

  it("tells its holder that somebody took over", async () => {
    await expect(
      withLock(lock, {}, async (held) => {
        await held.assertHeld();
        for (const name of readdirSync(lock)) rmSync(join(lock, name));
        await held.assertHeld();
      }),
    ).rejects.toThrow(LockLost);
  });

  it("does not free a lock that is no longer its own", async () => {
    await withLock(lock, {}, async () => {
      for (const name of readdirSync(lock)) rmSync(join(lock, name));
      writeFileSync(join(lock, "owner-next"), "{}");
    });
    expect(readdirSync(lock)).toEqual(["owner-next"]);
  });

  it("clears away what processes that died while they waited left, and nothing of those that live", async () => {
    const self = JSON.stringify(await ownerOf());
    const waiter = (name: string, owner: string | null, secondsAgo: number) => {
      const left = `${lock}.new-${name}`;
      mkdirSync(left);
      if (owner !== null) writeFileSync(join(left, "owner-1"), owner);
      const at = new Date(Date.now() - secondsAgo * 1_000);
      utimesSync(left, at, at);
    };
    waiter("alive", self, 100);
    waiter("dead", self.replace(/"started":"\d+"/, '"started":"1"'), 0);
    waiter("nameless", null, 0);
    waiter("nameless-old", null, 100);
    waiter("elsewhere", self.replace(/"host":"[^"]*"/, '"host":"elsewhere"'), 100);
    waiter("elsewhere-old", self.replace(/"host":"[^"]*"/, '"host":"elsewhere"'), 4_000);
    await withLock(lock, {}, async () => {});
    const left = readdirSync(folder).filter((name) => name.includes(".new-"));
    const dead = process.platform === "linux" ? [] : ["state.lock.new-dead"];
    expect(left.sort()).toEqual(
      ["state.lock.new-alive", "state.lock.new-elsewhere", "state.lock.new-nameless", ...dead].sort(),
    );
  });

  it("stops waiting when cancelled, and leaves nothing behind", async () => {
    leave({}, 0);
    const controller = new AbortController();
    const attempt = withLock(lock, { signal: controller.signal }, async () => "mine");
    setImmediate(() => controller.abort());
    await expect(attempt).rejects.toThrow(/abort/i);
    expect(readdirSync(folder)).toEqual(["state.lock"]);
  });
});
