import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Diagnostic, Engine } from "../../src/analyzers/engine.js";
import { coolDown } from "../../src/analyzers/warm/warm.js";
import { prescreenOutput } from "../../src/review/prescreen.js";
import { readMetrics } from "../../src/state/metrics.js";
import { openStore } from "../../src/state/store.js";
import { opened } from "../state/opened.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { screen } from "./prescreen-screening.js";

/** An engine of the test's own: every line that says WRONG is a mistake. */
function lineEngine(overrides: Partial<Engine> = {}): Engine {
  return {
    name: "lines",
    languages: "text",
    timeout: 5_000,
    handles: () => true,
    async analyse({ files, workspace }) {
      const found: { base: Diagnostic[]; head: Diagnostic[] } = { base: [], head: [] };
      for (const file of files) {
        for (const side of ["base", "head"] as const) {
          const path = file[side];
          const text = path === null ? null : await workspace.text(side, path);
          for (const [index, line] of (text ?? "").split("\n").entries()) {
            if (path === null || !line.includes("WRONG")) continue;
            const one = { code: "W1", class: "wrong", message: "It says WRONG.", path, line: index + 1 };
            found[side].push({
              ...one,
              severity: line.includes("hint") ? "hint" : "certain",
              evidence: line.trim(),
            });
          }
        }
      }
      return found;
    },
    ...overrides,
  };
}

let repository: TestRepository;
let temporary: string;

beforeEach(() => {
  repository = testRepository();
  temporary = realpathSync(mkdtempSync(join(tmpdir(), "sluice-prescreen-test-")));
});

afterEach(() => {
  repository.remove();
  rmSync(temporary, { recursive: true, force: true });
});

const mine = () =>
  repository.sluice({
    env: { PATH: process.env.PATH, HOME: join(repository.path, "../home"), TMPDIR: temporary },
  });

describe("the rounds of a pre-screen", () => {
  it("counts a round for each changed tree with findings, knows what was fixed, and says when to go on", async () => {
    const engines = [lineEngine()];
    repository.write({ "a.txt": "one\nold WRONG\n" });
    repository.commit();
    repository.write({ "a.txt": "first WRONG\none\nold WRONG\nsecond WRONG\n" });
    const first = await screen(repository, { engines });
    expect(prescreenOutput.parse(first)).toEqual(first);
    expect(first).toMatchObject({ verdict: "issues", iteration: 1, max_iterations: 3, since_last: null });
    expect(first.findings.map(({ line }) => line)).toEqual([1, 4]);

    expect(await screen(repository, { engines })).toMatchObject({ iteration: 1 });

    repository.write({ "a.txt": "header\n\none\nold WRONG\nsecond WRONG\nthird WRONG\n" });
    const second = await screen(repository, { engines });
    expect(second).toMatchObject({ iteration: 2, since_last: { fixed: 1, stayed: 1, new: 1 } });
    expect(second.findings.find(({ line }) => line === 5)?.id).toBe(first.findings[1]?.id);

    for (const text of ["old WRONG\nx WRONG\n", "old WRONG\ny WRONG\n"]) {
      repository.write({ "a.txt": text });
      await screen(repository, { engines });
    }
    const late = await screen(repository, { engines });
    expect(late.iteration).toBe(4);
    expect(late.advice).toContain("go on to the review");

    repository.write({ "a.txt": "one\nold WRONG\nfine\n" });
    expect(await screen(repository, { engines })).toMatchObject({
      verdict: "clean",
      findings: [],
      advice: null,
    });
    repository.write({ "a.txt": "z WRONG\nWRONG too\n" });
    expect(await screen(repository, { engines })).toMatchObject({ iteration: 1 });
  });

  it("never shows a dismissed finding again for that code, counts it, and names ids that mean nothing", async () => {
    const engines = [lineEngine()];
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    repository.write({ "a.txt": "one\nit is not WRONG\n" });
    const [finding] = (await screen(repository, { engines })).findings;
    const dismiss = [
      { id: finding?.id ?? "", reason: "it says so" },
      { id: "000000000000", reason: "?" },
    ];
    const after = await screen(repository, { engines, dismiss });
    expect(after).toMatchObject({ verdict: "clean", findings: [], dismissed: 1 });
    expect(after.advice).toContain("000000000000");
    repository.write({ "a.txt": "moved\n\none\nit is not WRONG\n" });
    expect(await screen(repository, { engines })).toMatchObject({ verdict: "clean", dismissed: 1 });
    repository.write({ "a.txt": "one\nit is so WRONG\n" });
    expect(await screen(repository, { engines })).toMatchObject({ verdict: "issues", dismissed: 0 });
  });

  it("counts for the report what was raised once, whatever the base, and no hint, neither raised nor dismissed", async () => {
    const engines = [lineEngine()];
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    repository.write({ "a.txt": "one\ntwo\n" });
    repository.commit();
    repository.write({ "a.txt": "one\ntwo\nWRONG\nWRONG, a hint\n" });
    const { findings } = await screen(repository, { engines });
    await screen(repository, { engines, base: "HEAD~1" });
    const dismiss = findings.map(({ id }) => ({ id, reason: "it is meant so" }));
    expect(await screen(repository, { engines, dismiss })).toMatchObject({ verdict: "clean", dismissed: 2 });
    const { days } = await readMetrics(await openStore(repository.sluice(), opened(repository)));
    const [day] = Object.values(days);
    expect(day).toMatchObject({ raised: { wrong: 1 }, dismissed: { wrong: 1 } });
  });

  it("is clean when there are only hints", async () => {
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    repository.write({ "a.txt": "WRONG, a hint\n" });
    const result = await screen(repository, { engines: [lineEngine()] });
    expect(result.verdict).toBe("clean");
    expect(result.findings.map(({ severity }) => severity)).toEqual(["hint"]);
  });

  it("refuses an empty change", async () => {
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    await expect(screen(repository)).rejects.toThrow("empty");
  });
});

