// ruff over every Python file below the current folder, in one process: its WebAssembly build, which is the one that
// comes with Sluice, is the yardstick for what it adds.
import { readdirSync, readFileSync } from "node:fs";
import v8 from "node:v8";

v8.setFlagsFromString("--liftoff-only");
const { Workspace, PositionEncoding } = await import("@astral-sh/ruff-wasm-nodejs");
const workspace = new Workspace({}, PositionEncoding.Utf16);
const files = readdirSync(".", { recursive: true }).filter(
  (path) => path.endsWith(".py") && !/(^|\/)(node_modules|\.git|\.venv)\//.test(path),
);
let found = 0;
for (const path of files) {
  try {
    found += workspace.check(readFileSync(path, "utf8")).length;
  } catch {
    // No UTF-8, or a folder of that name.
  }
}
console.log(`${files.length} files, ${found} findings`);
