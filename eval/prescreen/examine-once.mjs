// One change analysed by a process that has seen no other: `node examine-once.mjs ROOT TIMEOUT`, with the clone and the
// ends of the change as JSON on stdin.
import { readFileSync } from "node:fs";
import { loadEngine } from "./engine.mjs";

const [root, timeout] = process.argv.slice(2);
const { clone, ends } = JSON.parse(readFileSync(0, "utf8"));
const { examine, stop } = await loadEngine(root);
const seen = await examine(clone, ends, Number(timeout));
stop();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
