// A process of its own that creates tasks: node task-maker.mjs <repository> <spec> <count> <flowctl or ->
// Prints the ids, one a line.

const { openRepository } = await import("../../dist/src/change/repository.js");
const { loadUserConfiguration } = await import("../../dist/src/config/load.js");
const { openFlowWriter } = await import("../../dist/src/flow/writer.js");
const { createSluice } = await import("../../dist/src/sluice.js");

const [, , cwd, spec, count, flowctl] = process.argv;
const sluice = createSluice({ cwd });
const { config } = await loadUserConfiguration(sluice);
const repository = await openRepository(sluice, undefined);
const flow = { flowctl: flowctl === "-" ? false : flowctl };
const writer = await openFlowWriter({ repository, config: { ...config, flow } }, sluice);
// All begin together, as far as that can be had.
process.stdout.write("ready\n");
await new Promise((go) => process.stdin.once("data", go));
const one = { title: `of ${process.pid}`, description: "d", acceptance: "- [ ] a" };
for (const { id } of await writer.createTasks(
  spec,
  Array.from({ length: Number(count) }, () => one),
)) {
  process.stdout.write(`${id}\n`);
}
process.exit(0);
