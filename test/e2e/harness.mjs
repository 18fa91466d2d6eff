// What both clients' runs share: counting checks, running programs with a time limit, a sandbox for a client's files.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const running = new Set();
/** The check that runs, or ran last. */
let doing = "the preparations";

/** Counts what passed, failed and could not be run, and prints a line for each as it happens. */
export function createReport() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  return {
    counts,
    /** One assertion group: passes unless `run` throws. */
    async check(name, run) {
      doing = name;
      try {
        await run();
        counts.passed += 1;
        console.log(`ok    ${name}`);
      } catch (error) {
        counts.failed += 1;
        const detail = String(error?.message ?? error)
          .split("\n")
          .slice(0, 24)
          .map((line) => `        ${line.slice(0, 500)}`)
          .join("\n");
        console.log(`FAIL  ${name}\n${detail}`);
      }
    },
    skip(name, why) {
      counts.skipped += 1;
      console.log(`SKIP  ${name}: ${why}`);
    },
    /** A whole client that could not be run. */
    notRun(client, why) {
      counts.skipped += 1;
      console.log(`NOT RUN: ${client}: ${why}`);
    },
    /** What a part in a process of its own counted. */
    add({ passed, failed, skipped }) {
      counts.passed += passed;
      counts.failed += failed;
      counts.skipped += skipped;
    },
  };
}

/** Prints the counts; gives the exit code. With `require` what was not run is a failure, too. */
export function finish({ counts: { passed, failed, skipped } }, { require }) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} not run`);
  return failed > 0 || (require && skipped > 0) ? 1 : 0;
}

/**
 * A part that is a script of its own: what it prints is passed on line by line, and its last line, as `finish` prints
 * it, is counted. A script that ends without one has failed.
 */
export async function runScript(file, report, limit) {
  const ended = await run(process.execPath, [file], {
    cwd: dirname(file),
    env: process.env,
    timeout: limit,
    onLine: (line) => {
      if (!counted.test(line)) console.log(line);
    },
  });
  const counts = ended.stdout.trimEnd().split("\n").at(-1).match(counted);
  const [passed, failed, skipped] = (counts ?? []).slice(1).map(Number);
  if (counts !== null) report.add({ passed, failed, skipped });
  if (counts === null || (ended.code !== 0 && failed === 0))
    await report.check(file, () => {
      throw new Error(said(ended));
    });
}
const counted = /^(\d+) passed, (\d+) failed, (\d+) not run$/;

/** Runs a program in its own process group; after `timeout` ms the whole group is killed. Never throws. */
export function run(file, args, { cwd, env, timeout = 60_000, onLine = () => {} }) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    if (child.pid !== undefined) running.add(child.pid);
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeout);
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      stderr += chunk;
    });
    createInterface({ input: child.stdout }).on("line", onLine);
    const finish = (code) => {
      clearTimeout(timer);
      running.delete(child.pid);
      resolve({ code, stdout, stderr, timedOut, ms: Math.round(performance.now() - started) });
    };
    child.on("error", (error) => {
      stderr += error.message;
      finish(null);
    });
    child.on("close", finish);
  });
}

/** Ends what is still running: for the script's own exit. */
export function killAll() {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

/** What a program printed, for the message of a failed check. */
export function said(result) {
  const how = result.timedOut ? "timed out" : `exit code ${result.code}`;
  return `${how}\n${result.stdout.slice(-1_500)}\n${result.stderr.slice(-1_500)}`;
}

/**
 * A folder with a home of its own and an environment in which nothing of the user's is read or written.
 * A proxy that refuses everything stands where the network would be, and remembers who was asked for.
 */
export async function createSandbox() {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-e2e-")));
  const home = join(top, "home");
  const codexHome = join(home, ".codex");
  const temporary = join(top, "tmp");
  for (const folder of [home, codexHome, temporary]) mkdirSync(folder, { recursive: true });
  const outside = await tripwire();
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: temporary,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local/share"),
    XDG_STATE_HOME: join(home, ".local/state"),
    XDG_CACHE_HOME: join(home, ".cache"),
    CODEX_HOME: codexHome,
    LANG: "C.UTF-8",
    TERM: "dumb",
    NO_COLOR: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    HTTP_PROXY: outside.url,
    HTTPS_PROXY: outside.url,
    http_proxy: outside.url,
    https_proxy: outside.url,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
  return {
    top,
    home,
    codexHome,
    env,
    outside,
    async remove({ keep }) {
      await outside.close();
      if (!keep) rmSync(top, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** An HTTP proxy on loopback that lets nothing through. `asked` lists the hosts that were wanted, and in which check. */
async function tripwire() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} in: ${doing}`);
    response.writeHead(403).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url} in: ${doing}`);
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  const url = await listen(server);
  return { url, asked, close: () => close(server) };
}

export async function listen(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

export function close(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

/** Writes files below a folder, making the folders they need. */
export function writeFiles(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
