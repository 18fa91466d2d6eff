import { dirname } from "node:path";
import { kindOf, readRegularFile, replaceFile } from "../../durable-file.js";
import { messageOf, UsageError } from "../../errors.js";
import type { Savings } from "../../premium/savings/savings.js";
import type { Series } from "../../premium/savings/series.js";
import { version } from "../../version.js";
import { callsPlot, escaped, escapePlot, funnelPlot, funnelRows, quotaLegend, quotaPlot } from "./plots.js";
import { style } from "./style.js";
import {
  amount,
  callsText,
  daysText,
  figure,
  notDone,
  percentText,
  reachedText,
  savedNames,
  targetNames,
  tokensText,
  workText,
} from "./words.js";

export interface Page {
  savings: Savings;
  series: Series;
  /** Milliseconds since the epoch. */
  now: number;
}

/** By this line a page is known to be ours, and so may be replaced. */
const mark = "<!doctype html><!-- written by sluice report -->";
const largest = 8 * 1024 * 1024;

/**
 * Writes a report as one page that needs nothing else. A file that is no page of ours is left alone.
 *
 * @throws UsageError when something else is there, or it can't be written
 */
export async function writePage(file: string, page: Page): Promise<void> {
  const kind = await kindOf(file);
  if (kind !== "absent") {
    const content = kind === "file" ? await readRegularFile(file, largest) : null;
    if (content?.state !== "read" || !content.text.startsWith(mark))
      throw new UsageError(
        `${file} is there already and is no page of sluice report.`,
        "Name another file: only what sluice report wrote itself is replaced.",
      );
  }
  if ((await kindOf(dirname(file))) === "absent")
    throw new UsageError(`The folder ${dirname(file)} does not exist.`, "Make it, or name another file.");
  try {
    await replaceFile(file, pageOf(page), { mode: 0o644 });
  } catch (error) {
    throw new UsageError(`${file} can't be written (${messageOf(error)}).`, "Name another file.");
  }
}

/** The page: HTML with its style and drawings in it, no script, and nothing that is loaded from anywhere. */
export function pageOf({ savings, series, now }: Page): string {
  const { period, tokens_saved: saved, quota } = savings;
  const title = `Sluice report, ${period.from} to ${period.to}`;
  return `${mark}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Sluice report</h1>
<p class="when">${escaped(`${period.from} to ${period.to} (${period.days} days)`)}</p>
<p>${escaped(savings.summary)}</p>
<section class="cards">${savings.targets.map((one) => card(one, savings)).join("")}</section>
${figureOf("Quota over the week", quotaSection(series, now), quotaTable(series, quota))}
${figureOf("Where reviews ended", funnelSection(savings), funnelTable(savings))}
${figureOf("Premium calls per task", callsSection(series), callsTable(series))}
${figureOf("Escapes", escapesSection(savings), escapesTable(savings, series))}
<section>
<h2>Tokens saved</h2>
<p class="large">${escaped(tokensText(saved.low, saved.high))}</p>
<p>${escaped(saved.assumption)}</p>
${table(
  ["stage", "not made", "tokens"],
  saved.by_stage.map(({ stage, calls, calls_low, low, high }) => [
    savedNames[stage] ?? stage,
    notDone(stage, calls_low, calls),
    tokensText(low, high),
  ]),
)}
</section>
<section>
<h2>Quality and work</h2>
${table(
  ["figure", "value"],
  [
    ["sent back by a free stage", percentText(savings.catch_rate)],
    ["false alarms (dismissed of raised)", percentText(savings.false_alarms)],
    ["fingerprint skips", percentText(savings.fingerprint_skips)],
    ["premium says SHIP at first", percentText(savings.first_pass)],
    ["tasks reviewed", `${savings.tasks.reviewed}, ${savings.tasks.shipped} shipped`],
    [
      "premium calls",
      `${savings.premium.answered} answered, ${savings.premium.failed} failed, ${savings.premium.told} told`,
    ],
    ...savings.premium.by_source.map((one) => [one.source, callsText(one)]),
    [
      "local model",
      `${savings.local.answered} answers, ${savings.local.failed} failures, ${amount(savings.local.tokens)} tokens`,
    ],
    ...savings.work.map((one) => [one.tool, workText(one)]),
    ...Object.entries(savings.throttles).map(([what, number]) => [`throttled: ${what}`, String(number)]),
  ],
)}
</section>
<footer>${savings.notes.map((note) => `<p>${escaped(note)}</p>`).join("")}<p>${escaped(`Made by Sluice ${version} on this machine from its own records, ${new Date(now).toISOString().slice(0, 16).replace("T", " ")} UTC.`)}</p></footer>
</main>
</body>
</html>
`;
}

