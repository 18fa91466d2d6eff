import { breathe } from "../breathe.js";
import type { Diagnostic, EngineInput } from "../engine.js";
import { isPython } from "../files.js";
import type { PythonFunctionFlow } from "./flow.js";

type Lost = Pick<Diagnostic, "line" | "message" | "severity">;

/**
 * Functions that gave a value on every way out before the change and now have a way out without one: a `return` was
 * lost. What never returns (`abort(404)`) can't be told from what does by its text, except where something came after
 * it before.
 */
export async function lostReturns(
  now: readonly PythonFunctionFlow[],
  before: readonly PythonFunctionFlow[],
  input: EngineInput,
): Promise<Lost[]> {
  const found: Lost[] = [];
  const counts = new Map<string, number>();
  const named = { now: byName(now), before: byName(before) };
  for (const one of now) {
    await breathe(input.signal);
    // Several of one name (a property and its setter, overloads) are told apart by their order only.
    const nth = counts.get(one.name) ?? 0;
    counts.set(one.name, nth + 1);
    const same = named.before.get(one.name) ?? [];
    const old = same.length === named.now.get(one.name)?.length ? same[nth] : undefined;
    if (!old || !gaveAlways(old) || !loses(one)) continue;
    const severity = await severityOf(one, old, input);
    const name = one.name.split(".").at(-1);
    const message =
      one.values === 0
        ? `${name}() no longer returns a value: what used to be returned is dropped.`
        : `${name}() no longer returns a value on every way out: where it runs to its end it now gives None.`;
    found.push({ line: one.line, message, severity });
  }
  return found;
}

function byName(flows: readonly PythonFunctionFlow[]): Map<string, PythonFunctionFlow[]> {
  const found = new Map<string, PythonFunctionFlow[]>();
  for (const one of flows) {
    const others = found.get(one.name);
    if (others) others.push(one);
    else found.set(one.name, [one]);
  }
  return found;
}

function gaveAlways({ values, falls, bare, isGenerator, isStub }: PythonFunctionFlow): boolean {
  return values > 0 && !falls && bare === 0 && !isGenerator && !isStub;
}

function loses({ falls, isGenerator, isStub, annotation }: PythonFunctionFlow): boolean {
  return (
    falls &&
    !isGenerator &&
    !isStub &&
    !/^(None|NoReturn|Never|[\w.]+\.(NoReturn|Never))$/.test(annotation ?? "")
  );
}

/** A call of a name as classes have them: `Loader(…)`, `pkg.Loader(…)`. */
const makesOne = /^(?:\w{1,80}\.){0,5}[A-Z]\w{0,80}[a-z]\w{0,80}\(/;

async function severityOf(
  now: PythonFunctionFlow,
  before: PythonFunctionFlow,
  input: EngineInput,
): Promise<Diagnostic["severity"]> {
  // The last thing done may be one that never returns, unless something came after it before, or its value was given.
  const returned = new Set([
    ...before.calls.filter((call) => !before.tails.includes(call)),
    ...before.returned,
  ]);
  const isCall = (text: string) => now.calls.includes(text);
  // What a class makes is made, and then it goes on.
  const mayStay = (text: string) => isCall(text) && !returned.has(text) && !makesOne.test(text);
  if (now.tails.every(mayStay)) return "hint";
  if (now.annotation !== null && now.annotation === before.annotation) return "likely";
  if (now.values > 0) return "likely";
  // A value that is still there, or still made, and does nothing any more was not given up on purpose.
  if (now.tails.some((text) => !isCall(text) && before.returned.includes(text))) return "likely";
  if (now.unread.some((name) => before.returnedNames.includes(name))) return "likely";
  // Nobody empties a function and leaves it there; a method may be left for others to fill.
  const isEmptied = now.values === 0 && now.tails.length === 1 && /^[rRuUbB]?["']/.test(now.tails[0] ?? "");
  if (isEmptied && !now.name.includes(".")) return "likely";
  // It may be meant to return nothing from now on. Not when somebody still uses what it returns.
  const name = now.name.split(".").at(-1) ?? "";
  const isRead = now.decorators.some((one) =>
    /(^|\.)(\w*property|\w*route|get|post|put|delete|fixture)$/.test(one),
  );
  if (isRead || now.documented || /^__\w+__$/.test(name)) return "likely";
  if (await isValueUsed(name, input)) return "likely";
  return "hint";
}

const searchLimit = 2_000;

/** Is what a function of this name gives used anywhere at head? */
async function isValueUsed(name: string, { workspace, signal }: EngineInput): Promise<boolean> {
  const call = `(?:await\\s+)?(?:[\\w.]+(?:\\([^()\\n]*\\))?\\.)?${name}\\(`;
  const used = new RegExp(
    `(?:[=(,\\[{:+*/%<>|&-]|\\b(?:return|in|not|if|elif|while|assert|and|or|is|yield|with))[ \\t]*${call}|(?<![\\w])${name}\\([^()\\n]*\\)[ \\t]*(?:[.\\[+*/%<>|&-]|[=!]=)`,
  );
  const sources = await workspace.sources("head", "python");
  for (const path of sources.filter(isPython).slice(0, searchLimit)) {
    signal.throwIfAborted();
    const text = await workspace.source("head", "python", path);
    if (text?.includes(name) && used.test(text.replace(new RegExp(`\\bdef\\s+${name}\\b`, "g"), "def")))
      return true;
  }
  return false;
}
