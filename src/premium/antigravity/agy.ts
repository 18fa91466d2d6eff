import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../errors.js";
import { runProcess } from "../../process.js";
import { startResident } from "../../resident-process.js";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { reviewerEnvironment, withReviewerFolder } from "../reviewer-process.js";
import {
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  type Probe,
  SourceFailure,
  type SourceSettings,
} from "../source.js";
import {
  type AgyEvent,
  type AgyResult,
  agyEvent,
  isAtLeast,
  readJson,
  usageWindows,
  versionIn,
} from "./agy-answers.js";
import { agyFailure } from "./agy-failures.js";

type Version = readonly [number, number, number];

/** Older ones send `/usage` to a model as a prompt. */
const probes: Version = [1, 1, 11];
/** The first in which an agent can be without the built-in tools and prompt (`excludeDefaultComponents`). */
const strips: Version = [1, 2, 1];
/** What may be left: ends the run, and lists background tasks, of which an agent without other tools has none. */
const harmless = new Set(["finish", "manage_task"]);
const agentName = "sluice-reviewer";
/** Milliseconds. */
const versionPatience = 10_000;
/** Milliseconds for the program to say which tools the model gets. */
const initPatience = 30_000;
/** Bytes of one line of the stream. */
const longestLine = 32 * 1024 * 1024;

/** An Antigravity subscription, over the official `agy` and nothing else of Antigravity's. */
export function openAgy(sluice: Sluice, settings: SourceSettings): PremiumSource {
  return {
    name: "antigravity",
    access: "cli",
    probe: (options) => probe(sluice, settings, options),
    review: (request) => review(sluice, settings, request),
  };
}

/**
 * A home of our own keeps the user's rules, MCP servers, hooks and permissions out. The sign-in lies in the
 * system's keyring and is found all the same; where it lies in a file, agy says that it is signed out.
 */
