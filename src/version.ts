import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The package's folder, absolute, with a slash at the end: above `src/` in the sources, above `dist/` when compiled. */
export const packageRoot: string =
  ["../", "../../"]
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((folder) => existsSync(`${folder}package.json`)) ?? "";

/** This package's version, from its package.json. */
export const version: string = JSON.parse(readFileSync(`${packageRoot}package.json`, "utf8")).version;
