// Adds to package-lock.json the entries of platform packages that npm left out, which it does when the registry or
// mirror at hand does not carry them: `npm ci` refuses such a lock file. Run after adding or updating a dependency.
// What is added has no integrity hash; npm checks it by version only, and only on that platform.
import { readFileSync, writeFileSync } from "node:fs";

const file = "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8"));
let added = 0;
for (const [where, entry] of Object.entries(lock.packages)) {
  if (where === "") continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key]) continue;
    const platform = /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(
      name,
    );
    if (platform === null) {
      console.error(`${name} ${version}, of ${where}: not a platform package by its name; add it by hand`);
      process.exitCode = 1;
      continue;
    }
    const [, os, cpu, abi = ""] = platform;
    lock.packages[key] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(os === "linux" && abi !== "" ? { libc: [abi.startsWith("musl") ? "musl" : "glibc"] } : {}),
      license: entry.license,
      optional: true,
      os: [os],
      ...(entry.engines ? { engines: entry.engines } : {}),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} platform packages added`);
