import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { endAfterEach, gate } from "../../local/fakes.js";
import { fakeSources } from "../../support/premium.js";
import {
  bothMet,
  edits,
  rightEdit,
  rightTest,
  run,
  scriptedWorker,
  toldEdits,
  toyForEach,
  withWorker,
} from "./scripted.js";

endAfterEach();

const toy = toyForEach();

const sluiceWith = (url: string) =>
  withWorker(toy.repository, url, {
    TMPDIR: toy.temporary,
    OPENAI_API_KEY: "k-1",
    ANTHROPIC_API_KEY: "k-2",
    PREMIUM_REVIEW_ENABLED: "1",
  });

const flag = { kind: "security", question: "May anybody shout?", options: [], file: "" };
const plan = { steps: ["Shout."], files: [], look: [], flags: [flag] };
const decided = { decisions: [{ question: 1, decision: "Anybody may." }], edits: [] };
const patch = { decisions: [], edits: [rightEdit, rightTest] };
const begins = [edits({ edits: [rightTest], criteria: bothMet }), edits({ criteria: bothMet })];
const ends = [edits({ edits: [rightEdit], criteria: bothMet })];
const enough = new Error("enough");

describe("a premium answer that was paid for", { timeout: 60_000 }, () => {
  it.each([
    ["decisions", "hybrid" as const, decided],
    ["a patch", "premium" as const, patch],
  ])(
    "%s: is let finish when the caller goes away, and the next call does not pay again",
    async (_, backend, answer) => {
      const caller = new AbortController();
      const held = gate();
      const given = gate();
      const sources = fakeSources(async () => {
        caller.abort(enough);
        await held.promise;
        given.open();
        return { text: JSON.stringify(answer) };
      });
      const first = await scriptedWorker({ plan, edits: begins });
      const args = { backend, escalate: true };
      const more = { open: sources.open };
      await expect(run(sluiceWith(first.url), args, { ...more, signal: caller.signal })).rejects.toThrow(
        enough,
      );
      held.open();
      await given.promise;
      const second = await scriptedWorker({ plan, edits: ends });
      const { result } = await run(sluiceWith(second.url), args, more);
      expect(sources.asked).toHaveLength(1);
      expect(result).toMatchObject({ outcome: "proposed", files: ["src/greet.js", "test/greet.test.js"] });
      if (backend === "hybrid") {
        expect(toldEdits(second)[0]).toContain("May anybody shout? -> Anybody may.");
        // It goes on from the draft that the answer is about.
        expect(toldEdits(second)[0]).toContain('test("shouts"');
      }
    },
  );

  it.each([
    ["decisions", "hybrid" as const, decided, "round 3 of 4: mending"],
    ["a patch", "premium" as const, patch, "premium patch: "],
  ])(
    "%s: are not lost when what follows is cancelled, and not used twice",
    async (_, backend, answer, at) => {
      const caller = new AbortController();
      const sources = fakeSources(() => JSON.stringify(answer));
      const first = await scriptedWorker({ plan, edits: [...begins, ...ends] });
      const args = { backend, escalate: true };
      const listen = (message: string) => {
        if (message.startsWith(at)) caller.abort(enough);
      };
      const cut = run(sluiceWith(first.url), args, { open: sources.open, signal: caller.signal, listen });
      await expect(cut).rejects.toThrow(enough);
      const second = await scriptedWorker({ plan, edits: ends });
      const { result } = await run(sluiceWith(second.url), args, { open: sources.open });
      expect(sources.asked).toHaveLength(1);
      expect(result).toMatchObject({
        outcome: "proposed",
        premium: { tokens: 0, note: "answered before, and not paid again" },
      });
      const third = await scriptedWorker({ plan, edits: [...begins, ...ends] });
      await run(sluiceWith(third.url), args, { open: sources.open });
      expect(sources.asked).toHaveLength(2);
    },
  );

  it("decisions that no model was left for are told, and carried out by the next call", async () => {
    const sources = fakeSources(() => JSON.stringify(decided));
    const args = { backend: "hybrid" as const, escalate: true };
    const first = await scriptedWorker({ plan, edits: [...begins, { status: 500 }] });
    const cut = await run(sluiceWith(first.url), args, { open: sources.open });
    expect(cut.result.outcome).toBe("escalate");
    expect(cut.result.premium?.note).toContain("nobody is paid again");
    expect(readFileSync(cut.result.context_file ?? "", "utf8")).toContain("Anybody may.");
    const second = await scriptedWorker({
      plan,
      edits: [edits({ edits: [rightEdit, rightTest], criteria: bothMet })],
    });
    const { result } = await run(sluiceWith(second.url), args, { open: sources.open });
    expect(result.outcome).toBe("proposed");
    expect(sources.asked).toHaveLength(1);
  });

  it("a person's Ctrl-C ends a call that was sent", async () => {
    const caller = new AbortController();
    let isEnded = false;
    const sources = fakeSources(({ request }) => {
      const { promise, open } = gate();
      request.signal.addEventListener("abort", () => {
        isEnded = true;
        open();
      });
      caller.abort(enough);
      return promise.then(() => ({}));
    });
    const fake = await scriptedWorker({ plan, edits: begins });
    const args = { backend: "hybrid" as const, escalate: true };
    const more = { open: sources.open, signal: caller.signal, finishSent: false };
    await expect(run(sluiceWith(fake.url), args, more)).rejects.toThrow(enough);
    expect(isEnded).toBe(true);
  });
});
