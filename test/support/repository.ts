import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createSluice, type Sluice } from "../../src/sluice.js";

export interface TestRepository {
  path: string;
  git(...args: string[]): string;
  /** Writes files; null deletes one. A trailing `*` on the name marks it executable. */
  write(files: Record<string, string | Buffer | null>): void;
  link(path: string, target: string): void;
  /** Adds everything and commits; gives the commit id. */
  commit(message?: string): string;
  /** A context as the server would have it, in this repository, with an empty home. */
  sluice(overrides?: Partial<Sluice>): Sluice;
  remove(): void;
}

/** A real git repository in a temporary folder, with a home of its own so that nothing of the user's is read. */
export function testRepository(
  options: { objectFormat?: "sha1" | "sha256"; branch?: string } = {},
): TestRepository {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  const path = join(top, "repo");
  const home = join(top, "home");
  mkdirSync(path);
  mkdirSync(home);
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Test",
    GIT_AUTHOR_EMAIL: "test@example.com",
    GIT_COMMITTER_NAME: "Test",
    GIT_COMMITTER_EMAIL: "test@example.com",
    GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
    GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
  };
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: path,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "pipe"],
    });
  git("init", "-q", "-b", options.branch ?? "main", `--object-format=${options.objectFormat ?? "sha1"}`);
  return {
    path,
    git,
    write(files) {
      for (const [name, content] of Object.entries(files)) {
        const executable = name.endsWith("*");
        const file = join(path, executable ? name.slice(0, -1) : name);
        if (content === null) {
          rmSync(file, { force: true, recursive: true });
          continue;
        }
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
        if (executable) chmodSync(file, 0o755);
      }
    },
    link(name, target) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      symlinkSync(target, join(path, name));
    },
    commit(message = "change") {
      git("add", "-A");
      git("commit", "-q", "--allow-empty", "-m", message);
      return git("rev-parse", "HEAD").trim();
    },
    sluice(overrides = {}) {
      return createSluice({
        cwd: path,
        // Whoever runs the tests may have premium programs on PATH, and pays for them.
        env: { PATH: process.env.PATH, HOME: home, PREMIUM_REVIEW_ENABLED: "0" },
        log: () => {},
        ...overrides,
      });
    },
    remove() {
      rmSync(top, { recursive: true, force: true });
    },
  };
}
