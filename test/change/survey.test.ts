import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import {
  mentionedPaths,
  relevantFiles,
  type Survey,
  surveyRepository,
  wordsOf,
} from "../../src/change/survey.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const open: TestRepository[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.remove();
});

function repositoryOf(files: Record<string, string>, message = "first"): TestRepository {
  const made = testRepository();
  open.push(made);
  made.write(files);
  made.commit(message);
  return made;
}

async function survey(made: TestRepository, commits?: number): Promise<Survey> {
  const repository = await openRepository(made.sluice(), undefined);
  const { signal } = new AbortController();
  return surveyRepository(repository, { signal, ...(commits === undefined ? {} : { commits }) });
}

describe("a survey", () => {
  it("sees what is in the work tree: tracked and there, or new and not ignored", async () => {
    const made = repositoryOf({
      "src/a.ts": "12345",
      "gone.ts": "x",
      ".gitignore": "ignored/\n",
      ".flow/metrics.json": "{}",
      "ü b\n.ts": "x",
    });
    made.write({ "new.ts": "xy", "ignored/b.ts": "x", "gone.ts": null, "src/a.ts": "123456" });
    made.link("link.ts", "src/a.ts");
    mkdirSync(join(made.path, "nested"));
    made.git("init", "-q", "nested");
    const seen = await survey(made);
    expect(seen.files).toEqual([
      { path: ".gitignore", bytes: 9 },
      { path: "new.ts", bytes: 2 },
      { path: "src/a.ts", bytes: 6 },
      { path: "ü b\n.ts", bytes: 1 },
    ]);
    expect(seen).toMatchObject({ branch: "main", head: made.git("rev-parse", "HEAD").trim(), notes: [] });
  });

  it("reads the newest commits with what they touched, however they are named", async () => {
    const made = repositoryOf({ "a.ts": "1" }, "first");
    made.write({ "a.ts": "2", "b\nc.ts": "1" });
    made.commit("second\twith\u0001control\n\nbody");
    made.commit("empty");
    const seen = await survey(made, 2);
    expect(seen.commits.map(({ subject, files, touched }) => ({ subject, files, touched }))).toEqual([
      { subject: "empty", files: [], touched: 0 },
      { subject: "second\twith\u0001control", files: ["a.ts", "b\nc.ts"], touched: 2 },
    ]);
    expect(seen.commits[0]?.at).toBe("2026-01-02T03:04:05.000Z");
  });

  it("leaves merges out but stands on them", async () => {
    const made = repositoryOf({ "a.ts": "1" });
    made.git("checkout", "-q", "-b", "side");
    made.write({ "b.ts": "1" });
    made.commit("side work");
    made.git("checkout", "-q", "main");
    made.git("merge", "-q", "--no-ff", "-m", "Merge side", "side");
    const seen = await survey(made);
    expect(seen.head).toBe(made.git("rev-parse", "HEAD").trim());
    expect(seen.commits.map(({ subject }) => subject).sort()).toEqual(["first", "side work"]);
  });

  it("answers without any commit, and of a bare repository", async () => {
    const made = testRepository();
    open.push(made);
    made.write({ "a.ts": "1" });
    const before = await survey(made);
    expect(before).toMatchObject({ head: null, commits: [], notes: ["there is no commit yet"] });
    expect(before.files).toEqual([{ path: "a.ts", bytes: 1 }]);
    made.commit();
    made.git("clone", "-q", "--bare", ".", "bare.git");
    const repository = await openRepository(made.sluice({ cwd: join(made.path, "bare.git") }), undefined);
    const bare = await surveyRepository(repository, { signal: new AbortController().signal });
    expect(bare.files).toEqual([{ path: "a.ts", bytes: 1 }]);
    expect(bare.commits).toHaveLength(1);
  });
});

