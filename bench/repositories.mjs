// Repositories to measure with, made by `git fast-import`: two commits, `base` and `head`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives the top of a new repository in a temporary folder; HEAD is `head`, nothing is checked out. */
export function makeRepository({ files, linesPerFile, editsPerFile }) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-bench-")));
  const run = (args, input) => {
    const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1" };
    const { status, stderr } = spawnSync("git", args, { cwd: folder, env, input, maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  };
  run(["init", "-q", "-b", "main"]);
  const parts = [];
  for (const [commit, edited] of [
    ["base", false],
    ["head", true],
  ]) {
    parts.push(`commit refs/heads/main\ncommitter Bench <bench@example.com> 1767323045 +0000\n`);
    parts.push(`data ${commit.length}\n${commit}\n`);
    for (let file = 0; file < files; file += 1) {
      const text = source({ file, linesPerFile, editsPerFile: edited ? editsPerFile : 0 });
      const path = `src/part-${file % 100}/module-${file}.ts`;
      parts.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`);
    }
  }
  run(["fast-import", "--quiet"], parts.join(""));
  run(["tag", "base", "main~1"]);
  return folder;
}

function source({ file, linesPerFile, editsPerFile }) {
  const every = Math.floor(linesPerFile / Math.max(editsPerFile, 1));
  const lines = [];
  for (let line = 0; line < linesPerFile; line += 1) {
    const edited = editsPerFile > 0 && line % every === 0 && line / every < editsPerFile;
    lines.push(
      `export const value_${file}_${line} = compute(${line * file}, "${edited ? "after" : "before"}");`,
    );
    // Now and then a line more, so that what follows moves.
    if (edited && line % 3 === 0)
      lines.push(`export const more_${file}_${line} = value_${file}_${line} + 1;`);
  }
  return `${lines.join("\n")}\n`;
}
