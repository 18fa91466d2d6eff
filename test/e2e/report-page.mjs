// Looks at the page of `sluice report --html` in a headless Chromium, in light and dark, wide and narrow: that nothing is
// cut off or runs over the side, that text can be read, that nothing is loaded and no script runs. Keeps a picture of each.
//
//   npm run build && node test/e2e/report-page.mjs [--root FOLDER of a built checkout] [--pictures FOLDER] [--require]
//
// Without a Chromium (CHROMIUM, or one on PATH) it says `NOT RUN` and fails only with `--require`.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createReport, finish } from "./harness.mjs";

const { values: options } = parseArgs({
  options: {
    root: { type: "string", default: join(dirname(fileURLToPath(import.meta.url)), "../..") },
    pictures: { type: "string" },
    require: { type: "boolean", default: false },
  },
});
const root = resolve(options.root);
const report = createReport();
const browser = [
  process.env.CHROMIUM,
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
].find((name) => name && spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0);
if (browser === undefined) {
  report.notRun("Chromium", "none on PATH (apt-get install chromium-headless-shell; or set CHROMIUM)");
  process.exit(finish(report, options));
}

const top = mkdtempSync(join(tmpdir(), "sluice-page-"));
const deadline = setTimeout(() => {
  console.log("FAIL  it took more than three minutes");
  process.exit(1);
}, 180_000);

const chromium = { child: null };
try {
  const page = await makePage();
  const talk = openBrowser();
  for (const scheme of ["light", "dark"])
    for (const width of [1_200, 360])
      await report.check(`the report's page: ${scheme}, ${width} wide`, async () =>
        assert.deepEqual(await look(talk, page, scheme, width), []),
      );
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  chromium.child?.kill("SIGKILL");
  rmSync(top, { recursive: true, force: true });
  clearTimeout(deadline);
}
process.exit(finish(report, options));

/** A month of work with hostile names, recorded as a server would, and the page of it by the real command. */
async function makePage() {
  const dist = (path) => import(pathToFileURL(join(root, "dist/src", path)).href);
  const { createSluice } = await dist("sluice.js");
  const { recordEvent } = await dist("state/metrics.js");
  const { openStore } = await dist("state/store.js");
  const repo = join(top, "repo");
  const env = { PATH: process.env.PATH, HOME: join(top, "home"), XDG_STATE_HOME: join(top, "state") };
  mkdirSync(join(repo, ".flow"), { recursive: true });
  mkdirSync(env.HOME);
  execFileSync("git", ["init", "-q", "-b", "main", repo], { env });
  let now = Date.now() - 29 * 86_400_000;
  const sluice = createSluice({ cwd: repo, env, clock: () => now });
  const commonDir = join(repo, ".git");
  const store = await openStore(sluice, {
    root: repo,
    gitDir: commonDir,
    commonDir,
    mainRoot: repo,
    bare: false,
    branch: "main",
  });
  const names = [
    '"><img src=x onerror=alert(1)>',
    "</svg><script>alert(1)</script>",
    "claude_max",
    "x".repeat(100),
  ];
  for (let task = 0; task < 40; task += 1) {
    now += 17 * 3_600_000;
    const name = names[task % 4];
    const about = { task: `${name}${task}`, branch: "main", change: String(task) };
    const ended = ["gates", "prescreen", "premium", null][task % 4];
    const stages = [{ name: "gates", state: "passed", ms: 1, sent_back: ended === "gates" }];
    if (ended === "prescreen") stages.push({ name: "prescreen", state: "issues", ms: 1, sent_back: true });
    await recordEvent(store, sluice, {
      kind: "review",
      about,
      verdict: null,
      decided_by: ended,
      class: null,
      stages,
      context_tokens: 9_000,
      ms: 2,
    });
    const who = { source: name, model: names[(task + 1) % 4] };
    if (task % 3 === 0)
      await recordEvent(
        store,
        sluice,
        {
          kind: "premium_call",
          about,
          purpose: "review",
          ...who,
          outcome: "answered",
          tokens: 12_000,
          context_tokens: 9_000,
          ms: 3,
        },
        {
          kind: "verdict",
          about,
          verdict: "NEEDS_WORK",
          by: "sluice",
          ...who,
          blockers: { [names[task % 4]]: 1, logic: 1 },
          prescreen: "clean",
        },
      );
  }
  now = Date.now() - 7 * 86_400_000;
  for (let step = 0; step < 84; step += 1) {
    now += 2 * 3_600_000;
    const week = ((step * 2 + 60) % 168) / 168;
    await recordEvent(
      store,
      sluice,
      {
        kind: "quota",
        source: "claude_max",
        window: "weekly",
        used: week * 0.8,
        resets_at: now + (1 - week) * 604_800_000,
      },
      { kind: "quota", source: "claude_max", window: "5h", used: ((step * 2) % 5) / 5, resets_at: null },
      { kind: "quota", source: names[0], window: "weekly", used: step / 100, resets_at: null },
    );
  }
  const file = join(top, "report.html");
  execFileSync(process.execPath, [join(root, "dist/src/cli/main.js"), "report", repo, "--html", file], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return file;
}

/** Chromium, spoken to over a pipe: no port is opened and nothing has to be installed. */
function openBrowser() {
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-pipe",
    `--user-data-dir=${join(top, "profile")}`,
  ];
  const child = spawn(browser, args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  chromium.child = child;
  const waiting = new Map();
  const events = [];
  let next = 1;
  let rest = "";
  child.stdio[4].setEncoding("utf8").on("data", (chunk) => {
    const parts = (rest + chunk).split("\0");
    rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id === undefined) events.push(message);
      else if (message.error) waiting.get(message.id)?.reject(new Error(message.error.message));
      else waiting.get(message.id)?.resolve(message.result);
    }
  });
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return { send, events };
}

