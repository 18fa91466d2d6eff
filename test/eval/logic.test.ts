import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ecmascriptSites, parsesAsEcmaScript } from "../../eval/prescreen/ecmascript.mjs";
import { logicClasses } from "../../eval/prescreen/logic.mjs";
import { parsesAsPython, pythonSites } from "../../eval/prescreen/python.mjs";
import { randomFrom } from "../../eval/prescreen/random.mjs";
import { applied, shown } from "../../eval/prescreen/site.mjs";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Every mistake of logic that can be made in a text, by class: the line before and after. */
async function mistakes(path: string, text: string): Promise<Record<string, string[]>> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  folders.push(folder);
  writeFileSync(join(folder, path), text);
  const wanted = Object.keys(logicClasses);
  const randomAt = (...words: string[]) => randomFrom("test", ...words);
  const asked = { folder, paths: [path], all: [path], wanted, randomAt };
  const isPython = path.endsWith(".py");
  const found: Record<string, string[]> = {};
  for (const site of isPython ? await pythonSites(asked) : ecmascriptSites(asked)) {
    const after = applied(text, site.edits);
    expect(isPython ? await parsesAsPython(after) : parsesAsEcmaScript(path, after), after).toBe(true);
    const lines = shown(text, site.edits);
    const known = found[site.class] ?? [];
    found[site.class] = [...known, `${lines.before} => ${lines.after}`];
  }
  return found;
}

it("makes mistakes of logic in TypeScript", async () => {
  const text = `export async function take(from: number, to: number, name: string) {
  if (from >= to) return [];
  await save(from, to);
  const rest = to - from;
  if (!name) return [rest];
  return [name.length - 1];
}
declare function save(a: number, b: number): Promise<void>;
`;
  expect(await mistakes("a.ts", text)).toEqual({
    "flipped-comparison": ["if (from >= to) return []; => if (from <= to) return [];"],
    "off-by-one": [
      "if (from >= to) return []; => if (from > to) return [];",
      "return [name.length - 1]; => return [name.length];",
    ],
    "swapped-operands": [
      "await save(from, to); => await save(to, from);",
      "const rest = to - from; => const rest = from - to;",
      "return [name.length - 1]; => return [1 - name.length];",
    ],
    "wrong-variable": [
      "await save(from, to); => await save(to, to);",
      "await save(from, to); => await save(from, from);",
    ],
    "dropped-await": ["await save(from, to); => save(from, to);"],
    "negated-condition": [
      "if (from >= to) return []; => if (!(from >= to)) return [];",
      "if (!name) return [rest]; => if (name) return [rest];",
    ],
  });
});

it("makes mistakes of logic in Python", async () => {
  const text = `async def take(self, low, high):
    if low is not high and low < 3:
        await save(low, high)
    elif not low:
        return len(high) - 1
    return high % low
`;
  expect(await mistakes("a.py", text)).toEqual({
    "flipped-comparison": [
      "if low is not high and low < 3: => if low is high and low < 3:",
      "if low is not high and low < 3: => if low is not high and low > 3:",
    ],
    "off-by-one": [
      "if low is not high and low < 3: => if low is not high and low <= 3:",
      "return len(high) - 1 => return len(high)",
    ],
    "swapped-operands": [
      "await save(low, high) => await save(high, low)",
      "return high % low => return low % high",
    ],
    "wrong-variable": [
      "if low is not high and low < 3: => if low is not high and high < 3:",
      "await save(low, high) => await save(high, high)",
      "await save(low, high) => await save(low, low)",
      "return len(high) - 1 => return len(low) - 1",
    ],
    "dropped-await": ["await save(low, high) => save(low, high)"],
    "negated-condition": [
      "if low is not high and low < 3: => if not (low is not high and low < 3):",
      "elif not low: => elif low:",
    ],
  });
});
