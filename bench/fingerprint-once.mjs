// One cold fingerprint, for fingerprint.mjs: prints how long it took, and what git was asked for.
import { join } from "node:path";

const [root, folder, base, head] = process.argv.slice(2);
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

const started = performance.now();
const files = changedFiles(await rawDiff(recording, base, head, 0));
const { fingerprint: hash } = fingerprint({ files });
const ms = performance.now() - started;
console.log(JSON.stringify({ ms, files: files.length, hash, asked }));