async function programOptions(sluice: Sluice, root: string, work: string) {
  const home = join(root, "home");
  await mkdir(home);
  const env = reviewerEnvironment(sluice, root, [], {
    HOME: home,
    USERPROFILE: home,
    AGY_CLI_DISABLE_AUTO_UPDATE: "true",
    AGY_CLI_HIDE_ACCOUNT_INFO: "true",
  });
  for (const name of ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"])
    delete env[name];
  return { cwd: work, env };
}

async function probe(
  sluice: Sluice,
  { program }: SourceSettings,
  { signal, timeout }: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  const unknown: Probe = { state: "unknown", windows: [], allowed: null, models: null, plan: null, why: "" };
  if (program === null) return { ...unknown, why: "needs agy on PATH" };
  const limit = AbortSignal.any([signal, abortAfter(timeout)]);
  const ends = Date.now() + timeout;
  try {
    return await withReviewerFolder(sluice, async ({ root, work }) => {
      const options = await programOptions(sluice, root, work);
      const version = await versionOf(program, options, limit);
      if (version === null || !isAtLeast(version, probes))
        return {
          ...unknown,
          why: `agy ${version?.join(".") ?? "of an unknown version"} can't say what is left without asking a model; ${probes.join(".")} can`,
        };
      // `-p` takes the next word as its value. Input is closed: agy would wait for it.
      const left = Math.max(1, ends - Date.now());
      const run = await runProcess(
        program,
        [
          "-p",
          "/usage",
          "--output-format",
          "json",
          "--print-timeout",
          `${Math.max(1, Math.min(20, Math.floor(left / 1_000)))}s`,
        ],
        { ...options, timeout: left, signal: limit, maxOutput: 1024 * 1024, reap: true },
      );
      const said = run.stdout.toString("utf8").trim();
      const windows = usageWindows(readJson(said));
      if (windows !== null)
        return {
          ...unknown,
          state: "ready",
          windows,
          why: windows.length > 0 ? "as agy says it" : "agy names no limit that can be read",
        };
      const words = evidenceOf(`${errorIn(said)} ${run.stderr.toString("utf8")}`, []);
      if (isSignedOut(words)) return { ...unknown, state: "signed_out", why: signIn };
      return {
        ...unknown,
        why:
          run.stopped === null
            ? `agy did not say what is left: ${words}`
            : `agy did not answer within ${timeout} ms`,
      };
    });
  } catch (error) {
    return { ...unknown, why: evidenceOf(messageOf(error), []) };
  }
}

const signIn = "agy is signed out: run `agy` in a terminal and sign in";

function isSignedOut(words: string): boolean {
  return /not (?:logged|signed) in|please sign in|authentication (?:required|failed|timed out)/i.test(words);
}

function errorIn(said: string): string {
  const value = readJson(said);
  return typeof value === "object" && value !== null && "error" in value ? String(value.error) : said;
}

async function versionOf(
  program: string,
  options: { cwd: string; env: Record<string, string> },
  signal: AbortSignal,
): Promise<Version | null> {
  const run = await runProcess(program, ["--version"], {
    ...options,
    timeout: versionPatience,
    signal,
    maxOutput: 64 * 1024,
    reap: true,
  });
  return versionIn(run.stdout.toString("utf8"));
}

async function review(
  sluice: Sluice,
  { program }: SourceSettings,
  request: PremiumRequest,
): Promise<PremiumAnswer> {
  if (program === null)
    throw new SourceFailure(
      "unreachable",
      "Antigravity is asked over agy, which is not there.",
      "Install agy from antigravity.google, sign in, then call again.",
    );
  const limit = AbortSignal.any([request.signal, abortAfter(request.timeout)]);
  try {
    return await withReviewerFolder(sluice, async ({ root, work }) => {
      const options = await programOptions(sluice, root, work);
      const version = await versionOf(program, options, limit);
      limit.throwIfAborted();
      if (version === null || !isAtLeast(version, strips))
        throw notStripped(
          `version ${version?.join(".") ?? "unknown"} has no agent without tools; ${strips.join(".")} has`,
        );
      await writeAgent(work, request);
      return await converse(sluice, program, options, request, limit);
    });
  } catch (error) {
    if (error instanceof SourceFailure) throw error;
    if (request.signal.aborted) throw request.signal.reason;
    if (limit.aborted)
      throw new SourceFailure(
        "timeout",
        `agy gave no answer within ${Math.round(request.timeout / 1_000)} s.`,
        "Call again, or let another source review.",
      );
    throw agyFailure(messageOf(error), { model: request.model, now: sluice.clock(), text: "", tokens: null });
  }
}

/** An agent of the (otherwise empty) working folder: no tools, none of the built-in prompt, nothing inherited. */
async function writeAgent(work: string, { instructions, schema }: PremiumRequest): Promise<void> {
  const folder = join(work, ".agents", "agents");
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, `${agentName}.md`),
    [
      "---",
      `name: ${agentName}`,
      "description: Reviews a change that it is handed as text.",
      "tools: []",
      "excludeDefaultComponents: true",
      "inheritCustomizations: false",
      "---",
      instructions,
      "",
      "Answer with one JSON object that fits this JSON Schema, and with nothing else:",
      JSON.stringify(schema.json),
      "",
    ].join("\n"),
  );
}

/**
 * Starts agy as a session that is driven over its input, and writes nothing to it until it has said which tools the
 * model gets: an agent that it does not find is silently replaced by its own, which has all of them.
 */
async function converse(
  sluice: Sluice,
  program: string,
  options: { cwd: string; env: Record<string, string> },
  request: PremiumRequest,
  limit: AbortSignal,
): Promise<PremiumAnswer> {
  const resident = startResident(
    program,
    [
      ...["--input-format", "stream-json", "--output-format", "stream-json"],
      ...["--agent", agentName, "--model", request.model],
      ...[
        "--print-timeout",
        `${Math.ceil(request.timeout / 1_000)}s`,
        "--sandbox",
        "--disable-slash-commands",
      ],
    ],
    { ...options, talk: "pipes" },
  );
  try {
    const events = new Lines();
    resident.child.stdout?.on("data", (chunk: Buffer) => {
      if (!events.add(chunk)) resident.kill();
    });
    const gone = resident.ended.then(() => events.end());
    const first = await events.next(AbortSignal.any([limit, abortAfter(initPatience)])).catch((error) => {
      if (limit.aborted) throw error;
      throw notStripped("it does not say which tools the model gets before it is handed the text");
    });
    if (first === null) throw failed(resident.stderr(), sluice, request);
    // What it says instead of beginning: no sign-in, no quota, no such model.
    if (first.result !== undefined) throw failed(first.result.error ?? resident.stderr(), sluice, request);
    if (first.event !== "init" || first.init?.tools === undefined)
      throw notStripped("it does not say which tools the model gets");
    const left = first.init.tools.filter((tool) => !harmless.has(tool));
    if (left.length > 0)
      throw notStripped(
        `it would give the model ${left.slice(0, 8).join(", ")}${left.length > 8 ? ", …" : ""}`,
      );
    request.onProgress?.(`Antigravity reads the change (${request.model})`);
    resident.child.stdin?.end(`${JSON.stringify({ event: "user", message: { content: request.prompt } })}\n`);
    for (;;) {
      const event = await events.next(limit);
      if (event === null) {
        await gone;
        throw failed(resident.stderr(), sluice, request);
      }
      if (/tool/i.test(event.step_update?.step_type ?? ""))
        throw new SourceFailure(
          "refused",
          "The model used a tool of agy's, and it was to have none.",
          "Let another source review.",
        );
      if (event.result !== undefined)
        return answerOf(event.result, first.init.model ?? null, resident.stderr(), sluice, request);
    }
  } finally {
    resident.kill();
  }
}

