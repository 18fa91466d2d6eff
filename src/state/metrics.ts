import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../errors.js";
import { printableLine } from "../printable.js";
import type { Sluice } from "../sluice.js";
import type { Segment } from "./journal.js";
import { type MetricEvent, metricEvent, type TimedEvent, timedEvent } from "./metrics-events.js";
import { addEvents, keptSegments, type Metrics, metricsState } from "./metrics-rollup.js";
import type { StateStore } from "./store.js";

export type { About, MetricEvent } from "./metrics-events.js";
export type { Escape, Metrics, MetricsDay, MetricsPiece, QuotaReading } from "./metrics-rollup.js";

const file = "metrics.json";

/** Milliseconds that whoever records waits at most; the line is written all the same. */
const patience = 500;
/** Bytes of events from which they are added up. */
const foldAt = 64 * 1024;
/** How often a process looks whether `metrics.json` is behind, in milliseconds, and how far it may be. */
const lookEvery = 10 * 60_000;
/** The same where nothing more could be kept. */
const refusedEvery = 60_000;

/**
 * Records what Sluice did: one append to a file, by any number of processes at once. Never throws and never takes long;
 * what can't be kept is lost. Names are shortened and made printable; what is a path becomes its last part.
 */
export async function recordEvent(
  store: StateStore,
  sluice: Sluice,
  ...events: readonly MetricEvent[]
): Promise<void> {
  if (events.length === 0) return;
  const ended = new AbortController();
  try {
    const written = write(store, sluice, events);
    written.catch(() => {});
    await Promise.race([written, delay(patience, undefined, { signal: ended.signal, ref: false })]);
  } catch (error) {
    sluice.log(`an event could not be recorded: ${messageOf(error).slice(0, 200)}`);
  } finally {
    ended.abort();
  }
}

/**
 * Records a tool's work that came to its end.
 *
 * @param began `performance.now()` when it began
 */
export async function recordWork(
  store: StateStore,
  sluice: Sluice,
  began: number,
  work: Omit<Extract<MetricEvent, { kind: "work" }>, "kind" | "ms">,
  ...more: readonly MetricEvent[]
): Promise<void> {
  const ms = Math.round(performance.now() - began);
  await recordEvent(store, sluice, { kind: "work", ms, ...work }, ...more);
}

const looked = new WeakMap<StateStore, number>();

async function write(store: StateStore, sluice: Sluice, events: readonly MetricEvent[]): Promise<void> {
  const at = Math.round(sluice.clock());
  const lines = events.map((event) => {
    const id = randomBytes(6).toString("base64url");
    return JSON.stringify({ id, at, event: metricEvent.parse(cleaned(event)) });
  });
  const text = lines.join("\n");
  const waiting = await store.journal.append(text);
  const now = performance.now();
  const since = now - (looked.get(store) ?? Number.NEGATIVE_INFINITY);
  const due = waiting === null ? since >= refusedEvery : waiting >= foldAt || since >= lookEvery;
  if (!due) return;
  looked.set(store, now);
  await foldMetrics(store, sluice, { wait: 0 });
  // It may have been full because whoever should have added up had died.
  if (waiting === null) await store.journal.append(text);
}

/** Brings `metrics.json` up to date. Never throws: who holds the lock does it, or the next one. */
export async function foldMetrics(
  store: StateStore,
  sluice: Sluice,
  options: { wait?: number } = {},
): Promise<void> {
  try {
    const done = await store.update(
      file,
      metricsState,
      async (state) => {
        const known = new Set(state.folded);
        const segments = await store.journal.seal();
        const fresh = segments.filter(({ name }) => !known.has(name));
        addEvents(state, eventsIn(fresh));
        // What was added up and is still there could not be removed; all others need not be known any more.
        const left = segments.map(({ name }) => name);
        state.folded = [...new Set([...state.folded.filter((name) => !left.includes(name)), ...left])].slice(
          -keptSegments,
        );
        return left;
      },
      { wait: options.wait },
    );
    await store.journal.remove(done);
  } catch (error) {
    if (options.wait !== 0) sluice.log(`metrics.json could not be brought up to date: ${messageOf(error)}`);
  }
}

/** All that was recorded, what is not in `metrics.json` yet included. Writes nothing. */
export async function readMetrics(store: StateStore): Promise<Metrics> {
  for (let attempt = 0; ; attempt += 1) {
    const before = await store.read(file, metricsState);
    const segments = await store.journal.read();
    const state = await store.read(file, metricsState);
    // Somebody added events up meanwhile: what was read of the journal may be in there, or be gone.
    if (attempt < 5 && state.folded.at(-1) !== before.folded.at(-1)) continue;
    const known = new Set(state.folded);
    addEvents(state, eventsIn(segments.filter(({ name }) => !known.has(name))));
    return state;
  }
}

/** Lines that are cut off, or are none of ours, cost only themselves. */
function eventsIn(segments: readonly Segment[]): TimedEvent[] {
  const events: TimedEvent[] = [];
  for (const { lines } of segments)
    for (const line of lines) {
      try {
        const parsed = timedEvent.safeParse(JSON.parse(line));
        if (parsed.success) events.push(parsed.data);
      } catch {
        // Cut off by a full disk.
      }
    }
  return events;
}

/** Names one state of a change, so that the same one counts once: says nothing of what is in it. */
export function changeMark(base: string, head: string): string {
  return createHash("sha256").update(`${base} ${head}`).digest("hex").slice(0, 16);
}

const longestName = 100;

const longestClass = 60;

function cleaned(event: MetricEvent): unknown {
  return JSON.parse(JSON.stringify(event), (key, value: unknown) => {
    if (key === "raised" || key === "dismissed" || key === "blockers")
      return Object.fromEntries(
        Object.entries(Object(value)).map(([name, count]) => [nameOf(name).slice(0, longestClass), count]),
      );
    if (typeof value === "string") return key === "model" ? nameOf(lastPart(value)) : nameOf(value);
    if (typeof value === "number" && !Number.isInteger(value) && key !== "used") return Math.round(value);
    return value;
  });
}

/** A path on this machine is nobody's name: its last part is (a model's file). */
function nameOf(value: string): string {
  const plain = printableLine(value).trim();
  const path = /^(?:[/~\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\])/.test(plain) || plain.includes("..");
  return (path ? lastPart(plain) : plain).slice(0, longestName) || "unnamed";
}

function lastPart(value: string): string {
  return value.split(/[/\\]/).at(-1) ?? value;
}
