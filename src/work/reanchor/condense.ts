import { createHash } from "node:crypto";
import * as z from "zod";
import { loadPrompt } from "../../config/prompts.js";
import type { Config } from "../../config/schema.js";
import { messageOf } from "../../errors.js";
import { absences } from "../../local/asking.js";
import { openLocal } from "../../local/local.js";
import { printable } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { withLocalModel } from "../local-model.js";
import { plain } from "../statements.js";
import type { Task } from "../task.js";
import { type Extract, type Kept, numbersIn } from "./extract.js";

const answer = z.object({
  brief: z.string().max(6_000),
  notes: z.array(z.object({ id: z.string().max(300), gist: z.string().max(600) })).max(40),
});

/** What a model made of a task, as far as it stands up to the originals. */
export interface Condensed {
  brief: string;
  /** Gists of memory entries and dependencies, by id. */
  gists: Map<string, string>;
  /** Sentences that were dropped because the originals don't say so. */
  dropped: number;
  model: string;
  cached: boolean;
}

export type Condensing = { state: "condensed"; result: Condensed } | { state: "extract"; why: string | null };

/** Something beside the spec that may be told in fewer words. */
export interface Note {
  id: string;
  text: string;
}

/** Below this many characters the originals' own words are as short. */
const worthwhile = 1_500;
/** Milliseconds; a cold start of a large model takes a minute or two. */
const limit = 150_000;
const answerTokens = 2_500;
const mostParts = 8;
const longestBrief = 2_400;
const longestGist = 300;
/** Of a brief's sentences, that may be found wrong before nothing of it is believed. */
const wrongShare = 1 / 3;

/**
 * Has the local model tell the narrative of a task in fewer words. What it says is held against the originals sentence
 * by sentence: a number, a name in backticks, a path or an address that is not in them drops the sentence, and too
 * many of those drop it all. Kept by content. Throws the signal's reason when cancelled, and for nothing a model does.
 */
export async function condense(
  sluice: Sluice,
  options: {
    config: Config;
    store: StateStore;
    task: Task;
    extract: Extract;
    notes: readonly Note[];
    signal: AbortSignal;
    onProgress?: ((message: string) => void) | undefined;
  },
): Promise<Condensing> {
  const { config, store, task, extract, notes, signal, onProgress } = options;
  const { backend, model } = config.work.reanchor;
  if (backend === "premium") {
    const why = "work.reanchor.backend is premium, but a premium call would cost more than it saves here";
    return { state: "extract", why };
  }
  const narrative = [...extract.narrative.own, ...extract.narrative.epic];
  const length = [...narrative, ...notes].reduce((sum, { text }) => sum + text.length, 0);
  if (length < worthwhile) return { state: "extract", why: null };
  const tier = openLocal(withLocalModel(config, model), sluice, { store });
  if (!tier.configured("primary")) return { state: "extract", why: "the local model is switched off" };
  try {
    const { text: instructions } = await loadPrompt("reanchor-condense");
    const pieces = piecesOf(task, notes);
    const { primary } = await tier.state(signal);
    const served = primary?.model ?? primary?.configuredModel ?? "";
    const key = createHash("sha256")
      .update(JSON.stringify([1, served, instructions, pieces]))
      .digest("hex");
    const cache = store.cache("local-model");
    const known = answer.safeParse(await cache.get(key));
    let given: z.output<typeof answer> | null = known.success ? known.data : null;
    if (given === null) {
      const parts = await tier.askPieces({
        role: "primary",
        name: "reanchor",
        schema: answer,
        instructions,
        pieces,
        maxTokens: answerTokens,
        temperature: 0,
        limit,
        signal,
        onProgress: (message) => onProgress?.(message),
      });
      const failed = parts.flatMap(({ asked }) => (asked.state === "answered" ? [] : [asked]))[0];
      if (failed !== undefined) {
        const what = absences.includes(failed.kind) ? "is not there" : "gave no answer that can be used";
        return { state: "extract", why: `the local model ${what}: ${failed.message.slice(0, 160)}` };
      }
      const values = parts
        .slice(0, mostParts)
        .flatMap(({ asked }) => (asked.state === "answered" ? [asked.value] : []));
      given = {
        brief: values
          .map(({ brief }) => brief)
          .join("\n")
          .slice(0, 6_000),
        notes: values.flatMap((value) => value.notes).slice(0, 40),
      };
      await cache.set(key, given);
    }
    const originals = [task.title, task.markdown, task.spec?.title ?? "", task.spec?.markdown ?? ""].join(
      "\n",
    );
    const checked = held(given.brief, originals);
    if (checked === null) {
      return { state: "extract", why: "the local model's brief said what the spec does not say" };
    }
    const gists = new Map<string, string>();
    for (const { id, gist } of given.notes) {
      const note = notes.find((one) => one.id === id);
      const sound = note === undefined ? null : held(gist, note.text);
      if (note !== undefined && sound !== null && sound.text.length < note.text.length)
        gists.set(id, sound.text.slice(0, longestGist));
    }
    const result = {
      brief: checked.text,
      gists,
      dropped: checked.dropped,
      model: served,
      cached: known.success,
    };
    return { state: "condensed", result };
  } catch (error) {
    signal.throwIfAborted();
    sluice.log(`condensing a task failed: ${messageOf(error)}`);
    return { state: "extract", why: "the local model could not be asked" };
  }
}

