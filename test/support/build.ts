import { execFileSync } from "node:child_process";

/** The tests that drive the server or the command line run what users run: the compiled files. */
export default function setup(): void {
  if (process.env.SLUICE_TEST_NO_BUILD === "1") return;
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
}
