// The repository under study is only read: everything happens in a clone of it in a temporary folder.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

/** Milliseconds for one call of git. */
const limit = 300_000;

const media =
  "png jpg jpeg gif webp ico bmp psd sketch ai fig mp3 mp4 mov webm avi wav ttf otf woff woff2 eot zip gz tgz bz2 xz 7z jar pdf wasm".split(
    " ",
  );

/** Clones into a new temporary folder; nothing of the user's git configuration applies there. */
export function scratchClone(source) {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-eval-")));
  const folder = join(top, "repository");
  const env = {
    PATH: process.env.PATH,
    HOME: top,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: join(top, "gitconfig"),
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
  };
  // Somebody else's repository may be read; nothing of it is run.
  writeFileSync(
    join(top, "gitconfig"),
    "[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n",
  );
  const run = (cwd, args) =>
    execFileSync("git", args, {
      cwd,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      timeout: limit,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const remove = () => rmSync(top, { recursive: true, force: true, maxRetries: 5 });
  try {
    run(top, ["clone", "--quiet", "--shared", "--no-checkout", "--", resolve(source), folder]);
    // Pictures and the like are never looked at, and an incomplete copy of a repository may lack them.
    run(folder, ["config", "core.sparseCheckout", "true"]);
    const patterns = ["/*", ...media.map((extension) => `!*.${extension}`)];
    mkdirSync(join(folder, ".git/info"), { recursive: true });
    writeFileSync(join(folder, ".git/info/sparse-checkout"), `${patterns.join("\n")}\n`);
  } catch (error) {
    remove();
    throw new Error(`${source} can't be cloned: ${String(error.stderr ?? error.message).trim()}`);
  }
  return { folder, env, git: (...args) => run(folder, args), remove };
}

export function nameOf(source) {
  const parts = resolve(source)
    .split("/")
    .filter((part) => part !== "repo" && part !== ".git");
  return (
    basename(parts.join("/"))
      .replace(/\.git$/, "")
      .replace(/[^\w.+-]/g, "-") || "repository"
  );
}

/** The newest commits with one parent that change (not only delete) files that `isWanted` takes, newest first. */
export function recentCommits(clone, count, isWanted) {
  const log = clone.git(
    "log",
    "-z",
    "--no-merges",
    "--diff-filter=AM",
    "--name-only",
    "--format=%x01%H %P%x02",
    "HEAD",
  );
  const commits = [];
  for (const part of log.split("\x01").slice(1)) {
    const [head, names = ""] = part.split("\x02");
    const [commit, parent, ...others] = head.split(" ");
    const files = names
      .split("\0")
      .map((name) => name.replace(/^\n/, ""))
      .filter(Boolean);
    if (!parent || others.length > 0 || !files.some(isWanted)) continue;
    commits.push({ commit, parent, files });
    if (commits.length === count) break;
  }
  return commits;
}

/** The work tree as it is when somebody has made a commit's change and not committed it: HEAD is the parent. */
export function checkOut(clone, { commit, parent }) {
  clone.git("checkout", "--quiet", "--force", "--detach", commit);
  clone.git("clean", "-ffdxq");
  clone.git("reset", "--quiet", "--mixed", parent);
}

/** Paths of a commit's plain files: a link is another file's text. */
export function sourcesAt(clone, commit, isWanted) {
  return clone
    .git("ls-tree", "-r", "-z", commit)
    .split("\0")
    .filter((line) => line.startsWith("100"))
    .map((line) => line.slice(line.indexOf("\t") + 1))
    .filter(isWanted);
}

export function readSource(clone, path) {
  return readFileSync(join(clone.folder, path), "utf8");
}

export function writeSource(clone, path, text) {
  writeFileSync(join(clone.folder, path), text);
}