const states: Readonly<Record<Savings["targets"][number]["state"], string>> = {
  met: "met",
  missed: "missed",
  not_enough: "not enough yet",
};

function card({ name, target, state }: Savings["targets"][number], savings: Savings): string {
  return `<div class="card ${state}"><h2>${escaped(targetNames[name])}</h2><p class="value">${escaped(reachedText(name, savings))}</p><p class="state">${escaped(`${states[state]}; target ${target}`)}</p></div>`;
}

function figureOf(title: string, plot: string, beside: string): string {
  return `<section><h2>${escaped(title)}</h2><div class="pair"><figure>${plot}</figure><div class="beside">${beside}</div></div></section>`;
}

function none(words: string): string {
  return `<p class="none">${escaped(words)}</p>`;
}

function quotaSection({ quota }: Series, now: number): string {
  if (quota.length === 0) return none("No reading of the last seven days.");
  return `${quotaPlot(quota, now)}${quotaLegend(quota)}<figcaption>Percent used; a line falls where its window was reset.</figcaption>`;
}

function quotaTable(series: Series, quota: Savings["quota"]): string {
  const rows = series.quota.map(({ source, window, readings, resets, next_reset }) => {
    const last = readings.at(-1);
    return [
      `${source} ${window}`,
      last === undefined ? "–" : `${Math.round(last.used * 100)} %`,
      next_reset === null ? "–" : moment(next_reset),
      String(resets.length),
    ];
  });
  const lasting = [
    ...quota.sources.map((one) => [one.source, one.days === null ? one.why : `${daysText(one)}, ${one.why}`]),
    ["pooled", daysText(quota.pooled)],
  ];
  return `${table(["window", "used", "next reset (UTC)", "resets"], rows)}${table(["source", "a week of quota lasts"], lasting)}`;
}

function funnelSection({ reviews }: Savings): string {
  return reviews.total === 0 ? none("No review in this time.") : funnelPlot(reviews);
}

function funnelTable({ reviews }: Savings): string {
  return table(
    ["stage", "reached", "ended there"],
    funnelRows(reviews).map(({ name, reached, ended }) => [name, String(reached), String(ended)]),
  );
}

function callsSection({ calls_per_task }: Series): string {
  if (calls_per_task.every(({ tasks }) => tasks === 0)) return none("No task in this time.");
  return `${callsPlot(calls_per_task)}<figcaption>Tasks by when they were last worked on; the band is the target, 0.3 to 0.5.</figcaption>`;
}

function callsTable({ calls_per_task }: Series): string {
  return table(
    ["time", "tasks", "calls", "per task"],
    calls_per_task.map(({ from, to, tasks, calls, value }) => [
      from === to ? from : `${from} to ${to.slice(5)}`,
      String(tasks),
      String(calls),
      figure(value),
    ]),
  );
}

function escapesSection({ escapes }: Savings): string {
  if (Object.keys(escapes).length === 0)
    return none("None: no reviewer sent back what the pre-screen had passed.");
  return `${escapePlot(escapes)}<figcaption>What a reviewer sent back (P0 or P1) though the pre-screen had passed the same change.</figcaption>`;
}

function escapesTable({ escapes }: Savings, series: Series): string {
  const classes = table(
    ["class", "escapes"],
    Object.entries(escapes).map(([name, number]) => [name, String(number)]),
  );
  if (series.escapes.length === 0) return classes;
  const latest = table(
    ["when (UTC)", "class", "seen by"],
    series.escapes
      .slice(0, 12)
      .map(({ at, class: kind, by, source, model }) => [
        at.slice(0, 16).replace("T", " "),
        kind,
        by === "sluice" ? [source, model].filter((part) => part !== null).join(" ") : `${by}`,
      ]),
  );
  return `${classes}${latest}`;
}

function moment(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "–" : date.toISOString().slice(5, 16).replace("T", " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return none("Nothing yet.");
  const cells = (kind: "th" | "td", row: readonly string[]) =>
    row.map((cell) => `<${kind}${kind === "th" ? ' scope="col"' : ""}>${escaped(cell)}</${kind}>`).join("");
  return `<div class="scroll"><table><thead><tr>${cells("th", head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")}</tbody></table></div>`;
}
