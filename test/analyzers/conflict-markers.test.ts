import { describe, expect, it } from "vitest";
import { conflicts } from "../../src/analyzers/conflict-markers.js";
import { findingsOf } from "../review/prescreen-screening.js";

const conflict = ["<<<<<<< HEAD", "ours", "=======", "theirs", ">>>>>>> topic"];

describe("conflict markers", () => {
  it.each<[string, string, string[], number[]]>([
    ["a conflict", "a.go", ["x", ...conflict], [2]],
    ["one with its ancestor", "a.go", ["<<<<<<< a", "1", "||||||| b", "2", "=======", ">>>>>>> c"], [1]],
    ["two of them", "a.css", [...conflict, "x", ...conflict], [1, 7]],
    ["a heading of Markdown", "a.md", ["Title", "=======", "text"], []],
    ["an end without a start", "a.md", ["=======", ">>>>>>> topic"], []],
    ["a start without an end", "a.go", ["<<<<<<< HEAD", "======="], []],
    ["a fenced block", "a.md", ["```", ...conflict, "```"], []],
    ["a conflict after a fenced block", "a.md", ["```", "x", "```", ...conflict], [4]],
    ["a conflict under front matter", "a.md", ["---", "title: a", "---", ...conflict], [4]],
    ["an indented one", "a.rst", conflict.map((line) => `    ${line}`), []],
    ["a string of several lines", "a.py", ['text = """', ...conflict, '"""'], []],
    ["an edit format of an agent", "a.py", ["<<<<<<< SEARCH", "a", "=======", "b", ">>>>>>> REPLACE"], []],
    ["a patch", "a.patch", conflict, []],
  ])("reads %s", (_, path, lines, expected) => {
    expect(conflicts(lines, path)).toEqual(expected);
  });

  it("reports those that a change left", async () => {
    const text = `${conflict.join("\n")}\n`;
    const after = {
      "main.go.txt": text,
      "test/fixtures/a.txt": text,
      Makefile: text.replaceAll("\n", "\r\n"),
    };
    expect(await findingsOf({ "a.txt": "" }, after)).toEqual([
      "Makefile:1 conflict-marker certain",
      "main.go.txt:1 conflict-marker certain",
    ]);
  });
});
