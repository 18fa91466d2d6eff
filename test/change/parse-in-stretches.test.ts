import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { parse } from "../../src/change/imports/parsers.js";

const long = Array.from(
  { length: 6_000 },
  (_, n) => `export function f${n}() { return [${n}, { a: ${n} }]; }`,
).join("\n");

it("lets others have their turn while a long text is parsed, and mixes up no two texts of one grammar", async () => {
  let turns = 0;
  let isOver = false;
  const others = (async () => {
    for (; !isOver; turns++) await setImmediate();
  })();
  const [first, second, third] = await Promise.all([
    parse("typescript", long, 20_000),
    parse("typescript", "import a from './a';", 20_000),
    parse("typescript", `${long}\n${long}`, 20_000),
  ]);
  isOver = true;
  await others;
  expect(turns).toBeGreaterThan(3);
  expect(first?.rootNode.namedChildCount).toBe(6_000);
  expect(first?.rootNode.hasError).toBe(false);
  expect(second?.rootNode.text).toBe("import a from './a';");
  expect(third?.rootNode.namedChildCount).toBe(12_000);
});

it("gives up after so many steps, and parses the next text from its beginning", async () => {
  expect(await parse("typescript", long, 300)).toBeNull();
  const next = await parse("typescript", "const a = 1;\nconst b = 2;", 300);
  expect(next?.rootNode.namedChildCount).toBe(2);
});
