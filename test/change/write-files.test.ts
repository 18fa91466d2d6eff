import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { writeAllOrNothing } from "../../src/change/write-files.js";
import { ownMark } from "../../src/process-identity.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { serverProgram } from "../support/server.js";

const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

let repository: TestRepository;

const before = { "src/a.js": "a1\n", "run.sh": "echo 1\n", "src/gone.js": "gone\n", "other.js": "o\n" };
const planned: [path: string, before: string | null, after: string | null][] = [
  ["src/a.js", before["src/a.js"], "a2, and more\n"],
  ["lib/deep/new.js", null, "new\n"],
  ["src/gone.js", before["src/gone.js"], null],
  ["run.sh", before["run.sh"], "echo 2\n"],
];

beforeEach(() => {
  repository = testRepository();
  repository.write({ ...before, "run.sh": null, "run.sh*": before["run.sh"] });
  repository.commit();
});

afterEach(() => repository.remove());

/** Whether what is in the tree is all as before, all as planned, or neither. */
function treeNow(): "before" | "after" | "half" {
  const now = (path: string) => {
    const file = join(repository.path, path);
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  };
  if (planned.every(([path, , after]) => now(path) === after)) return "after";
  return repository.git("status", "--porcelain", "-uall") === "" && !existsSync(join(repository.path, "lib"))
    ? "before"
    : "half";
}

/** A process that writes what is planned, killed right before its `at`th change of the file system. */
function killedAt(at: number) {
  const args = ["--import", support("killed-at.mjs"), support("write-files.mjs"), JSON.stringify(planned)];
  const env = { ...repository.sluice().env, KILL_AT: `${at}`, KILL_WITHIN: repository.path };
  return spawnSync(process.execPath, args, { cwd: repository.path, env, encoding: "utf8" });
}

/** One that had written some of it. */
function killedHalfWay(): void {
  // By then the journal is there.
  for (let at = 8; at < 60; at++) {
    killedAt(at);
    const isWritten = readFileSync(join(repository.path, "src/a.js"), "utf8") !== before["src/a.js"];
    if (isWritten && treeNow() === "half") return;
    rmSync(journals(), { recursive: true, force: true });
    repository.git("checkout", "-q", ".");
    repository.git("clean", "-fdq");
  }
  throw new Error("it was never killed half way");
}

const journals = () => join(repository.path, ".git/sluice/apply");
const kept = () => (existsSync(journals()) ? readdirSync(journals()) : []);

/** What the next one that opens the repository says. */
async function nextStart(): Promise<string[]> {
  const said: string[] = [];
  await openRepository(repository.sluice({ log: (message) => said.push(message) }), undefined);
  return said;
}

