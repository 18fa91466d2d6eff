// Fingerprints of one change in a new process, for fingerprint.mjs: prints how long one took on average, in ms, the
// first included, and what git was asked for.
import { join } from "node:path";

const [root, folder, base, head, calls] = process.argv.slice(2);
const load = (name) => import(join(root, "dist/src", name));
const [
  { createSluice },
  { openRepository },
  { openObjectStore },
  { changedFiles, rawDiff },
  { fingerprint },
] = await Promise.all(
  [
    "sluice.js",
    "change/repository.js",
    "change/object-store.js",
    "change/diff.js",
    "change/fingerprint.js",
  ].map(load),
);
const sluice = createSluice({ cwd: folder, log: () => {} });
const store = await openObjectStore(await openRepository(sluice, undefined));
const asked = [];
const recording = {
  ...store,
  read(args, options) {
    asked.push(args);
    return store.read(args, options);
  },
};

let read;
const started = performance.now();
for (let call = 0; call < Number(calls); call += 1) {
  const files = await changedFiles(await rawDiff(recording, base, head, 0));
  read = { files: files.length, hash: fingerprint({ files }).fingerprint };
}
const ms = (performance.now() - started) / Number(calls);
console.log(JSON.stringify({ ms, ...read, asked: asked.slice(0, asked.length / Number(calls)) }));
