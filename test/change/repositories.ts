import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];
afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

/** A repository that goes with the test that made it. */
export function repository(options?: Parameters<typeof testRepository>[0]): TestRepository {
  const created = testRepository(options);
  made.push(created);
  return created;
}

/** Everything below a folder as `path mode size hash`, with times of files when asked. */
export function everything(folder: string, options: { times: boolean; without?: RegExp }): string[] {
  const lines: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (options.without?.test(path.slice(folder.length + 1))) continue;
    const { mode, mtimeMs } = lstatSync(path);
    const content = entry.isSymbolicLink() ? readlinkSync(path) : entry.isFile() ? readFileSync(path) : "";
    const hash = createHash("sha256").update(content).digest("hex");
    lines.push(`${path} ${mode} ${hash} ${options.times ? mtimeMs : ""}`);
  }
  return lines.sort();
}
