// A process that records verdicts on plans: `node plan-review-worker.mjs FOLDER CONFIG NAME COUNT`. It says "ack NAME-N"
// for each one that is kept. CONFIG is the user's configuration folder, where the key of the seal is.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { createSluice } from "../../dist/src/sluice.js";
import { recordPlanVerdict } from "../../dist/src/state/plan-reviews.js";
import { openStore } from "../../dist/src/state/store.js";

const [root, config, name, count] = process.argv.slice(2);
const commonDir = join(root, ".git");
const repository = { root, gitDir: commonDir, commonDir, mainRoot: root, bare: false, branch: "main" };
const own = createSluice({ cwd: root });
const sluice = { ...own, env: { ...own.env, XDG_CONFIG_HOME: config } };
const store = await openStore(sluice, repository);
for (let index = 0; index < Number(count); index += 1) {
  const id = `${name}-${index}`;
  await recordPlanVerdict(store, sluice, {
    kind: "plan",
    spec: "fn-1",
    fingerprint: id,
    context_fingerprint: "c",
    verdict: "SHIP",
    attested_by: "sluice",
    model: "m",
    source: "s",
    blockers: [],
    complexity: "SIMPLE",
    parts: [],
    at: "2026-01-01T00:00:00.000Z",
  });
  if (store.warnings.length === 0) writeSync(1, `ack ${id}\n`);
}
