import { createHash } from "node:crypto";
import * as z from "zod";
import { breathe } from "../breathe.js";
import type { EngineInput } from "../engine.js";
import type { SideText } from "../texts.js";
import { callWorker } from "./workers.js";

/** One text for a script of ours. Whatever else is in it, the answer depends on nothing more. */
export interface Question {
  /** Of `textsOf`. */
  key: string;
  text: string;
}

/** Characters of text in one request: a limit of time costs what comes after, not what was there. */
const chunkLimit = 2 * 1024 * 1024;
/** Texts in one request. */
const chunkCount = 250;
/** Characters of answers that are kept. */
const keptLimit = 24 * 1024 * 1024;
/** Processes that hostile texts may cost one engine in one run. */
const mostCrashes = 6;

const kept = new Map<string, { answer: unknown; size: number }>();
let keptSize = 0;

/**
 * What a script of ours says of each text, in the light lane. Answers are kept in memory by content, so a text that was
 * asked about before costs nothing. Both sides of a file go together: either both are answered or none is. A text that
 * kills the process costs its own file. When the engine's time runs out the files that are left are noted.
 * Throws SourceError when nothing could be answered.
 */
export async function answersOf<A>(
  script: string,
  questions: readonly Question[],
  texts: ReadonlyMap<string, SideText>,
  answer: z.ZodType<A>,
  { signal, sluice, note }: Pick<EngineInput, "signal" | "sluice" | "note">,
): Promise<ReadonlyMap<string, A>> {
  const found = new Map<string, A>();
  const asked = new Map<string, string>();
  const files = new Map<number, Question[]>();
  for (const question of questions) {
    await breathe();
    const hash = hashOf(script, question);
    asked.set(question.key, hash);
    const before = recall(hash);
    if (before !== undefined) found.set(question.key, answer.parse(before.answer));
    else {
      const file = texts.get(question.key)?.file ?? -1;
      files.set(file, [...(files.get(file) ?? []), question]);
    }
  }
  const answered = z.array(z.object({ key: z.string(), answer: z.unknown() }));
  const ask = async (chunk: readonly Question[]) => {
    const options = { signal, temporary: sluice.env.TMPDIR };
    const given = new Set<string>();
    for (const one of await callWorker("light", script, chunk, answered, options)) {
      await breathe();
      given.add(one.key);
      found.set(one.key, answer.parse(one.answer));
      keep(asked.get(one.key) ?? "", one.answer);
    }
    for (const { key } of chunk) if (!given.has(key)) talkative.add(texts.get(key)?.file);
  };

  const talkative = new Set<number | undefined>();
  const queue = chunksOf([...files.values()]);
  let crashes = 0;
  let unread = 0;
  let failure: unknown = null;
  for (let chunk = queue.shift(); chunk; chunk = queue.shift()) {
    try {
      await ask(chunk.flat());
    } catch (error) {
      if (signal.aborted) {
        const left = [chunk, ...queue].flat().length;
        if (found.size === 0) throw error;
        note(`${left} of ${left + found.size} files were not reached in time`);
        break;
      }
      failure = error;
      crashes++;
      if (chunk.length > 1 && crashes <= mostCrashes) {
        const middle = Math.ceil(chunk.length / 2);
        queue.unshift(chunk.slice(0, middle), chunk.slice(middle));
      } else unread += chunk.length;
    }
  }
  if (failure !== null && found.size === 0) throw failure;
  if (talkative.size > 0)
    note(
      `${talkative.size} ${talkative.size === 1 ? "file has" : "files have"} more mistakes than can be told`,
    );
  if (unread > 0) note(`${unread} ${unread === 1 ? "file" : "files"} could not be checked`);
  return withoutHalves(found, questions, texts);
}

function chunksOf(files: readonly Question[][]): Question[][][] {
  const chunks: Question[][][] = [];
  let chunk: Question[][] = [];
  let size = 0;
  for (const file of files) {
    const length = file.reduce((sum, { text }) => sum + text.length, 0);
    if (chunk.length > 0 && (size + length > chunkLimit || chunk.length >= chunkCount)) {
      chunks.push(chunk);
      chunk = [];
      size = 0;
    }
    chunk.push(file);
    size += length;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** A side that was known from before says nothing while the other was not answered. */
function withoutHalves<A>(
  found: Map<string, A>,
  questions: readonly Question[],
  texts: ReadonlyMap<string, SideText>,
): ReadonlyMap<string, A> {
  const incomplete = new Set(
    questions.filter(({ key }) => !found.has(key)).map(({ key }) => texts.get(key)?.file),
  );
  if (incomplete.size === 0) return found;
  return new Map([...found].filter(([key]) => !incomplete.has(texts.get(key)?.file)));
}

function hashOf(script: string, { key: _, ...rest }: Question): string {
  return createHash("sha256")
    .update(`${script}\n${JSON.stringify(rest)}`)
    .digest("base64");
}

function recall(hash: string): { answer: unknown; size: number } | undefined {
  const known = kept.get(hash);
  if (known === undefined) return undefined;
  // Last in the row again: the first ones go first.
  kept.delete(hash);
  kept.set(hash, known);
  return known;
}

function keep(hash: string, answer: unknown): void {
  const size = JSON.stringify(answer ?? null).length + 100;
  if (size > keptLimit / 8 || kept.has(hash)) return;
  kept.set(hash, { answer, size });
  keptSize += size;
  for (const [oldest, { size: freed }] of kept) {
    if (keptSize <= keptLimit) break;
    kept.delete(oldest);
    keptSize -= freed;
  }
}
