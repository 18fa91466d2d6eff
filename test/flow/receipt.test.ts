import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { type Receipt, withdrawReceipt, writeReceipt } from "../../src/flow/receipt.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-receipt-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const receipt: Receipt = {
  type: "impl_review",
  id: "fn-1-add.2",
  mode: "sluice",
  verdict: "SHIP",
  base: "b".repeat(40),
  model: "m",
  source: "s",
  review: "Fine — all of it.",
  fingerprint: "f1",
  context_fingerprint: "c1",
  timestamp: "2026-01-02T03:04:05.000Z",
};

it.each([
  ["where nothing is", null],
  ["over an empty file", ""],
  ["over another receipt", '{"type": "impl_review", "id": "fn-1-add.2", "mode": "codex"}'],
])("is written %s, as flowctl writes", async (_, before) => {
  const path = join(folder, "receipts", "impl.json");
  if (before !== null) {
    mkdirSync(dirname(path));
    writeFileSync(path, before);
  }
  await writeReceipt(path, receipt);
  const text = readFileSync(path, "utf8");
  expect(JSON.parse(text)).toEqual(receipt);
  expect(text).toContain("Fine \\u2014 all of it.");
  expect(text.endsWith("}\n")).toBe(true);
});

it.each<[string, () => string]>([
  [
    "over a file that is no receipt",
    () => {
      writeFileSync(join(folder, "a.ts"), "export {};\n");
      return join(folder, "a.ts");
    },
  ],
  [
    "over other JSON",
    () => {
      writeFileSync(join(folder, "package.json"), '{"name": "x", "type": "module"}');
      return join(folder, "package.json");
    },
  ],
  ["over a folder", () => folder],
  [
    "through a link",
    () => {
      writeFileSync(join(folder, "target"), "");
      symlinkSync(join(folder, "target"), join(folder, "link"));
      return join(folder, "link");
    },
  ],
  ["into git's folder", () => join(folder, ".git", "refs", "heads", "x")],
  [
    "into git's folder by another name",
    () => {
      mkdirSync(join(folder, ".git", "refs"), { recursive: true });
      symlinkSync(join(folder, ".git", "refs"), join(folder, "receipts"));
      return join(folder, "receipts", "heads.json");
    },
  ],
])("is not written %s", async (_, prepare) => {
  const path = prepare();
  const isFile = existsSync(path) && statSync(path).isFile();
  const before = isFile ? readFileSync(path, "utf8") : null;
  await expect(writeReceipt(path, receipt)).rejects.toThrow(UsageError);
  if (before !== null) expect(readFileSync(path, "utf8")).toBe(before);
});

it.each([
  ["of an earlier state", { fingerprint: "f2" }, {}, true],
  ["of today's state", { fingerprint: "f1" }, {}, false],
  ["of another task", { fingerprint: "f2", id: "fn-1-add.3" }, {}, false],
  ["of another base", { fingerprint: "f2", base: "c".repeat(40) }, {}, false],
  ["of a plan", { fingerprint: "f2" }, { type: "plan_review" }, false],
  ["of another reviewer", { fingerprint: "f2" }, { mode: "codex" }, false],
  ["that sends back", { fingerprint: "f2" }, { verdict: "NEEDS_WORK" }, false],
])("%s is withdrawn only where it is an outdated SHIP of ours", async (_, now, kept, gone) => {
  const path = join(folder, "impl.json");
  writeFileSync(path, JSON.stringify({ ...receipt, ...kept }));
  expect(
    await withdrawReceipt(path, { type: "impl_review", id: receipt.id, base: "b".repeat(40), ...now }),
  ).toBe(gone);
  expect(existsSync(path)).toBe(!gone);
});

it("withdrawing takes nothing away that is no receipt, and never throws", async () => {
  const path = join(folder, "notes.json");
  writeFileSync(path, "not JSON");
  const now = { type: "impl_review", id: receipt.id, base: "", fingerprint: "f2" } as const;
  expect(await withdrawReceipt(path, now)).toBe(false);
  expect(await withdrawReceipt(folder, now)).toBe(false);
  expect(await withdrawReceipt(join(folder, "none"), now)).toBe(false);
  expect(readFileSync(path, "utf8")).toBe("not JSON");
});
