import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeLocal } from "../../../src/local/local.js";
import type { Fake } from "../../support/fake-openai.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { screen } from "../prescreen-screening.js";
import { dataOf, kindOf, scriptedModel, withModel } from "./scripted.js";

let repository: TestRepository;
let fake: Fake;

beforeEach(async () => {
  repository = testRepository();
  fake = await scriptedModel({ find: { findings: [] } });
});

afterEach(async () => {
  await closeLocal();
  await fake.close();
  repository.remove();
});

const look = () => screen(repository, { engines: [], sluice: withModel(repository, fake.url) });

/** What the model is shown of callers when the files of `after` replace those of `before`. */
async function callers(before: Record<string, string>, after: Record<string, string>): Promise<string[]> {
  repository.write(before);
  repository.commit();
  repository.write(after);
  await look();
  const asked = fake.completions().filter((body) => kindOf(body) === "find");
  expect(asked).toHaveLength(1);
  const [, shown = ""] = dataOf(asked[0]).split("== Callers, for the contract only\n");
  return shown.split("\n").filter((line) => /^\S+:\d+: /.test(line));
}

const share = "export function share(sum: number): number {\n  return sum / 2;\n}\n";
const changed = { "src/share.ts": share.replace("/ 2", "/ 3") };

describe("the callers of a changed function in files that the change left alone", () => {
  it.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    [
      "that import it, with arguments that go over lines",
      {
        "src/share.ts": share,
        "src/use.ts":
          'import { share } from "./share.js";\nexport const half = share(\n  4,\n);\nexport const n = 1;\n',
      },
      changed,
      ["src/use.ts:2: export const half = share( 4, );"],
    ],
    [
      "that import it from a file that hands it on",
      {
        "src/share.ts": share,
        "src/index.ts": 'export { share } from "./share.js";\n',
        "app/main.ts": 'import { share } from "../src/index.js";\nshare(1);\n',
      },
      changed,
      ["app/main.ts:2: share(1);"],
    ],
    [
      "before tests, and no others of the same name",
      {
        "src/share.ts": share,
        "src/other.ts": "function share(a: string) {\n  return a;\n}\nshare('a');\n",
        "src/share.test.ts": 'import { share } from "./share.js";\nshare(9);\n',
        "src/z.ts": 'import { share } from "./share.js";\nshare(1);\n',
      },
      changed,
      ["src/z.ts:2: share(1);", "src/share.test.ts:2: share(9);"],
    ],
    [
      "in Python",
      {
        "pkg/__init__.py": "",
        "pkg/money.py": "def share(total):\n    return total / 2\n",
        "pkg/bill.py": "from pkg.money import share\n\ndef bill():\n    return share(3)\n",
      },
      { "pkg/money.py": "def share(total, parts):\n    return total / parts\n" },
      ["pkg/bill.py:4: return share(3)"],
    ],
    [
      "in the same package of Go",
      {
        "go.mod": "module example.com/m\n",
        "pay/share.go": "package pay\n\nfunc Share(a int) int {\n\treturn a / 2\n}\n",
        "pay/bill.go": "package pay\n\nfunc Bill() int {\n\treturn Share(3)\n}\n",
      },
      { "pay/share.go": "package pay\n\nfunc Share(a int) int {\n\treturn a / 3\n}\n" },
      ["pay/bill.go:4: return Share(3)"],
    ],
  ])("are shown: those %s", async (_what, before, after, expected) => {
    expect(await callers(before, after)).toEqual(expected);
  });

  it("are few, and without secrets", async () => {
    const key = `sk-proj-${"a1B2".repeat(10)}`;
    const uses = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [
        `src/use${at}.ts`,
        `import { share } from "./share.js";\nshare(${at}, "${key}");\n`,
      ]),
    );
    const shown = await callers({ "src/share.ts": share, ...uses }, changed);
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThanOrEqual(8);
    expect(shown.join("\n")).not.toContain(key.slice(0, 12));
  });

  it("are part of what an answer is kept for: a caller that was mended is asked about again", async () => {
    const use = (sum: string) => `import { share } from "./share.js";\nexport const a = share(${sum});\n`;
    await callers({ "src/share.ts": share, "src/use.ts": use("1") }, changed);
    expect((await look()).engines[0]?.note).toBe("0 files asked, 1 from cache");
    repository.write({ "src/use.ts": `// moved down\n${use("1")}` });
    expect((await look()).engines[0]?.note).toBe("1 file asked, 1 from cache");
    repository.write({ "src/use.ts": use("2") });
    expect((await look()).engines[0]?.note).toBe("2 files asked, 0 from cache");
  });
});
