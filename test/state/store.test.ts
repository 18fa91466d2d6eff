import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ConfigurationError } from "../../src/errors.js";
import { ignoreInFlow } from "../../src/state/place.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

const schema = z.looseObject({
  count: z.int().default(0),
  items: z.record(z.string(), z.unknown()).default({}),
});

let repository: TestRepository;
let flow: string;
let common: string;

beforeEach(() => {
  repository = testRepository();
  flow = join(repository.path, ".flow");
  common = join(repository.path, ".git", "sluice");
});
afterEach(() => repository.remove());

const open = () => openStore(repository.sluice(), opened(repository));
const bump = (store: StateStore) =>
  store.update("metrics.json", schema, (state) => {
    state.count += 1;
    return state.count;
  });
const content = (folder: string) => JSON.parse(readFileSync(join(folder, "metrics.json"), "utf8"));

describe("the place of the state", () => {
  it("is the git folder where nobody made a .flow/, and nothing appears in the tree", async () => {
    const store = await open();
    expect(store.directory).toBe(common);
    expect(existsSync(common)).toBe(false);
    await bump(store);
    expect(content(common)).toMatchObject({ schema_version: 1, count: 1 });
    expect(readdirSync(repository.path)).toEqual([".git"]);
    expect(store.warnings).toEqual([]);
  });

  it("is the git folder where .flow/ is a repository of its own: its files came with it, and git lists none here", async () => {
    const inner = testRepository();
    inner.write({ "metrics.json": '{"schema_version":1,"count":41}' });
    inner.commit();
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, ".flow");
    inner.remove();
    const store = await open();
    expect(store.directory).toBe(common);
    expect(store.warnings).toEqual([expect.stringContaining("a git repository of its own")]);
    expect(await bump(store)).toBe(1);
  });

  it("is found without running a git that the repository brings, wherever PATH has it", async () => {
    repository.write({
      ".flow/metrics.json": null,
      "node_modules/.bin/git*": "#!/bin/sh\necho run >> ran\nexit 1\n",
    });
    mkdirSync(flow, { recursive: true });
    const bin = join(repository.path, "node_modules", ".bin");
    const env = { ...repository.sluice().env, PATH: `${bin}:.:${process.env.PATH}` };
    const store = await openStore(repository.sluice({ env }), opened(repository));
    expect([store.directory, store.warnings]).toEqual([flow, []]);
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("is .flow/ where there is one, readable for the user only", async () => {
    mkdirSync(flow);
    const store = await open();
    await bump(store);
    expect(store.directory).toBe(flow);
    expect(statSync(join(flow, "metrics.json")).mode & 0o777).toBe(0o600);
    expect(existsSync(common)).toBe(false);
  });

  it("takes along what was kept before somebody made a .flow/", async () => {
    await bump(await open());
    mkdirSync(flow);
    const store = await open();
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 1 });
    expect(await bump(store)).toBe(2);
    expect(content(flow).count).toBe(2);
    expect(content(common).count).toBe(1);
  });

  it("is the git folder in a bare repository", async () => {
    const store = await openStore(repository.sluice(), { ...opened(repository), bare: true, mainRoot: null });
    expect(store.directory).toBe(common);
  });
});

describe("the state in .flow/", () => {
  const block =
    "# Auto-managed by flowctl — do not edit above this marker.\nreceipts/\n# End of auto-managed block.";

  const excluded = () => join(repository.path, ".git", "info", "exclude");

  it("is kept out of git without a change to the work tree", async () => {
    mkdirSync(flow);
    writeFileSync(join(flow, ".gitignore"), block);
    writeFileSync(join(flow, "metrics.json"), "{");
    repository.git("add", "-f", ".flow/.gitignore");
    repository.git("commit", "-q", "-m", "flow");
    const store = await open();
    await Promise.all([bump(store), bump(await open()), bump(await open())]);
    writeFileSync(store.resultFile("a.txt"), "x");
    expect(repository.git("status", "--porcelain", "-uall").trim()).toBe("");
    expect(readFileSync(join(flow, ".gitignore"), "utf8")).toBe(block);
    const text = readFileSync(excluded(), "utf8");
    expect(text.match(/^\/\.flow\/review_state\.json\*$/gm)).toHaveLength(1);
    await bump(await open());
    expect(readFileSync(excluded(), "utf8")).toBe(text);
  });

  it("is out of git where .flow/.gitignore says so: nothing more is written", async () => {
    mkdirSync(join(flow, "cache", "tmp"), { recursive: true });
    writeFileSync(join(flow, ".gitignore"), "receipts/\r\n");
    expect(await ignoreInFlow(flow)).toBe(null);
    const text = readFileSync(join(flow, ".gitignore"), "utf8");
    expect(text.startsWith("receipts/\r\n")).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(statSync(join(flow, ".gitignore")).mode & 0o777).toBe(0o644 & ~process.umask());
    const before = existsSync(excluded()) ? readFileSync(excluded(), "utf8") : null;
    await bump(await open());
    expect(existsSync(excluded()) ? readFileSync(excluded(), "utf8") : null).toBe(before);
    expect(await ignoreInFlow(flow)).toBe(null);
    expect(readFileSync(join(flow, ".gitignore"), "utf8")).toBe(text);
  });

  it("is warned of when the exclude file leads elsewhere, which is not followed", async () => {
    mkdirSync(flow);
    const elsewhere = join(dirname(repository.path), "elsewhere");
    writeFileSync(elsewhere, "mine\n");
    mkdirSync(dirname(excluded()), { recursive: true });
    rmSync(excluded(), { force: true });
    symlinkSync(elsewhere, excluded());
    const store = await open();
    await bump(store);
    expect(readFileSync(elsewhere, "utf8")).toBe("mine\n");
    expect(store.warnings.join()).toContain("exclude");
  });
});

