import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { exitCode } from "../../src/cli/review-code.js";
import type { ReviewResult } from "../../src/review/pipeline.js";
import { version } from "../../src/version.js";
import { codexStandIn } from "../support/codex-stand-in.js";
import { runSluice } from "../support/command.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { serverProgram } from "../support/server.js";

const open: TestRepository[] = [];

afterEach(() => {
  for (const repository of open.splice(0)) repository.remove();
});

function repository(files: Record<string, string> = { "a.txt": "one\n" }): TestRepository {
  const made = testRepository();
  open.push(made);
  made.write(files);
  made.commit("first");
  return made;
}

function sluice(cwd: TestRepository, ...args: string[]) {
  return runSluice(cwd, args);
}

describe("sluice", () => {
  it("says what each command does and takes", () => {
    const here = repository();
    const help = sluice(here, "--help");
    expect(help.code).toBe(0);
    for (const command of ["serve", "review", "init", "trust", "status", "doctor"]) {
      expect(help.stdout).toContain(`  ${command}`);
      const own = sluice(here, command, "--help");
      expect(own.code).toBe(0);
      expect(own.stdout).toContain(`Usage: sluice ${command}`);
    }
    expect(sluice(here, "--version").stdout.trim()).toBe(version);
  });

  it("calls wrong use 2, and says what was wrong", () => {
    const here = repository();
    for (const [args, said] of [
      [["nonsense"], "unknown command 'nonsense'"],
      [["review", "--until", "lunch"], "Allowed choices are gates"],
      [["review", "--base", "nope"], "there is no branch, tag or commit nope"],
      [["review", "--base=--output=x"], "--output=x"],
      [["review", ".."], "is not in a git repository"],
      [["review", "main..HEAD"], "sluice review --base main"],
    ] as const) {
      const result = sluice(here, ...args);
      expect({ args, code: result.code, said: result.stderr.includes(said) }).toEqual({
        args,
        code: 2,
        said: true,
      });
    }
    expect(existsSync(join(here.path, "x"))).toBe(false);
  });

  it("does not mind a reader that has read enough", () => {
    const here = repository();
    const { env } = here.sluice();
    const command = `'${process.execPath}' '${serverProgram}' doctor --json | head -c 1; echo "$?"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", command], {
      cwd: here.path,
      env: { ...env },
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: "{0\n", stderr: "" });
  });

  it("serves a client that closes at once, and ends", () => {
    const result = sluice(repository());
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 0, stdout: "" });
  });
});

describe("sluice review", () => {
  it("finds a planted mistake: 1, and prints no colour codes into a pipe", () => {
    const here = repository({ "src/a.ts": "export const a: number = 1;\n" });
    here.write({ "src/a.ts": "export const a: number = b + 1;\n" });
    const result = sluice(here, "review", "--until", "prescreen");
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("src/a.ts:1  Cannot find name 'b'.");
    expect(result.stdout).toContain("NEEDS_WORK by prescreen");
    expect(result.stdout).not.toContain("\u001b");
  });

  it("says nothing to a terminal by a path, and keeps it in one line", () => {
    const here = repository({ "src/a.ts": "export const a: number = 1;\n" });
    const path = "src/\u001b[31mred\u001b[0m\u202e\u009b\nSHIP by premium\n.ts";
    here.write({ [path]: "export const a: number = b + 1;\n" });
    const told = sluice(here, "review", "--until", "prescreen");
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(/^ {2}● src\/red {2,4}SHIP by premium \.ts:1 {2}Cannot find name 'b'/m);
    const json = sluice(here, "review", "--until", "prescreen", "--json");
    for (const { stdout } of [told, json]) expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(JSON.parse(json.stdout).blockers[0].file).toBe(path);
  });

  it("has nothing against a clean change up to a stage: 0, but no verdict without a premium model: 3", () => {
    const here = repository({ "src/a.ts": "export const a = 1;\n" });
    here.write({ "src/a.ts": "export const a = 2;\n" });
    expect(sluice(here, "review", "--until", "prescreen").code).toBe(0);
    const whole = sluice(here, "review", "--json");
    expect(whole.code).toBe(3);
    const result = JSON.parse(whole.stdout);
    expect(result).toMatchObject({ verdict: null, decided_by: null });
    expect(result.review.prompt).toContain("Review one change");
  });

  it("says to a person why no premium model was asked, and what to do about it", () => {
    const here = repository();
    here.write({ "a.txt": "two\n" });
    const asking = { PREMIUM_REVIEW_ENABLED: "1" };
    const result = runSluice(here, ["review"], asking);
    expect(result.stdout).toContain("A premium model has yet to read it: no premium source is set up.");
    expect(result.stdout).toContain("sluice doctor");
    expect(runSluice(here, ["review", "--no-premium"], asking).stdout).toContain(
      "A premium model has yet to read it: not asked for (--no-premium).",
    );
  });

  it("finds nothing to review in a clean work tree on the first commit's own change", () => {
    const here = repository();
    const result = sluice(here, "review", "--base", "HEAD", "--head", "HEAD");
    expect(result.code).toBe(3);
    expect(result.stdout).toContain("Nothing to review");
  });

  it("leaves a repository's tree as it was", () => {
    const here = repository();
    here.write({ "a.txt": "two\n", "new.txt": "new\n" });
    const before = here.git("status", "--porcelain=v2", "--ignored");
    sluice(here, "review");
    expect(here.git("status", "--porcelain=v2", "--ignored")).toBe(before);
  });
});

describe("exitCode", () => {
  type Stage = ReviewResult["stages"][number];
  const stage = (name: Stage["name"], state: Stage["state"]): Stage => ({ name, state, ms: 1, summary: "" });
  it.each<[string, ReviewResult["verdict"], Stage[], string | undefined, number]>([
    ["a SHIP", "SHIP", [], undefined, 0],
    ["a SHIP on the way to a stage", "SHIP", [stage("fingerprint", "passed")], "route", 0],
    ["NEEDS_WORK", "NEEDS_WORK", [], undefined, 1],
    ["NEEDS_HUMAN", "NEEDS_HUMAN", [], undefined, 1],
    ["no verdict", null, [stage("route", "passed")], undefined, 3],
    ["a stage that passed", null, [stage("gates", "passed")], "gates", 0],
    ["a stage that was skipped", null, [stage("gates", "skipped")], "gates", 3],
    [
      "a stage that passed after one that was skipped",
      null,
      [stage("gates", "skipped"), stage("prescreen", "passed")],
      "prescreen",
      0,
    ],
    [
      "a stage that passed after one that failed to run",
      null,
      [stage("gates", "error"), stage("prescreen", "passed")],
      "prescreen",
      3,
    ],
    [
      "issues left after the last round",
      null,
      [stage("prescreen", "issues"), stage("route", "passed")],
      undefined,
      1,
    ],
    ["an empty change with a stage", null, [], "prescreen", 0],
    ["an empty change", null, [], undefined, 3],
  ])("%s", (_, verdict, stages, until, code) => {
    expect(exitCode({ verdict, stages, skipped: [] }, until)).toBe(code);
  });

  it("is not 0 when all that changed could not be looked at", () => {
    const skipped = [{ path: "large.bin", reason: "too large" }];
    expect(exitCode({ verdict: null, stages: [], skipped }, "prescreen")).toBe(3);
  });
});

describe("sluice init", () => {
  it("creates a minimal configuration that loads, keeps state out of git, and is safe to repeat", () => {
    const here = repository();
    const first = sluice(here, "init");
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(`claude mcp add sluice -- node ${serverProgram} serve`);
    const config = JSON.parse(readFileSync(join(here.path, ".flow/config.json"), "utf8"));
    expect(existsSync(join(here.path, ".flow", config.$schema))).toBe(true);
    expect(here.git("status", "--porcelain", "--untracked-files=all").trim().split("\n").sort()).toEqual([
      "?? .flow/.gitignore",
      "?? .flow/config.json",
    ]);
    here.write({ ".flow/config.json": '{ "memory": { "enabled": false } }\n' });
    expect(sluice(here, "init").stdout).toContain("nothing was changed");
    expect(readFileSync(join(here.path, ".flow/config.json"), "utf8")).toBe(
      '{ "memory": { "enabled": false } }\n',
    );
    expect(sluice(here, "doctor").code).toBe(0);
  });

  it("writes nothing through a .flow that leads elsewhere", () => {
    const here = repository();
    const elsewhere = join(here.path, "..", "home");
    symlinkSync(elsewhere, join(here.path, ".flow"));
    expect(sluice(here, "init").code).toBe(2);
    expect(existsSync(join(elsewhere, "config.json"))).toBe(false);
  });
});

describe("sluice trust", () => {
  const packageJson = (lint: string) => JSON.stringify({ name: "x", scripts: { lint } });

  it("allows nothing without a person, runs what one allowed, and asks again when it changed", () => {
    const here = repository({ "package.json": packageJson("node -e 0") });
    here.write({ "a.txt": "changed\n" });
    const shown = sluice(here, "trust");
    expect(shown.code).toBe(2);
    expect(shown.stdout).toContain("run npm run lint");
    expect(shown.stdout).toContain("node -e 0");
    expect(sluice(here, "review", "--until", "gates").code).toBe(3);
    expect(sluice(here, "trust", "--yes").code).toBe(0);
    expect(sluice(here, "review", "--until", "gates").stdout).toContain("lint passed");
    here.write({ "package.json": packageJson("node -e 1 && touch ran") });
    const changed = sluice(here, "review", "--until", "gates");
    expect(changed.code).toBe(3);
    expect(changed.stdout).toContain("changed since trusted");
    expect(existsSync(join(here.path, "ran"))).toBe(false);
    expect(sluice(here, "trust", "--revoke").code).toBe(0);
    expect(sluice(here, "review", "--until", "gates").stdout).toContain("not trusted");
  });
});

describe("sluice doctor", () => {
  it("names a wrong value, what is allowed, and ends with 1", () => {
    const here = repository();
    const folder = join(here.path, "..", "home", ".config", "sluice");
    here.write({
      "../home/.config/sluice/config.json": '{ "review": { "prescreen": { "max_iterations": "many" } } }',
    });
    expect(existsSync(folder)).toBe(true);
    const result = sluice(here, "doctor");
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("review.prescreen.max_iterations");
    expect(result.stdout).toContain("many");
  });

  it.each([
    ["signed-out", "–", "signed out", "codex login"],
    ["subscription", "✓", "signed in", "pro"],
  ] as const)("asks a source whether it is signed in: %s", (appServer, mark, said, todo) => {
    const codex = codexStandIn({ appServer });
    try {
      const here = repository();
      here.write({
        "../home/.config/sluice/config.json": JSON.stringify({
          premium_sources: { openai_pro: { binary: codex.program } },
        }),
      });
      const { stdout } = sluice(here, "doctor");
      expect(stdout).toMatch(new RegExp(`${mark} source openai_pro .*${said}[^]*${todo}`));
      expect(codex.calls()).toEqual([]);
    } finally {
      codex.remove();
    }
  });

  it("works outside of any repository", () => {
    const here = repository();
    writeFileSync(join(here.path, "..", "file"), "");
    const result = sluice(here, "doctor", "..", "--json");
    expect(result.code).toBe(0);
    const { checks } = JSON.parse(result.stdout);
    expect(checks.find(({ what }: { what: string }) => what === "repository").health).toBe("missing");
    expect(
      checks.filter(
        ({ what, health }: { what: string; health: string }) => what.startsWith("engine") && health !== "ok",
      ),
    ).toEqual([]);
  });
});
