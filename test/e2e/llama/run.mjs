// The local tier against a real llama.cpp with a tiny model of random weights: grammars, overflow, cancellation and
// limits as they really are.
//
//   npm run build && node test/e2e/llama/run.mjs --install     node-llama-cpp's prebuilt library for this platform
//   SLUICE_LLAMA_SERVER=/path/to/llama-server node test/e2e/llama/run.mjs     the real server instead
//
// Without either it says `NOT RUN` and ends well, unless `--require`. `--install` downloads it into this folder's
// node_modules (`du -sh test/e2e/llama/node_modules` says how large); without it nothing is downloaded.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createReport, finish } from "../harness.mjs";
import { makeGguf } from "./make-gguf.mjs";
import { suite } from "./suite.mjs";

const version = "3.22.1";
const contextSize = 8_192;
const here = dirname(fileURLToPath(import.meta.url));
const binaries = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
};
const { values: options } = parseArgs({
  options: { install: { type: "boolean", default: false }, require: { type: "boolean", default: false } },
});

const report = createReport();
const folder = mkdtempSync(join(tmpdir(), "sluice-llama-"));
let child = null;
const deadline = setTimeout(() => {
  console.log("FAIL  the run took longer than 5 minutes and was ended");
  child?.kill("SIGKILL");
  process.exit(1);
}, 5 * 60_000);
try {
  const why = cannotRun();
  if (why !== null) report.notRun("llama.cpp", why);
  else {
    const model = join(folder, "tiny.gguf");
    makeGguf(model);
    const url = await start(model);
    await suite({ url, contextSize, report });
  }
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  clearTimeout(deadline);
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = finish(report, options);

/** Why it can't be run here; null when it can. */
function cannotRun() {
  if (!existsSync(join(here, "../../../dist/src/local/local.js"))) return "run `npm run build` first";
  if (process.env.SLUICE_LLAMA_SERVER) return null;
  if (existsSync(join(here, "node_modules/node-llama-cpp"))) return null;
  if (!options.install) return "not installed; run it with --install, or set SLUICE_LLAMA_SERVER";
  const binary = binaries[`${process.platform}-${process.arch}`];
  if (binary === undefined) return `no prebuilt library for ${process.platform}-${process.arch} is known`;
  // Without the optional packages: they are the binaries of every other platform and card.
  const wanted = [`node-llama-cpp@${version}`, `@node-llama-cpp/${binary}@${version}`];
  const flags = [
    "--ignore-scripts",
    "--omit=optional",
    "--no-save",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
  ];
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["install", ...flags, ...wanted], { cwd: here, stdio: "inherit" });
  return status === 0 ? null : "npm install failed";
}

/** Starts the real server, or the shim over its library; gives its address once it answers. */
async function start(model) {
  const program = process.env.SLUICE_LLAMA_SERVER;
  const port = program ? await freePort() : null;
  const [file, args] = program
    ? [
        program,
        [
          "-m",
          model,
          "-c",
          String(contextSize),
          "-np",
          "1",
          "-t",
          "1",
          "--host",
          "127.0.0.1",
          "--port",
          String(port),
        ],
      ]
    : [process.execPath, [join(here, "shim.mjs"), model, String(contextSize)]];
  child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let printed = "";
  child.stderr.on("data", (chunk) => {
    said = (said + chunk).slice(-4_000);
  });
  child.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}: ${said}`);
    const at = port ?? (/^(\d+)$/m.exec(printed)?.[1] || null);
    if (at !== null) {
      const health = await fetch(`http://127.0.0.1:${at}/health`).catch(() => null);
      await health?.body?.cancel();
      if (health?.ok) return `http://127.0.0.1:${at}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${file} does not answer: ${said}`);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
