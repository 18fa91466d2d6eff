// All phases through each real client: an interview, a spec, scouts, tasks, the plan's review, a task re-anchored,
// classified, implemented by a scripted local model and applied, and a review that a scripted premium reviewer ends.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promptOf } from "./anthropic-model.mjs";
import { run, said, writeFiles } from "./harness.mjs";
import { localModel } from "./local-model.mjs";
import { longWork } from "./long-work.mjs";
import { claudeClient, codexClient } from "./phase-clients.mjs";
import { claudeReviewer, codexReviewer } from "./premium/review.mjs";
import { approvals } from "./readme.mjs";

/** Characters of a result, by contract: what is longer goes to a file. */
const contractLimit = 9_000;

const idea = "greet in src/greet.js takes a second argument loud. With it the greeting comes in capitals.";
const title = "Loud greetings";
const answers = [
  {
    category: "scope",
    question: "What is the smallest useful version?",
    answer: 'greet("Ann", true) gives "HELLO ANN"; nothing else changes.',
  },
  {
    category: "technical",
    question: "What happens without the second argument?",
    answer: 'greet("Ann") gives "Hello Ann" as before.',
  },
  {
    category: "scope",
    question: "What is out of scope?",
    answer: "Other languages, and anything but greet.",
  },
  {
    category: "technical",
    question: "What is the function's signature?",
    answer: "greet(name, loud = false), where both are optional to nobody but loud.",
  },
  {
    category: "risks",
    question: "What may go wrong?",
    answer: "Callers that pass a second argument already: there are none.",
  },
  { category: "testing", question: "How is it tested?", answer: "In test/greet.test.js, run by `npm test`." },
  {
    category: "acceptance",
    question: "When is it done?",
    answer: '- greet("Ann", true) gives "HELLO ANN"\n- greet("Ann") gives "Hello Ann"',
  },
];

/** What the local model proposes, each time it is asked. */
const planned = {
  title: "Give greet a loud variant",
  description: "Add a second parameter `loud` to greet in src/greet.js, with a test.",
  size: "S",
  files: ["src/greet.js", "test/greet.test.js"],
  acceptance: ['greet("Ann", true) gives "HELLO ANN"', 'greet("Ann") gives "Hello Ann"'],
  tests: "In test/greet.test.js.",
  depends_on: [],
  satisfies: [],
};
const edit = {
  edits: [
    {
      path: "src/greet.js",
      action: "replace",
      search: 'export function greet(name) {\n  return "Hello " + name;',
      text: 'export function greet(name, loud = false) {\n  const text = "Hello " + name;\n  return loud ? text.toUpperCase() : text;',
    },
    {
      path: "test/greet.test.js",
      action: "replace",
      search: 'test("greets"',
      text: 'test("shouts", () => equal(greet("Ann", true), "HELLO ANN"));\ntest("greets"',
    },
  ],
  look: [],
  flags: [],
  criteria: [
    { number: 1, file: "test/greet.test.js" },
    { number: 2, file: "src/greet.js" },
    // Those of the spec come after the task's own.
    { number: 3, file: "test/greet.test.js" },
    { number: 4, file: "src/greet.js" },
  ],
  more: false,
  confidence: 95,
};
const nothingMore = { ...edit, edits: [], criteria: edit.criteria };

