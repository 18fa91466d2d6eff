import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunResult, runProcess } from "../../process.js";
import type { Sluice } from "../../sluice.js";
import { evidenceOf } from "../evidence.js";
import { identityOf } from "../identity.js";
import { parsedJson } from "../json-text.js";
import { reviewerEnvironment, withReviewerFolder } from "../reviewer-process.js";
import {
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  SourceFailure,
  type SourceSettings,
} from "../source.js";
import { probeCodex } from "./app-server.js";
import {
  codexCall,
  codexHome,
  codexVariables,
  isOlder,
  longestPrompt,
  oldestCodex,
  stripCatalog,
} from "./codex-call.js";
import { type CodexOutput, CodexReader } from "./codex-events.js";
import { type CodexFailed, codexFailure, notStripped, refusesSettings } from "./codex-failures.js";
import { noFacts, type RolloutFacts, readRollout } from "./rollout.js";

/** Milliseconds for each question before the call: version, sign-in, list of models. */
const questionTimeout = 20_000;
/** Calls of tools that are not there, before the run is ended: each costs a call of the model. */
const mostUnsupported = 2;
/** Bytes of events. */
const mostOutput = 32 * 1024 * 1024;
/** Codex CLI on the user's own sign-in. */
export function openCodex(
  sluice: Sluice,
  access: PremiumSource["access"],
  settings: SourceSettings,
  program: string,
): PremiumSource {
  return {
    name: "openai_pro",
    access,
    probe: (options) => probeCodex(sluice, settings, program, options),
    identity: () => {
      const home = settings.endpoint === null ? codexHome(sluice.env) : null;
      return identityOf(
        ["codex", settings.endpoint, settings.key],
        home === null ? [] : [join(home, "auth.json")],
      );
    },
    review: (request) => review({ sluice, settings, program, request }),
  };
}

interface Task {
  sluice: Sluice;
  settings: SourceSettings;
  program: string;
  request: PremiumRequest;
}

async function review(task: Task): Promise<PremiumAnswer> {
  const { sluice, request } = task;
  request.signal.throwIfAborted();
  const length = request.prompt.length > longestPrompt ? [...request.prompt].length : request.prompt.length;
  if (length > longestPrompt) {
    throw new SourceFailure(
      "too_large",
      `The review has ${length} characters, and Codex takes ${longestPrompt}.`,
      "Review a smaller change, or route this class to another source.",
    );
  }
  const thread = threadOf(request.session, request.model);
  const deadline = performance.now() + request.timeout;
  return withReviewerFolder(sluice, async (folder) => {
    const ready = await prepare(task, folder, deadline);
    let ran = await run(task, ready, thread, deadline);
    // As ChatGPT's backend said it in 2025 (openai/codex issue 4433), before it asked the model: then Codex's own stay.
    if (/instructions are not valid/i.test(ran.output.error ?? "")) {
      const kept = stripCatalog(ready.list, request.model, null);
      if (kept !== null) await writeFile(ready.catalog, kept.text, { mode: 0o600 });
      ran = await run(task, { ...ready, beside: ready.instructions }, thread, deadline);
    }
    // Seen of a thread that Codex does not have any more: it says so before anything is sent.
    if (thread !== null && !ran.output.began && /thread\/resume|no rollout found/i.test(ran.stderr)) {
      throw sessionLost("Codex does not have it any more");
    }
    return answerOf(task, ready, ran);
  });
}

interface Ready {
  folder: { root: string; work: string };
  catalog: string;
  schema: string;
  effort: string | null;
  /** Ids that Codex lists. */
  models: string[];
  store: string | null;
  version: string | null;
  instructions: string;
  /** Our instructions when they stand beside Codex's own. */
  beside: string | null;
  /** What `codex debug models` gave. */
  list: string;
}

