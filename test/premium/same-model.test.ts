import { expect, it } from "vitest";
import { isSameModel } from "../../src/premium/same-model.js";

it.each([
  ["gpt-5.2", "gpt-5.2-2025-12-11", true],
  ["gpt-5.2", "openai/gpt-5.2", true],
  ["gpt-5.2", "gpt-5.2-mini", false],
  ["gpt-5.2", "gpt-5", false],
  ["gpt-5", "gpt-5.2", false],
  ["gpt-5.2-codex", "gpt-5.2", false],
  ["claude-opus-4-5", "claude-opus-4-5-20251101", true],
  ["claude-opus-4-5", "Claude Opus 4.5 (Thinking)", true],
  ["claude-opus-4-5", "claude-sonnet-4-5", false],
  ["claude-sonnet-4", "claude-sonnet-4-20250514", true],
  ["claude-sonnet-4", "claude-sonnet-4.5", false],
  ["gemini-3-pro", "gemini-3-pro-preview", true],
  ["gemini-3-pro", "gemini-3-flash", false],
  ["opus", "claude-opus-4-6", true],
  ["opus[1m]", "claude-opus-4-6", true],
  ["opus", "claude-sonnet-4-6", false],
])("%s answered by %s: %s", (asked, answered, same) => {
  expect(isSameModel(asked, answered)).toBe(same);
});
