import { describe, expect, it } from "vitest";
import {
  acceptanceCriteria,
  headingProblems,
  listField,
  readFrontmatter,
  splitFrontmatter,
  taskSections,
} from "../../src/flow/markdown.js";

const texts = (markdown: string) => acceptanceCriteria(markdown).map(({ text }) => text);

describe("acceptanceCriteria", () => {
  it("gives the items below the heading, word for word, with their ids and ticks", () => {
    const markdown = [
      "# fn-1 Title",
      "## Overview",
      "- not one",
      "## Acceptance Criteria",
      "- **R1:** `login` works, *always*",
      "- **R2** — a wrong password gives 401",
      "- [ ] R3: the log has no password",
      "- [x] **R4a (in short):** done already",
      "* [X] ticked without an id",
      "1. R2D2 is a droid",
      "- TBD",
      "## References",
      "- nor this",
    ].join("\n");
    expect(acceptanceCriteria(markdown)).toEqual([
      { text: "`login` works, *always*", id: "R1", done: false },
      { text: "a wrong password gives 401", id: "R2", done: false },
      { text: "the log has no password", id: "R3", done: false },
      { text: "**R4a (in short):** done already", id: "R4a", done: true },
      { text: "ticked without an id", id: null, done: true },
      { text: "R2D2 is a droid", id: null, done: false },
    ]);
  });

  it("keeps what is indented below an item and no paragraph of its own", () => {
    const markdown =
      "## Acceptance\n- [ ] first\n  goes on\n  - a part\n\n  and on\n\nA paragraph.\n- [ ] second";
    expect(texts(markdown)).toEqual(["first\n  goes on\n  - a part\n\n  and on", "second"]);
  });

  it("takes no heading in a code fence for one", () => {
    const markdown =
      "## Description\n```\n## Acceptance\n- [ ] not one\n```\n## Acceptance\n- [ ] one\n```\n## Evidence\n```\n- [ ] two\n";
    expect(texts(markdown)).toEqual(["one\n```\n## Evidence\n```", "two"]);
  });

  it("goes through headings below the acceptance one, and ends at its equal", () => {
    const markdown = "### Acceptance\n#### Server\n- a\n#### Client\n- b\n### Other\n- c";
    expect(texts(markdown)).toEqual(["a", "b"]);
  });

  it.each([
    ["flowctl's fresh task", "## Acceptance\n- [ ] TBD\n\n## Done summary\nTBD\n"],
    ["a text without an acceptance heading", "# Title\n- item"],
    ["a heading that only starts so", "## Acceptance of terms\n- item"],
    ["nothing", ""],
  ])("finds none in %s", (_, markdown) => {
    expect(texts(markdown)).toEqual([]);
  });

  it("reads a text without any heading as the section itself", () => {
    expect(texts("- [ ] a\r\n- [ ] b")).toEqual(["a", "b"]);
  });

  it("takes time in proportion on hostile text", () => {
    const text = `## Acceptance\n${"- **R1".repeat(20_000)}\n${"- [ ] **R1 ".repeat(20_000)}\n${"#".repeat(100_000)}`;
    const started = performance.now();
    acceptanceCriteria(text);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("taskSections", () => {
  it("ends a section at the next heading outside a fence", () => {
    const markdown =
      "# t\n## Description\na\n```\n## Acceptance\n```\nb\n## Acceptance\n- [ ] c\n## Done summary\n\n## Evidence";
    expect(taskSections(markdown)).toEqual({
      description: "a\n```\n## Acceptance\n```\nb",
      acceptance: "- [ ] c",
      doneSummary: "",
      evidence: "",
    });
    expect(headingProblems(markdown)).toEqual([]);
  });

  it("takes the first of two and gives null for none", () => {
    const markdown = "## Description\nfirst\n## Description\nsecond\n";
    expect(taskSections(markdown)).toMatchObject({ description: "first", acceptance: null });
    expect(headingProblems(markdown)).toContain('the heading "## Description" is there 2 times');
  });
});

describe("readFrontmatter", () => {
  it("leaves every value as it is written", async () => {
    const front = splitFrontmatter(
      '\ufeff---\r\ndate: "2026-01-02"\nn: 007\nyes: yes\ntags: [a, "b, c"]\n---\r\nbody\n',
    );
    const fields = await readFrontmatter(front?.yaml ?? "");
    expect([...(fields ?? [])]).toEqual([
      ["date", "2026-01-02"],
      ["n", "007"],
      ["yes", "yes"],
      ["tags", ["a", "b, c"]],
    ]);
    expect(front?.body).toBe("body\n");
    expect(listField(new Map([["satisfies", "R1, R2"]]), "satisfies")).toEqual(["R1", "R2"]);
  });

  it.each(["a: [", "- a list", "a: &x [1]\nb: *x", "plain", `a: ${"x".repeat(40_000)}`])(
    "refuses %.30s",
    async (yaml) => {
      expect(await readFrontmatter(yaml)).toBeNull();
    },
  );
});
