// Preloaded into a process under test: kills it, with SIGKILL, right before its Nth change of the file system below
// KILL_WITHIN, and writes down how many there were when it was not killed.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { KILL_AT, KILL_WITHIN, KILL_COUNT } = process.env;
let count = 0;

function step(path) {
  if (!String(path).startsWith(KILL_WITHIN)) return;
  count += 1;
  if (count === Number(KILL_AT)) process.kill(process.pid, "SIGKILL");
}

const changing = ["writeFile", "rename", "rm", "rmdir", "mkdir", "chmod", "link", "unlink"];
for (const name of changing) {
  const real = fs.promises[name];
  fs.promises[name] = async (path, ...rest) => {
    step(path);
    return real(path, ...rest);
  };
}
const realOpen = fs.promises.open;
fs.promises.open = async (path, flags, ...rest) => {
  const writes = typeof flags === "string" && flags !== "r";
  if (writes) step(path);
  const handle = await realOpen(path, flags, ...rest);
  if (!writes) return handle;
  const write = handle.writeFile.bind(handle);
  handle.writeFile = async (content, ...more) => {
    // Half of it, and dead.
    if (count + 1 === Number(KILL_AT) && String(path).startsWith(KILL_WITHIN))
      await write(content.slice(0, 3));
    step(path);
    return write(content, ...more);
  };
  return handle;
};
syncBuiltinESMExports();
if (KILL_COUNT) process.once("exit", () => fs.writeFileSync(KILL_COUNT, String(count)));
