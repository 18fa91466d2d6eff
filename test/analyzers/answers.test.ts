import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type { SideText } from "../../src/analyzers/texts.js";
import { answersOf, type Question } from "../../src/analyzers/warm/answers.js";
import { coolDown } from "../../src/analyzers/warm/warm.js";
import { workerIds } from "../../src/analyzers/warm/workers.js";
import { createSluice } from "../../src/sluice.js";

const problems = z.array(z.object({ kind: z.string(), line: z.number() }));

interface Asked {
  questions: (Question & { format: string })[];
  texts: Map<string, SideText>;
}

function ask(files: readonly { base: string | null; head: string }[]): Asked {
  const asked: Asked = { questions: [], texts: new Map() };
  for (const [file, both] of files.entries()) {
    for (const side of ["base", "head"] as const) {
      const text = both[side];
      if (text === null) continue;
      const key = `${side}:${file}.json`;
      asked.questions.push({ key, text, format: "json" });
      asked.texts.set(key, { key, file, other: null, side, path: `${file}.json`, text });
    }
  }
  return asked;
}

function answers({ questions, texts }: Asked, signal = new AbortController().signal, notes: string[] = []) {
  const input = { sluice: createSluice(), signal, note: (text: string) => notes.push(text) };
  return answersOf("data/data-process", questions, texts, problems, input);
}

/** jsonc-parser reads with a stack frame per level. */
const deep = "[".repeat(400_000);

afterAll(coolDown);

describe("answers about texts", () => {
  it("come from memory the second time, whoever asks", async () => {
    const found = await answers(ask([{ base: "{}", head: '{"only": "here"' }]));
    expect([...found.values()].map((one) => one.length)).toEqual([0, 1]);
    await coolDown();
    expect((await answers(ask([{ base: "{}", head: '{"only": "here"' }]))).size).toBe(2);
    expect(workerIds()).toEqual([]);
  });

  it("are missing for a text that can't be read, and there for all others", async () => {
    const notes: string[] = [];
    const files = Array.from({ length: 40 }, (_, index) => ({ base: null, head: `{"a": ${index}` }));
    files.splice(17, 1, { base: null, head: deep });
    const found = await answers(ask(files), undefined, notes);
    expect([...found.keys()]).not.toContain("head:17.json");
    expect(found.size).toBe(39);
    expect(notes).toEqual(["1 file could not be checked"]);
  });

  it("are given for both sides or for none", async () => {
    await answers(ask([{ base: null, head: "{}" }]));
    const found = await answers(
      ask([
        { base: "{}", head: deep },
        { base: null, head: "[" },
      ]),
    );
    expect([...found.keys()]).toEqual(["head:1.json"]);
  });

  it("that came in time stand when the rest is cut", async () => {
    const notes: string[] = [];
    await answers(ask([{ base: null, head: '{"known": 1' }]));
    const signal = AbortSignal.abort(new Error("late"));
    const found = await answers(
      ask([
        { base: null, head: '{"known": 1' },
        { base: null, head: "[1" },
      ]),
      signal,
      notes,
    );
    expect([...found.keys()]).toEqual(["head:0.json"]);
    expect(notes).toEqual(["1 of 2 files were not reached in time"]);
  });

  it("fail when there is none", async () => {
    await expect(answers(ask([{ base: null, head: deep }]))).rejects.toMatchObject({ kind: "failed" });
  });
});
