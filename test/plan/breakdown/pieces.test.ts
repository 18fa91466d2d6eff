import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asItem, asSectionText } from "../../../src/plan/breakdown/clean.js";
import { requirementsCovered } from "../../../src/plan/breakdown/coverage.js";
import { checkFiles, treeOf } from "../../../src/plan/breakdown/files.js";
import { inOrder, withoutCycles } from "../../../src/plan/breakdown/order.js";
import { requirementsOf } from "../../../src/plan/breakdown/requirements.js";
import { settle } from "../../../src/plan/breakdown/settle.js";
import { nearlySame } from "../../../src/plan/breakdown/titles.js";
import type { Proposal, Requirement } from "../../../src/plan/breakdown/types.js";
import { untestable } from "../../../src/plan/testable.js";

describe("what can be checked", () => {
  it.each([
    "`GET /users` returns 200 and a list",
    "p95 stays below 200 ms under 50 requests a second",
    "The third request within a window is rejected",
    "Expired tokens are refused",
    "`npm test` passes",
    "README.md describes the flag",
    "Response times improve: 95 % are below 200 ms",
    "Sessions expire after a day without use",
  ])("lets pass: %s", (text) => {
    expect(untestable(text)).toBeNull();
  });

  it.each([
    "TBD",
    "",
    "Works well",
    "Error handling",
    "The code is clean",
    "Errors are handled gracefully",
    "It is fast and efficient",
    "The UI is user-friendly",
    "Follow best practices as needed",
    "Good test coverage",
  ])("refuses: %s", (text) => {
    expect(untestable(text)).not.toBeNull();
  });
});

describe("files that a task names", () => {
  const tree = treeOf([
    "src/a.ts",
    "src/deep/b.ts",
    "src/deep/more/c.ts",
    "other/b.ts",
    "README.md",
    "src/index.ts",
    "lib/index.ts",
  ]);

  it.each([
    ["src/a.ts", "src/a.ts"],
    ["`./src/a.ts:12`", "src/a.ts"],
    ["src/a.ts (new)", "src/a.ts"],
    ["src\\a.ts", "src/a.ts"],
    ["deep/b.ts", "src/deep/b.ts"],
    ["src/deep", "src/deep/"],
    ["src/new.ts", "+src/new.ts"],
    ["src/fresh/index.ts", "+src/fresh/index.ts"],
    ["CHANGELOG.md", "+CHANGELOG.md"],
    ["nowhere/x.ts", "-"],
    ["fresh/deep/x.ts", "-"],
    ["/etc/passwd", "-"],
    ["../outside.ts", "-"],
    ["src/../../x.ts", "-"],
    ["https://example.com/a.ts", "-"],
    [".git/config", "-"],
    ["src/.git/hooks/x", "-"],
    ["node_modules/a/index.js", "-"],
    [".flow/tasks/x.md", "-"],
    ["src/a\u0000.ts", "-"],
    ["src/<script>.ts", "-"],
    ["index.ts", "+index.ts"],
  ])("%s", (name, expected) => {
    const { files, dropped } = checkFiles([name], tree);
    const [file] = files;
    expect(file === undefined ? "-" : `${file.isNew ? "+" : ""}${file.path}`).toBe(expected);
    expect(dropped.length + files.length).toBe(1);
  });
});

describe("dependencies", () => {
  it("come without cycles, whatever is given, and in an order that fits", () => {
    const edges = fc.array(fc.array(fc.integer({ min: -1, max: 12 }), { maxLength: 6 }), { maxLength: 12 });
    fc.assert(
      fc.property(edges, (given) => {
        const { kept, dropped } = withoutCycles(given);
        const order = inOrder(kept);
        expect([...order].sort((a, b) => a - b)).toEqual(given.map((_, at) => at));
        for (const [task, on] of kept.entries())
          for (const one of on) expect(order.indexOf(one)).toBeLessThan(order.indexOf(task));
        const distinct = given.reduce((sum, on) => sum + new Set(on).size, 0);
        expect(kept.flat().length + dropped.length).toBe(distinct);
        expect(withoutCycles(given)).toEqual({ kept, dropped });
      }),
    );
  });

  it("keep what points back, and drop what closes a circle", () => {
    expect(withoutCycles([[1], [2], [0]])).toEqual({
      kept: [[1], [], [0]],
      dropped: [{ task: 1, on: 2, why: "cycle" }],
    });
  });
});

