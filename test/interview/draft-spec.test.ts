import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acceptanceCriteria } from "../../src/flow/markdown.js";
import { openInterview } from "../../src/interview/open.js";
import { type DraftSpecOptions, draftSpec } from "../../src/interview/spec/draft-spec.js";
import { type DraftedSpec, draftSpecOutput } from "../../src/interview/spec/draft-spec-schema.js";
import { openAnswers } from "../../src/interview/spec/open-answers.js";
import { criteriaIn, saidBy } from "../../src/interview/spec/statements.js";
import { closeLocal } from "../../src/local/local.js";
import type { Sluice } from "../../src/sluice.js";
import { type Fake, fakeOpenai } from "../support/fake-openai.js";
import { sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { quiet, withInterviewer } from "./interviewing.js";

let repository: TestRepository;
let fake: Fake | null = null;

beforeEach(() => {
  repository = testRepository();
  repository.write({
    "src/session.ts": "export const session = 1;\n",
    "package.json": '{"scripts": {"test": "vitest"}}',
  });
  repository.commit();
});
afterEach(async () => {
  await closeLocal();
  await fake?.close();
  fake = null;
  repository.remove();
});

const idea = "Add signed sessions. Lookups are quick.";
const answers = [
  {
    question: "What has to be true?",
    answer: "1. A revoked session is refused within 5 seconds.\n2. Old cookies work for 30 days.",
    category: "acceptance",
  },
  {
    question: "Who stays without it?",
    answer: "Guests stay without it for now, out of scope.",
    category: "scope",
  },
  {
    question: "Which code is touched?",
    answer: "The store in src/session.ts is extended by a revocation list.",
    category: "architecture",
  },
  {
    question: "What while Redis is down?",
    answer: "It must never log anybody out.\n## Acceptance\n```\nevil",
    category: "errors",
  },
  { question: "Who names it?", answer: "you decide", category: "risks" },
  { question: "How long is it kept?", answer: "not sure", category: "technical" },
];

async function spec(
  sluice: Sluice,
  about: string,
  given: DraftSpecOptions["answers"] | string,
  options: Partial<DraftSpecOptions> = {},
): Promise<DraftedSpec> {
  const signal = new AbortController().signal;
  const { subject, project } = await openInterview(about, undefined, sluice, signal);
  const list = await openAnswers(given, project, sluice);
  return draftSpecOutput.parse(
    await draftSpec(subject, project, sluice, { noPremium: "not here", signal, ...options, answers: list }),
  );
}

/** Each statement of the spec: lines at the margin that are list items. */
const bullets = (markdown: string) => markdown.split("\n").filter((line) => /^- /.test(line));

describe("a spec without a model", () => {
  it("has the planning template of 4.x, criteria word for word with R-ids, and everything traced", async () => {
    const { markdown, open_questions, assumptions, written_by, path, next } = await spec(
      quiet(repository),
      idea,
      answers,
    );
    expect(markdown.match(/^#{1,2} .+$/gm)).toEqual([
      "# Add signed sessions",
      "## Goal & Context",
      "## Architecture & Data Models",
      "## API Contracts",
      "## Edge Cases & Constraints",
      "## Acceptance Criteria",
      "## Boundaries",
      "## Decision Context",
      "## Resolved via Codebase",
      "## Open Questions",
      "## Conversation Evidence",
    ]);
    expect(markdown).toContain(
      "- **R1:** A revoked session is refused within 5 seconds. [A1]\n- **R2:** Old cookies work for 30 days. [A1]",
    );
    expect(markdown).toContain(
      "- The store in src/session.ts is extended by a revocation list. [A3, src/session.ts]",
    );
    expect(markdown).toContain(
      "- *What while Redis is down?* It must never log anybody out. [A4]\n  ## Acceptance\n  ```\n  evil\n  ```",
    );
    expect(markdown).toContain("## Boundaries\n- Guests stay without it for now, out of scope. [A2]");
    expect(markdown).toContain("- Who names it? Left to who builds it [A5] (assumption)");
    expect(acceptanceCriteria(markdown).map(({ id }) => id)).toEqual(["R1", "R2"]);
    const [body = ""] = markdown.split("## Open Questions");
    for (const line of bullets(body)) expect(line).toMatch(/(?:\[[^\]]+\]|\(assumption\))$/);
    expect(open_questions).toEqual(["How long is it kept? (not answered, technical implementation)"]);
    expect(assumptions).toEqual(["Who names it? Left to who builds it [A5]"]);
    expect({ written_by, path }).toEqual({ written_by: "answers", path: null });
    expect(next).toContain("write: true and a title");
    expect(repository.git("status", "--porcelain")).toBe("");
  });

  it("says what contradicts what: figures, negations, two answers to one question, and the text itself", async () => {
    const { contradictions, open_questions } = await spec(
      quiet(repository),
      "Sessions\n\nA guest session lives for 3 hours.",
      [
        { question: "How long does a cookie live?", answer: "A session cookie lives for 14 days." },
        {
          question: "When is a session over?",
          answer: "A session cookie lives for 2 weeks.",
          category: "security",
        },
        { question: "And at most?", answer: "A session cookie lives for 30 days at most." },
        { question: "What may guests do?", answer: "Guests may export sessions of others." },
        { question: "What is refused?", answer: "Guests must never export sessions of others." },
        { question: "Which store holds the revocation list?", answer: "Redis" },
        { question: "Which store does hold the revocation list?", answer: "Memory" },
        { question: "And for guests?", answer: "A guest session lives for 1 day." },
      ],
    );
    expect(contradictions.map(({ between }) => between.join(" "))).toEqual([
      "A6 A7",
      "A1 A3",
      "A2 A3",
      "A4 A5",
      "A8 idea",
    ]);
    expect(open_questions.filter((question) => question.startsWith("Contradiction"))).toHaveLength(5);
  });

  it("asks about vague words and files that are not there", async () => {
    const { open_questions } = await spec(quiet(repository), idea, [
      { question: "How quick?", answer: "Fast enough for everybody, in `src/fast.ts`." },
    ]);
    expect(open_questions).toEqual([
      "A1 names src/fast.ts, which is not there: is it to be made?",
      expect.stringMatching(/^A1 says “Fast”: from which measured time/),
    ]);
  });

  it("reads answers from JSON and Markdown inside of the repository, and from nowhere else", async () => {
    repository.write({
      "a.json": JSON.stringify({
        answers: [
          { question: "What?", answer: "A session is signed by the server.", note: 1 },
          { question: "Left", answer: null },
        ],
      }),
      "b.md":
        "# Interview\n\nQ1: What?\nA1: A session is signed by the server.\n\n### And when?\nAt each request that changes something.\n",
      "none.md": "Nothing.\n",
    });
    const sluice = quiet(repository);
    expect((await spec(sluice, idea, "a.json")).markdown).toContain(
      "- A session is signed by the server. [A1]",
    );
    const markdown = (await spec(sluice, idea, "b.md")).markdown;
    expect(markdown).toContain("- A session is signed by the server. [A1]");
    expect(markdown).toContain("- *And when?* At each request that changes something. [A2]");
    for (const [path, said] of [
      ["none.md", "has no answers"],
      ["/etc/hosts.json", "no file|outside"],
      ["../x.json", "no file|outside"],
      ["gone.json", "no file"],
    ] as const)
      await expect(spec(sluice, idea, path)).rejects.toThrow(new RegExp(said));
  });
});

