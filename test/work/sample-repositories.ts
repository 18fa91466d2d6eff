import type { TestRepository } from "../support/repository.js";

const filler = (name: string, lines = 12) =>
  Array.from({ length: lines }, (_, at) => `export const ${name}${at} = ${at};`).join("\n");

/** A shop in TypeScript: six modules, Express, PostgreSQL. */
export const shop: Record<string, string> = {
  "package.json": JSON.stringify({
    name: "shop",
    dependencies: { express: "5.0.0", pg: "8.0.0", zod: "4.0.0", react: "19.0.0" },
    devDependencies: { vitest: "4.0.0", typescript: "6.0.0" },
  }),
  "README.md": "# Shop\n",
  "docs/tokens.md": "# Tokens\n",
  "src/index.ts": "import './catalog/search.js';\n",
  "src/cart/cart.ts": "export class Cart { addItem(id: string) { return id; } }\n",
  "src/cart/totals.ts": filler("total"),
  "src/cart/badge.tsx": "export const Badge = () => null;\n",
  "src/catalog/search.ts": "export function search(words: string) { return words; }\n",
  "src/catalog/filters.ts": filler("filter"),
  "src/catalog/product-page.tsx": filler("page"),
  "src/orders/order.ts": filler("order"),
  "src/orders/export-csv.ts":
    "export function toCsv(rows: string[][]) { return rows.map((row) => row.join(',')); }\n",
  "src/orders/queue.ts": [
    "import { Worker } from 'node:worker_threads';",
    "const mutex = new Mutex();",
    "export async function drainQueue() {",
    "  await Promise.all(jobs.map((job) => mutex.lock(() => run(job))));",
    "}",
    filler("q", 8),
  ].join("\n"),
  "src/auth/login.ts": "export function login(user: string) { return user; }\n",
  "src/billing/invoice.ts": [
    "import { createHmac } from 'node:crypto';",
    "export function signInvoice(text: string) {",
    "  return createHmac('sha256', process.env.INVOICE_SECRET ?? '').update(text).digest('hex');",
    "}",
    filler("invoice", 60),
    "export function formatInvoice(text: string) {",
    "  return text.trim();",
    "}",
  ].join("\n"),
  "src/core/events.ts": filler("event"),
  "src/shared/money.ts": "export function formatMoney(cents: number) { return String(cents / 100); }\n",
  "src/shared/dates.ts": filler("date"),
  "migrations/001-init.sql": "CREATE TABLE products (id int);\n",
  "tests/cart.test.ts": "test('cart', () => {});\n",
  ...Object.fromEntries(
    ["cart", "catalog", "orders", "auth", "billing", "core", "shared"].map((name) => [
      `src/${name}/index.ts`,
      `import { formatMoney } from '../shared/money.js';\n${filler("x")}\n`,
    ]),
  ),
};

/** A log shipper in Go. */
export const shipper: Record<string, string> = {
  "go.mod": "module example.com/shipper\n\ngo 1.24\n\nrequire github.com/spf13/cobra v1.9.0\n",
  "cmd/shipper/main.go":
    'package main\n\nimport "github.com/spf13/cobra"\n\nfunc main() { _ = cobra.Command{} }\n',
  "internal/tail/tail.go": [
    "package tail",
    "",
    "// ReadLines gives the lines of a file.",
    "func ReadLines(path string) []string {",
    "\tch := make(chan string)",
    "\tgo follow(path, ch)",
    "\tselect {",
    "\tcase line := <-ch:",
    "\t\treturn []string{line}",
    "\t}",
    "}",
  ].join("\n"),
  "internal/sink/stdout.go": "package sink\n\nfunc Write(line string) { println(line) }\n",
  "internal/sink/http.go": "package sink\n\nfunc Post(line string) { println(line) }\n",
  "internal/config/config.go": "package config\n\ntype Config struct{ Path string }\n",
  "README.md": "# shipper\n",
};

/** A flow-next 1.0 folder with one spec and its tasks. */
export function flowFolder(
  spec: { id: string; title: string; markdown: string },
  tasks: readonly {
    number: number;
    title: string;
    markdown: string;
    dependsOn?: readonly number[];
    dialect?: "epic" | "spec";
  }[],
  dialect: "epic" | "spec" = "spec",
): Record<string, string> {
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const files: Record<string, string> = {
    ".flow/meta.json": json(
      dialect === "spec" ? { next_spec: 1, schema_version: 3 } : { next_epic: 1, schema_version: 2 },
    ),
    [`.flow/${dialect === "spec" ? "specs" : "epics"}/${spec.id}.json`]: json({
      id: spec.id,
      title: spec.title,
      status: "open",
      depends_on_epics: [],
      plan_review_status: "unknown",
      spec_path: `.flow/specs/${spec.id}.md`,
      branch_name: null,
    }),
    [`.flow/specs/${spec.id}.md`]: spec.markdown,
  };
  for (const { number, title, markdown, dependsOn = [] } of tasks) {
    const id = `${spec.id}.${number}`;
    files[`.flow/tasks/${id}.json`] = json({
      id,
      [dialect]: spec.id,
      title,
      status: "todo",
      depends_on: dependsOn.map((other) => `${spec.id}.${other}`),
      priority: null,
      spec_path: `.flow/tasks/${id}.md`,
    });
    files[`.flow/tasks/${id}.md`] = markdown;
  }
  return files;
}

export function withFiles(repository: TestRepository, files: Record<string, string>): TestRepository {
  repository.write(files);
  repository.commit("the beginning");
  return repository;
}
