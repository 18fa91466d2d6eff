import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { openSource } from "../../../src/premium/open-source.js";
import type { Sluice } from "../../../src/sluice.js";
import type { EditAnswer, PlanAnswer } from "../../../src/work/implement/answers.js";
import {
  type ImplementArguments,
  type ImplementOptions,
  implement,
  requestImplementation,
} from "../../../src/work/implement/implement.js";
import { type Implementation, implementOutput } from "../../../src/work/implement/implement-schema.js";
import { openai } from "../../local/fakes.js";
import type { Fake, FakeOptions, Recorded, Reply } from "../../support/fake-openai.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { configureUser } from "../../support/reviewing.js";
import { trustEverything } from "../../support/trust.js";

/** What the model says: a value is its JSON answer, a reply is sent as it is, a function gets what it was told. */
type Says = unknown | ((data: string) => unknown);

export interface Script {
  plan?: Says;
  /** Answers in turn; the last one goes on. */
  edits: readonly Says[];
}

export const emptyPlan: PlanAnswer = { steps: ["Write it."], files: [], look: [], flags: [] };

export function edits(given: Partial<EditAnswer> = {}): EditAnswer {
  return { edits: [], look: [], flags: [], criteria: [], more: false, confidence: 90, ...given };
}

export const write = (path: string, text: string) => ({ path, action: "write" as const, search: "", text });
export const replace = (path: string, search: string, text: string) => ({
  path,
  action: "replace" as const,
  search,
  text,
});

/** A server whose model works by script. */
export function scriptedWorker(script: Script, options: FakeOptions = {}): Promise<Fake> {
  let turn = 0;
  return openai({
    loaded: ["glm-4.7-flash"],
    ...options,
    reply: (body): Reply | Promise<Reply> => {
      const name: string = body.response_format?.json_schema?.name ?? "";
      const says =
        name === "implement_plan"
          ? (script.plan ?? emptyPlan)
          : name === "implement_edit"
            ? script.edits[Math.min(turn++, script.edits.length - 1)]
            : {};
      const said = typeof says === "function" ? says(dataOf(body)) : says;
      return Promise.resolve(said).then((value) =>
        isReply(value) ? value : { content: JSON.stringify(value) },
      );
    },
  });
}

export function dataOf(body: Recorded["body"]): string {
  return body.messages.findLast(({ role }: { role: string }) => role === "user").content;
}

/** What the model was told when it was asked for edits, in order. */
export function toldEdits(fake: Fake): string[] {
  return fake
    .completions()
    .filter((body) => body.response_format?.json_schema?.name === "implement_edit")
    .map(dataOf);
}

function isReply(said: unknown): said is Reply {
  const marks = ["status", "hang", "cut", "midError", "flood", "raw", "content", "finish"];
  return typeof said === "object" && said !== null && marks.some((mark) => mark in said);
}

/**
 * A toy project and a folder for temporary files before each test of the calling file; after each, nothing of the work
 * on it may be left in them.
 */
export function toyForEach(): { readonly repository: TestRepository; readonly temporary: string } {
  let repository: TestRepository;
  let temporary: string;
  beforeEach(async () => {
    repository = await toyProject();
    temporary = mkdtempSync(join(tmpdir(), "sluice-test-tmp-"));
  });
  afterEach(() => {
    expect(leftBehind(repository, temporary)).toEqual([]);
    repository.remove();
  });
  return {
    get repository() {
      return repository;
    },
    get temporary() {
      return temporary;
    },
  };
}

