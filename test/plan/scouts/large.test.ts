import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { countTokens } from "../../../src/change/tokens.js";
import { openProject } from "../../../src/flow/project.js";
import { closeLocal } from "../../../src/local/local.js";
import { scoutAnswer } from "../../../src/plan/scouts/answer.js";
import { runScouts } from "../../../src/plan/scouts/run.js";
import type { Fake } from "../../support/fake-openai.js";
import { asking, planningModel, shownIn } from "../../support/planning-model.js";
import { type TestRepository, testRepository } from "../../support/repository.js";

const feature = "Let the cache store expire its entries, with a limit for each part";

let repositories: TestRepository[] = [];
let fake: Fake | null = null;
afterEach(async () => {
  await closeLocal();
  await fake?.close();
  fake = null;
  for (const repository of repositories) repository.remove();
  repositories = [];
});

/** So many files that all have to do with the feature, each in four commits: made by git itself. */
function generated(files: number): TestRepository {
  const repository = testRepository();
  repositories.push(repository);
  const long = "cache store entries expire ".repeat(200);
  const stream: string[] = [];
  const put = (path: string, text: string) =>
    stream.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`);
  for (let commit = 0; commit < 4; commit += 1) {
    const message = `Cache store ${commit}: ${long}`;
    stream.push(
      `commit refs/heads/main\ncommitter Test <test@example.com> ${1_767_323_045 + commit} +0000\n`,
      `data ${Buffer.byteLength(message)}\n${message}\n`,
    );
    const first = Math.floor((files * commit) / 4);
    for (let file = first; file < Math.floor((files * (commit + 1)) / 4); file += 1) {
      const before = Math.max(0, file - 1);
      put(
        `packages/part-${file % 100}/cache-store-${file}.ts`,
        `import { store${before} } from "../part-${before % 100}/cache-store-${before}.js";\n/** ${long.slice(0, 120)} */\nexport function store${file}(limit: number) {\n  return store${before}(limit);\n}\n`,
      );
    }
  }
  for (let page = 0; page < files / 100; page += 1)
    put(`docs/cache-${page}.md`, `# The cache store, part ${page}\n\n${long}\n`);
  put("package.json", JSON.stringify({ name: "big", dependencies: { "cache-store": "^1.0.0" } }));
  const run = (args: readonly string[], input?: string) =>
    execFileSync("git", args, {
      cwd: repository.path,
      env: repository.sluice().env,
      input: input ?? "",
      stdio: ["pipe", "ignore", "ignore"],
    });
  run(["fast-import", "--quiet", "--force"], stream.join(""));
  run(["reset", "-q", "--hard", "main"]);
  return repository;
}

/** A `git` before the real one that writes down how it was called. */
function countingGit(repository: TestRepository): { path: string; calls(): string[] } {
  const folder = dirname(repository.path);
  const log = join(folder, "git.log");
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  writeFileSync(log, "");
  writeFileSync(join(folder, "git"), `#!/bin/sh\necho x >> '${log}'\nexec '${real}' "$@"\n`);
  chmodSync(join(folder, "git"), 0o755);
  return {
    path: `${folder}:${process.env.PATH ?? ""}`,
    calls: () =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
  };
}

/** Says of each fact what names files and functions that nobody has. */
function inventNames(shown: string): object {
  const findings = [...shown.matchAll(/^F(\d+) \[([^\]]+)\]/gm)].slice(0, 30).map(([, id, section], at) => ({
    section,
    text: at === 0 ? `Number ${id} holds.` : `Fact ${id}: call \`inventedName${at}()\` of part ${at}.`,
    from: [`F${id}`],
    files: [`src/invented-${at}.ts`],
    symbols: Array.from({ length: 10 }, (_, other) => `alsoInvented${at}x${other}`),
  }));
  return { findings };
}

async function scouted(files: number) {
  const repository = generated(files);
  const git = countingGit(repository);
  const model = await planningModel({ scout: inventNames });
  fake = model;
  const own = repository.sluice();
  const sluice = { ...own, env: { ...own.env, PATH: git.path, ...asking(model) } };
  const { signal } = new AbortController();
  const project = await openProject(sluice, undefined, signal);
  const run = await runScouts(project, sluice, { feature, signal });
  const calls = git.calls().length;
  const prompts = model
    .completions()
    .map((body) => body.messages.map(({ content }: { content: string }) => content).join("\n"));
  const tokens = await Promise.all(prompts.map(countTokens));
  const shown = model.completions().map(shownIn);
  const answer = await scoutAnswer(run, project, sluice);
  await closeLocal();
  await model.close();
  fake = null;
  return { run, calls, tokens, shown, answer };
}

it("what a model reads and how often git is asked do not grow with the repository", {
  timeout: 240_000,
}, async () => {
  const small = await scouted(200);
  const large = await scouted(20_000);
  for (const { run, tokens, shown, answer } of [small, large]) {
    expect(run.scouts.filter(({ state }) => state === "failed")).toEqual([]);
    expect(run.scouts.find(({ name }) => name === "repo")).toMatchObject({ state: "condensed" });
    expect(shown.length).toBeGreaterThanOrEqual(2);
    for (const count of tokens) expect(count).toBeLessThan(9_000);
    for (const text of shown) expect(text.length).toBeLessThan(28_000);
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(9_000);
  }
  expect(large.calls).toBeLessThanOrEqual(small.calls + 5);
  expect(large.calls).toBeLessThanOrEqual(24);
});
