import { expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import type { Hunk } from "../../src/change/types.js";
import { repository } from "./repositories.js";

const mebibyte = 1024 * 1024;

/** Lines that put a piece's end before, in and behind letters of several bytes, and on the end of a line. */
function linesOf(size: number, letters: readonly string[]): string[] {
  const lines: string[] = [];
  for (let bytes = 0, at = 0; bytes < size; at++) {
    const line = `${at} ${(letters[at % letters.length] ?? "").repeat(1 + (at % 37))}`;
    lines.push(line);
    bytes += Buffer.byteLength(line) + 1;
  }
  return lines;
}

const mixed = ["a", "é", "漢", "😀", "\t", "", "\r", "@@ -1 +1 @@", "diff --git a/x b/x"];

it.each<[string, string[], string]>([
  ["shorter than a piece", linesOf(mebibyte - 5_000, mixed), "\n"],
  ["of several pieces", linesOf(3.3 * mebibyte, mixed), "\n"],
  ["without an end of its last line", linesOf(2.5 * mebibyte, mixed), ""],
  ["of one line", ["é".repeat(2 * mebibyte)], "\n"],
  ["of lines longer than a piece", ["a".repeat(mebibyte + 1), "b", "漢".repeat(mebibyte), ""], "\n"],
  ["of empty lines", Array.from({ length: 2 * mebibyte }, () => ""), "\n"],
])("a long diff is read as a short one is: %s", async (_, lines, end) => {
  const repo = repository();
  repo.write({ other: "1\n" });
  repo.commit();
  repo.write({ long: `${lines.join("\n")}${end}`, other: "2\n" });
  const { files } = await openChange(repo.sluice(), { base: "HEAD", head: "WORKTREE" });
  expect(files.map(({ path, added, deleted }) => [path, added, deleted])).toEqual([
    ["long", lines.length, 0],
    ["other", 1, 1],
  ]);
  const expected = lines.map((line) => `+${line}`);
  if (end === "") expected.push("\\ No newline at end of file");
  expect(same(files[0]?.hunks, expected)).toBe(true);
});

it("a long diff keeps bytes that are no UTF-8 apart, wherever a piece of it ends", async () => {
  const repo = repository();
  repo.write({ long: "old\n" });
  repo.commit();
  const line = Buffer.from("caf\xe9 \xff\n", "latin1");
  const lines = Math.ceil((2.2 * mebibyte) / line.length);
  repo.write({ long: Buffer.concat(Array.from({ length: lines }, () => line)) });
  const { files } = await openChange(repo.sluice(), { base: "HEAD", head: "WORKTREE" });
  const expected = ["-old", ...Array.from({ length: lines }, () => "+caf\uf7e9 \uf7ff")];
  expect(same(files[0]?.hunks, expected)).toBe(true);
});

/** In one hunk, and those lines in that order; a difference of megabytes is nothing to print. */
function same(hunks: readonly Hunk[] | undefined, expected: readonly string[]): boolean {
  const [hunk, ...others] = hunks ?? [];
  const given = hunk?.lines.at(-1) === "" ? hunk.lines.slice(0, -1) : hunk?.lines;
  return (
    others.length === 0 &&
    given?.length === expected.length &&
    given.every((line, index) => line === expected[index])
  );
}
