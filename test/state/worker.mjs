// A process that updates the state of a repository: `node worker.mjs FOLDER MODE NAME COUNT`. It says "ack ID" for
// every update that it was told is done. MODE `hold` takes the lock, says "holding" and never lets go.
import { writeSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createSluice } from "../../dist/src/sluice.js";
import { openStore } from "../../dist/src/state/store.js";

const [root, mode, name, count] = process.argv.slice(2);
const schema = z.looseObject({ entries: z.array(z.string()).default([]) });
const commonDir = join(root, ".git");
const repository = { root, gitDir: commonDir, commonDir, mainRoot: root, bare: false, branch: "main" };
const store = await openStore(createSluice({ cwd: root }), repository);
const say = (line) => writeSync(1, `${line}\n`);

if (mode === "hold") {
  // The heartbeat does not keep a process alive.
  setInterval(() => {}, 1_000);
  await store.update("metrics.json", schema, () => {
    say("holding");
    return new Promise(() => {});
  });
}
for (let index = 0; index < Number(count); index += 1) {
  const id = `${name}-${index}`;
  await store.update("metrics.json", schema, (state) => {
    state.entries.push(id);
  });
  if (mode === "update" && store.warnings.length === 0) say(`ack ${id}`);
}
if (mode === "warnings")
  say(
    JSON.stringify({
      warnings: store.warnings,
      state: await store.read("metrics.json", schema),
      result: store.resultFile("x.txt"),
    }),
  );
