import { spawn, spawnSync } from "node:child_process";
import type { TestRepository } from "./repository.js";
import { serverEnvironment, serverProgram } from "./server.js";

/** How a process of the command line's ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The compiled `sluice` in this repository, as a person runs it; `extra` is added to its environment. */
export function runSluice(
  repository: TestRepository,
  args: readonly string[],
  extra: Record<string, string> = {},
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [serverProgram, ...args], {
    cwd: repository.path,
    env: serverEnvironment(repository, extra),
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}

/** The same beside this process: for what asks servers of the test's own, and for many at once. */
export function startSluice(
  repository: TestRepository,
  args: readonly string[],
  extra: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [serverProgram, ...args], {
    cwd: repository.path,
    env: serverEnvironment(repository, extra),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
