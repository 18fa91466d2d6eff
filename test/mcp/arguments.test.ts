import { describe, expect, it } from "vitest";
import * as z from "zod";
import { checkArguments } from "../../src/mcp/arguments.js";

const schema = z.strictObject({
  repo: z.string().optional(),
  diff: z.string().optional(),
  paths: z.array(z.string()).optional(),
  dismiss: z.array(z.strictObject({ id: z.string(), reason: z.string() })).optional(),
});
const check = (raw: unknown) => () => checkArguments("prescreen_diff", schema, raw);

describe("a tool's arguments", () => {
  it("may be left out", () => {
    expect(check(undefined)).not.toThrow();
    expect(check({})).not.toThrow();
  });

  it("name an unknown one, guess what was meant, and list the valid ones", () => {
    expect(check({ dif: "x" })).toThrow(
      expect.objectContaining({
        message: "Wrong arguments for prescreen_diff: unknown argument `dif`.",
        hint: "Did you mean `diff`? prescreen_diff takes: repo, diff, paths, dismiss.",
      }),
    );
    expect(check({ path: ["a"] })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("`paths`") }),
    );
    expect(check({ quux: 1 })).toThrow(
      expect.objectContaining({ hint: "prescreen_diff takes: repo, diff, paths, dismiss." }),
    );
  });

  it("name every wrong value and where it is", () => {
    expect(check({ paths: "src", dismiss: [{ id: "a" }, { id: "b", reason: "c", why: "d" }] })).toThrow(
      /`paths`: .*expected array.*`dismiss\.0\.reason`.*unknown argument `dismiss\.1\.why`/,
    );
    expect(check([])).toThrow(/must be an object/);
  });

  it("say of a required one that it is missing, and what is allowed", () => {
    const verdict = z.strictObject({
      verdict: z.enum(["SHIP", "NEEDS_WORK"]),
      attested_by: z.enum(["agent", "human"]),
      blockers: z.array(z.strictObject({ message: z.string() })).optional(),
    });
    const record = (raw: unknown) => () => checkArguments("record_verdict", verdict, raw);
    expect(record(undefined)).toThrow(
      "Wrong arguments for record_verdict: `verdict` is missing: one of SHIP, NEEDS_WORK; `attested_by` is missing: one of agent, human.",
    );
    expect(record({ verdict: "SHIP", attested_by: undefined })).toThrow(/`attested_by` is missing/);
    expect(record({ verdict: "SHIP", attested_by: "agent", blockers: [{}] })).toThrow(
      "`blockers.0.message` is missing (string).",
    );
    expect(record({ verdict: "OK", attested_by: null })).toThrow(/`verdict`: .*"SHIP".*`attested_by`: /);
    expect(record({ verdict: "OK" })).not.toThrow(/`verdict` is missing/);
  });

  it("repeat only a bounded part of what was passed", () => {
    const huge = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`x${"y".repeat(5_000)}${n}`, 1]));
    try {
      check(huge)();
      expect.unreachable();
    } catch (error) {
      expect(String(error).length).toBeLessThan(4_000);
    }
  });
});
