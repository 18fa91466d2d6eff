// A process that records events: `node metrics-worker.mjs FOLDER NAME COUNT FOLD`. It says "ack NAME-N" for each event
// that was recorded. With FOLD "fold" it brings metrics.json up to date again and again between.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { createSluice } from "../../dist/src/sluice.js";
import { foldMetrics, recordEvent } from "../../dist/src/state/metrics.js";
import { openStore } from "../../dist/src/state/store.js";

const [root, name, count, fold] = process.argv.slice(2);
const commonDir = join(root, ".git");
const repository = { root, gitDir: commonDir, commonDir, mainRoot: root, bare: false, branch: "main" };
const sluice = createSluice({ cwd: root });
const store = await openStore(sluice, repository);
const append = store.journal.append;
let kept = false;
store.journal.append = async (line) => {
  const waiting = await append(line);
  kept = waiting !== null;
  return waiting;
};
for (let index = 0; index < Number(count); index += 1) {
  await recordEvent(store, sluice, { kind: "usage", source: `${name}-${index}`, model: null, tokens: 1 });
  if (kept) writeSync(1, `ack ${name}-${index}\n`);
  if (fold === "fold" && index % 3 === 0) await foldMetrics(store, sluice);
}
