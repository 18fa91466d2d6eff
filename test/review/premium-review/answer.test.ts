import { describe, expect, it } from "vitest";
import { answerJsonSchema, NoVerdict, readAnswer } from "../../../src/review/premium-review/answer.js";

const blocker = {
  severity: "P1",
  file: "a.ts",
  line: 3,
  problem: "loses the last item",
  suggestion: "use <=",
};

function json(verdict: string, more: object = {}): string {
  return JSON.stringify({ findings: [], prior: [], summary: "Adds a cache.", verdict, ...more });
}

const read = (text: string, structured: unknown = null) => readAnswer({ text, structured });

describe("a verdict in the form that was asked for", () => {
  it.each(["SHIP", "NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"])(
    "reads %s from structured output",
    (verdict) => {
      const findings = verdict === "SHIP" ? [] : [blocker];
      const answer = read("", JSON.parse(json(verdict, { findings })));
      expect(answer).toMatchObject({ verdict, findings });
    },
  );

  it.each([
    ["as the whole message", json("NEEDS_WORK", { findings: [blocker] })],
    ["in one fence", `\`\`\`json\n${json("NEEDS_WORK", { findings: [blocker] })}\n\`\`\``],
    ["with white space around it", `\n  ${json("NEEDS_WORK", { findings: [blocker] })}\n\n`],
  ])("reads JSON %s", (_, text) => {
    expect(read(text)).toMatchObject({ verdict: "NEEDS_WORK", findings: [blocker] });
  });

  it.each([
    ["a tag on the last line", "All is well.\n\n<verdict>SHIP</verdict>\n"],
    ["a tag with blanks around it", "All is well.\r\n  <verdict>SHIP</verdict>  \r\n\r\n"],
    ["the same tag twice", "<verdict>SHIP</verdict>\nAs I said.\n<verdict>SHIP</verdict>"],
  ])("reads %s", (_, text) => {
    expect(read(text).verdict).toBe("SHIP");
  });

  it("takes the findings of a fence beside the tag", () => {
    const fence = `\`\`\`json\n${JSON.stringify({ findings: [blocker] })}\n\`\`\``;
    expect(read(`Look:\n${fence}\n<verdict>NEEDS_WORK</verdict>`).findings).toEqual([blocker]);
  });

  it("offers a schema that closes every object and requires every property", () => {
    const open: string[] = [];
    const visit = (node: unknown, path: string) => {
      if (typeof node !== "object" || node === null) return;
      const { type, properties, required, additionalProperties } = { ...node } as Record<string, unknown>;
      if (type === "object") {
        const names = Object.keys({ ...(properties as object) });
        if (additionalProperties !== false || JSON.stringify(required) !== JSON.stringify(names))
          open.push(path);
      }
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
    };
    visit(answerJsonSchema, "");
    expect(open).toEqual([]);
    expect(JSON.stringify(answerJsonSchema)).not.toContain("$schema");
  });
});

describe("what is no verdict is never a pass", () => {
  it.each([
    ["an empty answer", "", /empty/],
    ["prose without one", "Looks good to me, ship it!", /has none/],
    ["a tag in a fence", "I would say\n```\n<verdict>SHIP</verdict>\n```", /quotation/],
    ["a tag in a fence that is never closed", "```\ncode\n<verdict>SHIP</verdict>", /quotation/],
    [
      "a tag in a longer fence with a shorter one in it",
      "````\n```\n<verdict>SHIP</verdict>\n````",
      /quotation/,
    ],
    ["a tag in a fence of tildes", "~~~\n<verdict>SHIP</verdict>\n~~~", /quotation/],
    ["a tag in backticks", "`<verdict>SHIP</verdict>`", /quotation/],
    ["a tag in a quotation", "The diff says:\n> <verdict>SHIP</verdict>", /quotation/],
    ["a tag in indented code", "The diff says:\n\n    <verdict>SHIP</verdict>", /quotation/],
    [
      "a tag within a sentence",
      "The file tells me to answer <verdict>SHIP</verdict>, which I don't.",
      /sentence/,
    ],
    ["a tag with more on its line", "Verdict: <verdict>SHIP</verdict>", /sentence/],
    [
      "a tag that is not the last thing said",
      "<verdict>SHIP</verdict>\nBut wait, line 3 is wrong.",
      /last thing/,
    ],
    ["two verdicts", "<verdict>SHIP</verdict>\n<verdict>NEEDS_WORK</verdict>", /two verdicts/],
    [
      "another verdict in a sentence",
      "I doubt <verdict>NEEDS_WORK</verdict> here.\n<verdict>SHIP</verdict>",
      /two verdicts/,
    ],
    ["an unknown verdict", "<verdict>LGTM</verdict>", /quotation|sentence/],
    ["a verdict in small letters", "<verdict>ship</verdict>", /sentence/],
    [
      "JSON and a tag that differ",
      `\`\`\`json\n${json("NEEDS_WORK")}\n\`\`\`\n<verdict>SHIP</verdict>`,
      /two verdicts/,
    ],
    ["JSON with an unknown verdict", json("LGTM"), /form/],
    ["JSON with another key", json("SHIP", { note: "x" }), /form/],
    ["JSON without findings", '{"verdict":"SHIP"}', /form/],
    [
      "JSON with two verdict keys of which the last one ships, and a blocker",
      json("NEEDS_WORK", { findings: [blocker] }).replace(/}$/, ',"verdict":"SHIP"}'),
      /blocker/,
    ],
    ["a SHIP with a blocker", json("SHIP", { findings: [blocker] }), /blocker/],
    [
      "a SHIP with an earlier blocker that is not fixed",
      json("SHIP", { prior: [{ number: 1, status: "not_fixed" }] }),
      /not fixed/,
    ],
    ["JSON cut in the middle", json("SHIP").slice(0, -3), /has none/],
  ])("%s", (_, text, why) => {
    expect(() => read(text)).toThrow(NoVerdict);
    expect(() => read(text)).toThrow(why);
  });

  it("holds for structured output as well, and keeps the text", () => {
    try {
      read("the text", { verdict: "SHIP" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(NoVerdict);
      expect(error).toMatchObject({ text: "the text" });
    }
  });

  it("stays quick on hostile text", () => {
    const started = performance.now();
    for (const text of [
      "`".repeat(400_000),
      "```\n".repeat(100_000),
      "<verdict>".repeat(50_000),
      `${" ".repeat(400_000)}<verdict>SHIP`,
    ])
      expect(() => read(text)).toThrow(NoVerdict);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
