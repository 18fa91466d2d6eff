// A change made in a clone of somebody's repository: the same files and the same edits in every run.
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Clones what is at `source` into a temporary folder, with its newest commit checked out. Dependencies are not installed. */
export function cloneOf(source) {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-bench-")));
  const folder = join(top, "repository");
  const env = { PATH: process.env.PATH, HOME: top, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  writeFileSync(
    join(top, ".gitconfig"),
    "[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n",
  );
  const git = (cwd, ...args) =>
    execFileSync("git", args, {
      cwd,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      timeout: 300_000,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const remove = () => rmSync(top, { recursive: true, force: true, maxRetries: 5 });
  try {
    git(top, "clone", "--quiet", "--shared", "--", source, folder);
    const commit = git(folder, "rev-parse", "HEAD").trim();
    const paths = git(folder, "ls-files", "-z").split("\0").filter(Boolean);
    return { folder, commit, paths, restore: () => git(folder, "checkout", "--quiet", "--", "."), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Comments that mean something to a tool are left alone. */
const meant =
  "eslint|oxlint|biome|prettier|istanbul|c8|v8|type|noqa|pyright|pylint|mypy|fmt|ruff|isort|pragma|coding";

const dialects = {
  typescript: {
    isSource: (path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"),
    comment: new RegExp(`^([ \\t]*// ?)(?=\\w)(?!${meant})`, "m"),
    added: (name, value) =>
      `\nexport function ${name}(value: number): number {\n  return value + ${value};\n}\n`,
  },
  python: {
    isSource: (path) => path.endsWith(".py"),
    comment: new RegExp(`^([ \\t]*# ?)(?=\\w)(?!${meant})`, "m"),
    added: (name, value) => `\n\ndef ${name}(value: int) -> int:\n    return value + ${value}\n`,
  },
};

const isTest =
  /(^|\/)(tests?|__tests__|spec|fixtures?|vendor|third_party|examples?)\/|[._](test|spec)\.|(^|\/)test_/;

/** Source files spread evenly over the repository; tests only when there are too few others. */
export function filesToEdit({ folder, paths }, language, count) {
  const { isSource } = dialects[language];
  const all = paths.filter(isSource).filter((path) => {
    // Through a link the file behind it would be edited twice.
    if (!lstatSync(join(folder, path)).isFile()) return false;
    const text = readFileSync(join(folder, path), "utf8");
    return text.length > 200 && text.length < 200_000;
  });
  const own = all.filter((path) => !isTest.test(path));
  const pool = own.length >= count ? own : all;
  if (pool.length < count) return null;
  return Array.from({ length: count }, (_, index) => pool[Math.floor((index * pool.length) / count)]);
}

/**
 * Writes a file's `number`-th edit: a comment that reads differently, so that a line of the old text is gone, and a
 * function more at the end. It brings in no mistake.
 */
export function edit({ folder }, path, language, number) {
  const { comment, added } = dialects[language];
  const file = join(folder, path);
  const name = `added_for_measuring_${number}`;
  const text = readFileSync(file, "utf8").replace(comment, `$1Edit ${number}: `).replace(/\n+$/, "\n");
  writeFileSync(file, text + added(name, number));
}
