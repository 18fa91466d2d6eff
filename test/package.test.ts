import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { commandFiles } from "../src/mcp/plugin-commands.js";
import { version } from "../src/version.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const packed = z.array(
  z.object({ size: z.number(), unpackedSize: z.number(), files: z.array(z.object({ path: z.string() })) }),
);

describe("the package", () => {
  it("has what it needs and nothing else, within its budget", () => {
    const [pack] = packed.parse(
      JSON.parse(
        execFileSync("npm", ["pack", "--dry-run", "--json"], {
          cwd: root,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        }),
      ),
    );
    const paths = pack?.files.map(({ path }) => path) ?? [];
    const tops = [...new Set(paths.map((path) => path.split("/")[0]))].sort();
    expect(tops).toEqual([
      ".claude-plugin",
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist",
      "docs",
      "llama-swap.yaml",
      "mcp.json.example",
      "package.json",
      "plugin",
      "prompts",
      "schema",
      "scripts",
    ]);
    expect(paths.filter((path) => path.startsWith("scripts/")).sort()).toEqual([
      "scripts/review-with-inspector.sh",
      "scripts/start-local-stack.sh",
    ]);
    expect(paths.filter((path) => /\.test\.|fixtures|\.map$|\.d\.ts$/.test(path))).toEqual([]);
    // Bytes: 0.7 MB and 2.3 MB when this was written.
    expect(pack?.size).toBeLessThan(1_500_000);
    expect(pack?.unpackedSize).toBeLessThan(5_000_000);
  });
});

describe("the plugin", () => {
  it("is of the package's version", () => {
    const manifest: unknown = JSON.parse(readFileSync(`${root}.claude-plugin/plugin.json`, "utf8"));
    expect(manifest).toMatchObject({ name: "sluice", version });
  });

  it("has the phases as commands, word for word (npm run plugin)", async () => {
    for (const { name, text } of await commandFiles()) {
      expect(readFileSync(`${root}plugin/commands/${name}`, "utf8"), name).toBe(text);
    }
  });
});
