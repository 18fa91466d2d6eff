import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countTokens } from "../../../src/change/tokens.js";
import { fakeSources, reviewAnswer } from "../../support/premium.js";
import type { TestRepository } from "../../support/repository.js";
import { changedRepository, reviewIn } from "../../support/reviewing.js";

let repository: TestRepository;

beforeEach(() => {
  repository = changedRepository();
});
afterEach(() => repository.remove());

async function sent(args: object = {}) {
  const sources = fakeSources(() => reviewAnswer("NEEDS_HUMAN"));
  const result = await reviewIn(repository, sources.open, args);
  const { instructions = "", prompt = "" } = sources.asked[0]?.request ?? {};
  return { result, instructions, prompt, calls: sources.asked.length };
}

describe("nothing of a change is hidden", () => {
  it("whatever kind of change it is", async () => {
    repository.write({
      "old/moved.ts": "export const one = 1;\nexport const two = 2;\nexport const three = 3;\n",
      "gone.ts": "export const gone = 'the last of it';\n",
      "run.sh": "echo run\n",
      "crlf.ts": "export const a = 1;\r\nexport const b = 2;\r\n",
      "latin.txt": Buffer.from("caf\xe9\n", "latin1"),
      "image.bin": Buffer.from([0, 1, 2, 3]),
      "package-lock.json": '{"lockfileVersion": 3}\n',
    });
    repository.link("link", "src/a.ts");
    repository.commit("before");
    repository.git("mv", "old/moved.ts", "moved.ts");
    repository.git("rm", "-q", "link");
    repository.write({
      "gone.ts": null,
      "run.sh*": "echo run\n",
      "crlf.ts": "export const a = 1;\r\nexport const b = 3;\r\n",
      "latin.txt": Buffer.from("caf\xe9s\n", "latin1"),
      "image.bin": Buffer.from([0, 1, 2, 4]),
      "package-lock.json": '{"lockfileVersion": 4}\n',
    });
    repository.link("link", "/etc/shadow");
    const { prompt, result } = await sent({ base: "HEAD" });
    expect(result).toMatchObject({ skipped: [], decided_by: "premium" });
    for (const text of [
      "rename from old/moved.ts\nrename to moved.ts",
      "-export const gone = 'the last of it';",
      "old mode 100644\nnew mode 100755",
      "-export const b = 2;\r\n+export const b = 3;\r\n",
      "latin.txt is not all UTF-8",
      "+/etc/shadow",
      '{"path":"gone.ts","reason":"deleted","id":null,"added":0,"deleted":1}',
    ])
      expect(prompt).toContain(text);
    for (const [path, reason] of [
      ["image.bin", "binary"],
      ["package-lock.json", "lock"],
      ["link", "symlink"],
    ])
      expect(prompt).toMatch(
        new RegExp(`\\{"path":"${path}","reason":"${reason}","id":"[0-9a-f]{40}","added":(?:null|1),`),
      );
  });

  it("when only generated files changed", async () => {
    repository.git("checkout", "-q", "--", ".");
    repository.write({ "package-lock.json": '{"lockfileVersion": 3}\n' });
    const { prompt } = await sent();
    expect(prompt).toMatch(/"package-lock\.json","reason":"lock","id":"[0-9a-f]{40}","added":1,"deleted":0/);
  });

  it("when nothing changed nobody is asked", async () => {
    repository.git("checkout", "-q", "--", ".");
    const { calls, result } = await sent();
    expect(calls).toBe(0);
    expect(result.verdict).toBeNull();
  });
});

it("what is reserved is what is sent, names and marks included", async () => {
  const files = Array.from({ length: 60 }, (_, index) => [`src/many/part-${index}.ts`, `export {};\n`]);
  repository.write(Object.fromEntries(files));
  let reserved = 0;
  const sources = fakeSources(() => {
    const state = readFileSync(join(repository.path, ".git", "sluice", "quota_state.json"), "utf8");
    reserved = Math.max(...[...state.matchAll(/"tokens": (\d+)/g)].map(([, tokens]) => Number(tokens)));
    return reviewAnswer("NEEDS_HUMAN");
  });
  await reviewIn(repository, sources.open);
  const { instructions = "", prompt = "" } = sources.asked[0]?.request ?? {};
  const counted = await countTokens(instructions + prompt);
  expect(reserved).toBeGreaterThan(counted * 0.97);
  expect(reserved).toBeLessThan(counted * 1.05);
});

it("the instructions have at most 500 tokens, those for a second review included", async () => {
  const { instructions } = await sent();
  const again = readFileSync(new URL("../../../prompts/premium-again.md", import.meta.url), "utf8");
  expect(await countTokens(instructions + again.split("---\n").at(-1))).toBeLessThanOrEqual(500);
  expect(instructions).not.toMatch(/\{\{|placeholders/);
});

describe("a secret is not sent", () => {
  // Put together here, so that this file holds none.
  const token = `ghp_${"a8Zk3Lm9Qw2Er5Ty7Ui0Op1As4Df6Gh8Jk2L"}`;
  const begin = ["-----BEGIN", "PRIVATE", "KEY-----"].join(" ");
  const key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";

  it.each<[string, () => Record<string, never> | { base: string }]>([
    [
      "in the name of a file",
      () => {
        repository.write({ [`src/${token}.ts`]: "export {};\n" });
        return {};
      },
    ],
    [
      "in the name that a file had",
      () => {
        repository.write({ [`src/${token}.ts`]: "export const x = 1;\nexport const y = 2;\n" });
        repository.commit();
        repository.git("mv", `src/${token}.ts`, "src/plain.ts");
        return { base: "HEAD" };
      },
    ],
    [
      "in a branch's name",
      () => {
        repository.git("branch", token, "main");
        return { base: token };
      },
    ],
    [
      "in the target of a link",
      () => {
        repository.link("src/link", `/run/${token}`);
        return {};
      },
    ],
    [
      "in a key of which the change took out the inside",
      () => {
        repository.write({ "key.pem": `${begin}\n${key}\n` });
        repository.commit();
        repository.write({ "key.pem": `${begin}\nREDACTED\n` });
        return { base: "HEAD" };
      },
    ],
    [
      "in a deleted file",
      () => {
        repository.write({ "src/t.ts": `export const t = "${token}";\n` });
        repository.commit();
        repository.write({ "src/t.ts": null });
        return { base: "HEAD" };
      },
    ],
    [
      "in a file that the change imports",
      () => {
        repository.write({ "src/b.ts": `export const b = () => "${token}";\n` });
        repository.commit();
        repository.write({ "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b() + 9;\n' });
        return { base: "HEAD" };
      },
    ],
  ])("%s", async (_, change) => {
    const { calls, result } = await sent(change());
    expect(calls).toBe(0);
    expect(result.verdict).not.toBe("SHIP");
    const said = result.stages.find(({ name }) => name === "premium")?.summary ?? "";
    expect(result.blockers).toEqual([]);
    expect(said).toContain("Nothing was sent");
    expect(said).not.toMatch(new RegExp(`${token}|${key}`));
  });
});