function answerOf(
  result: AgyResult,
  model: string | null,
  stderr: string,
  sluice: Sluice,
  request: PremiumRequest,
): PremiumAnswer {
  const tokens =
    result.usage === undefined
      ? null
      : {
          input: result.usage.input_tokens,
          cached_input: result.usage.cache_read_tokens,
          output: result.usage.output_tokens + result.usage.thinking_tokens,
        };
  const details = { text: result.response, tokens };
  // Both come with exit code 0.
  if (result.status !== "SUCCESS" || (result.error ?? "") !== "")
    throw agyFailure(result.error || stderr || `it ended with status ${result.status}`, {
      model: request.model,
      now: sluice.clock(),
      ...details,
    });
  if (/print timeout|may be truncated|partial output/i.test(stderr))
    throw new SourceFailure(
      "cut",
      "agy gave only part of an answer.",
      "Call again, or let another source review.",
      details,
    );
  if ((result.denied_actions ?? []).length > 0)
    throw new SourceFailure(
      "refused",
      "The model asked agy for something that it was to have no tool for.",
      "Let another source review.",
      details,
    );
  if (result.response.trim() === "")
    throw new SourceFailure("silent", "agy ended without a message.", "Call again.", details);
  return { text: result.response, structured: null, model, tokens, session: null, windows: [] };
}

function failed(said: string, sluice: Sluice, request: PremiumRequest): SourceFailure {
  return agyFailure(said.trim() || "agy ended without a word", {
    model: request.model,
    now: sluice.clock(),
    text: "",
    tokens: null,
  });
}

function notStripped(why: string): SourceFailure {
  return new SourceFailure(
    "not_stripped",
    `This agy can't be asked without tools: ${why}. Nothing was sent.`,
    "Let another source review, or ask Gemini by an API key: premium_sources.antigravity.access_method `api`.",
  );
}

/** The events of a stream, one to a line; a raw line break inside of a string joins the next line to it. */
class Lines {
  #text = "";
  #open = "";
  readonly #decoder = new TextDecoder();
  readonly #ready: AgyEvent[] = [];
  #ended = false;
  #wake: () => void = () => {};

  /** False when a line is longer than any can be. */
  add(chunk: Buffer): boolean {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    this.#wake();
    return this.#text.length + this.#open.length < longestLine;
  }

  end(): void {
    if (this.#text !== "") this.#line(this.#text);
    this.#text = "";
    this.#ended = true;
    this.#wake();
  }

  /** The next event; null when there is none any more. Throws the signal's reason. */
  async next(signal: AbortSignal): Promise<AgyEvent | null> {
    for (;;) {
      signal.throwIfAborted();
      const event = this.#ready.shift();
      if (event !== undefined) return event;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  #line(line: string): void {
    if (this.#open === "" && !line.trimStart().startsWith("{")) return;
    const whole = this.#open === "" ? line : `${this.#open}\n${line}`;
    const parsed = agyEvent.safeParse(readJson(whole));
    if (parsed.success) this.#ready.push(parsed.data);
    this.#open = parsed.success ? "" : whole;
  }
}
