import { expect, it } from "vitest";
import { printable, printableJson, printableLine } from "../src/printable.js";

it.each([
  ["colours", "\u001b[1;31mred\u001b[0m \u009b4munder\u009b24m", "red under"],
  ["what clears the screen or moves", "a\u001b[2J\u001b[H\u001b[?25lb", "ab"],
  ["a link's target", "see \u001b]8;;https://example.test\u0007here\u001b]8;;\u001b\\.", "see here."],
  ["the choice of a character set", "\u001b(Bplain", "plain"],
  ["bells, returns and overrides", "a\u0007b\rc\u202ed", "a b c d"],
])("printable takes out %s", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

it.each([
  ["between an escape and a bell", "keep \u001bDELETE\u0007 this", "keep  DELETE  this"],
  ["after a command that is never ended", "a \u001b]0;title\nDELETE", "a  ]0;title\nDELETE"],
  ["after a sequence that is cut", "a \u001b[31", "a  [31"],
])("printable hides no word %s", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

it("printable is done with a hostile text in no time", () => {
  const texts = ["\u001b[", "\u001b]", "\u001b[1;", "\u001b]x\u001b["].map((piece) => piece.repeat(200_000));
  const before = performance.now();
  for (const text of texts) expect(printable(text)).not.toContain("\u001b");
  expect(performance.now() - before).toBeLessThan(5_000);
});

it("a line stays one, and JSON means the same", () => {
  expect(printableLine("a\nb\u2028c")).toBe("a b c");
  const value = { text: "\u001b[31m\u202e\u009b" };
  const shown = printableJson(value);
  for (const hidden of ["\u001b", "\u009b", "\u202e"]) expect(shown).not.toContain(hidden);
  expect(JSON.parse(shown)).toEqual(value);
});