function piecesOf(task: Task, notes: readonly Note[]) {
  const paragraphs = (markdown: string) => {
    const found = markdown.split(/\n(?=\s*\n|#)/).filter((part) => part.trim() !== "");
    return found.length > 0 ? found : [markdown];
  };
  const epic = task.spec?.markdown ?? "";
  return [
    { file: task.path ?? "task", head: `The task: ${task.title}`, hunks: paragraphs(task.markdown) },
    ...(epic.trim() === ""
      ? []
      : [
          {
            file: task.spec?.specPath ?? "epic",
            head: `Its epic: ${task.spec?.title ?? ""}`,
            hunks: paragraphs(epic),
          },
        ]),
    ...(notes.length === 0
      ? []
      : [{ file: "notes", head: "Notes", hunks: notes.map(({ id, text }) => `[${id}] ${text}`) }]),
  ];
}

/** What of a model's text the originals bear out; null when too little does. */
export function held(text: string, originals: string): { text: string; dropped: number } | null {
  const source = plain(printable(originals)).toLowerCase();
  const numbers = new Set(numbersIn(originals.replace(/^\s*\d{1,3}[.)]\s+/gm, "")));
  const said = printable(text.replace(/\r/g, ""))
    .split("\n")
    .flatMap((line) => line.split(/(?<=[.!?])\s+(?=[\p{Lu}`"'*-])/u))
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter((sentence) => sentence !== "" && !/^#+\s/.test(sentence));
  const sound = said.filter((sentence) => {
    if (numbersIn(sentence).some((number) => !numbers.has(number) && !/^[a-z]+$/.test(number))) return false;
    if (numbersIn(sentence).some((word) => /^[a-z]+$/.test(word) && !source.includes(word))) return false;
    for (const [, code = ""] of sentence.matchAll(/`([^`]{1,200})`/g)) {
      if (!source.includes(plain(code).toLowerCase())) return false;
    }
    for (const [path] of sentence.matchAll(/https?:\/\/[^\s)]+|(?<!\w)[\w.-]+(?:\/[\w.-]+)+\.\w{1,6}/g)) {
      if (!source.includes(path.toLowerCase().replace(/[.,;]+$/, ""))) return false;
    }
    return true;
  });
  const kept = sound.join(" ").slice(0, longestBrief);
  const dropped = said.length - sound.length;
  if (kept === "" || dropped > said.length * wrongShare) return null;
  return { text: kept, dropped };
}

/** What of the statements to be kept a brief does not have: constraints word for word, figures with what they are of. */
export function missingFrom(brief: string, kept: readonly Kept[]): Kept[] {
  const whole = plain(brief).toLowerCase();
  const sentences = brief.split(/(?<=[.!?])\s+|\n/).map((sentence) => ({
    numbers: new Set(numbersIn(sentence)),
    words: new Set(wordsIn(sentence)),
  }));
  return kept.filter(({ text, kind }) => {
    if (whole.includes(plain(text).toLowerCase())) return false;
    if (kind === "constraint") return true;
    const numbers = numbersIn(text);
    const words = wordsIn(text);
    const needed = Math.min(3, Math.ceil(words.length / 2));
    return !sentences.some(
      (sentence) =>
        numbers.every((number) => sentence.numbers.has(number)) &&
        words.filter((word) => sentence.words.has(word)).length >= needed,
    );
  });
}

function wordsIn(text: string): string[] {
  return [
    ...new Set(
      plain(text)
        .toLowerCase()
        .match(/\p{L}{4,}/gu) ?? [],
    ),
  ];
}
