// A fingerprint (running git, reading its diff, hashing) against the bare `git diff` with the same options, its output
// thrown away. Trees exist already, and surroundings are not read.
//
//   npm run build && node bench/fingerprint.mjs [--rounds 11] [--root FOLDER of a built checkout]
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compare } from "./measure.mjs";
import { makeRepository } from "./repositories.mjs";

const limit = 2;
const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "11" }, root: { type: "string", default: join(here, "..") } },
});

// Large changes are measured as the first call of a new process, which is the slowest. Where git itself takes a few
// milliseconds, that would measure how long Node takes to compile: there it is the average of a session's calls.
const changes = [
  { title: "20 files, 20 calls a process", calls: 20, files: 20, linesPerFile: 200, editsPerFile: 5 },
  { title: "1,000 files, first call", calls: 1, files: 1_000, linesPerFile: 200, editsPerFile: 5 },
  { title: "10,000 files, first call", calls: 1, files: 10_000, linesPerFile: 40, editsPerFile: 3 },
];

for (const { title, calls, ...shape } of changes) {
  const folder = makeRepository(shape);
  try {
    const git = (args, stdout) =>
      execFileSync("git", args, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder },
        encoding: "utf8",
        stdio: ["ignore", stdout, "inherit"],
        timeout: 300_000,
      });
    const tree = (name) => git(["rev-parse", `${name}^{tree}`], "pipe").trim();
    const trees = [tree("base"), tree("main")];
    const once = () => {
      const args = [
        join(here, "fingerprint-once.mjs"),
        resolve(options.root),
        folder,
        ...trees,
        String(calls),
      ];
      const result = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 300_000 }));
      if (result.files !== shape.files)
        throw new Error(`${result.files} files were read, not ${shape.files}`);
      return result;
    };
    const { asked } = once();
    await compare({
      title: `fingerprint of ${title}`,
      yardstick: {
        name: "the git diff it reads",
        run() {
          const started = performance.now();
          for (let call = 0; call < calls; call += 1) for (const args of asked) git(args, "ignore");
          return (performance.now() - started) / calls;
        },
      },
      ours: { name: "git diff, read and hashed", run: () => once().ms },
      rounds: Number(options.rounds),
      limit,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
