import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { type Page, pageOf, writePage } from "../../src/cli/report/page.js";
import { showEscapes, showReport } from "../../src/cli/report/show.js";
import { savingsOf } from "../../src/premium/savings/savings.js";
import { seriesOf } from "../../src/premium/savings/series.js";
import type { MetricEvent } from "../../src/state/metrics.js";
import { quotaState } from "../../src/state/quota-shape.js";
import { history, hour, now, premium, review } from "../premium/savings/histories.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const hostile = `"><script>alert(1)</script>'\`\u202e\u001b[31m&lt;`;

function page(names = hostile): Page {
  const events: MetricEvent[] = [
    ...review(names, "a", { ended: "prescreen" }),
    ...review(names, "b", { ended: "premium", context: 9_000 }),
    ...premium(names, "b", "NEEDS_WORK", { blockers: { [names]: 2 } }),
    {
      kind: "premium_call",
      about: {},
      purpose: names,
      source: names,
      model: names,
      outcome: "answered",
      tokens: 5,
      context_tokens: 4,
      ms: 1,
    },
    {
      kind: "verdict",
      about: { task: "t", change: "c" },
      verdict: "NEEDS_WORK",
      by: "sluice",
      source: names,
      model: names,
      blockers: { logic: 1 },
      prescreen: "clean",
    },
    { kind: "throttle", source: names, reason: names },
    { kind: "quota", source: names, window: names, used: 0.5, resets_at: now + hour },
    { kind: "quota", source: "claude_max", window: "weekly", used: 0.5, resets_at: now + hour },
  ];
  const metrics = history(events);
  const evidence = {
    metrics,
    readings: metrics.quota,
    quota: quotaState.parse({}),
    configured: [names],
    now,
    days: 30,
  };
  return { savings: savingsOf(evidence), series: seriesOf(evidence), now };
}

let repository: TestRepository;
beforeEach(() => {
  repository = testRepository();
});
afterEach(() => repository.remove());

describe("the page", () => {
  it("holds nothing that names, classes or models could put into it", () => {
    const html = pageOf(page());
    expect(html).toContain("&#34;&#62;&#60;script&#62;alert(1)");
    expect(html).not.toMatch(/<script|onerror=/i);
    for (const one of ["\u001b", "\u202e"]) expect(html).not.toContain(one);
    // Every tag is one of ours.
    const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag));
    expect([...tags].filter((tag) => !known.has(String(tag)))).toEqual([]);
  });

  it("needs nothing from anywhere else", () => {
    const html = pageOf(page("claude_max"));
    expect(html).not.toMatch(/(?:src|href)=|url\(|@import|https?:/);
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg viewBox="0 0 420/g)).toHaveLength(4);
    expect(html.match(/<table>/g)?.length).toBeGreaterThanOrEqual(6);
    expect(html).toContain("prefers-color-scheme: dark");
  });

  it("replaces nothing but a page of ours", async () => {
    const file = join(repository.path, "report.html");
    await writePage(file, page());
    await writePage(file, page("claude_max"));
    expect(readFileSync(file, "utf8")).toContain("claude_max weekly");
    const other = join(repository.path, "mine.html");
    writeFileSync(other, "<!doctype html><p>mine");
    await expect(writePage(other, page())).rejects.toThrow("no page of sluice report");
    expect(readFileSync(other, "utf8")).toBe("<!doctype html><p>mine");
    const link = join(repository.path, "link.html");
    symlinkSync(file, link);
    await expect(writePage(link, page())).rejects.toThrow("no page of sluice report");
    mkdirSync(join(repository.path, "folder"));
    await expect(writePage(join(repository.path, "folder"), page())).rejects.toThrow("there already");
    await expect(writePage(join(repository.path, "no", "where.html"), page())).rejects.toThrow(
      "does not exist",
    );
  });
});

const known = new Set(
  "html head meta title style body main h1 h2 p section div figure figcaption svg line path text polyline circle rect ul li table thead tbody tr th td footer".split(
    " ",
  ),
);

describe("the terminal", () => {
  it.each([200, 80, 40, 24, 5])("is never overrun where it is %i columns wide", (columns) => {
    const lines: string[] = [];
    const terminal = {
      print: (line = "") => lines.push(line),
      note: () => {},
      colours: pc.createColors(false),
      during: async () => Promise.reject(new Error("not here")),
      confirm: async () => null,
    };
    const { savings, series } = page();
    showReport(savings, terminal, columns);
    showEscapes(savings, series, terminal, columns);
    // Headings are short enough for any terminal that is one.
    const widest = Math.max(...lines.map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(Math.max(columns, 36));
    for (const one of ["\u001b", "\u202e"]) expect(lines.join("\n")).not.toContain(one);
  });
});

describe("sluice report", () => {
  it("answers in a repository where nothing was recorded, and creates nothing in its tree", async () => {
    const out: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (text: string | Uint8Array) => out.push(String(text)) > 0;
    try {
      expect(await runCommandLine(["report", repository.path, "--json"], repository.sluice())).toBe(0);
    } finally {
      process.stdout.write = write;
    }
    const report = JSON.parse(out.join(""));
    expect(report.tasks.reviewed).toBe(0);
    expect(report.targets.map((one: { state: string }) => one.state)).toEqual([
      "not_enough",
      "not_enough",
      "not_enough",
    ]);
    expect(repository.git("status", "--porcelain", "--untracked-files=all")).toBe("");
    expect(existsSync(join(repository.path, ".flow"))).toBe(false);
  });

  it.each(["0", "201", "x", "1.5"])("refuses --days %s", async (days) => {
    const write = process.stderr.write;
    process.stderr.write = () => true;
    try {
      expect(await runCommandLine(["report", repository.path, "--days", days], repository.sluice())).toBe(2);
    } finally {
      process.stderr.write = write;
    }
  });

  // The whole answer for one history, so that a changed field or figure is a visible diff.
  it("gives a history as in its golden file", async () => {
    const { savings, series } = page("claude_max");
    await expect(`${JSON.stringify({ ...savings, series }, null, 2)}\n`).toMatchFileSnapshot(
      "../golden/report.history.json",
    );
  });
});