describe("words", () => {
  it.each([
    ["Add rate limiting to parseURLPath", ["rate", "limiting", "parse", "url", "path"]],
    ["support ETag and If-None-Match", ["etag", "none", "match"]],
    ["snake_case kebab-case HTTP2 x 42", ["snake", "case", "kebab", "http2"]],
    ["the user should be able to use it", ["user"]],
    ["größe überall", ["größe", "überall"]],
    ["", []],
  ])("of %j", (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

const tree: Survey = {
  head: null,
  branch: null,
  commits: [
    {
      id: "1".repeat(40),
      subject: "Throttle clients that log in too often",
      at: "2026-01-01T00:00:00.000Z",
      files: ["src/server/gate.ts", "CHANGELOG.md"],
      touched: 2,
    },
    {
      id: "2".repeat(40),
      subject: "Format",
      at: "2026-01-01T00:00:00.000Z",
      files: ["src/cache/index.ts"],
      touched: 400,
    },
  ],
  files: [
    "CHANGELOG.md",
    "README.md",
    "docs/cache.md",
    "src/cache/index.ts",
    "src/cache/store.ts",
    "src/http/useragent.ts",
    "src/server/gate.ts",
    "src/server/authn.ts",
    "test/cache/store.test.ts",
    "vendor/cache/cache.js",
    "web/index.ts",
  ].map((path) => ({ path, bytes: 1 })),
  notes: [],
};

describe("relevant files", () => {
  it.each([
    ["cache entries by tenant", "src/cache/index.ts", "folder: cache"],
    ["cached stores", "src/cache/store.ts", "name: store"],
    ["show the user agent", "src/http/useragent.ts", "name: useragent"],
    ["login by authentication", "src/server/authn.ts", "name: authn"],
    ["throttle clients", "src/server/gate.ts", "commit 111111111: Throttle clients that log in too often"],
    ["see web/index.ts about the cache", "web/index.ts", "named"],
  ])("%s: %s", (text, path, why) => {
    const [first] = relevantFiles(tree, text);
    expect(first?.path).toBe(path);
    expect(first?.why.some((reason) => reason.startsWith(why))).toBe(true);
  });

  it.each([
    ["Log in with OAuth 2", "lib/oauth2.ts"],
    ["cache what module 4711 computes", "lib/module-4711.ts"],
    ["cache what module_47 computes", "lib/module-47.ts"],
  ])("take a number with the word before it: %s", (text, path) => {
    const files = [
      "lib/oauth1.ts",
      "lib/oauth2.ts",
      "lib/module-47.ts",
      "lib/module-471.ts",
      "lib/module-4711.ts",
    ];
    const survey = { ...tree, files: files.map((one) => ({ path: one, bytes: 1 })) };
    expect(relevantFiles(survey, text)[0]?.path).toBe(path);
  });

  it("puts what is built before its tests, documents and copies", () => {
    const found = relevantFiles(tree, "cache").map(({ path }) => path);
    expect(found.slice(0, 2).every((path) => path.startsWith("src/"))).toBe(true);
    expect(found.at(-1)).toBe("vendor/cache/cache.js");
  });

  it("finds nothing in a text about nothing", () => {
    expect(relevantFiles(tree, "please add it")).toEqual([]);
  });
});

describe("mentioned paths", () => {
  it.each([
    ["fix `src/cache/store.ts:12` now", ["src/cache/store.ts"], []],
    ["see ./src/cache/store.ts.", ["src/cache/store.ts"], []],
    ["in store.ts and gate.ts", ["src/cache/store.ts", "src/server/gate.ts"], []],
    ["below src/cache/", ["src/cache/"], []],
    ["`src/none.ts` and src/nothing/at.py", [], ["src/none.ts", "src/nothing/at.py"]],
    ["Node.js, e.g. and/or 1.2.3, https://example.com/a.ts, /etc/passwd, ../up.ts", [], ["../up.ts"]],
  ])("of %j", (text, found, missing) => {
    expect(mentionedPaths(tree, text)).toEqual({ found, missing });
  });
});
