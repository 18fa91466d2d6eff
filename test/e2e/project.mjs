// The repository that the clients review: a small project with an uncommitted change that has planted mistakes.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFiles } from "./harness.mjs";

/** Put together here, so that no scanner of this repository takes it for a real key. */
export const plantedSecret = ["ghp", "_wWPw5k4aXcaT4fNP0UcnZwJUVFk6", "LO0pINUx"].join("");

/** Where the planted mistakes are, as a reviewer would say it. */
export const planted = [
  { file: "src/cart.ts", line: 9, word: "formatPrise" },
  { file: "reports/summary.py", line: 6, word: "totl" },
];

/** How many mistakes the `many` branch adds, in as many lines: far more than one result holds. */
export const manyMistakes = 400;

const base = {
  "package.json": `${JSON.stringify(
    {
      name: "shop",
      private: true,
      type: "module",
      scripts: {
        lint: `node -e "require('fs').writeFileSync('gate-ran', '')"`,
        typecheck: `node -e "process.exit(0)"`,
      },
    },
    null,
    2,
  )}\n`,
  ".gitignore": "node_modules/\ngate-ran\n",
  "README.md": "# Shop\n\nA cart, a price and a report.\n",
  "tsconfig.json": `${JSON.stringify({ compilerOptions: { strict: true, module: "NodeNext", target: "ES2022" } }, null, 2)}\n`,
  "src/price.ts": `export function formatPrice(cents: number): string {
  return (cents / 100).toFixed(2);
}
`,
  "src/cart.ts": `import { formatPrice } from "./price.js";

export interface Line {
  name: string;
  cents: number;
}

export function total(lines: Line[]): string {
  return formatPrice(lines.reduce((sum, line) => sum + line.cents, 0));
}
`,
  "src/cart.test.ts": `import { total } from "./cart.js";

if (total([{ name: "tea", cents: 250 }]) !== "2.50") throw new Error("wrong total");
`,
  "reports/summary.py": `def summary(lines):
    total = 0
    for line in lines:
        total += line["cents"]

    return total
`,
};

const change = {
  "src/cart.ts": base["src/cart.ts"].replace("return formatPrice(", "return formatPrise("),
  "reports/summary.py": base["reports/summary.py"].replace("return total", "return totl"),
  "src/publish.ts": `const key = "${plantedSecret}";

export function publishHeaders(): Record<string, string> {
  return { authorization: \`Bearer \${key}\` };
}
`,
};

/** Makes the repository in `folder`; `main` is committed, the change is in the work tree. */
export function createProject(folder, env) {
  mkdirSync(folder, { recursive: true });
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...args], {
      cwd: folder,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  git("init", "-q", "-b", "main");
  // What a client writes into a project for itself is no part of the change.
  appendFileSync(join(folder, ".git/info/exclude"), ".mcp.json\n.claude/\n");
  writeFiles(folder, base);
  git("add", "-A");
  git("commit", "-qm", "A cart, a price and a report");
  git("checkout", "-q", "-b", "many");
  writeFiles(folder, {
    "src/many.ts": Array.from(
      { length: manyMistakes },
      (_, index) => `export const value${index} = someNameThatNobodyEverDefined${index};\n`,
    ).join(""),
  });
  git("add", "-A");
  git("commit", "-qm", "Many mistakes");
  git("checkout", "-q", "main");
  writeFiles(folder, change);
  return { folder, git };
}