describe("a hostile repository", () => {
  it.each(["review_state.json", "quota_state.json", "metrics.json", "cache/results/x.md"])(
    "that commits %s is not believed: the file is ignored, reported, and left as it is",
    async (name) => {
      const text = '{"schema_version":1,"count":99}';
      repository.write({ [`.flow/${name}`]: text });
      repository.git("add", "-f", `.flow/${name}`);
      const store = await open();
      expect(store.directory).toBe(common);
      expect(store.warnings.join()).toMatch(/tracked by git.*ignored/);
      expect(await bump(store)).toBe(1);
      expect(readFileSync(join(flow, name), "utf8")).toBe(text);
    },
  );

  it.each([
    [".flow itself", ""],
    ["a state file", "review_state.json"],
    ["the cache", "cache"],
    ["the results", "cache/results"],
    ["the locks", "cache/locks"],
  ])("that makes %s a link does not lead Sluice out of it", async (_name, link) => {
    const outside = join(dirname(repository.path), "outside");
    mkdirSync(outside);
    const path = link === "" ? flow : join(flow, link);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(outside, path);
    const store = await open();
    expect(store.directory).toBe(common);
    expect(store.warnings.join()).toContain("symbolic link");
    await bump(store);
    writeFileSync(store.resultFile("a.txt"), "x");
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });

  it("that makes a state file a link while Sluice runs gets nothing either", async () => {
    mkdirSync(flow);
    const store = await open();
    const outside = join(dirname(repository.path), "outside");
    writeFileSync(outside, '{"count":41}');
    symlinkSync(outside, join(flow, "metrics.json"));
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 0 });
    expect(await bump(store)).toBe(1);
    expect(readFileSync(outside, "utf8")).toBe('{"count":41}');
    expect(store.warnings.join()).toContain("symbolic link");
  });

  it("that also makes the git folder's place a link gets no state at all", async () => {
    const outside = join(dirname(repository.path), "outside");
    mkdirSync(outside);
    symlinkSync(outside, common);
    const store = await open();
    expect(await bump(store)).toBe(1);
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 1 });
    expect(readdirSync(outside)).toEqual([]);
    expect(dirname(store.resultFile("a.txt")).startsWith(outside)).toBe(false);
    expect(store.warnings.join()).toContain("not kept");
  });

  it("can't plant a link under the name of a result", async () => {
    mkdirSync(join(flow, "cache", "results"), { recursive: true });
    const outside = join(dirname(repository.path), "outside");
    writeFileSync(outside, "mine");
    symlinkSync(outside, join(flow, "cache", "results", "a.txt"));
    writeFileSync((await open()).resultFile("a.txt"), "result");
    expect(readFileSync(outside, "utf8")).toBe("mine");
  });

  it("can't reach out of the results by a name", async () => {
    mkdirSync(flow);
    const store = await open();
    for (const name of ["../../../etc/passwd", "/etc/passwd", "..", "", "a/b\u0000c", "x".repeat(5_000)]) {
      expect(dirname(store.resultFile(name))).toBe(join(flow, "cache", "results"));
    }
  });
});