async function look({ send, events }, file, scheme, width) {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const ask = (method, params) => send(method, params, sessionId);
  await ask("Page.enable");
  await ask("Network.enable");
  await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  await ask("Emulation.setDeviceMetricsOverride", {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: width < 500,
  });
  events.length = 0;
  await ask("Page.navigate", { url: pathToFileURL(file).href });
  const value = async (expression) =>
    (await ask("Runtime.evaluate", { expression, returnByValue: true })).result.value;
  while (
    (await value("document.readyState")) !== "complete" ||
    (await value("location.protocol")) !== "file:"
  );
  const problems = await value(`(${inPage})()`);
  const loaded = events
    .filter(({ method }) => method === "Network.requestWillBeSent")
    .map(({ params }) => params.request.url);
  for (const url of loaded) if (url !== pathToFileURL(file).href) problems.push(`it loads ${url}`);
  if (events.some(({ method }) => method === "Page.javascriptDialogOpening")) problems.push("a script ran");
  if (options.pictures !== undefined) {
    mkdirSync(options.pictures, { recursive: true });
    const { data } = await ask("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(join(options.pictures, `report-${scheme}-${width}.png`), Buffer.from(data, "base64"));
  }
  await send("Target.closeTarget", { targetId });
  return problems;
}

/** Runs in the page: what a person would stumble over. */
function inPage() {
  const problems = [];
  const { documentElement: page } = document;
  if (page.scrollWidth > innerWidth)
    problems.push(`it is ${page.scrollWidth} wide where ${innerWidth} are shown`);
  const drawings = [...document.querySelectorAll("figure > svg")];
  if (drawings.length !== 4) problems.push(`${drawings.length} plots instead of 4`);
  for (const drawing of drawings) {
    const box = drawing.viewBox.baseVal;
    if (drawing.closest("section").querySelector("table") === null) problems.push("a plot without its table");
    for (const text of drawing.querySelectorAll("text")) {
      const { x, width, y, height } = text.getBBox();
      if (x < -1 || x + width > box.width + 1 || y < -1 || y + height > box.height + 1)
        problems.push(`cut off: ${text.textContent}`);
      if (text.getBoundingClientRect().height < 9) problems.push(`too small: ${text.textContent}`);
    }
  }
  if (document.querySelector("script, img, iframe, link, object, [onerror], main b") !== null)
    problems.push("markup that is not ours");
  const light = (colour) => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/rgba\(.*, 0\)|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of document.querySelectorAll("h1, h2, p, td, th, li, figcaption, svg text")) {
    const style = getComputedStyle(element);
    const [one, other] = [
      light(element.tagName === "text" ? style.fill : style.color),
      light(ground(element)),
    ].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(1)}: ${element.textContent.slice(0, 40)}`);
  }
  return problems;
}
