import { expect, it } from "vitest";
import { failure } from "../src/mcp/result.js";
import { createSluice } from "../src/sluice.js";
import { systemProblemIn } from "../src/system-error.js";

it.each([
  ["ENOSPC", /^The disk is full: /, /Free space/],
  ["EROFS", /^The system refused access: /, /read and write/],
  ["EMFILE", /^The machine is out of files or memory: /, /ulimit/],
])("says %s as something a person can act on, not as a bug", (code, what, hint) => {
  const log: string[] = [];
  const error = Object.assign(new Error(`${code}: said by the system, write '/a/b'`), { code });
  const { structuredContent, content, isError } = failure(
    error,
    "t",
    createSluice({ log: (line) => log.push(line), env: {} }),
  );
  expect(isError).toBe(true);
  expect(structuredContent).toEqual({
    error: expect.stringMatching(what),
    hint: expect.stringMatching(hint),
  });
  expect(JSON.stringify(content)).toContain("/a/b");
  expect(log).toEqual([]);
});

it("leaves everything else to be a bug", () => {
  const { structuredContent } = failure(new TypeError("x"), "t", createSluice({ log: () => {}, env: {} }));
  expect(structuredContent).toMatchObject({ error: expect.stringContaining("bug") });
  expect(systemProblemIn("fatal: bad object")).toBeNull();
});

it("knows what git says of a full disk", () => {
  expect(systemProblemIn("git add failed: fatal: write error: No space left on device")?.message).toMatch(
    /^The disk is full: git add/,
  );
});
