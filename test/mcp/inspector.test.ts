import { execFile, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestRepository, testRepository } from "../support/repository.js";
import { serverEnvironment, serverProgram } from "../support/server.js";

const inspector = fileURLToPath(
  new URL("../../node_modules/@modelcontextprotocol/inspector/cli/build/cli.js", import.meta.url),
);

let repository: TestRepository;
beforeAll(() => {
  repository = testRepository();
  repository.write({ "src/a.ts": "export const a = 1;\n", "README.md": "hello\n" });
  repository.commit();
  repository.write({ "README.md": "hello, world\n" });
});
afterAll(() => repository.remove());

async function inspect(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [inspector, "--cli", process.execPath, serverProgram, "serve", ...args],
    { cwd: repository.path, env: serverEnvironment(repository) },
  );
  return JSON.parse(stdout);
}

describe("MCP Inspector's --cli", () => {
  it("lists the tools", async () => {
    const { tools } = await inspect("--method", "tools/list");
    expect(tools).toEqual(expect.arrayContaining([expect.objectContaining({ name: "review_change" })]));
  });

  it("calls one", async () => {
    expect(
      await inspect(
        "--method",
        "tools/call",
        "--tool-name",
        "classify_change",
        "--tool-arg",
        "head=WORKTREE",
      ),
    ).toMatchObject({ structuredContent: { class: "ROUTINE" } });
  });

  it("is told what is wrong with an argument", async () => {
    expect(
      await inspect(
        "--method",
        "tools/call",
        "--tool-name",
        "classify_change",
        "--tool-arg",
        "haed=WORKTREE",
      ),
    ).toMatchObject({ isError: true, structuredContent: { hint: expect.stringContaining("`head`") } });
  });

  it("lists and reads prompts and resources", async () => {
    const { prompts } = await inspect("--method", "prompts/list");
    expect(prompts).toEqual(expect.arrayContaining([expect.objectContaining({ name: "review" })]));
    expect(await inspect("--method", "prompts/get", "--prompt-name", "review")).toMatchObject({
      messages: [{ role: "user" }],
    });
    const { resources } = await inspect("--method", "resources/list");
    expect(resources).toEqual(
      expect.arrayContaining([expect.objectContaining({ uri: "sluice://review/last" })]),
    );
    expect(await inspect("--method", "resources/read", "--uri", "sluice://review/last")).toMatchObject({
      contents: [{ mimeType: "application/json" }],
    });
  });

  it.skipIf(spawnSync("jq", ["--version"]).error !== undefined)(
    "scripts a review with jq, whose exit code says how it ended (skipped where there is no jq)",
    () => {
      const script = fileURLToPath(new URL("../../scripts/review-with-inspector.sh", import.meta.url));
      const env = {
        ...serverEnvironment(repository),
        INSPECTOR: `${process.execPath} ${inspector}`,
        PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
      };
      repository.write({ "src/a.ts": "export const a = undefinedName;\n" });
      const ran = spawnSync(script, [repository.path], { env, encoding: "utf8" });
      repository.write({ "src/a.ts": "export const a = 1;\n" });
      expect(ran.stdout).toContain("NEEDS_WORK");
      expect(ran.stdout).toContain("src/a.ts:1");
      expect(ran.status).toBe(1);
    },
  );
});