/** A small project with a lint and a test of its own that a person trusted. */
export async function toyProject(more: Record<string, string> = {}): Promise<TestRepository> {
  const repository = testRepository();
  repository.write({
    "package.json": JSON.stringify({
      name: "toy",
      type: "module",
      scripts: { lint: "node scripts/lint.mjs", test: "node --test" },
    }),
    "scripts/lint.mjs": `import { readFileSync, readdirSync } from "node:fs";
const bad = readdirSync("src").filter((name) => readFileSync("src/" + name, "utf8").includes("var "));
for (const name of bad) console.error("src/" + name + ": error: no var");
process.exitCode = bad.length > 0 ? 1 : 0;
`,
    "src/greet.js": 'export function greet(name) {\n  return "Hello " + name;\n}\n',
    "test/greet.test.js": `import { equal } from "node:assert/strict";
import { test } from "node:test";
import { greet } from "../src/greet.js";
test("greets", () => equal(greet("Ann"), "Hello Ann"));
`,
    ...more,
  });
  repository.commit();
  configureToy(repository);
  await trustEverything(repository);
  return repository;
}

/** The user's own settings: where there is a sandbox it is used all the same. */
export function configureToy(repository: TestRepository, settings: object = {}, timeout = 300): void {
  configureUser(repository, {
    review: { gates: { checks: ["lint", "build", "typecheck", "test"], timeout_s: timeout } },
    work: { implement: { allow_unsandboxed: true, ...settings } },
  });
}

export const toyTask = `# Shout

greet in src/greet.js takes a second argument \`loud\`: then the greeting is in capitals.

## Acceptance

- [ ] greet("Ann", true) gives "HELLO ANN"
- [ ] greet("Ann") stays as it is
`;

export const rightEdit = replace(
  "src/greet.js",
  'export function greet(name) {\n  return "Hello " + name;',
  'export function greet(name, loud = false) {\n  const text = "Hello " + name;\n  return loud ? text.toUpperCase() : text;',
);
export const rightTest = replace(
  "test/greet.test.js",
  'test("greets"',
  'test("shouts", () => equal(greet("Ann", true), "HELLO ANN"));\ntest("greets"',
);
export const bothMet = [
  { number: 1, file: "test/greet.test.js" },
  { number: 2, file: "src/greet.js" },
];
export const right = edits({ edits: [rightEdit, rightTest], criteria: bothMet });

/** A context with that server as its local model and no pre-filter. */
export function withWorker(
  repository: TestRepository,
  url: string,
  env: Record<string, string> = {},
): Sluice {
  const own = repository.sluice().env;
  return repository.sluice({
    env: { ...own, LOCAL_ENDPOINT: url, LOCAL_MODEL: "glm-4.7-flash", PREFILTER_ENABLED: "0", ...env },
  });
}

export interface Ran {
  result: Implementation;
  said: string[];
}

/** The whole of it in this process. */
export async function run(
  sluice: Sluice,
  args: Partial<ImplementArguments> = {},
  options: Partial<ImplementOptions> & { open?: typeof openSource; listen?: (message: string) => void } = {},
): Promise<Ran> {
  const said: string[] = [];
  const { signal = new AbortController().signal, listen } = options;
  const task = args.task ?? toyTask;
  const requested = await requestImplementation(sluice, { task }, signal);
  const result = await implement(
    requested,
    sluice,
    { backend: "local", ...args, task },
    {
      ...options,
      signal,
      onProgress: (message) => {
        said.push(message);
        listen?.(message);
      },
    },
  );
  return { result: implementOutput.parse(result), said };
}

/** What a run may not leave: worktrees, branches, folders, changed files. */
export function leftBehind(repository: TestRepository, temporary: string): string[] {
  const left: string[] = [];
  const worktrees = repository.git("worktree", "list", "--porcelain").match(/^worktree /gm)?.length ?? 0;
  if (worktrees !== 1) left.push("a worktree");
  try {
    left.push(...readdirSync(join(repository.path, ".git/worktrees")));
  } catch {
    // As git leaves it: not there.
  }
  if (repository.git("branch", "--list").trim().split("\n").length > 1) left.push("a branch");
  left.push(...readdirSync(temporary).filter((name) => name.startsWith("sluice-implement-")));
  const status = repository.git("status", "--porcelain").trim();
  if (status !== "") left.push(status);
  return left;
}

export function fileIn(repository: TestRepository, path: string): string {
  return readFileSync(join(repository.path, path), "utf8");
}
