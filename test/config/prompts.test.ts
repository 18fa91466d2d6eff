import { readdirSync } from "node:fs";
import { join } from "node:path";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { fillPrompt, loadPrompt, parsePrompt } from "../../src/config/prompts.js";
import { packageRoot } from "../../src/version.js";

describe("prompts", () => {
  const names = readdirSync(join(packageRoot, "prompts")).map((file) => file.replace(/\.md$/, ""));

  it.each(names)("%s says its role, uses what it declares and stays under 500 tokens", async (name) => {
    const prompt = await loadPrompt(name);
    expect(prompt.role).not.toBe("");
    expect(countTokens(prompt.text)).toBeLessThanOrEqual(500);
  });

  it("are filled once: a value that looks like a placeholder stays what it is", () => {
    const prompt = parsePrompt("---\nrole: r\nplaceholders: [a, b]\n---\n{{a}} and {{b}}", "x");
    expect(fillPrompt(prompt, { a: "{{b}} $& $1", b: "2" })).toBe("{{b}} $& $1 and 2");
    expect(() => fillPrompt(prompt, { a: "1" })).toThrow(/\{\{b\}\}/);
  });

  it.each([
    ["no head", "words only"],
    ["does not use {{a}}", "---\nrole: r\nplaceholders: [a]\n---\nwords"],
    ["undeclared {{c}}", "---\nrole: r\nplaceholders: []\n---\n{{c}}"],
  ])("that are malformed are refused: %s", (message, text) => {
    expect(() => parsePrompt(text, "x")).toThrow(message);
  });
});