describe("an update", () => {
  beforeEach(() => mkdirSync(flow));

  it("keeps keys that this version does not know", async () => {
    const text = '{"schema_version":1,"later":{"deep":[1,{"x":null}]},"count":4,"items":{"a":{"b":1}}}';
    writeFileSync(join(flow, "metrics.json"), text);
    expect(await bump(await open())).toBe(5);
    expect(content(flow)).toEqual({ ...JSON.parse(text), count: 5 });
  });

  it("of many at once in one process loses nothing", async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all(Array.from({ length: 15 }, () => [bump(one), bump(two)]).flat());
    expect(content(flow).count).toBe(30);
  });

  it("that fails changes nothing and gives the lock back", async () => {
    const store = await open();
    await bump(store);
    await expect(
      store.update("metrics.json", schema, (state) => {
        state.count = 100;
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await bump(store)).toBe(2);
  });

  it("is done again when the lock was lost in the middle", async () => {
    const store = await open();
    await bump(store);
    let runs = 0;
    const result = await store.update("metrics.json", schema, (state) => {
      runs += 1;
      const lock = join(flow, "cache", "locks", "metrics.json.lock");
      if (runs === 1) for (const name of readdirSync(lock)) rmSync(join(lock, name));
      state.count += 1;
      return state.count;
    });
    expect([runs, result]).toEqual([2, 2]);
    expect(content(flow).count).toBe(2);
  });

  it("survives that its folders are cleaned away", async () => {
    const store = await open();
    await bump(store);
    rmSync(join(flow, "cache"), { recursive: true });
    expect(await bump(store)).toBe(2);
  });

  it("is reported as not kept, and holds for now, where its lock can't be made", async () => {
    mkdirSync(join(flow, "cache", "locks"), { recursive: true });
    writeFileSync(join(flow, "cache", "locks", "metrics.json.lock"), "");
    writeFileSync(join(flow, "metrics.json"), '{"count":7}');
    const store = await open();
    expect([await bump(store), await bump(store)]).toEqual([8, 9]);
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 9 });
    expect(content(flow).count).toBe(7);
    expect(store.warnings.join()).toContain("not kept");
  });

  it("does not bring back a .flow/ that was removed", async () => {
    const store = await open();
    rmSync(flow, { recursive: true });
    expect(await bump(store)).toBe(1);
    expect(existsSync(flow)).toBe(false);
    expect(store.warnings.join()).toContain("not kept");
  });

  it("that changes nothing does not touch the file", async () => {
    const store = await open();
    await bump(store);
    const before = statSync(join(flow, "metrics.json"));
    await store.update("metrics.json", schema, () => {});
    expect(statSync(join(flow, "metrics.json")).ino).toBe(before.ino);
  });

  it("cleans up the temporary file of a process that died", async () => {
    const store = await open();
    await bump(store);
    const left = join(flow, "cache", "tmp", "metrics.json.1.abc.tmp");
    writeFileSync(left, "{");
    await bump(store);
    expect(existsSync(left)).toBe(false);
  });
});

describe("a file that can't be understood", () => {
  beforeEach(() => mkdirSync(flow));

  it.each([
    ["cut off", '{"count": 1'],
    ["empty", ""],
    ["a list", "[]"],
    ["of the wrong shape", '{"count":"many"}'],
    ["nested without end", `${"[".repeat(100_000)}`],
    ["binary", "\u0000\u0001\uFFFD"],
  ])("is set aside and reported, never replaced in silence: %s", async (_name, text) => {
    writeFileSync(join(flow, "metrics.json"), text);
    const store = await open();
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 0 });
    expect(await bump(store)).toBe(1);
    const aside = readdirSync(flow).filter((name) => name.startsWith("metrics.json.corrupt-"));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(flow, aside[0] ?? ""), "utf8")).toBe(text);
    expect(store.warnings).toHaveLength(1);
    expect(store.warnings[0]).toContain(aside[0]);
  });

  it("keeps every copy that was set aside, also within one moment", async () => {
    const sluice = repository.sluice({ clock: () => 1_000 });
    for (const text of ["{1", "{2"]) {
      writeFileSync(join(flow, "metrics.json"), text);
      await bump(await openStore(sluice, opened(repository)));
    }
    const aside = readdirSync(flow).filter((name) => name.startsWith("metrics.json.corrupt-"));
    expect(aside.map((name) => readFileSync(join(flow, name), "utf8")).sort()).toEqual(["{1", "{2"]);
  });

  it("of a newer Sluice is neither read nor changed", async () => {
    const text = '{"schema_version":2,"count":"seven"}';
    writeFileSync(join(flow, "metrics.json"), text);
    const store = await open();
    expect(await store.read("metrics.json", schema)).toMatchObject({ count: 0 });
    expect(store.warnings.join()).toContain("newer Sluice");
    await expect(bump(store)).rejects.toThrow(ConfigurationError);
    await expect(bump(store)).rejects.toMatchObject({ hint: expect.stringContaining("Upgrade") });
    expect(readFileSync(join(flow, "metrics.json"), "utf8")).toBe(text);
  });

  it("can't reach the prototype of anything", async () => {
    writeFileSync(
      join(flow, "metrics.json"),
      '{"__proto__":{"polluted":1},"items":{"__proto__":{"polluted":1}}}',
    );
    await bump(await open());
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

it("keeps the newest 200 long results", async () => {
  mkdirSync(flow);
  const store = await open();
  for (let index = 0; index < 230; index += 1) writeFileSync(store.resultFile(`r${index}`), "x");
  expect(readdirSync(join(flow, "cache", "results")).length).toBeLessThanOrEqual(221);
});
