// A process that reserves calls: `node reserve-worker.mjs FOLDER SCOPE COUNT`. It tries COUNT times as soon as it reads
// a line, says what it got as one line of JSON, and keeps it until it reads another line or is killed.
import { createInterface } from "node:readline";
import { openRepository } from "../../dist/src/change/repository.js";
import { loadUserConfiguration } from "../../dist/src/config/load.js";
import { routingChoices } from "../../dist/src/premium/candidates.js";
import { consider } from "../../dist/src/premium/choose.js";
import { quotaStore } from "../../dist/src/premium/quota-store.js";
import { chooseAndReserve } from "../../dist/src/premium/reservations.js";
import { createSluice } from "../../dist/src/sluice.js";
import { openStore } from "../../dist/src/state/store.js";

const [cwd, scope, count] = process.argv.slice(2);
const sluice = createSluice({ cwd });
const loaded = (await loadUserConfiguration(sluice)).config;
const config = { ...loaded, quota: { ...loaded.quota, scope } };
const store = await quotaStore(
  sluice,
  config,
  await openStore(sluice, await openRepository(sluice, undefined)),
);
const { choices } = routingChoices(config, ["claude_max:opus-4.5"], "COMPLEX");
const status = { source: "claude_max", access: "cli", configured: true, program: "/bin/true", why: "" };
const asked = { config, statuses: new Map([["claude_max", status]]), tokens: 50_000 };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
process.stdout.write(`${"ready"}\n`);
await lines.next();
const got = [];
for (let attempt = 0; attempt < Number(count); attempt += 1) {
  const { reserved } = await chooseAndReserve(
    store,
    sluice,
    (quota, now) => consider(choices, asked, quota, now),
    { tokens: 50_000, timeout: 600_000 },
  );
  if (reserved !== null) got.push(reserved.id);
}
process.stdout.write(`${JSON.stringify(got)}\n`);
await lines.next();
process.exit(0);