/** One call a turn; the rest is read off earlier answers. */
const steps = [
  { id: "questions", tool: "draft_questions", input: { about: idea } },
  { id: "spec", tool: "draft_spec", input: { about: idea, title, answers, write: true } },
  { id: "scout", tool: "run_scout", input: (answer) => ({ feature: specIn(answer) }) },
  { id: "preview", tool: "break_down_tasks", input: (answer) => ({ spec: specIn(answer) }) },
  {
    id: "tasks",
    tool: "break_down_tasks",
    input: (answer) => ({ spec: specIn(answer), write: true }),
  },
  { id: "plan", tool: "review_plan", input: (answer) => ({ spec: specIn(answer), write: true }) },
  { id: "reanchor", tool: "reanchor_task", input: (answer) => ({ task: taskIn(answer) }) },
  { id: "classify", tool: "classify_task", input: (answer) => ({ task: taskIn(answer) }) },
  { id: "implement", tool: "implement_task", input: (answer) => ({ task: taskIn(answer) }) },
  {
    id: "apply",
    tool: "implement_task",
    input: (answer) => ({ task: taskIn(answer), apply: true }),
  },
  { id: "review", tool: "review_change", input: (answer) => ({ task: taskIn(answer) }) },
  { id: "again", tool: "review_change", input: (answer) => ({ task: taskIn(answer) }) },
  { id: "savings", tool: "savings_report" },
  { id: "quota", tool: "quota_status" },
];

/** What an agent needs first of each. */
const first = {
  draft_questions: "questions",
  draft_spec: "markdown",
  run_scout: "scouts",
  break_down_tasks: "tasks",
  review_plan: "verdict",
  reanchor_task: "acceptance",
  classify_task: "level",
  implement_task: "outcome",
  review_change: "verdict",
  quota_status: "sources",
};

/** The tools that the phases are walked through with. */
export const phaseTools = [...new Set(steps.map(({ tool }) => tool))];

/** A step that failed must not end the conversation: the checks say which one it was. */
function specIn(answer) {
  return answer("spec")?.id ?? "no spec was written";
}

function taskIn(answer) {
  return answer("tasks")?.tasks?.[0]?.id ?? "no task was written";
}

/** Claude Code, reviewed by Codex. */
export async function phasesByClaude({ binaries, sandbox, ...rest }) {
  const folder = makeFolder(sandbox, "claude-phases");
  const client = claudeClient(binaries.claude, folder, sandbox);
  await throughAllPhases(client, await codexReviewer(binaries.codex, folder), { folder, sandbox, ...rest });
}

/** Codex with the README's approvals, reviewed by Claude Code. */
export async function phasesByCodex({ binaries, sandbox, server, ...rest }) {
  const folder = makeFolder(sandbox, "codex-phases");
  const client = codexClient(binaries.codex, folder, sandbox, approvals(server.registration.configToml));
  const reviewer = await claudeReviewer(binaries.claude, folder);
  await throughAllPhases(client, reviewer, { folder, sandbox, server, ...rest });
}

async function throughAllPhases(client, reviewer, { folder, root, server, sandbox, report }) {
  const check = (name, test) => report.check(`${client.name} through all phases: ${name}`, test);
  const local = await localModel({
    interview_questions: (told) => ({
      questions: [
        {
          question: `Which callers of greet pass loud, seen from ${/Category to write for: (\w+)/.exec(told)?.[1]}?`,
          why: "It says whether the default may change.",
          options: [],
        },
      ],
    }),
    plan_tasks: { tasks: [planned] },
    plan_tasks_again: { tasks: [planned] },
    implement_plan: { steps: ["Add the parameter."], files: [], look: [], flags: [] },
    implement_edit: (told) => (told.includes("toUpperCase") ? nothingMore : edit),
  });
  try {
    const project = await createProject(folder, root, { server, sandbox, reviewer, local });
    await walk(client, reviewer, project, check);
    await guided(client, project, check);
    await longWork(client, local, project, edit, (name, test) =>
      report.check(`${client.name}: ${name}`, test),
    );
  } finally {
    await local.close();
    await reviewer.close();
  }
}

