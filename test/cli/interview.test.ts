import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import pc from "picocolors";
import { afterEach, expect, it } from "vitest";
import { type AskedQuestion, holdInterview } from "../../src/cli/interview-session.js";
import { runSluice } from "../support/command.js";
import { sampleRepository } from "../support/flow.js";
import type { TestRepository } from "../support/repository.js";

const open: TestRepository[] = [];
afterEach(() => {
  for (const repository of open.splice(0)) repository.remove();
});

function sluice(...args: string[]) {
  const [repository] = open;
  const flow = repository ?? sampleRepository("4.4.0");
  if (repository === undefined) open.push(flow);
  return { ...runSluice(flow, ["interview", ...args], { LOCAL_ENABLED: "0" }), flow };
}

it("prints the questions where nobody can answer, and writes nothing", () => {
  const { code, stdout, flow } = sluice("Webhook retries. Owners get an email.");
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nscope\n {2}Q1 {2}What is the smallest version of “Webhook retries”/);
  expect(stdout).toContain("\nrisks\n");
  expect(flow.git("status", "--porcelain")).toBe("");
  const json = JSON.parse(sluice("fn-1", "--json", "--category", "scope", "--per-category", "2").stdout);
  expect(json).toMatchObject({
    about: { kind: "spec", id: "fn-1-add-oauth-login" },
    questions: [{ id: "Q1" }, { id: "Q2" }],
  });
});

it("keeps answers in a file that is named, and makes a spec of them", () => {
  const { code, flow, stderr } = sluice("fn-1", "--answers", "a.json", "--category", "acceptance", "scope");
  expect({ code, stderr: stderr.includes("Fill the answers in") }).toEqual({ code: 0, stderr: true });
  const file = JSON.parse(readFileSync(join(flow.path, "a.json"), "utf8"));
  expect(file.questions).toHaveLength(10);
  file.questions[5].answer = "A user lands on the page they came from.";
  flow.write({ "a.json": JSON.stringify(file) });
  const spec = sluice("fn-1", "--answers", "a.json", "--spec");
  expect(spec.code).toBe(0);
  expect(spec.stdout).toContain("- [ ] A user lands on the page they came from. [A");
  expect(spec.stderr).toContain("9 open:");
  const written = sluice("fn-1", "--answers", "a.json", "--write");
  expect(written.stdout).toBe("fn-1-add-oauth-login written: .flow/specs/fn-1-add-oauth-login.md\n");
  expect(readFileSync(join(flow.path, ".flow/specs/fn-1-add-oauth-login.md"), "utf8")).toBe(
    spec.stdout.replace(/\n$/, ""),
  );
});

it.each([
  [["fn-77"], "There is no spec fn-77"],
  [["x.md"], "There is no file x.md"],
  [["an idea", "--spec"], "There are no answers"],
  [["an idea", "--per-category", "99"], "no number from 1 to 10"],
  [["an idea", "--category", "lunch"], 'no category "lunch"'],
  [["an idea", "--answers", "broken.json"], "can't be gone on with"],
])("calls %j wrong use", (args, said) => {
  const flow = sampleRepository("4.4.0");
  open.push(flow);
  flow.write({ "broken.json": "{" });
  const { code, stderr } = sluice(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) });
  expect(flow.git("status", "--porcelain")).toBe("?? broken.json\n");
});

const question = (id: string, batch: number): AskedQuestion => ({
  id,
  batch,
  category: "scope",
  question: `What about ${id}?`,
  why: "Because.",
  options: [
    { label: "One", description: "the first" },
    { label: "Two", description: "the second" },
  ],
  header: "Scope",
  from: "bank",
  answer: "",
});

async function session(lines: string) {
  const questions = ["Q1", "Q2", "Q3", "Q4"].map((id, at) => question(id, at < 2 ? 1 : 2));
  const input = new PassThrough();
  const output = new PassThrough();
  let saved = 0;
  input.end(lines);
  const finished = await holdInterview(questions, { input, output }, pc.createColors(false), async () => {
    saved += 1;
  });
  const shown = String(output.read() ?? "");
  return { finished, saved, shown, answers: questions.map(({ answer }) => answer) };
}

it.each([
  [
    "2\n\n1, 2\nmy own words\n",
    true,
    ["Two: the second", "", "One: the first; Two: the second", "my own words"],
  ],
  ["7\nq\n", false, ["7", "", "", ""]],
  ["yes\n", false, ["yes", "", "", ""]],
])(
  "on a terminal takes numbers and words, skips, stops and saves each: %j",
  async (lines, finished, answers) => {
    const result = await session(lines);
    expect({ finished: result.finished, answers: result.answers }).toEqual({ finished, answers });
    expect(result.saved).toBe(answers.filter((answer) => answer !== "").length);
    expect(result.shown).toContain("Q1 What about Q1?");
    expect(result.shown).toContain("2. Two: the second");
  },
);
