import type { Savings } from "../../premium/savings/savings.js";
import type { Series } from "../../premium/savings/series.js";
import { printableLine } from "../../printable.js";
import { endNames, figure } from "./words.js";

/** Text for a page: nothing in it is markup, whoever wrote it. */
export function escaped(text: string): string {
  return printableLine(text).replace(/[&<>"'`]/g, (character) => `&#${character.codePointAt(0) ?? 32};`);
}

/** Units of a drawing: it is scaled to the room there is. */
const wide = 420;
const left = 34;
const right = 10;
const plotted = wide - left - right;
const day = 86_400_000;
const shownWindows = 6;

function svg(height: number, name: string, inside: string): string {
  return `<svg viewBox="0 0 ${wide} ${height}" role="img" aria-label="${escaped(name)}">${inside}</svg>`;
}

function text(x: number, y: number, words: string, kind = "", anchor = "start"): string {
  return `<text x="${at(x)}" y="${at(y)}" class="${kind}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Share used of each window over the last seven days, with a mark where a window began anew. */
export function quotaPlot(quota: Series["quota"], now: number): string {
  const height = 210;
  const [top, bottom] = [12, height - 28];
  const x = (time: number) => left + plotted * Math.min(1, Math.max(0, (time - (now - 7 * day)) / (7 * day)));
  const y = (used: number) => bottom - (bottom - top) * Math.min(1, Math.max(0, used));
  const parts: string[] = [];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(
      `<line class="grid" x1="${left}" x2="${wide - right}" y1="${at(y(share))}" y2="${at(y(share))}"/>`,
    );
    parts.push(text(left - 5, y(share) + 4, `${share * 100}`, "axis", "end"));
  }
  for (let ago = 6; ago >= 0; ago -= 2)
    parts.push(
      text(
        x(now - ago * day),
        bottom + 18,
        ago === 0 ? "now" : `${ago} d ago`,
        "axis",
        ago === 0 ? "end" : "middle",
      ),
    );
  for (const [index, one] of quota.slice(0, shownWindows).entries()) {
    // Of five hours there are too many to tell apart.
    for (const time of one.long ? one.resets : [])
      parts.push(
        `<line class="reset s${index}" x1="${at(x(time))}" x2="${at(x(time))}" y1="${top}" y2="${bottom}"><title>${escaped(`${one.source} ${one.window} reset`)}</title></line><path class="mark s${index}" d="M${at(x(time) - 4)} ${top - 8}h8l-4 7z"/>`,
      );
    // A line goes down at a reset, not slowly towards the reading after it.
    const points = one.readings.flatMap(({ at: time, used }, position) => {
      const before = one.readings[position - 1];
      const reset = before && one.resets.find((moment) => moment > before.at && moment <= time);
      const jump =
        reset === undefined || before === undefined
          ? []
          : [
              [x(reset), y(before.used)],
              [x(reset), y(0)],
            ];
      return [...jump, [x(time), y(used)]];
    });
    const line = points.map(([px = 0, py = 0]) => `${at(px)},${at(py)}`).join(" ");
    parts.push(`<polyline class="line s${index}${one.long ? "" : " short"}" points="${line}"/>`);
    const last = points.at(-1);
    if (last !== undefined)
      parts.push(`<circle class="dot s${index}" cx="${at(last[0] ?? 0)}" cy="${at(last[1] ?? 0)}" r="3"/>`);
  }
  return svg(height, "Share of quota used over the last seven days, in percent", parts.join(""));
}

/** Names for the lines of `quotaPlot`. */
export function quotaLegend(quota: Series["quota"]): string {
  const shown = quota
    .slice(0, shownWindows)
    .map(
      ({ source, window }, index) =>
        `<li><svg viewBox="0 0 24 8" aria-hidden="true"><line class="line s${index}" x1="0" x2="24" y1="4" y2="4"/></svg>${escaped(`${source} ${window}`)}</li>`,
    );
  const more = quota.length - shownWindows;
  return `<ul class="legend">${shown.join("")}${more > 0 ? `<li>and ${more} more in the table</li>` : ""}<li><svg viewBox="0 0 24 10" aria-hidden="true"><path class="mark s0" d="M8 1h8l-4 7z"/></svg>reset</li></ul>`;
}

/** Horizontal bars, the label above each so that it has room. */
function bars(
  rows: readonly (readonly [name: string, number: number, note: string])[],
  name: string,
): string {
  const step = 42;
  const most = Math.max(1, ...rows.map(([, number]) => number));
  const parts = rows.map(([label, number, note], index) => {
    const y = index * step;
    const width = (wide * number) / most;
    return [
      text(0, y + 17, label.length > 28 ? `${label.slice(0, 27)}…` : label),
      text(wide, y + 17, note, "", "end"),
      `<rect class="track" x="0" y="${y + 24}" width="${wide}" height="11" rx="3"/>`,
      number > 0
        ? `<rect class="bar" x="0" y="${y + 24}" width="${at(Math.max(3, width))}" height="11" rx="3"/>`
        : "",
    ].join("");
  });
  return svg(rows.length * step + 4, name, parts.join(""));
}

/** How many reviews each stage ended, and how many went on to the next. */
export function funnelPlot(reviews: Savings["reviews"]): string {
  const rows = funnelRows(reviews).map(
    ({ name, ended }) =>
      [
        name,
        ended,
        reviews.total === 0 ? "0" : `${ended} (${Math.round((ended / reviews.total) * 100)} %)`,
      ] as const,
  );
  return bars(rows, "Where reviews ended");
}

export function funnelRows(reviews: Savings["reviews"]): { name: string; reached: number; ended: number }[] {
  let left = reviews.total;
  return Object.entries(endNames).map(([key, name]) => {
    const ended = reviews.ended_by[key] ?? 0;
    const reached = left;
    left -= ended;
    return { name, reached: Math.max(0, reached), ended };
  });
}

export function escapePlot(escapes: Savings["escapes"]): string {
  return bars(
    Object.entries(escapes)
      .slice(0, 12)
      .map(([name, number]) => [name, number, String(number)] as const),
    "Escapes by class",
  );
}

/** Premium calls per task of each stretch of time, with the target of 0.3 to 0.5 as a band. */
export function callsPlot(steps: Series["calls_per_task"]): string {
  const height = 190;
  const [top, bottom] = [12, height - 28];
  const most = Math.max(1, Math.ceil(Math.max(...steps.map(({ value }) => value ?? 0))));
  const y = (value: number) => bottom - ((bottom - top) * value) / most;
  const width = plotted / Math.max(1, steps.length);
  const parts = [
    `<rect class="band" x="${left}" width="${plotted}" y="${at(y(0.5))}" height="${at(y(0.3) - y(0.5))}"><title>target: 0.3 to 0.5</title></rect>`,
  ];
  for (const share of [0, 0.5, 1]) {
    const value = share * most;
    parts.push(
      `<line class="grid" x1="${left}" x2="${wide - right}" y1="${at(y(value))}" y2="${at(y(value))}"/>`,
    );
    parts.push(text(left - 5, y(value) + 4, figure(value), "axis", "end"));
  }
  const every = Math.ceil(steps.length / 5);
  for (const [index, { to, value, tasks }] of steps.entries()) {
    const middle = left + (index + 0.5) * width;
    if (value !== null)
      parts.push(
        `<rect class="bar" x="${at(middle - width * 0.3)}" width="${at(width * 0.6)}" y="${at(Math.min(y(value), bottom - 2))}" height="${at(Math.max(2, bottom - y(value)))}" rx="2"><title>${escaped(`${figure(value)} in ${tasks} tasks`)}</title></rect>`,
      );
    if ((steps.length - 1 - index) % every === 0)
      parts.push(text(middle, bottom + 18, to.slice(5), "axis", "middle"));
  }
  return svg(height, "Premium calls per task over time", parts.join(""));
}