async function walk(client, reviewer, project, check) {
  const before = new Map();
  const started = performance.now();
  reviewer.reset();
  reviewer.says({ findings: [], prior: [], summary: "It says what is to be built.", verdict: "SHIP" });
  const talk = await client.converse({
    project: project.folder,
    server: project.server,
    steps,
    prompt: "Take the idea from an interview to a reviewed change",
    onTurn: (id) => before.set(id, project.tree()),
  });
  const all = JSON.stringify(Object.fromEntries(steps.map(({ id }) => [id, talk.text(id)])), null, 1);
  writeFiles(project.top, { "answers.json": all });
  const { answer, text } = talk;
  const changed = (id, after) => difference(before.get(id), before.get(after));

  await check("the conversation runs to its end, and every call is let through", () => {
    assert.equal(talk.result.code, 0, said(talk.result));
    for (const { id } of steps) {
      assert.ok(text(id), `${id} was never answered\n${said(talk.result)}`);
      assert.doesNotMatch(text(id), /requires approval|unsupported call|haven't granted/, id);
      assert.equal(talk.isError(id), false, `${id}: ${text(id)}`);
      assert.equal(answer(id)?.error, undefined, `${id}: ${text(id)}`);
    }
    console.log(`        (${Math.round((performance.now() - started) / 1000)} s)`);
  });

  await check("every answer is whole, short enough, and begins with what is needed first", () => {
    for (const { id, tool } of steps) {
      assert.ok(answer(id), `${id} is no JSON: ${text(id)?.slice(0, 500)}`);
      const { length } = JSON.stringify(answer(id));
      assert.ok(length <= contractLimit, `${id}: ${length} characters`);
      assert.ok(text(id).length <= client.whole, `${id}: ${text(id).length} characters`);
      if (first[tool] !== undefined) assert.equal(Object.keys(answer(id))[0], first[tool], id);
    }
  });

  await check("questions: forty and more, with ids and categories, and what was looked up", () => {
    const { questions, full_result: file, cut } = answer("questions");
    assert.ok(questions.length > 0);
    for (const { category, question, why } of questions) assert.ok(category && question && why);
    const count = cut?.find(({ field }) => field === "questions")?.of ?? questions.length;
    assert.ok(count >= 40, `${count} questions`);
    if (file !== undefined) assert.ok(existsSync(resolve(project.folder, file)), file);
    assert.deepEqual(changed("questions", "spec"), []);
  });

  await check("spec: written where it says, under the next id, with what was answered", () => {
    const { path, id, markdown } = answer("spec");
    assert.match(id, /^fn-3-/);
    assert.equal(readFileSync(join(project.folder, path), "utf8").includes("HELLO ANN"), true);
    assert.match(markdown, /HELLO ANN/);
    assert.deepEqual(changed("spec", "scout"), [`.flow/specs/${id}.json`, `.flow/specs/${id}.md`]);
  });

  await check("scout: says what is there, and writes nothing into the tree", () => {
    const { scouts, digest } = answer("scout");
    assert.ok(scouts.length > 0);
    assert.match(digest, /src\/greet\.js/);
    assert.deepEqual(changed("scout", "preview"), []);
  });

  await check("tasks: shown first, then created with ids, by the local model", () => {
    assert.equal(answer("preview").tasks[0].id, null);
    assert.deepEqual(changed("preview", "tasks"), []);
    const { tasks, written_by } = answer("tasks");
    assert.equal(written_by, "local-model", text("tasks"));
    assert.equal(tasks.length, 1);
    const { id } = tasks[0];
    assert.match(id, /^fn-3-.*\.1$/);
    const made = changed("tasks", "plan");
    assert.ok(made.includes(`.flow/tasks/${id}.json`) && made.includes(`.flow/tasks/${id}.md`), made.join());
    assert.deepEqual(
      made.filter((path) => !path.startsWith(".flow/")),
      [],
    );
  });

  await check("plan: SHIP by the premium reviewer, who was shown spec and task; the status written", () => {
    const { verdict, decided_by, premium, status_written } = answer("plan");
    assert.deepEqual(
      [verdict, decided_by, premium?.source],
      ["SHIP", "premium", reviewer.name],
      text("plan"),
    );
    assert.equal(status_written, "ship");
    const [body] = reviewer.bodies();
    const sent = reviewer.texts(body);
    assert.ok(sent.includes("HELLO ANN") && sent.includes(planned.title), sent.slice(0, 2_000));
    const id = answer("spec").id;
    assert.deepEqual(changed("plan", "reanchor"), [`.flow/specs/${id}.json`]);
    const kept = JSON.parse(readFileSync(join(project.folder, `.flow/specs/${id}.json`), "utf8"));
    assert.equal(kept.plan_review_status, "ship");
  });

  await check("re-anchored: the criteria word for word, the files", () => {
    const { acceptance, files } = answer("reanchor");
    for (const criterion of planned.acceptance)
      assert.ok(
        acceptance.some(({ text: one }) => one.includes(criterion)),
        JSON.stringify(acceptance),
      );
    assert.ok(files.some(({ path }) => path === "src/greet.js"));
    assert.deepEqual(changed("reanchor", "classify"), []);
  });

  await check("classified: a small task is for the local model", () => {
    const { level, worker } = answer("classify");
    assert.deepEqual([level, worker.backend], ["LOW", "local"], text("classify"));
    assert.deepEqual(changed("classify", "implement"), []);
  });

  await check("implemented: proposed with its diff and passed checks, and nothing in the tree", () => {
    const { outcome, diff, applied, checks } = answer("implement");
    assert.equal(outcome, "proposed", text("implement"));
    assert.match(diff, /toUpperCase/);
    assert.equal(applied, false);
    assert.deepEqual(
      checks.map(({ name, state }) => [name, state]),
      [
        ["lint", "passed"],
        ["test", "passed"],
      ],
    );
    assert.deepEqual(changed("implement", "apply"), []);
  });

  await check("applied when asked: exactly its files, and nothing staged or committed", () => {
    const { outcome, applied } = answer("apply");
    assert.deepEqual([outcome, applied], ["proposed", true], text("apply"));
    assert.deepEqual(changed("apply", "review"), ["src/greet.js", "test/greet.test.js"]);
    assert.match(readFileSync(join(project.folder, "src/greet.js"), "utf8"), /toUpperCase/);
  });

  await check("reviewed: SHIP by the premium reviewer, once; a repetition costs nothing", () => {
    const { verdict, decided_by, premium, stages } = answer("review");
    assert.deepEqual(
      [verdict, decided_by, premium?.source],
      ["SHIP", "premium", reviewer.name],
      text("review"),
    );
    assert.equal(stages.find(({ name }) => name === "gates")?.state, "passed", text("review"));
    assert.deepEqual([answer("again").verdict, answer("again").decided_by], ["SHIP", "fingerprint"]);
    assert.equal(reviewer.bodies().length, 2);
    const sent = reviewer.texts(reviewer.bodies()[1]);
    assert.ok(sent.includes("toUpperCase") && sent.includes(planned.acceptance[0]), sent.slice(0, 2_000));
    assert.deepEqual(changed("review", "end"), []);
  });

  await check("nothing else is left: no branch, worktree, commit or staged file", () => {
    const { git } = project;
    assert.equal(git("rev-parse", "HEAD"), project.head);
    assert.equal(git("diff", "--cached", "--name-only"), "");
    assert.equal(git("worktree", "list", "--porcelain").match(/^worktree /gm).length, 1);
    assert.deepEqual(git("branch", "--format=%(refname:short)").split("\n").sort(), ["greetings", "main"]);
  });
}

/** Resources that the client reads, and a phase as a slash command. */
async function guided(client, project, check) {
  const { folder, server, task } = project;
  await check("resources: the last verdict and the specs, read by the client's own tool", async () => {
    const talk = await client.converse({
      project: folder,
      server,
      steps: [
        { id: "verdict", ...client.readResource("sluice://review/last") },
        { id: "specs", ...client.readResource("sluice://specs") },
      ],
    });
    assert.match(talk.text("verdict") ?? said(talk.result), /SHIP/);
    assert.match(talk.text("specs") ?? said(talk.result), /fn-3-loud-greetings/);
  });
  if (client.slash === null) return;
  await check(
    "a slash command hands its model the steps of the phase, with the argument in them",
    async () => {
      const prompt = client.slash("work", task);
      const talk = await client.converse({ project: folder, server, steps: [], prompt });
      const told = talk.model.turns().map(promptOf).join("\n");
      assert.match(told, /reanchor_task/, said(talk.result));
      assert.ok(told.includes(task) && told.includes("implement_task"), told.slice(-2_000));
    },
  );
}

function makeFolder(sandbox, name) {
  const folder = join(sandbox.top, name);
  mkdirSync(folder);
  return folder;
}

/** A repository with a folder that flowctl wrote, whose commands a person trusted, on a branch of its own. */
async function createProject(top, root, { server, sandbox, reviewer, local }) {
  const folder = join(top, "project");
  mkdirSync(folder, { recursive: true });
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...args], {
      cwd: folder,
      env: sandbox.env,
      encoding: "utf8",
    }).trim();
  git("init", "-q", "-b", "main");
  writeFiles(folder, {
    "package.json": JSON.stringify({
      name: "greeter",
      type: "module",
      scripts: { lint: "node scripts/lint.mjs", test: "node --test" },
    }),
    "README.md": "# Greeter\n\n`greet` greets by name.\n",
    "scripts/lint.mjs": `import { readFileSync } from "node:fs";
if (readFileSync("src/greet.js", "utf8").includes("var ")) throw new Error("no var");
`,
    "src/greet.js": 'export function greet(name) {\n  return "Hello " + name;\n}\n',
    "test/greet.test.js": `import { equal } from "node:assert/strict";
import { test } from "node:test";
import { greet } from "../src/greet.js";
test("greets", () => equal(greet("Ann"), "Hello Ann"));
`,
  });
  const sample = join(root, "test/fixtures/flow/4.4.0");
  cpSync(join(sample, "dot-flow"), join(folder, ".flow"), { recursive: true });
  cpSync(join(sample, "git-flow-state"), join(folder, ".git/flow-state"), { recursive: true });
  git("add", "-A");
  git("commit", "-qm", "A greeter");
  git("switch", "-q", "-c", "greetings");

  const configuration = join(top, "configuration");
  const model = `${reviewer.name}:${reviewer.model}`;
  const sources = ["openai_pro", "claude_max", "copilot", "antigravity"];
  writeFiles(configuration, {
    "sluice/config.json": JSON.stringify({
      premium_sources: Object.fromEntries(
        sources.map((name) => [name, name === reviewer.name ? reviewer.settings : { enabled: false }]),
      ),
      plan: { plan_review: { simple: { backend: model }, complex: { backend: model } } },
      review: {
        gates: { checks: ["lint", "test"] },
        routing: { security: [model], complex: [model], routine: [model] },
      },
    }),
  });
  const env = {
    ...reviewer.env,
    XDG_CONFIG_HOME: configuration,
    TMPDIR: sandbox.env.TMPDIR,
    LOCAL_ENDPOINT: local.url,
    LOCAL_MODEL: local.id,
    PREFILTER_ENABLED: "0",
    LANG: "C.UTF-8",
  };
  const trusted = await run(process.execPath, [server.file, "trust", "--yes"], {
    cwd: folder,
    env: { ...sandbox.env, ...env },
  });
  assert.equal(trusted.code, 0, said(trusted));
  return {
    top,
    folder,
    task: "fn-3-loud-greetings.1",
    git,
    head: git("rev-parse", "HEAD"),
    server: { command: process.execPath, args: [server.file, "serve"], env },
    /** Every path that git does not ignore, with what it holds. */
    tree: () => {
      const paths = git("ls-files", "-co", "--exclude-standard").split("\n");
      return new Map(
        paths
          .filter((path) => existsSync(join(folder, path)))
          .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
      );
    },
  };
}

/** Paths that are there, gone, or other than they were. */
function difference(one, two) {
  assert.ok(one && two, "a step was never reached");
  const paths = new Set([...one.keys(), ...two.keys()]);
  return [...paths].filter((path) => one.get(path) !== two.get(path)).sort();
}
