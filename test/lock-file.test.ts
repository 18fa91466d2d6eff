import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as z from "zod";

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      resolved: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

it.each(["package-lock.json", "test/e2e/package-lock.json"])(
  "%s holds every platform's packages, or npm ci refuses it (scripts/complete-lock.mjs), and names no registry",
  (file) => {
    const { packages } = lockFile.parse(JSON.parse(readFileSync(file, "utf8")));
    const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined &&
          packages[`${where}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  },
);
