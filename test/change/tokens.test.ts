import { describe, expect, it } from "vitest";
import { countTokens, estimateTokens } from "../../src/change/tokens.js";

describe("countTokens", () => {
  it.each([
    ["", 0],
    ["hello world", 2],
    ["const a = 1;\n", 6],
    ["tiktoken is great!", 6],
  ])("counts %j as o200k does", async (text, tokens) => {
    expect(await countTokens(text)).toBe(tokens);
  });

  it("gives the same count again for the same text, and another for another", async () => {
    const text = "export const a = 1;\n".repeat(200);
    const first = await countTokens(text);
    expect(await countTokens(text)).toBe(first);
    expect(await countTokens(`${text}${text}`)).toBe(2 * first);
  });

  it("takes text that looks like a special token for text", async () => {
    expect(await countTokens("<|endoftext|>")).toBeGreaterThan(1);
  });

  it("estimates a long text from samples within a few percent", async () => {
    const line = (number: number) =>
      `export const value${number} = compute("${number * 7}", options[${number % 9}]);\n`;
    const text = Array.from({ length: 20_000 }, (_, number) => line(number)).join("");
    const exact = (await countTokens(text.slice(0, 900_000))) / 900_000;
    const estimate = (await countTokens(text)) / text.length;
    expect(Math.abs(estimate / exact - 1)).toBeLessThan(0.05);
  });

  const random = () => {
    let seed = 1;
    return Array.from({ length: 900_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return String.fromCharCode(97 + (seed % 26));
    }).join("");
  };
  it.each([
    ["one letter", "a".repeat(900_000)],
    ["random letters without a space", random()],
    ["white space", " ".repeat(900_000)],
    ["line ends", "\n".repeat(900_000)],
    ["dashes", "-".repeat(900_000)],
    ["emoji", "😀".repeat(450_000)],
    ["combining marks", "e\u0301".repeat(450_000)],
    ["50 MB of one letter", "a".repeat(50_000_000)],
  ])("takes linear time for %s", async (_, text) => {
    const started = process.cpuUsage();
    expect(await countTokens(text)).toBeGreaterThan(0);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(3_000);
  });
});

it("estimates rather too many tokens than too few for code", async () => {
  const code = "  if (options.signal?.aborted) throw new UsageError(message, hint);\n".repeat(50);
  expect(estimateTokens(Buffer.byteLength(code))).toBeGreaterThanOrEqual(await countTokens(code));
  expect(estimateTokens(0)).toBe(0);
});