/** Asks the program, all at once, what has to be known before it may be called; writes what it is handed in files. */
async function prepare(task: Task, folder: Ready["folder"], deadline: number): Promise<Ready> {
  const { settings, request } = task;
  const ask = (...args: string[]) => question(task, folder, args, deadline);
  const [said, signIn, list, store] = await Promise.all([
    ask("--version"),
    // Behind a gateway the gateway's key counts, and its models are its own.
    settings.endpoint === null ? ask("login", "status") : null,
    ask("debug", "models", ...(settings.endpoint === null ? [] : ["--bundled"])),
    credentialStore(task.sluice),
  ]);
  request.signal.throwIfAborted();
  if (said.stopped === "not-found" || said.stopped === "not-started") throw notStarted(task, said);
  const version = /\d+\.\d+\.\d+[\w.-]*/.exec(said.stdout.toString("utf8"))?.[0] ?? null;
  if (version !== null && isOlder(version, oldestCodex) === true) {
    throw notStripped(`it is older than ${oldestCodex}`, version, oldestCodex);
  }
  if (signIn !== null && signIn.code !== 0 && /not (?:logged|signed) in/i.test(outputOf(signIn))) {
    throw codexFailure({ ...failedBase(task, []), message: "Not logged in" });
  }
  const instructions = await ourInstructions(task);
  const text = list.code === 0 ? list.stdout.toString("utf8") : "";
  const stripped = stripCatalog(text, request.model, instructions);
  if (stripped === null) {
    if (said.code !== 0) throw notStarted(task, said);
    throw notStripped(
      `\`codex debug models\` gives no list (${evidenceOf(outputOf(list), []) || "no output"})`,
      version,
      oldestCodex,
    );
  }
  const catalog = join(folder.root, "models.json");
  const schema = join(folder.root, "schema.json");
  await writeFile(catalog, stripped.text, { mode: 0o600 });
  await writeFile(schema, JSON.stringify(request.schema.json), { mode: 0o600 });
  return {
    folder,
    catalog,
    schema,
    effort: stripped.effort,
    models: stripped.models,
    store,
    version,
    instructions,
    beside: null,
    list: text,
  };
}

function question(
  { sluice, program, request }: Task,
  folder: Ready["folder"],
  args: readonly string[],
  deadline: number,
): Promise<RunResult> {
  return runProcess(program, args, {
    cwd: folder.work,
    env: reviewerEnvironment(sluice, folder.root, codexVariables),
    timeout: Math.max(1, Math.min(questionTimeout, deadline - performance.now())),
    signal: request.signal,
    maxOutput: 16 * 1024 * 1024,
    reap: true,
  });
}

