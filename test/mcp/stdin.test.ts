import { describe, expect, it } from "vitest";
import { idOf, wholeLines } from "../../src/mcp/stdin.js";

async function through(chunks: string[], limit = 100_000) {
  const lines: string[] = [];
  const long: { start: string; end: string }[] = [];
  const stream = wholeLines(limit, (start, end) => long.push({ start, end }));
  stream.on("data", (line: Buffer) => lines.push(line.toString()));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once("close", resolve));
  return { lines, long };
}

describe("lines of stdin", () => {
  it("come whole, however they were cut", async () => {
    expect((await through(["a", "b\nc\n", "\n", "d", "e", "f\n", "no end"])).lines).toEqual([
      "ab\n",
      "c\n",
      "\n",
      "def\n",
    ]);
  });

  it("are dropped when they are too long, and the next one comes", async () => {
    const { lines, long } = await through(["first", "x".repeat(99_000), "y".repeat(99_000), "last\nnext\n"]);
    expect(lines).toEqual(["next\n"]);
    expect(long).toHaveLength(1);
    expect(long[0]?.start).toMatch(/^firstx/);
    expect(long[0]?.end).toMatch(/ylast\n$/);
  });

  it("are dropped in one chunk too", async () => {
    const { lines, long } = await through([`${"x".repeat(200_000)}\nnext\n`]);
    expect(lines).toEqual(["next\n"]);
    expect(long).toHaveLength(1);
  });
});

describe("the id of a message that was dropped", () => {
  it.each([
    ['{"jsonrpc":"2.0","id":7,"method":"tools/call"', "}", 7],
    ['{"id":"a-b","jsonrpc":"2.0"', "}", "a-b"],
    ['{"method":"tools/call","params":{"x":"', '"},"jsonrpc":"2.0","id":12}\n', 12],
    ['{"method":"tools/call"', '"},"id":12,"jsonrpc":"2.0"}', 12],
    ['{"method":"notifications/x"', '"}}', null],
    ['{"method":"x","params":{"id":3,', '"id":4}}}', null],
  ])("is read off %s … %s", (start, end, id) => {
    expect(idOf(start, end)).toBe(id);
  });
});
