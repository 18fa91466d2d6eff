import { describe, expect, it } from "vitest";
import { batchesOf, chipsOf } from "../../src/interview/batches.js";
import type { CategoryId } from "../../src/interview/categories.js";
import { readContent } from "../../src/interview/content.js";
import { shallowness } from "../../src/interview/shallow.js";

const content = readContent(
  "Export invoices",
  "Customers export invoices as PDF from the billing page. The archive is kept for 30 days. Large exports run at night.",
);
const lookedUp = [
  {
    topic: "tests",
    question: "Which test framework?",
    answer: "vitest 4.0.0",
    source: "package.json",
    names: ["vitest"],
  },
];
const rules = (question: string, options: { label: string; description: string }[] = []) =>
  shallowness({ question, options }, content, lookedUp).map((evidence) => evidence.split(":")[0]);

describe("shallow questions", () => {
  it.each([
    ["What are the performance requirements?", ["generic", "short"]],
    ["How should errors be handled in the system?", ["generic"]],
    ["What is the expected load and how should the application scale?", ["generic"]],
    ["Which colours do the unicorns of the kingdom prefer on Sundays?", ["not tied"]],
    ["Which test framework do the invoices use?", ["readable"]],
    ["Where are invoices defined in the code?", ["readable"]],
    ["For how many days is the archive of invoices kept?", []],
    ["How long is the archive kept for in days?", ["readable"]],
    ["Should the invoices be exported in colour too?", ["yes or no"]],
    ["Should the archive be deleted after 30 days, and who may keep it longer?", []],
    ["Which invoices may a customer export whose account was closed last year?", []],
    ["What happens to an invoice that is corrected while its export runs?", []],
  ])("%s: %j", (question, expected) => {
    expect(rules(question)).toEqual(expected);
  });

  it("is no question for having the name of a library in it", () => {
    const library = readContent("Rust library for parsing iCal files", "");
    const question =
      "What has been tried before in the place of “Rust library for parsing iCal files”, and why is it not there?";
    expect(library.feature).toContain("library");
    expect(shallowness({ question, options: [] }, library, [])).toEqual([]);
  });

  it("says what the repository answers, and takes options for a consequence", () => {
    expect(
      shallowness(
        { question: "Which test framework should invoices be tested with then?", options: [] },
        content,
        lookedUp,
      ),
    ).toEqual([]);
    expect(
      shallowness({ question: "Which test framework do the invoices use?", options: [] }, content, lookedUp),
    ).toEqual(["readable: package.json says vitest 4.0.0"]);
    const options = [
      { label: "Yes", description: "twice the size" },
      { label: "No", description: "logos are grey" },
    ];
    expect(rules("Should the invoices be exported in colour too?", options)).toEqual([]);
  });
});

describe("batches", () => {
  const of = (...counts: number[]) => {
    const names: CategoryId[] = ["scope", "technical", "errors", "ux"];
    return counts.flatMap((count, at) =>
      Array.from({ length: count }, () => ({ category: names[at] ?? "risks" })),
    );
  };
  it.each([
    [[5], [3, 2]],
    [[9], [3, 3, 3]],
    [
      [4, 1],
      [3, 2],
    ],
    [
      [1, 4],
      [2, 3],
    ],
    [[1, 1, 1], [3]],
    [
      [3, 1, 2],
      [4, 2],
    ],
    [[1], [1]],
    [
      [5, 5, 5],
      [3, 2, 3, 2, 3, 2],
    ],
  ])("%j questions of a category become %j", (counts, sizes) => {
    const batches = batchesOf(of(...counts));
    expect(batches).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
    const found: number[] = [];
    for (const batch of batches) found[batch - 1] = (found[batch - 1] ?? 0) + 1;
    expect(found).toEqual(sizes);
  });

  it("have labels of at most twelve characters, each its own", () => {
    const chips = chipsOf(of(10, 10, 10, 10));
    expect(new Set(chips).size).toBe(40);
    for (const chip of chips) expect(chip.length).toBeLessThanOrEqual(12);
  });
});
