import { messageOf } from "../../errors.js";
import { type Resident, startResident } from "../../resident-process.js";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { reviewerEnvironment, withReviewerFolder } from "../reviewer-process.js";
import type { Probe, SourceSettings } from "../source.js";
import { codexVariables } from "./codex-call.js";
import { fieldOf, numberIn, textIn } from "./fields.js";
import { codexWindows } from "./windows.js";

/** Its own answers are short; the list of models is some tens of kilobytes. */
const longestLine = 4 * 1024 * 1024;

const nothing: Probe = { state: "unknown", windows: [], allowed: null, models: null, plan: null, why: "" };

/**
 * What is left of the subscription, by Codex's own word (`codex app-server`, `account/rateLimits/read`): no model is
 * asked, and Codex alone holds the sign-in. Never throws; ends the program when it has answered or the time is up.
 */
export async function probeCodex(
  sluice: Sluice,
  settings: SourceSettings,
  program: string,
  options: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  if (settings.endpoint !== null) {
    return {
      ...nothing,
      why: "requests go to premium_sources.openai_pro.endpoint, whose quota can't be asked",
    };
  }
  try {
    options.signal.throwIfAborted();
    return await withReviewerFolder(sluice, async ({ root, work }) => {
      const server = startResident(
        program,
        ["app-server", ...["plugins", "apps", "hooks"].flatMap((feature) => ["--disable", feature])],
        { cwd: work, env: reviewerEnvironment(sluice, root, codexVariables), talk: "pipes" },
      );
      try {
        const answers = await ask(server, AbortSignal.any([options.signal, abortAfter(options.timeout)]));
        return probeOf(answers, sluice.clock(), server.stderr());
      } finally {
        server.kill();
        await Promise.race([server.ended, settled(2_000)]);
      }
    });
  } catch (error) {
    return { ...nothing, why: `Codex could not be asked: ${evidenceOf(messageOf(error), [])}` };
  }
}

function settled(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

const questions = [
  { id: 2, method: "account/read", params: { refreshToken: false } },
  { id: 3, method: "account/rateLimits/read", params: { excludeResetCreditDetails: true } },
  { id: 4, method: "model/list", params: {} },
] as const;

/** What came back, by the question's id; what did not come is missing. */
export type Answers = ReadonlyMap<number, { result: unknown; error: string | null }>;

/** Asks all questions and waits until each is answered, the program ends, or the signal comes. */
function ask(server: Resident, signal: AbortSignal): Promise<Answers> {
  const answers = new Map<number, { result: unknown; error: string | null }>();
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve(answers);
    };
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) return done();
    void server.ended.then(done);
    const send = (message: object) => server.child.stdin?.write(`${JSON.stringify(message)}\n`);
    const decoder = new TextDecoder();
    let rest = "";
    server.child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) return done();
      for (const line of lines) {
        const found = answerIn(line);
        if (found === null) continue;
        answers.set(found.id, found);
        if (found.id === 1) {
          send({ method: "initialized" });
          for (const question of questions) send(question);
        }
      }
      if (questions.every(({ id }) => answers.has(id))) done();
    });
    send({ id: 1, method: "initialize", params: { clientInfo: { name: "sluice", version: "1" } } });
  });
}

function answerIn(line: string): { id: number; result: unknown; error: string | null } | null {
  try {
    const value: unknown = JSON.parse(line);
    const id = numberIn(value, "id");
    if (id === null) return null;
    const error = fieldOf(value, "error");
    return {
      id,
      result: fieldOf(value, "result"),
      error: error === undefined ? null : (textIn(error, "message") ?? "?"),
    };
  } catch {
    return null;
  }
}

/** What the answers say. `now` in milliseconds since the epoch. */
function probeOf(answers: Answers, now: number, stderr = ""): Probe {
  const account = answers.get(2);
  const limits = answers.get(3);
  const models = modelsIn(answers.get(4)?.result);
  const base = { ...nothing, models };
  const who = fieldOf(account?.result, "account");
  const signedOut =
    (account?.error === null && who === null && fieldOf(account.result, "requiresOpenaiAuth") === true) ||
    /account authentication required|not logged in/i.test(limits?.error ?? "");
  if (signedOut) {
    // What it lists without an account is what it shipped with.
    return { ...base, state: "signed_out", why: "Codex is not signed in: run `codex login`" };
  }
  if (textIn(who, "type") === "apiKey" || /^chatgpt authentication required/i.test(limits?.error ?? "")) {
    return {
      ...base,
      state: "ready",
      plan: "API key",
      why: "Codex is signed in with an API key, which is paid by use and has no quota to read",
    };
  }
  if (limits?.error === null) {
    const { result } = limits;
    const allowed = fieldOf(result, "ordinaryUsageAllowed");
    return {
      ...base,
      state: "ready",
      windows: snapshotsIn(result).flatMap((snapshot) => codexWindows(snapshot, now, "probe")),
      allowed: typeof allowed === "boolean" ? allowed : null,
      plan: textIn(who, "planType") ?? textIn(fieldOf(result, "rateLimits"), "planType"),
      why: "read from Codex's account",
    };
  }
  if (limits !== undefined)
    return { ...base, why: `Codex could not read its limits: ${evidenceOf(limits.error ?? "", [])}` };
  const said = evidenceOf(stderr.split("\n").slice(-4).join("\n"), []);
  return { ...base, why: `Codex gave no answer in time${said === "" ? "" : `: ${said}`}` };
}

/** Every limit by its id; the single one of older versions where there is no such table. */
function snapshotsIn(result: unknown): unknown[] {
  const table = fieldOf(result, "rateLimitsByLimitId");
  const listed = typeof table === "object" && table !== null ? Object.values(table) : [];
  return listed.length > 0 ? listed : [fieldOf(result, "rateLimits")];
}

function modelsIn(result: unknown): string[] | null {
  const data = fieldOf(result, "data");
  if (!Array.isArray(data)) return null;
  const ids = data.flatMap((model) =>
    fieldOf(model, "hidden") === true ? [] : (textIn(model, "model") ?? textIn(model, "id") ?? []),
  );
  return ids.length > 0 ? ids : null;
}