describe("files of a work tree are all written or none", { timeout: 120_000 }, () => {
  it("whichever step a SIGKILL comes at: the next start undoes it whole", async () => {
    const seen = new Set<string>();
    for (let at = 1; ; at++) {
      expect(at, "it never came to its end").toBeLessThan(80);
      const { signal, status, stderr } = killedAt(at);
      const left = treeNow();
      if (signal === null) {
        expect(status, stderr).toBe(0);
        expect(left).toBe("after");
        expect(kept()).toEqual([]);
        break;
      }
      seen.add(left);
      const said = await nextStart();
      // All of it had been written: that is no half.
      expect(treeNow(), `killed at step ${at}`).toBe(left === "after" ? "after" : "before");
      expect(said.length, `killed at step ${at}: ${said}`).toBeLessThanOrEqual(1);
      if (left === "half" && said.length > 0) expect(said[0]).toContain("undone whole");
      expect(statSync(join(repository.path, "run.sh")).mode & 0o777).toBe(0o755);
      expect(kept()).toEqual([]);
      expect(await nextStart()).toEqual([]);
      repository.git("checkout", "-q", ".");
      repository.git("clean", "-fdq");
    }
    expect([...seen].sort()).toEqual(["after", "before", "half"]);
  });

  it("the command line undoes it when it starts, whatever it was called for, and says so", () => {
    killedHalfWay();
    const { stderr } = spawnSync(process.execPath, [serverProgram, "status"], {
      cwd: repository.path,
      env: repository.sluice().env,
      encoding: "utf8",
    });
    expect(stderr).toContain("undone whole");
    expect(treeNow()).toBe("before");
  });

  it("two starts at once undo it once", async () => {
    killedHalfWay();
    const said = await Promise.all([nextStart(), nextStart(), nextStart()]);
    expect(said.flat()).toHaveLength(1);
    expect(treeNow()).toBe("before");
  });

  it("an edit since is never written over: which file is how, and where the originals are", async () => {
    killedHalfWay();
    repository.write({ "src/a.js": "mine\n" });
    const tree = () => repository.git("status", "--porcelain", "-uall");
    const was = tree();
    const [message = ""] = await nextStart();
    expect(tree()).toBe(was);
    expect(readFileSync(join(repository.path, "src/a.js"), "utf8")).toBe("mine\n");
    expect(message).toContain("src/a.js was edited since");
    expect(message).toContain("As before: ");
    const originals = /is in (\S+\/before) /.exec(message)?.[1] ?? "";
    expect(readFileSync(join(originals, "src/a.js"), "utf8")).toBe(before["src/a.js"]);
    // As long as it is so; what it says to do ends it.
    expect(await nextStart()).toEqual([message]);
    cpSync(originals, repository.path, { recursive: true });
    expect((await nextStart()).join("")).not.toContain("edited since");
    expect(treeNow()).toBe("before");
    expect(kept()).toEqual([]);
  });

  it.each([
    ["staged", (path: string) => repository.git("add", path)],
    ["committed", (path: string) => repository.git("commit", "-qm", "mine", path)],
  ])("what somebody has %s since stays", async (_, act) => {
    killedHalfWay();
    act("src/a.js");
    const was = repository.git("status", "--porcelain", "-uall");
    expect((await nextStart())[0]).toContain("staged or committed since");
    expect(repository.git("status", "--porcelain", "-uall")).toBe(was);
    const [held = ""] = kept();
    rmSync(join(journals(), held), { recursive: true });
    expect(await nextStart()).toEqual([]);
  });

  it("a folder that has become a link since is not followed", async () => {
    killedHalfWay();
    const elsewhere = join(repository.path, "../elsewhere");
    cpSync(join(repository.path, "src"), elsewhere, { recursive: true });
    rmSync(join(repository.path, "src"), { recursive: true });
    repository.link("src", elsewhere);
    expect((await nextStart())[0]).toContain("nothing was undone");
    expect(readFileSync(join(elsewhere, "a.js"), "utf8")).toBe("a2, and more\n");
  });

  it("a process that still lives is left alone, and a journal that leads outside is not believed", async () => {
    killedHalfWay();
    const [name = ""] = kept();
    const alive = join(journals(), `${ownMark()}-abc`);
    cpSync(join(journals(), name), alive, { recursive: true });
    const outside = join(repository.path, "../outside.js");
    writeFileSync(outside, "theirs\n");
    const text = readFileSync(join(journals(), name, "journal.json"), "utf8");
    writeFileSync(join(journals(), name, "journal.json"), text.replaceAll("src/a.js", "../outside.js"));
    expect(await nextStart()).toEqual([]);
    expect(readFileSync(outside, "utf8")).toBe("theirs\n");
    expect(kept()).toEqual([`${ownMark()}-abc`]);
    expect(treeNow()).toBe("half");
  });

  it("a full disk: nothing was touched, or all of it is undone", async () => {
    const small = join(repository.path, "lib");
    mkdirSync(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small], { stdio: "ignore" });
    } catch {
      // Only root may.
      return;
    }
    try {
      const opened = await openRepository(repository.sluice(), undefined);
      const first = {
        path: "src/a.js",
        before: Buffer.from(before["src/a.js"]),
        after: Buffer.from("a2"),
        mode: 0o644,
      };
      const large = { path: "lib/large.js", before: null, after: Buffer.alloc(200_000, "x"), mode: 0o644 };
      expect(await writeAllOrNothing(opened, [first, large])).toMatch(/ENOSPC.*; all was undone$/);
      expect(readdirSync(small)).toEqual([]);
    } finally {
      execFileSync("umount", [small]);
    }
    rmSync(small, { recursive: true });
    expect(treeNow()).toBe("before");
    expect(kept()).toEqual([]);
  });

  it("what can't be written undoes the rest at once, and an edit that came between is seen", async () => {
    const opened = await openRepository(repository.sluice(), undefined);
    const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));
    const writes = planned.map(([path, now, after]) => ({
      path,
      before: bytes(now),
      after: bytes(after),
      mode: path === "run.sh" ? 0o755 : 0o644,
    }));
    mkdirSync(join(repository.path, "taken"));
    const taken = { path: "taken", before: null, after: Buffer.from("x"), mode: 0o644 };
    expect(await writeAllOrNothing(opened, [...writes, taken])).toMatch(/; all was undone$/);
    rmSync(join(repository.path, "taken"), { recursive: true });
    expect(treeNow()).toBe("before");
    repository.write({ "run.sh": "mine\n" });
    expect(await writeAllOrNothing(opened, writes)).toBe("run.sh was edited meanwhile; all was undone");
    expect(readFileSync(join(repository.path, "run.sh"), "utf8")).toBe("mine\n");
    expect(repository.git("status", "--porcelain", "-uall")).toBe(" M run.sh\n");
    expect(kept()).toEqual([]);
  });
});
