import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Budget } from "../../../src/work/implement/budget.js";
import { endAfterEach } from "../../local/fakes.js";
import { fakeSources } from "../../support/premium.js";
import {
  bothMet,
  configureToy,
  edits,
  fileIn,
  replace,
  right,
  rightEdit,
  rightTest,
  run,
  scriptedWorker,
  toldEdits,
  toyForEach,
  toyTask,
  withWorker,
  write,
} from "./scripted.js";

endAfterEach();

const toy = toyForEach();

const sluiceWith = (url: string) => withWorker(toy.repository, url, { TMPDIR: toy.temporary });

describe("a task by the local model", { timeout: 60_000 }, () => {
  it("right at once: a proposal with every check passed, and the tree untouched", async () => {
    const fake = await scriptedWorker({ edits: [right] });
    const { result } = await run(sluiceWith(fake.url));
    expect(result).toMatchObject({ outcome: "proposed", premium_questions: [], applied: false });
    expect(result.confidence).toBeGreaterThan(0.95);
    expect(result.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "lint passed",
      "test passed",
    ]);
    expect(result.diff).toContain("+  return loud ? text.toUpperCase() : text;");
    expect(toldEdits(fake)).toHaveLength(1);
  });

  it("right after a gate complained: its output goes back, and the next round is judged anew", async () => {
    const wrong = { ...rightEdit, text: rightEdit.text.replace("const text", "var text") };
    const fake = await scriptedWorker({
      edits: [
        edits({ edits: [wrong, rightTest], criteria: bothMet }),
        edits({ edits: [replace("src/greet.js", "var text", "const text")], criteria: bothMet }),
      ],
    });
    const { result, said } = await run(sluiceWith(fake.url));
    expect(result.rounds.map(({ checks }) => checks)).toEqual([
      ["lint failed", "test skipped"],
      ["lint passed", "test passed"],
    ]);
    expect(result).toMatchObject({ outcome: "proposed", premium_questions: [] });
    expect(toldEdits(fake)[1]).toContain("src/greet.js: error: no var");
    expect(said).toContain("round 2 of 4: mending (1 problem)");
  });

  it("a failing test goes back, too", async () => {
    const wrong = { ...rightEdit, text: rightEdit.text.replace("toUpperCase", "toLowerCase") };
    const fake = await scriptedWorker({
      edits: [edits({ edits: [wrong, rightTest], criteria: bothMet }), edits({ criteria: bothMet })],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(toldEdits(fake)[1]).toContain("shouts");
    // It had nothing more to say.
    expect(result).toMatchObject({ outcome: "escalate", stopped: expect.stringContaining("came back to") });
    expect(result.confidence).toBeLessThanOrEqual(0.5);
    expect(result.premium_questions[0]).toMatchObject({ kind: "problem" });
    expect(result.premium_questions[0]?.question).toContain("test fails with the draft");
  });

  it("search text that is not there: asked again with what is", async () => {
    const fake = await scriptedWorker({
      edits: [
        edits({ edits: [replace("src/greet.js", "function greet(who) {", "x"), rightTest] }),
        edits({ edits: [rightEdit], criteria: bothMet }),
      ],
    });
    const { result } = await run(sluiceWith(fake.url));
    const told = toldEdits(fake)[1] ?? "";
    expect(told).toContain("NOT made");
    expect(told).toContain("1| export function greet(name) {");
    // What applied is in the files that it is shown.
    expect(told).toContain('test("shouts"');
    expect(result.outcome).toBe("proposed");
    expect(result.evidence.find(({ what }) => what === "applied")?.value).toBe(0.6);
  });

  it("a model that never comes to an end is stopped, and what there is comes back", async () => {
    let count = 0;
    const fake = await scriptedWorker({
      edits: [
        () => edits({ more: true, edits: [write("src/notes.js", `export const count = ${count++};`)] }),
      ],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(result).toMatchObject({ outcome: "escalate", files: ["src/notes.js"] });
    expect(toldEdits(fake).length).toBeLessThanOrEqual(24);
  });

  it("a model that only wants to see more is stopped", async () => {
    let line = 1;
    const fake = await scriptedWorker({
      edits: [() => edits({ look: [{ path: "src/greet.js", from: line++, to: line }] })],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(result).toMatchObject({ outcome: "escalate", confidence: null, diff: null });
    expect(result.premium_questions).toMatchObject([{ kind: "task" }]);
    expect(result.next).not.toContain("draft");
    expect(toldEdits(fake).length).toBeLessThanOrEqual(24);
  });

  it("one that breaks the same thing again and again is stopped before its rounds are over", async () => {
    configureToy(toy.repository, { max_rounds: 12 });
    let count = 0;
    const fake = await scriptedWorker({
      edits: [() => edits({ edits: [write("src/other.js", `var other = ${count++};`)] })],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(result.stopped).toBe("the same is wrong for the third time");
    expect(result.rounds).toHaveLength(3);
  });

  it("stops at its tokens, its time and its rounds", () => {
    const budget = new Budget({ rounds: 2, time: 60_000, tokens: 1_000 });
    expect(budget.over()).toBeNull();
    budget.tokens = 1_000;
    expect(budget.over()).toContain("its limit is 1000");
    expect(new Budget({ rounds: 2, time: 0, tokens: 1 }).over()).toContain("time limit");
    expect(new Budget({ rounds: 0, time: 60_000, tokens: 1 }).over()).toContain("0 rounds are over");
  });

  it("edits outside are not made; files that run by themselves are asked about", async () => {
    toy.repository.link("out", "/etc");
    toy.repository.commit();
    const bad = [
      "../evil.js",
      "/tmp/evil.js",
      ".git/hooks/post-checkout",
      "out/evil",
      "node_modules/x.js",
      ".flow/config.json",
    ];
    const fake = await scriptedWorker({
      edits: [
        edits({
          edits: [
            ...bad.map((path) => write(path, "evil")),
            write("package.json", "{}"),
            rightEdit,
            rightTest,
          ],
        }),
        edits({ criteria: bothMet }),
      ],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(result.files).toEqual(["src/greet.js", "test/greet.test.js"]);
    const told = toldEdits(fake)[1] ?? "";
    for (const path of bad) expect(told).toContain(`${path}: `);
    expect(result.outcome).toBe("escalate");
    expect(result.premium_questions).toMatchObject([{ kind: "path", file: "package.json" }]);
  });

  it("a file of 5,000 lines is shown in the parts that matter, and edited in its middle", async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      index === 2_499
        ? "export function greetLoudly(name) { return name; } // shout"
        : `export const constant${index} = "some text that makes this line rather long, number ${index}";`,
    );
    toy.repository.write({ "src/large.js": `${lines.join("\n")}\n` });
    toy.repository.commit();
    const fake = await scriptedWorker(
      {
        edits: [
          edits({
            edits: [
              replace(
                "src/large.js",
                "greetLoudly(name) { return name; }",
                "greetLoudly(name) { return name.toUpperCase(); }",
              ),
            ],
          }),
        ],
      },
      { models: [{ id: "glm-4.7-flash", context: 16_384 }] },
    );
    const env = { TMPDIR: toy.temporary, LOCAL_CONTEXT_DEFAULT: "16384" };
    const { result } = await run(withWorker(toy.repository, fake.url, env), {
      task: "greetLoudly in src/large.js has to shout: capitals.",
    });
    const told = toldEdits(fake)[0] ?? "";
    expect(told).toContain("greetLoudly(name) { return name; } // shout");
    expect(told.length).toBeLessThan(50_000);
    expect(result.files).toEqual(["src/large.js"]);
    expect(result.diff).toContain(
      "+export function greetLoudly(name) { return name.toUpperCase(); } // shout",
    );
    expect(result.diff).not.toContain("constant10 ");
  });

  it("a flagged decision is asked, precisely, and not made", async () => {
    const flag = {
      kind: "security",
      question: "May anybody shout?",
      options: ["yes", "only admins"],
      file: "src/greet.js",
    };
    const fake = await scriptedWorker({
      plan: { steps: [], files: [], look: [], flags: [flag] },
      edits: [right],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(result).toMatchObject({ outcome: "escalate", premium_questions: [{ ...flag }] });
    // The work itself is there.
    expect(result.confidence).toBeGreaterThan(0.9);
    expect(toldEdits(fake)[0]).toContain("May anybody shout?");
    expect(readFileSync(result.context_file ?? "", "utf8")).toContain(
      "May anybody shout? (yes / only admins)",
    );
  });

  it("answers go on from the draft, with the decision told to the model", async () => {
    const flag = { kind: "security", question: "May anybody shout?", options: [], file: "" };
    const first = await scriptedWorker({
      plan: { steps: ["Shout."], files: [], look: [], flags: [flag] },
      edits: [right],
    });
    await run(sluiceWith(first.url));
    const second = await scriptedWorker({ edits: [edits({ criteria: bothMet })] });
    const { result } = await run(sluiceWith(second.url), { answers: "Yes, anybody." });
    expect(result).toMatchObject({ outcome: "proposed", files: ["src/greet.js", "test/greet.test.js"] });
    expect(toldEdits(second)[0]).toContain("Yes, anybody.");
    expect(toldEdits(second)[0]).toContain('test("shouts"');
  });

  it("a gate that failed before does not count", async () => {
    toy.repository.write({ "src/old.js": "var old = 1;\nexport { old };\n" });
    toy.repository.commit();
    const fake = await scriptedWorker({ edits: [right] });
    const { result } = await run(sluiceWith(fake.url));
    expect(result.checks.find(({ name }) => name === "lint")).toMatchObject({
      state: "failed",
      pre_existing: true,
    });
    expect(result.checks.find(({ name }) => name === "test")).toMatchObject({ state: "passed" });
    expect(toldEdits(fake)).toHaveLength(1);
    expect(result.evidence.find(({ what }) => what === "gates")?.note).toContain("failed before, too");
  });

  it("a criterion that nothing shows met is asked for once, then asked about", async () => {
    const fake = await scriptedWorker({
      edits: [
        edits({ edits: [rightEdit, rightTest], criteria: bothMet.slice(0, 1) }),
        edits({ criteria: [{ number: 2, file: "README.md" }] }),
      ],
    });
    const { result } = await run(sluiceWith(fake.url));
    expect(toldEdits(fake)[1]).toContain('Criterion 2 is not shown to be met: "greet("Ann") stays as it is"');
    expect(result).toMatchObject({ outcome: "escalate", premium_questions: [{ kind: "criterion" }] });
    expect(result.confidence).toBeLessThanOrEqual(0.75);
  });

  it("uncommitted work is what it builds on", async () => {
    toy.repository.write({
      "src/greet.js": 'export function greet(name) {\n  return "Hi " + name;\n}\n',
      "test/greet.test.js": null,
      "src/new.js": "export const x = 1;\n",
    });
    const fake = await scriptedWorker({
      edits: [edits({ edits: [replace("src/greet.js", '"Hi "', '"Ho "')], criteria: bothMet })],
    });
    const { result } = await run(sluiceWith(fake.url), { task: "Greet with Ho in src/greet.js." });
    expect(result.files).toEqual(["src/greet.js"]);
    expect(result.diff).toContain('-  return "Hi "');
    toy.repository.git("checkout", "-q", ".");
    toy.repository.write({ "src/new.js": null });
  });

  it("without a model: what it would have needed, and who else can do it", async () => {
    const { result } = await run(withWorker(toy.repository, "http://127.0.0.1:9", { TMPDIR: toy.temporary }));
    expect(result).toMatchObject({ outcome: "failed", confidence: null, diff: null, premium_questions: [] });
    expect(result.next).toContain("Do it yourself");
    expect(readFileSync(result.context_file ?? "", "utf8")).toContain("export function greet(name)");
  });

  it("says of an answer that was cut what to do, and goes on", async () => {
    const fake = await scriptedWorker({ edits: [{ content: '{"edits": [', finish: "length" }, right] });
    const { result } = await run(sluiceWith(fake.url));
    expect(toldEdits(fake)[1]).toContain("was cut");
    expect(result.outcome).toBe("proposed");
  });
});

describe("applying", { timeout: 60_000 }, () => {
  it("writes the proposal that was read, not what the model would say when asked again", async () => {
    const fake = await scriptedWorker({ edits: [right, edits({ edits: [write("src/greet.js", "other")] })] });
    const read = await run(sluiceWith(fake.url));
    const asked = toldEdits(fake).length;
    const { result } = await run(sluiceWith(fake.url), { apply: true });
    expect(toldEdits(fake)).toHaveLength(asked);
    expect(result).toMatchObject({ outcome: "proposed", applied: true, diff: read.result.diff });
    expect(result.stopped).toContain("proposed before");
    toy.repository.git("checkout", "-q", ".");
  });

  it("writes what was proposed, not staged, and says so", async () => {
    const fake = await scriptedWorker({
      edits: [edits({ ...right, edits: [...right.edits, write("lib/deep.js", "export const deep = 1;")] })],
    });
    const { result } = await run(sluiceWith(fake.url), { apply: true, task: `${toyTask}\n<!-- deep -->\n` });
    expect(result).toMatchObject({ outcome: "proposed", applied: true, not_applied: null });
    expect(fileIn(toy.repository, "src/greet.js")).toContain("toUpperCase");
    expect(fileIn(toy.repository, "lib/deep.js")).toBe("export const deep = 1;\n");
    expect(toy.repository.git("diff", "--cached", "--name-only")).toBe("");
    toy.repository.git("checkout", "-q", ".");
    toy.repository.git("clean", "-fdq", "lib");
  });

  it("writes nothing when the tree has changed meanwhile", async () => {
    const fake = await scriptedWorker({
      edits: [
        () => {
          toy.repository.write({ "README.md": "mine\n" });
          return right;
        },
      ],
    });
    const { result } = await run(sluiceWith(fake.url), {
      apply: true,
      task: `${toyTask}\n<!-- meanwhile -->\n`,
    });
    expect(result).toMatchObject({ outcome: "proposed", applied: false });
    expect(result.not_applied).toContain("has changed");
    expect(fileIn(toy.repository, "src/greet.js")).not.toContain("toUpperCase");
    toy.repository.write({ "README.md": null });
  });

  it("writes nothing that still needs a decision", async () => {
    const flag = { kind: "architecture", question: "A new module?", options: [], file: "" };
    const fake = await scriptedWorker({ edits: [{ ...right, flags: [flag] }] });
    const { result } = await run(sluiceWith(fake.url), {
      apply: true,
      task: `${toyTask}\n<!-- undecided -->\n`,
    });
    expect(result).toMatchObject({ outcome: "escalate", applied: false });
    expect(result.not_applied).toContain("decision");
  });
});

describe("with a premium model", { timeout: 60_000 }, () => {
  const sluice = (url: string, env: Record<string, string> = {}) =>
    withWorker(toy.repository, url, {
      TMPDIR: toy.temporary,
      OPENAI_API_KEY: "k-1",
      ANTHROPIC_API_KEY: "k-2",
      PREMIUM_REVIEW_ENABLED: "1",
      ...env,
    });
  const flag = {
    kind: "security",
    question: "May anybody shout?",
    options: ["yes", "no"],
    file: "src/greet.js",
  };
  const flagged = { steps: ["Shout."], files: [], look: [], flags: [flag] };

  it("hybrid: one call for the open questions, then the local model finishes", async () => {
    const fake = await scriptedWorker({
      plan: flagged,
      edits: [
        edits({ edits: [rightTest], criteria: bothMet }),
        edits({ edits: [], criteria: bothMet }),
        edits({ edits: [rightEdit], criteria: bothMet }),
      ],
    });
    const sources = fakeSources(() =>
      JSON.stringify({ decisions: [{ question: 1, decision: "Anybody may." }], edits: [] }),
    );
    const { result, said } = await run(
      sluice(fake.url),
      { backend: "hybrid", escalate: true },
      { open: sources.open },
    );
    expect(sources.asked).toHaveLength(1);
    const { prompt = "", instructions = "" } = sources.asked[0]?.request ?? {};
    expect(prompt).toContain("1. May anybody shout? (yes / no)");
    expect(prompt).toContain("# What was tried");
    expect(instructions).toContain("Decide the questions");
    expect(toldEdits(fake).at(-1)).toContain("May anybody shout? -> Anybody may.");
    expect(result).toMatchObject({
      outcome: "proposed",
      premium: { note: "answered" },
      premium_questions: [],
    });
    expect(result.tokens.premium).toBe(1_100);
    expect(said.some((message) => message.startsWith("asking a premium model"))).toBe(true);
  });

  it("hybrid: nobody is asked when nothing is open, nor unless it was asked for", async () => {
    const sources = fakeSources(() => "");
    const fake = await scriptedWorker({ edits: [right] });
    expect(
      (await run(sluice(fake.url), { backend: "hybrid", escalate: true }, { open: sources.open })).result
        .outcome,
    ).toBe("proposed");
    const other = await scriptedWorker({ plan: flagged, edits: [right] });
    const { result } = await run(sluice(other.url), { backend: "hybrid" }, { open: sources.open });
    expect(result.next).toContain("escalate: true");
    expect(sources.asked).toHaveLength(0);
  });

  it("hybrid: an edit of the premium model's counts as any other, checks and all", async () => {
    const fake = await scriptedWorker({
      plan: flagged,
      edits: [edits({ edits: [rightTest], criteria: bothMet }), edits({ criteria: bothMet })],
    });
    const answer = { decisions: [], edits: [write("../evil", "x"), rightEdit] };
    const sources = fakeSources(() => JSON.stringify(answer));
    const { result } = await run(
      sluice(fake.url),
      { backend: "hybrid", escalate: true },
      { open: sources.open },
    );
    expect(result).toMatchObject({ outcome: "proposed", files: ["src/greet.js", "test/greet.test.js"] });
  });

  it("premium: the context is prepared and the model named, and nobody is asked", async () => {
    const fake = await scriptedWorker({ edits: [right] });
    const sources = fakeSources(() => "");
    const { result } = await run(sluice(fake.url), { backend: "premium" }, { open: sources.open });
    expect(result).toMatchObject({ outcome: "escalate", worker: { backend: "premium" }, diff: null });
    expect(result.next).toContain(result.worker.model);
    expect(readFileSync(result.context_file ?? "", "utf8")).toContain("# Acceptance criteria");
    expect([...sources.asked, ...toldEdits(fake)]).toEqual([]);
  });

  it("premium, asked for: its patch is judged, and what checks say is mended for free", async () => {
    const wrong = { ...rightEdit, text: rightEdit.text.replace("const text", "var text") };
    const sources = fakeSources(() => JSON.stringify({ decisions: [], edits: [wrong, rightTest] }));
    const fake = await scriptedWorker({
      edits: [edits({ edits: [replace("src/greet.js", "var text", "const text")], criteria: bothMet })],
    });
    const { result } = await run(
      sluice(fake.url),
      { backend: "premium", escalate: true },
      { open: sources.open },
    );
    expect(sources.asked).toHaveLength(1);
    expect(result.rounds.map(({ by, checks }) => [by === "local", checks[0]])).toEqual([
      [false, "lint failed"],
      [true, "lint passed"],
    ]);
    expect(result.outcome).toBe("proposed");
  });

  it("a patch stands without a local model", async () => {
    const sources = fakeSources(() => JSON.stringify({ decisions: [], edits: [rightEdit, rightTest] }));
    const { result } = await run(
      sluice("http://127.0.0.1:9"),
      { backend: "premium", escalate: true },
      { open: sources.open },
    );
    expect(result).toMatchObject({ outcome: "proposed", files: ["src/greet.js", "test/greet.test.js"] });
  });

  it("an answer in no form is no decision, and what was made locally stays", async () => {
    const fake = await scriptedWorker({ plan: flagged, edits: [right] });
    const sources = fakeSources(() => "Just do it.");
    const { result } = await run(
      sluice(fake.url),
      { backend: "hybrid", escalate: true },
      { open: sources.open },
    );
    expect(result).toMatchObject({
      outcome: "escalate",
      premium: { note: expect.stringContaining("no form") },
    });
    const [path = ""] = /\S+implement-unused-answer\S+/.exec(result.premium?.note ?? "") ?? [];
    expect(readFileSync(path, "utf8")).toBe("Just do it.");
    expect(result.files).toHaveLength(2);
  });

  it("a secret in what would be sent stops the call, and nothing else", async () => {
    const key = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
    toy.repository.write({
      "src/greet.js": `export const key = "${key}";\nexport function greet(name) {\n  return "Hello " + name;\n}\n`,
    });
    toy.repository.commit();
    const fake = await scriptedWorker({ plan: flagged, edits: [right] });
    const sources = fakeSources(() => "{}");
    const { result } = await run(
      sluice(fake.url),
      { backend: "hybrid", escalate: true },
      { open: sources.open },
    );
    expect(sources.asked).toHaveLength(0);
    expect(result.premium?.note).toMatch(/secret/i);
    expect(result.premium?.note).not.toContain(key);
    expect(result.files).toHaveLength(2);
  });
});
