import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SourceFailure } from "../../../src/premium/source.js";
import { type FakeSources, fakeSources, reviewAnswer } from "../../support/premium.js";
import type { TestRepository } from "../../support/repository.js";
import { changedRepository, configureUser, p1, reviewIn, settledAnswer } from "../../support/reviewing.js";

let repository: TestRepository;

beforeEach(() => {
  repository = changedRepository();
});
afterEach(() => repository.remove());

const review = ({ open }: FakeSources, args: object = {}) => reviewIn(repository, open, args);
const edit = (text: string) =>
  repository.write({ "src/a.ts": `import { b } from "./b.js";\nexport const a = () => b() + ${text};\n` });
/** Sources that answer one text after the other. */
const answers = (...texts: string[]) => fakeSources((_, index) => texts[index] ?? "");
const earlierIn = (sources: FakeSources, index: number) =>
  /<<<data-[0-9a-f]+ earlier\n([\s\S]*?)\ndata-/.exec(sources.asked[index]?.request.prompt ?? "")?.[1] ?? "";

it("a SHIP that says nothing of an earlier finding is no pass", async () => {
  const sources = answers(reviewAnswer("NEEDS_WORK", [p1]), reviewAnswer("SHIP"));
  await review(sources);
  edit("2");
  const result = await review(sources);
  expect(result).toMatchObject({ verdict: null, decided_by: null });
  expect(result.next).toContain("what became of earlier finding 1");
});

it("a finding goes on standing until a reviewer calls it settled", async () => {
  const notFixed = { prior: [{ number: 1, status: "not_fixed" }] };
  const sources = answers(
    reviewAnswer("NEEDS_WORK", [p1]),
    reviewAnswer("NEEDS_WORK", [{ ...p1, line: 1, problem: "another one" }], notFixed),
    // Says nothing of either.
    reviewAnswer("NEEDS_WORK", [{ ...p1, severity: "P2", problem: "a third one" }]),
    settledAnswer("SHIP", 2),
  );
  await review(sources);
  edit("2");
  const second = await review(sources);
  expect(second.blockers.map(({ message }) => message.split("\n")[0])).toEqual([
    "P1: adds one too many",
    "P1: another one",
  ]);
  edit("3");
  const third = await review(sources);
  expect(third.blockers).toHaveLength(2);
  expect(third.remarks?.findings[0]?.message).toContain("a third one");
  edit("4");
  expect(await review(sources)).toMatchObject({ verdict: "SHIP", decided_by: "premium" });
  expect(earlierIn(sources, 3).split("\n")).toHaveLength(2);
  expect(earlierIn(sources, 3)).toContain("adds one too many");
});

it("a SHIP of a part settles nothing of the rest", async () => {
  repository.write({ "README.md": "read\n" });
  const sources = answers(reviewAnswer("NEEDS_WORK", [p1]), reviewAnswer("SHIP"), settledAnswer("SHIP", 1));
  await review(sources);
  repository.write({ "README.md": "read me\n" });
  expect(await review(sources, { paths: ["README.md"] })).toMatchObject({ verdict: "SHIP" });
  expect(earlierIn(sources, 1)).toBe("");
  expect(await review(sources)).toMatchObject({ verdict: "SHIP", decided_by: "premium" });
  expect(earlierIn(sources, 2)).toContain("adds one too many");
});

it("another change on the same branch is not told of findings that are not its own", async () => {
  const sources = answers(reviewAnswer("NEEDS_WORK", [p1]), reviewAnswer("SHIP"));
  await review(sources);
  repository.git("checkout", "-q", "--", "src/a.ts");
  repository.write({ "src/new.ts": "export const n = 1;\n" });
  expect(await review(sources)).toMatchObject({ verdict: "SHIP" });
  expect(earlierIn(sources, 1)).toBe("");
});

it("a SHIP of another model than the one that was chosen is no pass", async () => {
  const sources = fakeSources(() => ({ text: reviewAnswer("SHIP"), model: "gpt-5.2-mini" }));
  const result = await review(sources);
  expect(result).toMatchObject({ verdict: null, decided_by: null });
  expect(result.next).toContain("gpt-5.2-mini answered in place of");
});

const long = `// ${"x".repeat(30)}\n`.repeat(400);

/** A session that was shown a long file, then an edit; gives what the second call was sent. */
async function continued(between: () => void) {
  configureUser(repository, {
    review: { routing: { routine: ["claude_max:sonnet-4"], complex: ["claude_max:sonnet-4"] } },
  });
  repository.git("stash", "-q");
  repository.write({ "src/b.ts": `${long}export const b = () => 1;\n` });
  repository.git("commit", "-qam", "long");
  repository.git("branch", "-qf", "main");
  repository.git("stash", "pop", "-q");
  const sources = fakeSources((_, index) => ({
    text: index === 0 ? reviewAnswer("NEEDS_WORK", [p1]) : settledAnswer("SHIP", 1),
    session: "s-1",
  }));
  await review(sources);
  edit("2");
  between();
  expect(await review(sources)).toMatchObject({ verdict: "SHIP" });
  const [, second] = sources.asked;
  return { session: second?.request.session, prompt: second?.request.prompt ?? "" };
}

it("a session is shown a text again under a name that it does not know", async () => {
  const text = `${long}export const b = () => 1;\n`;
  const { session, prompt } = await continued(() => repository.write({ "src/c.ts": text }));
  // In the diff, and as a file.
  if (session === "s-1") expect(prompt.split(long)).toHaveLength(2);
  expect(prompt.match(/\{"path":"src\/c\.ts"\}/g)).toHaveLength(1);
});

it("a list of what a session was shown counts only as Sluice wrote it", async () => {
  const { session, prompt } = await continued(() => {
    const folder = join(repository.path, ".git", "sluice", "cache", "reviews");
    for (const name of readdirSync(folder)) {
      const kept = JSON.parse(readFileSync(join(folder, name), "utf8"));
      writeFileSync(join(folder, name), JSON.stringify(kept.slice(0, -1)));
    }
  });
  expect(session).toBeNull();
  expect(prompt).toContain(long);
});

it("nobody is asked after a failure when nobody waits any more", async () => {
  configureUser(repository, {
    review: { routing: { routine: ["claude_max:sonnet-4", "openai_pro:gpt-5.2"] } },
  });
  const caller = new AbortController();
  let fail = () => {};
  const failing = new Promise<SourceFailure>((resolve) => {
    fail = () => resolve(new SourceFailure("overloaded", "It is overloaded.", "Wait."));
  });
  const sources = fakeSources(() => {
    caller.abort();
    return failing.then((failure) => {
      throw failure;
    });
  });
  await expect(reviewIn(repository, sources.open, {}, { signal: caller.signal })).rejects.toThrow();
  fail();
  const next = answers(reviewAnswer("SHIP"));
  expect(await review(next)).toMatchObject({ verdict: "SHIP" });
  expect(sources.asked).toHaveLength(1);
});

it("who asks after a cancelled caller begins anew", async () => {
  const caller = new AbortController();
  const first = reviewIn(
    repository,
    () => {
      caller.abort();
      return new Promise(() => {});
    },
    {},
    { signal: caller.signal },
  );
  await expect(first).rejects.toThrow();
  expect(await review(answers(reviewAnswer("SHIP")))).toMatchObject({ verdict: "SHIP" });
});