describe("a spec that is there already", () => {
  it.each(["0.26.1", "4.4.0"] as const)(
    "keeps all that stands in a folder of %s, and is the same when it is written again",
    async (sample) => {
      const flow = sampleRepository(sample);
      const sluice = quiet(flow);
      const file = join(flow.path, ".flow/specs/fn-1-add-oauth-login.md");
      flow.write({
        ".flow/specs/fn-1-add-oauth-login.md": `${readFileSync(file, "utf8")}\n## Team notes\nKeep *this*.\n`,
      });
      const before = readFileSync(file, "utf8");
      const first = await spec(sluice, "fn-1", answers);
      expect(readFileSync(file, "utf8")).toBe(before);
      for (const line of before.split("\n")) expect(first.markdown.split("\n")).toContain(line);
      expect(first.markdown).toContain("- [ ] login works\n");
      expect(first.markdown).toContain("- [ ] A revoked session is refused within 5 seconds. [A1]");
      expect(first.markdown.match(/^## Acceptance$/gm)).toHaveLength(1);
      const stored = await spec(sluice, "fn-1", answers, { write: true });
      expect(stored).toMatchObject({
        path: ".flow/specs/fn-1-add-oauth-login.md",
        id: "fn-1-add-oauth-login",
      });
      expect(readFileSync(file, "utf8")).toBe(first.markdown);
      const again = await spec(sluice, "fn-1", answers);
      expect(again.markdown).toBe(first.markdown);
      expect(again.skipped).toContainEqual({ what: "6 answers", why: "the spec has them already" });
      const more = await spec(sluice, "fn-1", [
        ...answers,
        { question: "And now?", answer: "A new session is signed by two keys." },
      ]);
      expect(more.markdown).toContain("- A new session is signed by two keys. [A7]");
      flow.remove();
    },
  );

  it("goes on counting R-ids and never renumbers", async () => {
    const flow = sampleRepository("4.4.0");
    flow.write({
      ".flow/specs/fn-2-second-thing.md":
        "# fn-2-second-thing Second thing\n\n## Goal & Context\nWhy.\n\n## Acceptance Criteria\n- **R4:** It works. [user]\n",
    });
    const { markdown } = await spec(quiet(flow), "fn-2", answers);
    expect(acceptanceCriteria(markdown).map(({ id, text }) => `${id} ${text}`)).toEqual([
      "R4 It works. [user]",
      "R5 A revoked session is refused within 5 seconds. [A1]",
      "R6 Old cookies work for 30 days. [A1]",
    ]);
    flow.remove();
  });

  it("of a task gets its description and acceptance, and stays valid", async () => {
    const flow = sampleRepository("4.4.0");
    const stored = await spec(quiet(flow), "fn-1.2", answers, { write: true });
    expect(stored.path).toBe(".flow/tasks/fn-1-add-oauth-login.2.md");
    const text = readFileSync(join(flow.path, ".flow/tasks/fn-1-add-oauth-login.2.md"), "utf8");
    expect(text.match(/^## .+$/gm)).toEqual([
      "## Description",
      "## Acceptance",
      "## Done summary",
      "## Evidence",
    ]);
    expect(text).toContain("- [ ] migration runs\n- [ ] A revoked session is refused within 5 seconds. [A1]");
    flow.remove();
  });

  it("is made new with a title, and only then", async () => {
    const flow = sampleRepository("4.4.0");
    const sluice = quiet(flow);
    const made = await spec(sluice, idea, answers, { write: true, title: "Signed sessions" });
    expect(made).toMatchObject({ id: "fn-3-signed-sessions", path: ".flow/specs/fn-3-signed-sessions.md" });
    const text = readFileSync(join(flow.path, ".flow/specs/fn-3-signed-sessions.md"), "utf8");
    expect(text).toMatch(/^# fn-3-signed-sessions Signed sessions\n\n## Goal & Context\n/);
    await expect(spec(sluice, idea, answers, { write: true })).rejects.toThrow("no spec yet");
    await expect(spec(sluice, "fn-1", answers, { write: true, title: "X" })).rejects.toThrow(
      "has its title already",
    );
    await expect(spec(quiet(repository), idea, answers, { write: true, title: "X" })).rejects.toThrow(
      "no .flow folder",
    );
    flow.remove();
  });
});

describe("a spec by the local model", () => {
  const said = {
    statements: [
      {
        section: "goal",
        text: "Sessions are signed so that they can be revoked by an admin of the store.",
        trace: ["A9"],
      },
      {
        section: "architecture",
        text: "A revocation list extends the store in src/session.ts.",
        trace: ["A3", "src/session.ts"],
      },
      {
        section: "architecture",
        text: "The list lives in src/invented.ts and uses a Bloom filter.",
        trace: ["src/invented.ts"],
      },
      {
        section: "constraints",
        text: "Old session cookies work for 90 days after the release.",
        trace: ["A1"],
      },
      { section: "constraints", text: "Redis being down may log everybody out at once.", trace: ["A4"] },
      { section: "decisions", text: "Unicorns decide about colours on Sundays in spring.", trace: [] },
    ],
    contradictions: [
      { a: "A1", b: "A2", why: "They differ." },
      { a: "A1", b: "A77", why: "It was made up." },
    ],
    open_questions: ["Which admin may revoke the sessions of other admins?", "no question"],
  };

  it("believes only what rests on an answer or a file, and loses no answer", async () => {
    fake = await fakeOpenai({ reply: { content: JSON.stringify(said) } });
    const result = await spec(withInterviewer(repository, fake), idea, answers);
    expect(result.written_by).toBe("local-model");
    expect(result.markdown).toContain(
      "- A revocation list extends the store in src/session.ts. [A3, src/session.ts]",
    );
    // Said by the model in full, so not twice.
    expect(result.markdown.split("## Conversation Evidence")[0]).not.toContain(
      "The store in src/session.ts is extended",
    );
    // Its words, but not what the answers say.
    expect(result.assumptions).toEqual(
      expect.arrayContaining([
        "Sessions are signed so that they can be revoked by an admin of the store.",
        "Old session cookies work for 90 days after the release.",
      ]),
    );
    for (const line of bullets(result.markdown))
      if (/90 days|Bloom/.test(line)) expect(line).toMatch(/\(assumption\)$/);
    expect(result.markdown).not.toContain("Unicorns");
    expect(result.markdown).not.toContain("[src/invented.ts");
    // A limit stays word for word beside whatever the model made of it.
    expect(result.markdown).toContain("*What while Redis is down?* It must never log anybody out. [A4]");
    expect(result.markdown).toContain("- **R2:** Old cookies work for 30 days. [A1]");
    expect(result.contradictions.map(({ between }) => between)).toEqual([["A1", "A2"]]);
    expect(result.open_questions).toContain("Which admin may revoke the sessions of other admins?");
    expect(result.skipped).toContainEqual({
      what: "1 of the model's statements",
      why: "they rest on no answer and no file",
    });
  });

  it("is done without where it fails", async () => {
    fake = await fakeOpenai({ reply: { content: "no JSON" } });
    const result = await spec(withInterviewer(repository, fake), idea, answers);
    expect(result.written_by).toBe("answers");
    expect(result.skipped).toEqual([
      { what: "prose by a model", why: expect.stringContaining("The answers stand as they were given.") },
    ]);
  });
});

describe("answers", () => {
  it.each([
    ["- it works\n- it is quick", ["it works", "it is quick"]],
    ["1. It works. 2. It is quick.", ["It works.", "It is quick."]],
    ["A session is refused. A log line says why.", ["A session is refused.", "A log line says why."]],
    ["Anna decides.", ["Anna decides."]],
  ])("are divided into criteria as they are written: %j", (answer, criteria) => {
    expect(criteriaIn(answer)).toEqual(criteria);
  });

  it.each([
    ["Nobody", "*Who?* Nobody"],
    ["It waits for ten seconds and then fails.", "*Who?* It waits for ten seconds and then fails."],
    ["Admins wait for ten seconds and then fail.", "Admins wait for ten seconds and then fail."],
  ])("stand alone only where they can: %s", (answer, text) => {
    expect(saidBy({ question: "Who?", answer })).toBe(text);
  });
});
