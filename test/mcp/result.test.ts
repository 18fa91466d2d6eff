import { readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ConfigurationError, UsageError } from "../../src/errors.js";
import { digest } from "../../src/mcp/digest.js";
import { failure, fitting, resultLimit, success } from "../../src/mcp/result.js";
import { createSluice } from "../../src/sluice.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const output = z.object({
  verdict: z.enum(["clean", "issues"]),
  findings: z.array(z.object({ id: z.string(), message: z.string(), tags: z.array(z.string()) })),
  note: z.string().nullable(),
});
const tool = { name: "probe", output };

let repository: TestRepository;
beforeEach(() => {
  repository = testRepository();
  repository.write({ "a.txt": "a\n" });
  repository.commit();
});
afterEach(() => repository.remove());

const many = (count: number, message = "something is wrong here") =>
  Array.from({ length: count }, (_, n) => ({ id: `f${n}`, message, tags: [] }));

describe("a success", () => {
  it("says the same as structure and as text, in the schema's order", async () => {
    const result = success(
      await fitting(tool, { note: null, findings: [], verdict: "clean" }, repository.sluice(), undefined),
    );
    expect(result.content).toEqual([{ type: "text", text: JSON.stringify(result.structuredContent) }]);
    expect(Object.keys(result.structuredContent ?? {})).toEqual(["verdict", "findings", "note"]);
  });

  it("replaces control characters, escape sequences, bidirectional overrides and lone surrogates", async () => {
    const hostile = "a\u001b[31mred\u001b[0m\u0000\u202egnp.exe\ud800 line\nnext\ttab";
    const clean = await fitting(
      tool,
      { verdict: "issues", findings: many(1, hostile), note: hostile },
      repository.sluice(),
      undefined,
    );
    const text = JSON.stringify(clean);
    expect(text).not.toMatch(/\\u001b|\\u0000|\u202e|\\ud800/);
    expect(clean.note).toContain("line\nnext\ttab");
  });

  it("refuses an output that is not what was advertised", async () => {
    const wrong = JSON.parse('{"verdict":"SHIP","findings":[],"note":null}');
    await expect(fitting(tool, wrong, repository.sluice(), undefined)).rejects.toThrow();
  });

  it("puts what is too long into a file and sends a valid digest, verdict first", async () => {
    const whole = { verdict: "issues" as const, findings: many(500), note: "n" };
    const short = await fitting(tool, whole, repository.sluice(), undefined);
    expect(Buffer.byteLength(JSON.stringify(short))).toBeLessThan(resultLimit);
    expect(Object.keys(short)[0]).toBe("verdict");
    const parsed = output.parse(short);
    expect(parsed.findings.length).toBeGreaterThan(50);
    expect(parsed.findings[0]).toEqual(whole.findings[0]);
    expect(short.cut).toEqual([{ field: "findings", shown: parsed.findings.length, of: 500 }]);
    const path = String(short.full_result);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(whole);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(repository.git("status", "--porcelain")).toBe("");
  });

  it("counts bytes, so that text outside ASCII stays under the limit too", async () => {
    const short = await fitting(
      tool,
      { verdict: "issues", findings: many(300, "此處有錯誤".repeat(10)), note: "語".repeat(20_000) },
      repository.sluice(),
      undefined,
    );
    expect(Buffer.byteLength(JSON.stringify(short))).toBeLessThan(resultLimit);
    output.parse(short);
  });

  it("still answers when the whole can't be kept", async () => {
    const logged: string[] = [];
    const nowhere = createSluice({ cwd: "/", env: {}, log: (line) => logged.push(line) });
    const short = await fitting(tool, { verdict: "issues", findings: many(500), note: null }, nowhere, "/");
    expect(short.full_result).toBeUndefined();
    output.parse(short);
    expect(logged.join()).toContain("could not be kept");
  });
});

describe("a digest", () => {
  it("keeps short lists whole and says what of the long ones is shown, nested ones too", () => {
    const whole = {
      a: Array.from({ length: 1_000 }, (_, n) => ({ n, inner: [1, 2, 3] })),
      b: [1, 2],
      c: "x".repeat(100_000),
    };
    const short = digest(whole, (candidate) => JSON.stringify(candidate).length < 3_000);
    expect(short.b).toEqual([1, 2]);
    expect(JSON.stringify(short).length).toBeLessThan(3_000);
    expect(short.cut).toContainEqual(expect.objectContaining({ field: "a", of: 1_000 }));
  });
});

describe("a failure", () => {
  it("carries the same message and hint in both renderings", () => {
    const result = failure(
      new UsageError("No such ref: nope", "Pass a branch."),
      "probe",
      repository.sluice(),
    );
    expect(result).toEqual({
      content: [{ type: "text", text: "No such ref: nope\nHint: Pass a branch." }],
      structuredContent: { error: "No such ref: nope", hint: "Pass a branch." },
      isError: true,
    });
  });

  it("keeps the stack of a bug for the log", () => {
    const logged: string[] = [];
    const sluice = repository.sluice({ log: (line) => logged.push(line) });
    const result = failure(new TypeError("x is not a function"), "probe", sluice);
    expect(JSON.stringify(result)).not.toContain("    at ");
    expect(result.structuredContent).toMatchObject({ error: expect.stringContaining("bug in Sluice") });
    expect(logged.join()).toContain("    at ");
  });

  it("lets no secret out, into the answer or the log", () => {
    const logged: string[] = [];
    const sluice = repository.sluice({
      env: { OPENAI_API_KEY: "correct-horse-battery" },
      log: (line) => logged.push(line),
    });
    const said =
      "correct-horse-battery, https://me:hunter22@host/x and ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    for (const error of [new ConfigurationError(said, said), new Error(said)]) {
      const text = JSON.stringify(failure(error, "probe", sluice)) + logged.join();
      expect(text).not.toMatch(/correct-horse|hunter22|ghp_abc/);
      expect(text).toContain("***");
    }
  });

  it("is bounded, whatever was thrown", () => {
    const result = failure(new UsageError("x".repeat(1e6), "y".repeat(1e6)), "probe", repository.sluice());
    expect(JSON.stringify(result).length).toBeLessThan(7_000);
    expect(failure("a string", "probe", repository.sluice()).isError).toBe(true);
    expect(failure(undefined, "probe", repository.sluice()).isError).toBe(true);
  });
});
