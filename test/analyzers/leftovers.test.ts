import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

describe("leftovers", () => {
  it("finds focused tests and debuggers", async () => {
    const after = {
      "src/a.test.ts": [
        "import { describe, it, test } from 'vitest';",
        "describe.only('a', () => {});",
        "it.concurrent.only('b', () => {});",
        "test.only.each([1])('c %i', (n) => { n; });",
        "it.skip('d', () => {});",
        "test('e', () => { const text = 'it.only()'; return text; }); // it.only('f', () => {})",
      ].join("\n"),
      "src/b.spec.js": "fit('a', () => {});\nfdescribe('b', () => {});\n",
      "src/run.js": "export function run() {\n  debugger;\n}\n",
      "app.py": "def run():\n    breakpoint()\n    text = 'pdb.set_trace()'\n    return text\n",
      "spec/a_spec.rb": "describe 'a' do\n  fit 'b' do\n    binding.pry\n  end\nend\n",
    };
    const found = await findingsOf({ "a.txt": "" }, after, true);
    expect(found).toEqual([
      "app.py:2 debugger likely",
      "spec/a_spec.rb:2 focused-test likely",
      "spec/a_spec.rb:3 debugger likely",
      "src/a.test.ts:2 focused-test likely",
      "src/a.test.ts:3 focused-test likely",
      "src/a.test.ts:4 focused-test likely",
      "src/a.test.ts:5 skipped-test hint",
      "src/b.spec.js:1 focused-test likely",
      "src/b.spec.js:2 focused-test likely",
      "src/run.js:2 debugger likely",
    ]);
  });

  it("leaves in peace what only looks like them", async () => {
    const after = {
      "src/model.js": "export function fit(name, run) { return run(name); }\nfit('a', () => 1);\n",
      "src/fit.test.js":
        "import { fit } from './model.js';\nfit('a', () => 1);\ntest.skip(process.platform === 'win32', 'not here');\n",
      "src/list.js": "export const only = (list) => list.test.only('a', () => list);\n",
      "src/kept.js": "export function f() {\n  // eslint-disable-next-line no-debugger\n  debugger;\n}\n",
      "own.py": "def breakpoint():\n    return 1\n\n\nbreakpoint()\n",
    };
    const found = await findingsOf({ "a.txt": "" }, after);
    expect(found.filter((one) => !one.startsWith("own.py") && !one.startsWith("src/kept.js"))).toEqual([]);
  });
});