/** The one of the user's settings that counts although they are left out: without it the sign-in is not found. */
async function credentialStore(sluice: Sluice): Promise<string | null> {
  const home = codexHome(sluice.env);
  if (home === null) return null;
  const text = await readFile(join(home, "config.toml"), "utf8").catch(() => "");
  return /^cli_auth_credentials_store\s{0,8}=\s{0,8}["'](file|keyring|auto)["']/m.exec(text)?.[1] ?? null;
}

/**
 * Codex 0.169 sends the AGENTS.md of its home whatever it is told. It is the user's own text and not hostile, but
 * written for other work.
 */
async function ourInstructions({ sluice, request }: Task): Promise<string> {
  const home = codexHome(sluice.env);
  const files = home === null ? [] : ["AGENTS.override.md", "AGENTS.md"].map((name) => join(home, name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  if (texts.every((text) => text.trim() === "")) return request.instructions;
  return `${request.instructions}\n\nA message headed "AGENTS.md instructions" is meant for other work: disregard it.`;
}

interface Ran {
  output: CodexOutput;
  stderr: string;
  result: RunResult;
  facts: RolloutFacts;
  resumed: boolean;
  /** Ended because the model went on asking for tools that it was never offered. */
  astray: boolean;
}

async function run(task: Task, ready: Ready, thread: string | null, deadline: number): Promise<Ran> {
  const { sluice, settings, program, request } = task;
  const call = codexCall(
    request,
    settings,
    { work: ready.folder.work, catalog: ready.catalog, schema: ready.schema },
    { effort: ready.effort, store: ready.store, thread, beside: ready.beside },
  );
  const reader = new CodexReader();
  const acted = new AbortController();
  let unsupported = 0;
  const result = await runProcess(program, call.args, {
    cwd: ready.folder.work,
    env: reviewerEnvironment(sluice, ready.folder.root, codexVariables, call.environment),
    timeout: Math.max(1, deadline - performance.now()),
    signal: AbortSignal.any([request.signal, acted.signal]),
    input: request.prompt,
    maxOutput: mostOutput,
    reap: true,
    onOutput(chunk, stream) {
      if (stream !== "stdout") {
        // Codex answers a tool that a model made up, and asks the model again, as often as it likes.
        unsupported += chunk.toString("utf8").split("unsupported call").length - 1;
        if (unsupported > mostUnsupported) acted.abort();
        return;
      }
      for (const type of reader.push(chunk)) {
        if (type === "turn.started") request.onProgress?.(`Codex asks ${request.model}`);
        if (type === "item.completed" && reader.output.text !== null) {
          request.onProgress?.(`${request.model} answered, ${reader.output.text.length} characters`);
        }
      }
      if (reader.output.acted !== null) acted.abort();
    },
  });
  const output = reader.finish();
  const facts = await readRollout(codexHome(sluice.env), output.thread ?? "");
  const stderr = result.stderr.toString("utf8");
  return { output, stderr, result, facts, resumed: thread !== null, astray: unsupported > mostUnsupported };
}

function answerOf(task: Task, ready: Ready, ran: Ran): PremiumAnswer {
  const { output, stderr, result, facts, resumed } = ran;
  const { request } = task;
  if (output.acted !== null) {
    throw notStripped(
      `it began to act (${evidenceOf(output.acted, [])}) and was ended`,
      ready.version,
      oldestCodex,
    );
  }
  request.signal.throwIfAborted();
  const text = output.text ?? "";
  const tokens = facts.tokens ?? (resumed ? null : output.tokens);
  if (ran.astray) {
    throw new SourceFailure(
      "silent",
      `${request.model} went on asking for tools that it does not have, and was ended.`,
      "Review again, or route this class to another model.",
      { windows: facts.windows, text, tokens },
    );
  }
  if (result.stopped === "timeout") {
    throw new SourceFailure(
      "timeout",
      `Codex gave no whole answer within ${Math.round(request.timeout / 1_000)} s.`,
      "Review a smaller change, or allow more time.",
      { windows: facts.windows, text, tokens },
    );
  }
  if (result.stopped === "not-found" || result.stopped === "not-started") throw notStarted(task, result);
  if (!output.began && result.code !== 0 && refusesSettings(stderr)) {
    throw notStripped(evidenceOf(lastLines(stderr), []), ready.version, oldestCodex);
  }
  if (result.code !== 0 || output.error !== null || !output.completed) {
    // On success `error` was only a word about trying again.
    if (!(result.code === 0 && output.completed)) {
      const ended = result.killedBy === null ? `exit code ${result.code}` : `ended by ${result.killedBy}`;
      throw codexFailure({
        ...failedBase(task, ready.models),
        message: output.error ?? facts.message ?? (evidenceOf(lastLines(stderr), []) || ended),
        facts: { ...facts, tokens },
        text,
      });
    }
  }
  if (text.trim() === "") {
    throw new SourceFailure("silent", `${request.model} ended without a message.`, "Review again.", {
      windows: facts.windows,
      tokens,
    });
  }
  return {
    text,
    structured: parsedJson(text),
    model: facts.model,
    tokens,
    session: output.thread === null ? null : `${output.thread}/${request.model}`,
    windows: facts.windows,
  };
}

/**
 * The thread of a session of ours. One of another model can't be gone on with: Codex would have the conversation summed
 * up first, which costs a call and hides what was left out.
 */
function threadOf(session: string | null, model: string): string | null {
  if (session === null) return null;
  const [thread, of] = session.split("/", 2);
  if (thread === undefined || !/^[0-9a-f-]{36}$/.test(thread)) throw sessionLost("it is none of Codex's");
  if (of !== model) throw sessionLost(`it is not ${model}'s`);
  return thread;
}

function sessionLost(why: string): SourceFailure {
  return new SourceFailure(
    "session_lost",
    `The earlier session can't be gone on with: ${why}.`,
    "Review anew, with everything.",
  );
}

function failedBase({ sluice, settings, request }: Task, models: readonly string[]): CodexFailed {
  const secrets = [settings.key ?? "", ...Object.values(settings.headers)].filter(
    (value) => value.length >= 6,
  );
  return {
    model: request.model,
    message: "",
    facts: noFacts,
    text: "",
    now: sluice.clock(),
    models,
    secrets,
  };
}

function notStarted({ program }: Task, result: RunResult): SourceFailure {
  return new SourceFailure(
    "unreachable",
    `Codex can't be started (${program}): ${evidenceOf(lastLines(outputOf(result)) || `exit code ${result.code}`, [])}`,
    "Install it again (`npm install -g @openai/codex@latest`), or set premium_sources.openai_pro.binary.",
  );
}

function outputOf({ stdout, stderr }: RunResult): string {
  return `${stdout.toString("utf8", 0, 4_000)}\n${stderr.toString("utf8")}`.trim();
}

/** What a program said last, without its warnings. */
function lastLines(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("WARNING:"));
  return lines.slice(-3).join("\n");
}