describe("engines that misbehave", () => {
  const failing = lineEngine({ name: "failing", analyse: () => Promise.reject(new Error("it broke")) });
  const hanging = lineEngine({
    name: "hanging",
    timeout: 50,
    analyse: ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      ),
  });
  const absent = lineEngine({ name: "absent", languages: "COBOL", handles: () => false });

  it("cost their own findings only, and leave nothing behind", async () => {
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    repository.write({ "a.txt": "WRONG\n" });
    const result = await screen(repository, {
      engines: [failing, hanging, absent, lineEngine()],
      sluice: mine(),
    });
    expect(result.findings).toHaveLength(1);
    expect(result.engines.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "failing failed",
      "hanging timeout",
      "absent skipped",
      "lines ok",
      "model skipped",
    ]);
    expect(result.engines[0]?.note).toBe("it broke");
    expect(result.engines[2]?.note).toBe("no COBOL changed");
    expect(result.advice).toContain("failing, hanging did not finish");
    await coolDown();
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("clear away what a killed process left a day ago, and nothing younger", async () => {
    repository.write({ "a.txt": "one\n" });
    repository.commit();
    repository.write({ "a.txt": "two\n" });
    const left = (name: string, age: number) => {
      mkdirSync(join(temporary, name, "inside"), { recursive: true });
      utimesSync(join(temporary, name), new Date(Date.now() - age), new Date(Date.now() - age));
    };
    left("sluice-prescreen-old", 25 * 3_600_000);
    left("sluice-prescreen-new", 3_600_000);
    left("other-old", 25 * 3_600_000);
    await screen(repository, { engines: [lineEngine()], sluice: mine() });
    expect(readdirSync(temporary).sort()).toEqual(["other-old", "sluice-prescreen-new"]);
  });

  it("end when the caller cancels, and leave nothing behind", async () => {
    repository.write({ "a.ts": "export {};\n", "a.py": "x = 1\n" });
    repository.commit();
    repository.write({ "a.ts": "export const a = nowhere;\n", "a.py": "y = nowhere\n" });
    const controller = new AbortController();
    const onProgress = (message: string) => {
      if (message.startsWith("pyright")) controller.abort(new Error("enough"));
    };
    await expect(
      screen(repository, { signal: controller.signal, onProgress, sluice: mine() }),
    ).rejects.toThrow("enough");
    await coolDown();
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("odd changes", () => {
  it("are taken without a crash, and what was not analysed is counted", async () => {
    repository.write({
      "gone.py": "import nowhere_at_all\nprint(undefined_before)\n",
      "old/name.ts": "export const kept = undefinedBefore;\n",
      "same.js": "const a = 1;\n",
      "was-link": "x",
    });
    repository.link("link.ts", "old/name.ts");
    repository.commit();
    repository.write({ "link.ts": null });
    repository.write({
      "gone.py": null,
      "old/name.ts": null,
      "new/name with space é.ts": "export const kept = undefinedBefore;\n",
      "wide.ts": Buffer.from("\ufeffexport const a = nowhere;\n", "utf16le"),
      "large.js": `const a = nowhere;\n${"// filler\n".repeat(150_000)}`,
      "empty.ts": "",
      "empty.py": "",
      "-c.ts": "export const dash = undefinedHere;\n",
      "crlf.ts": "\ufeffexport const a = 1;\r\nexport const b = undefinedToo;\r\n",
      "package-lock.json": "{}\n",
      "deep.ts": `export const deep = ${"[".repeat(3_000)}${"]".repeat(3_000)};\n`,
      "a?b*[c].py": "print(undefined_name)\n",
    });
    repository.link("link.ts", "/etc/passwd");
    repository.link("link.py", "../../../../etc/passwd");
    const result = await screen(repository, { sluice: mine() });
    expect(result.engines.filter(({ state }) => state !== "ok" && state !== "skipped")).toEqual([]);
    expect(result.findings.map((one) => `${one.file}:${one.line} ${one.class}`).sort()).toEqual([
      "-c.ts:1 undefined-name",
      "a?b*[c].py:1 undefined-name",
      "crlf.ts:2 undefined-name",
    ]);
    expect(result.not_analysed).toEqual({ too_large: 1, binary: 1, generated: 1, too_many: 0, other: 2 });
    await coolDown();
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("may have only deleted files", async () => {
    repository.write({
      "a.ts": "export const a = 1;\n",
      "b.ts": 'import { a } from "./a";\nexport const b = a;\n',
    });
    repository.commit();
    repository.write({ "a.ts": null });
    const { findings } = await screen(repository);
    expect(findings.map((one) => `${one.file}:${one.line} ${one.class}`)).toEqual(["b.ts:1 missing-module"]);
  });
});

describe("a hostile repository", () => {
  it("runs nothing: no plugin, no configuration, no python, no conftest", async () => {
    const marker = join(temporary, "ran");
    const touch = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "");`;
    const touchPython = `open(${JSON.stringify(marker)}, "w").close()\n`;
    const bin = join(temporary, "bin");
    mkdirSync(bin);
    for (const name of ["python", "python3", "node", "tsc", "ldd", "ruff"]) {
      writeFileSync(join(bin, name), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    }
    repository.write({ "src/a.ts": "export {};\n", "src/b.js": "export {};\n", "src/c.py": "x = 1\n" });
    repository.commit();
    repository.write({
      ".oxlintrc.json": JSON.stringify({ jsPlugins: ["./plugin.js"], rules: { "mine/rule": "error" } }),
      "src/.oxlintrc.json": JSON.stringify({ jsPlugins: ["../plugin.js"], rules: { "mine/rule": "error" } }),
      "oxlint.config.ts": touch,
      "eslint.config.js": touch,
      ".eslintrc.js": touch,
      ".secretlintrc.js": touch,
      ".secretlintrc.json": JSON.stringify({ rules: [{ id: "./plugin.js" }] }),
      "plugin.js": touch,
      "index.js": touch,
      "tsconfig.json": JSON.stringify({
        compilerOptions: { plugins: [{ name: "./plugin.js" }] },
        extends: "../../plugin.js",
      }),
      "pyrightconfig.json": JSON.stringify({
        venvPath: ".",
        venv: "venv",
        pythonPath: "./bin/python",
        stubPath: ".",
      }),
      "pyproject.toml": '[tool.pyright]\nvenvPath = "."\nvenv = "venv"\n[tool.ruff]\nselect = []\n',
      "bin/python*": `#!/bin/sh\ntouch ${marker}\n`,
      "python*": `#!/bin/sh\ntouch ${marker}\n`,
      "venv/bin/python*": `#!/bin/sh\ntouch ${marker}\n`,
      "conftest.py": touchPython,
      "sitecustomize.py": touchPython,
      "setup.py": touchPython,
      "src/a.ts": "export const a = undefinedOne;\n",
      "src/b.js": "export const b = undefinedTwo;\n",
      "src/c.py": "print(undefined_three)\n",
      ".gitattributes": "*.py filter=x diff=x\n",
    });
    const sluice = repository.sluice({
      env: {
        PATH: `${bin}:${repository.path}:${process.env.PATH}`,
        HOME: join(repository.path, "../home"),
        NODE_OPTIONS: `--require ${repository.path}/plugin.js`,
      },
    });
    const result = await screen(repository, { sluice });
    expect(result.engines.filter(({ state }) => state !== "ok" && state !== "skipped")).toEqual([]);
    const found = result.findings.filter(({ severity }) => severity === "certain").map(({ file }) => file);
    expect(found.sort()).toEqual(["src/a.ts", "src/b.js", "src/c.py"]);
    expect(existsSync(marker)).toBe(false);
  });
});
