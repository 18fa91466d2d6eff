import { describe, expect, it } from "vitest";
import { significanceOf } from "../../../src/plan/scouts/significance.js";

describe("significance", () => {
  const base = { changed: 0, tree: 1_000, relevant: 10, touched: 0, appeared: 0 };
  it.each([
    ["same", {}],
    ["minor", { changed: 40 }],
    ["minor", { changed: 8, tree: 10 }],
    ["partly", { changed: 1, touched: 1 }],
    ["partly", { touched: 3 }],
    ["partly", { changed: 2, appeared: 1 }],
    ["partly", { changed: 1, touched: 5 }],
    ["stale", { changed: 1, touched: 6 }],
    ["stale", { changed: 1, relevant: 0, touched: 0, appeared: 1 }],
    ["stale", { changed: 151 }],
    ["stale", { changed: null }],
  ])("%s: %j", (expected, changes) => {
    expect(significanceOf({ ...base, ...changes })).toBe(expected);
  });
});