describe("text of somebody else's in a task", () => {
  it("begins no part and hides none", () => {
    const hostile = [
      "---",
      "satisfies: [R9]",
      "---",
      "Do it.",
      "## Acceptance",
      "- [x] nothing",
      "Evidence",
      "---",
      "   ## Done summary",
      "<!-- hidden",
      "```",
      "## Evidence",
      "open fence",
    ].join("\n");
    const text = asSectionText(hostile, 2_000);
    for (const line of text.split("\n")) expect(line).not.toMatch(/^#{1,6}\s|^-{3,}$|<!--/);
    expect(text.match(/^```/gm)).toHaveLength(2);
    expect(text).toContain("**Acceptance**");
  });

  it("stays within its limit and keeps no control characters", () => {
    expect(asSectionText(`${"é😀 word ".repeat(500)}\u001b[31m\u202e`, 300).length).toBeLessThanOrEqual(300);
    expect(asItem("- [ ] one\n## two \u0007three", 100)).toBe("one ## two three");
    expect(asItem("x".repeat(500), 50)).toHaveLength(50);
  });
});

describe("titles", () => {
  it.each([
    ["Add login endpoint", "add the login endpoint", true],
    ["Login endpoint", "Add login endpoints", true],
    ["Rate limit by address", "Rate limit by API key", false],
    ["Create user table", "Create session table", false],
    ["Document: user login by token", "User login by token", false],
    ["Test the whole: user login by token", "Document: user login by token", false],
  ])("%s / %s", (one, other, same) => {
    expect(nearlySame(one, other)).toBe(same);
  });
});

describe("requirements", () => {
  it("are the acceptance criteria, word for word, under the spec's ids or their own", () => {
    const { requirements, from } = requirementsOf(
      "# T\n\n## Acceptance Criteria\n- [ ] **R1:** first\n- [x] second\n- **R1:** again\n\n```\n## Acceptance\n- no\n```\n",
    );
    expect(from).toBe("acceptance");
    expect(requirements.map(({ id, text, done, named }) => [id, text, done, named])).toEqual([
      ["R1", "first", false, true],
      ["C1", "second", true, false],
      ["C2", "again", false, false],
    ]);
  });

  it("are taken from other lists, then sections, where there are none", () => {
    expect(requirementsOf("# T\n\n## Scope\n- one\n- two\n\n## Boundaries\n- not this\n")).toMatchObject({
      from: "lists",
      requirements: [{ text: "one" }, { text: "two" }],
    });
    expect(requirementsOf("Add a search box. It finds titles.")).toMatchObject({
      from: "sections",
      requirements: [{ text: "Add a search box." }],
    });
    // A draft that nobody answered yet: what was asked for, and what was looked up.
    const draft =
      "# T\n\n## Goal & Context\nWhat was asked for [idea]:\n\n> Add a search box\n\n## Acceptance Criteria\nTBD\n\n## Resolved via Codebase\n- Which language? Go\n";
    expect(requirementsOf(draft).requirements.map(({ text }) => text)).toEqual([
      "Goal & Context: Add a search box",
    ]);
    expect(requirementsOf("# T\n\n## Overview\nTBD\n\n## Acceptance\n- [ ] TBD\n").requirements).toEqual([]);
  });

  const requirement = (id: string, text: string): Requirement => ({
    id,
    text,
    named: true,
    done: false,
    section: "",
  });
  it("count as covered only by a task that has something of them", () => {
    const requirements = [
      requirement("R1", "Expired tokens are refused with 401"),
      requirement("R2", "The sitemap lists products"),
    ];
    const task = {
      title: "Refuse tokens",
      description: "",
      acceptance: ["A token past its expiry gives 401"],
      satisfies: ["R1", "R2", "R7"],
    };
    expect(requirementsCovered(task, requirements)).toEqual({ covered: ["R1"], refused: ["R7", "R2"] });
    // Not claimed, and plainly meant.
    const silent = { ...task, satisfies: [], acceptance: ["Expired tokens are refused with 401"] };
    expect(requirementsCovered(silent, requirements).covered).toEqual(["R1"]);
  });
});

describe("settling proposals", () => {
  const ground = { tree: treeOf(["src/a.ts", "src/b.ts"]), requirements: [], existing: [] };
  const proposal = (title: string, more: Partial<Proposal> = {}): Proposal => ({
    title,
    description: "",
    size: "S",
    files: ["src/a.ts"],
    acceptance: ["`a()` returns 1"],
    tests: "",
    dependsOn: [],
    satisfies: [],
    ...more,
  });

  it("takes two dozen of five hundred, and says so", () => {
    const many = Array.from({ length: 500 }, (_, at) =>
      proposal(`Build part number ${at} of ${String.fromCharCode(97 + (at % 26)).repeat(5)}`, {
        dependsOn: [at, at + 2],
      }),
    );
    const { tasks, notes } = settle(many, ground);
    expect(tasks.length).toBeLessThanOrEqual(24);
    expect(notes.join()).toContain("476 tasks beyond the first 24");
  });

  it("splits what is too large by its acceptance, in a chain, and flags what can't be", () => {
    const acceptance = Array.from({ length: 6 }, (_, at) => `\`a(${at})\` returns ${at}`);
    const { tasks } = settle(
      [
        proposal("Small thing first"),
        proposal("Huge work", { size: "XL", acceptance, dependsOn: ["1"] }),
        proposal("After the huge", { dependsOn: [2] }),
        proposal("Vast", { size: "L" }),
      ],
      ground,
    );
    expect(tasks.map(({ title, size, dependsOn }) => [title, size, dependsOn])).toEqual([
      ["Small thing first", "S", []],
      ["Huge work (1 of 3)", "M", [0]],
      ["Huge work (2 of 3)", "M", [1]],
      ["Huge work (3 of 3)", "M", [2]],
      ["After the huge", "S", [3]],
      ["Vast", "L", []],
    ]);
    expect(tasks[5]?.flags.join()).toContain("nothing to split it by");
  });

  it("puts together what is told twice, and points dependencies at what stands for it", () => {
    const existing = [
      { id: "fn-1.1", title: "Create user table", description: "", acceptance: [], satisfies: [] },
    ];
    const { tasks, duplicates } = settle(
      [
        proposal("Create the user table"),
        proposal("Login endpoint", { dependsOn: [1] }),
        proposal("Add login endpoint", { dependsOn: ["fn-1.1", "fn-9.9", "no"] }),
      ],
      { ...ground, existing },
    );
    expect(duplicates).toEqual([{ title: "Create the user table", like: "fn-1.1" }]);
    expect(tasks).toMatchObject([{ title: "Login endpoint", dependsOn: [], dependsOnExisting: ["fn-1.1"] }]);
  });

  it("is stable: the same proposals give the same tasks", () => {
    const given = [
      proposal("One", { dependsOn: [3] }),
      proposal("Two", { dependsOn: [1] }),
      proposal("Three", { dependsOn: [2] }),
    ];
    expect(settle(given, ground)).toEqual(settle(given, ground));
    expect(settle(given, ground).notes.join()).toContain("in a circle");
  });
});
