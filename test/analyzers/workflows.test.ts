import { describe, expect, it } from "vitest";
import { isSlip } from "../../src/analyzers/data/workflows.js";
import { findingsOf } from "../review/prescreen-screening.js";

const workflow = (body: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-26.04\n${body}`;

describe("workflows", () => {
  it("finds what a workflow contradicts within itself", async () => {
    const after = {
      ".github/workflows/needs.yml": workflow("    needs: [b]\n    steps:\n      - run: make\n"),
      ".github/workflows/steps.yml": workflow(
        `    steps:\n      - run: make\n        id: x\n      - run: echo \${{ steps.y.outputs.z }}\n`,
      ),
      ".github/workflows/expression.yml": workflow(
        "    steps:\n      - run: make\n        if: github.ref = 'x'\n",
      ),
      ".github/workflows/slip.yml": workflow("    step:\n      - run: make\n"),
      ".github/workflows/broken.yml": workflow("    steps:\n     - run: a\n   x: b\n"),
    };
    expect(await findingsOf({ "a.txt": "" }, after)).toEqual([
      ".github/workflows/broken.yml:7 syntax certain",
      ".github/workflows/expression.yml:7 syntax certain",
      ".github/workflows/needs.yml:3 undefined-name likely",
      ".github/workflows/slip.yml:5 wrong-use likely",
      ".github/workflows/steps.yml:8 undefined-name likely",
    ]);
  });

  it("says nothing of what is newer than the linter", async () => {
    const steps = "    steps:\n      - run: make\n";
    const after = {
      ".github/workflows/parallel.yml": workflow(
        `    steps:\n      - parallel:\n          - run: a\n            id: x\n      - run: echo \${{ steps.x.outputs.y }}\n`,
      ),
      ".github/workflows/anchor.yml": `${workflow("    steps: &s\n      - run: a\n")}  b:\n    runs-on: x\n    steps: *s\n`,
      ".github/workflows/permissions.yml": workflow(`    permissions:\n      models: read\n${steps}`),
      ".github/workflows/function.yml": workflow(
        `    steps:\n      - run: echo \${{ case(a, b) }} \${{ github.newest }}\n`,
      ),
      ".github/workflows/matrix.yml": workflow(
        `    strategy:\n      matrix:\n        ruby: [3]\n    steps:\n      - run: echo \${{ matrix.os || 'x' }}\n`,
      ),
      ".github/workflows/dynamic.yml": workflow(
        `    strategy:\n      matrix: \${{ fromJSON('[]') }}\n    steps:\n      - run: echo \${{ matrix.os }}\n`,
      ),
    };
    expect(await findingsOf({ "a.txt": "" }, after)).toEqual([]);
  });

  it.each([
    ["step", "steps", true],
    ["runs_on", "runs-on", true],
    ["rnus-on", "runs-on", true],
    ["stpes", "steps", true],
    ["parallel", "permissions", false],
    ["snapshot", "steps", false],
  ])("tells whether %s is a slip of %s", (one, other, slip) => {
    expect(isSlip(one, other)).toBe(slip);
  });
});
