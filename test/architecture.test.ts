import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

/** Top to bottom; who stands in a line may import its own line's folder and the lines below. */
const layers = [
  ["tools", "src/cli", "src/mcp"],
  ["src/interview", "src/plan", "src/work", "src/review"],
  ["src/analyzers", "src/local", "src/premium", "src/flow"],
  ["src/change", "src/state"],
  ["src/config"],
  ["src"],
];
const phases = layers[1] ?? [];

const heavy =
  /^(typescript|oxlint|oxc-parser|oxc-resolver|pyright|simple-git|minimatch|web-tree-sitter|gpt-tokenizer|jsonc-parser|smol-toml|yaml|@astral-sh\/|@secretlint\/|@vscode\/|commander|picocolors|yocto-spinner)/;

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
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  const imported = module.staticImports.map((statement) => ({
    from: file,
    specifier: statement.moduleRequest.value,
    typeOnly: statement.entries.length > 0 && statement.entries.every((entry) => entry.isType),
  }));
  const exported = module.staticExports.flatMap((statement) =>
    statement.entries.flatMap((entry) =>
      entry.moduleRequest === null || entry.moduleRequest === undefined
        ? []
        : [{ from: file, specifier: entry.moduleRequest.value, typeOnly: entry.isType }],
    ),
  );
  return [...imported, ...exported];
}
