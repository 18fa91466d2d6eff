import { describe, expect, it } from "vitest";
import { emptyPromise, untestable } from "../../src/plan/testable.js";

describe("a criterion that only promises", () => {
  it.each([
    ["The greeting works properly", "works properly"],
    ["**It is intuitive**", "intuitive"],
    ["The solution is scalable and modern", "scalable"],
    ["It works", "It works"],
    ["Everything is done.", "Everything is done."],
    ["No bugs", "No bugs"],
    ["A seamless experience for everybody", "seamless"],
  ])("%s: neither as a finding nor as a new task's", (text, words) => {
    expect(emptyPromise(text)).toBe(words);
    expect(untestable(text)).not.toBeNull();
  });
});

it.each([
  "`greet()` is fast",
  "A page is rendered quickly: below 200 ms",
  "Answers `Hello, Ada` correctly",
  "README.md describes the flag properly",
  "data.csv is parsed correctly",
])("names something to look at, and stays: %s", (text) => {
  expect(emptyPromise(text)).toBeNull();
  expect(untestable(text)).toBeNull();
});

it.each([
  "Errors are logged properly",
  "Errors are handled gracefully when they come",
  "Sessions expire quickly",
])("is no finding, but asked to be sharper where it is being written: %s", (text) => {
  expect(emptyPromise(text)).toBeNull();
  expect(untestable(text)).not.toBeNull();
});
