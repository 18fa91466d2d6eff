import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTemporary, removeAbandoned, removeTemporary } from "../src/temporary.js";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "sluice-temporary-test-"));
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

const loader = new URL("./support/typescript-loader.mjs", import.meta.url).href;
const module = fileURLToPath(new URL("../src/temporary.ts", import.meta.url));

/** Makes a folder in a process of its own, which then ends as told. */
function made(ending: string): void {
  const script = `const { makeTemporary } = await import(${JSON.stringify(module)});
makeTemporary("index", ${JSON.stringify(top)}); ${ending}`;
  spawnSync(process.execPath, ["--import", loader, "--input-type=module", "-e", script], { timeout: 20_000 });
}

describe("temporary folders", () => {
  it("go with the process that ends in an orderly way", () => {
    made("process.exit(3)");
    expect(readdirSync(top)).toEqual([]);
  });

  it("of a process that was killed go with the next clearing, those of a living one stay", async () => {
    made(`process.kill(process.pid, "SIGKILL")`);
    expect(readdirSync(top)).toHaveLength(1);
    const mine = makeTemporary("prescreen", top);
    utimesSync(mine, 1, 1);
    const another = join(top, `sluice-base-0123456789.${process.pid}.1-abcdef`);
    mkdirSync(another);
    mkdirSync(join(top, "sluice-somethingelse-1"));
    await removeAbandoned(top, Date.now());
    expect(
      readdirSync(top)
        .map((name) => join(top, name))
        .sort(),
    ).toEqual([another, mine, join(top, "sluice-somethingelse-1")].sort());
    await removeAbandoned(top, Date.now() + 8 * 24 * 3_600_000);
    expect([existsSync(another), existsSync(mine)]).toEqual([false, true]);
    await removeTemporary(mine);
    expect(existsSync(mine)).toBe(false);
  });

  it("with results in them outlive the process for a day", async () => {
    const script = `const { makeTemporary } = await import(${JSON.stringify(module)});
makeTemporary("results", ${JSON.stringify(top)});`;
    spawnSync(process.execPath, ["--import", loader, "--input-type=module", "-e", script], {
      timeout: 20_000,
    });
    await removeAbandoned(top, Date.now() + 23 * 3_600_000);
    expect(readdirSync(top)).toHaveLength(1);
    await removeAbandoned(top, Date.now() + 25 * 3_600_000);
    expect(readdirSync(top)).toEqual([]);
  });

  it("are made in the system's place where the wanted one is missing, a file, or relative", async () => {
    writeFileSync(join(top, "file"), "");
    for (const wanted of [join(top, "missing"), join(top, "file"), "relative", ""]) {
      const folder = makeTemporary("index", wanted);
      expect(folder.startsWith(top)).toBe(false);
      expect(existsSync(folder)).toBe(true);
      await removeTemporary(folder);
    }
    expect(existsSync("relative")).toBe(false);
  });
});
