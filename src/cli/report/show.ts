import type { Savings } from "../../premium/savings/savings.js";
import type { Series } from "../../premium/savings/series.js";
import { printableLine } from "../../printable.js";
import type { Terminal } from "../terminal.js";
import {
  amount,
  callsText,
  daysText,
  endNames,
  notDone,
  percentText,
  reachedText,
  savedNames,
  targetNames,
  tokensText,
  workText,
} from "./words.js";

const widest = 100;
const narrowest = 24;
const barWidth = 24;

/** Prints a report for a person, no wider than `columns`. */
export function showReport(savings: Savings, terminal: Terminal, columns: number): void {
  const { print, colours } = terminal;
  const width = Math.max(narrowest, Math.min(columns, widest));
  const say = (text: string, indent = 2) => {
    for (const line of wrapped(printableLine(text), width - indent)) print(`${" ".repeat(indent)}${line}`);
  };
  const head = (text: string) => print(`\n${colours.bold(text)}`);
  const { period, quota, tokens_saved: saved } = savings;

  print(colours.bold("Sluice report"));
  say(`the last ${period.days} days, ${period.from} to ${period.to}`, 0);
  say(savings.summary, 0);

  head("targets");
  for (const { name, target, state } of savings.targets) {
    const mark =
      state === "met" ? colours.green("✓") : state === "missed" ? colours.red("✗") : colours.yellow("?");
    const [first = "", ...rest] = wrapped(
      printableLine(`${targetNames[name]}: ${reachedText(name, savings)}, target ${target}`),
      width - 4,
    );
    print(`  ${mark} ${first}`);
    for (const line of rest) print(`    ${line}`);
  }

  head(`where ${savings.reviews.total} reviews ended`);
  const ends = Object.keys(endNames).map(
    (key) => [endNames[key] ?? key, savings.reviews.ended_by[key] ?? 0] as const,
  );
  bars(ends, savings.reviews.total, width, terminal, colours.cyan);

  head("tokens saved");
  for (const { stage, calls, calls_low, low, high } of saved.by_stage) {
    say(
      `${savedNames[stage] ?? stage}: ${calls === 0 ? "none yet" : `${tokensText(low, high)} (${notDone(stage, calls_low, calls)} not made)`}`,
    );
  }
  if (saved.context_tokens !== null)
    say(
      `A review's context is ${amount(saved.context_tokens)} tokens on average (of ${saved.contexts})${saved.extra_tokens === null ? "" : `; calls took ${amount(saved.extra_tokens)} beyond it (of ${saved.calls})`}.`,
    );
  say(saved.assumption);

  head("quality");
  say(`false alarms: ${percentText(savings.false_alarms)} of what was raised was dismissed`);
  say(`fingerprint skips: ${percentText(savings.fingerprint_skips)}`);
  say(`premium says SHIP at first: ${percentText(savings.first_pass)}`);
  const escapes = Object.values(savings.escapes).reduce((sum, one) => sum + one, 0);
  say(`escapes: ${escapes}${escapes === 0 ? "" : " (sluice report --escapes)"}`);

  if (savings.work.length > 0) {
    head("other phases");
    for (const one of savings.work) say(`${one.tool}: ${workText(one)}`);
  }

  head("a week of quota at this pace");
  if (quota.sources.length === 0) say("no premium source is set up");
  for (const one of quota.sources) {
    const why = one.days === null ? "" : `, ${one.why}`;
    say(`${one.source}: ${daysText(one)}${why}`);
  }
  if (quota.sources.length > 1) say(`pooled: ${daysText(quota.pooled)}`);

  head("work");
  const { tasks, premium, local } = savings;
  say(
    `tasks: ${tasks.reviewed} reviewed, ${tasks.shipped} shipped; ${tasks.without_premium} without a premium call, ${tasks.one_call} with one, ${tasks.more_calls} with more`,
  );
  say(
    `premium: ${premium.answered} calls answered, ${premium.failed} failed, ${premium.told} told by record_usage, ${amount(premium.tokens)} tokens`,
  );
  for (const one of premium.by_source) say(`${one.source}: ${callsText(one)}`, 4);
  say(
    `local: ${local.answered} answers, ${local.failed} failures, ${amount(local.tokens)} tokens, ${amount(local.seconds)} s`,
  );
  for (const [what, number] of Object.entries(savings.throttles)) say(`throttled ${number}×: ${what}`);
  for (const note of savings.notes) for (const line of wrapped(note, width)) print(colours.dim(line));
}

/** Prints what premium models sent back though the pre-screen had passed it. */
export function showEscapes(savings: Savings, series: Series, terminal: Terminal, columns: number): void {
  const { print, colours } = terminal;
  const width = Math.max(narrowest, Math.min(columns, widest));
  const classes = Object.entries(savings.escapes);
  const all = classes.reduce((sum, [, number]) => sum + number, 0);
  print(colours.bold(`Escapes of the last ${savings.period.days} days`));
  for (const line of wrapped(
    "Sent back (P0 or P1) by a reviewer though the pre-screen had passed the same change. Classes are told by words of the finding.",
    width,
  ))
    print(colours.dim(line));
  if (all === 0) {
    print("None yet.");
    return;
  }
  print();
  bars(classes, Math.max(...classes.map(([, number]) => number)), width, terminal, colours.yellow);
  print();
  for (const { at, class: kind, by, source, model } of series.escapes) {
    const who = [by === "sluice" ? source : by === "agent" ? "an agent" : "a person", model]
      .filter((part) => part !== null)
      .join(" ");
    for (const line of wrapped(
      printableLine(`${at.slice(0, 16).replace("T", " ")}  ${kind}, seen by ${who}`),
      width,
    ))
      print(line);
  }
}

function bars(
  rows: readonly (readonly [name: string, number: number])[],
  most: number,
  width: number,
  { print }: Terminal,
  paint: (text: string) => string,
): void {
  const longest = Math.min(20, Math.max(...rows.map(([name]) => name.length)));
  const room = Math.min(barWidth, width - longest - 10);
  for (const [name, number] of rows) {
    const label = printableLine(name).slice(0, longest).padEnd(longest);
    const full = most <= 0 || room < 4 ? 0 : Math.round((Math.min(number, most) / most) * room);
    const bar = room < 4 ? "" : ` ${paint("█".repeat(full))}${"░".repeat(room - full)}`;
    print(`  ${label}${bar} ${String(number).padStart(5)}`);
  }
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
    // A word that is longer than the line is cut into pieces.
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
