import { runProcess } from "../../process.js";
import type { Sluice } from "../../sluice.js";
import { withReviewerFolder } from "../reviewer-process.js";
import type { PremiumAnswer, PremiumRequest, SourceFailure, SourceSettings } from "../source.js";
import { type FailureContext, failureOf, ownFailure } from "./failures.js";
import { answerTool, keptOutput, programEnvironment, reviewArguments, whyNotStripped } from "./program.js";
import { type ProgramResult, Transcript } from "./transcript.js";

/** Milliseconds that the program may take to end after it said its result. */
const endGrace = 3_000;

/** One call of Claude Code: no tool but the answer's form, nobody's settings, an empty folder, the prompt on stdin. */
export async function reviewByProgram(
  sluice: Sluice,
  settings: SourceSettings,
  request: PremiumRequest,
): Promise<PremiumAnswer> {
  request.signal.throwIfAborted();
  const heard = new Transcript();
  const context = (): FailureContext => ({
    who: "Claude Code",
    model: request.model,
    access: "cli",
    limits: heard.limits(),
    retryAfter: null,
    text: heard.said,
    tokens: heard.tokens(),
    key: settings.key ?? sluice.env.CLAUDE_CODE_OAUTH_TOKEN ?? null,
  });
  if (request.session !== null) throw ownFailure("session_lost", "", context());
  const { program } = settings;
  if (program === null) throw ownFailure("unreachable", "there is no program to run", context());
  const begun = performance.now();
  const left = () => Math.max(1, request.timeout - (performance.now() - begun));

  return withReviewerFolder(sluice, async ({ root, work }) => {
    const limits = { output: request.maxOutputTokens, timeout: request.timeout };
    const env = programEnvironment(sluice, root, settings, limits);
    const options = { cwd: work, env, signal: request.signal };
    const obstacle = await whyNotStripped(program, { ...options, timeout: Math.min(left(), 30_000) });
    if (obstacle !== null) throw ownFailure(obstacle.kind, obstacle.why, context());

    const enough = new AbortController();
    let grace: NodeJS.Timeout | undefined;
    const ran = await runProcess(program, reviewArguments(request), {
      ...options,
      signal: AbortSignal.any([request.signal, enough.signal]),
      timeout: left(),
      input: promptText(request.prompt),
      maxOutput: keptOutput,
      reap: true,
      onOutput(chunk, stream) {
        if (stream !== "stdout") return;
        const before = heard.tools;
        const told = heard.said.length;
        heard.add(chunk);
        if (before === null && heard.tools !== null) request.onProgress?.(`${request.model} is reading`);
        if (Math.floor(told / 2_000) < Math.floor(heard.said.length / 2_000))
          request.onProgress?.(`${request.model} has written ${heard.said.length} characters`);
        if (toolsBeside(heard).length > 0 || asksAgain(heard)) enough.abort();
        // What it does after its result is nothing of ours.
        if (heard.result !== null) grace ??= setTimeout(() => enough.abort(), endGrace);
      },
    });
    clearTimeout(grace);
    heard.end();
    request.signal.throwIfAborted();

    const beside = toolsBeside(heard);
    if (beside.length > 0)
      throw ownFailure("not_stripped", `it gives the model ${beside.slice(0, 8).join(", ")}`, context());
    const { result } = heard;
    if (result === null && heard.complete) return answerOf(heard, null, request, context());
    if (result !== null) return answerOf(heard, result, request, context());
    if (ran.stopped === "timeout") {
      throw ownFailure("timeout", `no answer after ${Math.round(request.timeout / 1_000)} s`, context());
    }
    const said = ran.stderr.toString("utf8").trim() || ran.stdout.toString("utf8").trim();
    if (ran.stopped === "not-found" || ran.stopped === "not-started")
      throw ownFailure("unreachable", `${program} could not be started: ${said}`, context());
    if (/unknown option|error: option/i.test(said)) throw ownFailure("not_stripped", said, context());
    const how = ran.killedBy ?? `exit code ${ran.code}`;
    const kind = heard.said === "" && heard.form === null ? "unreachable" : "cut";
    throw ownFailure(kind, `it ended without a result (${how}) ${said}`, context());
  });
}

/** A text that begins with a slash would be a command to the program. */
function promptText(prompt: string): string {
  return /^\s*\//.test(prompt) ? `To be reviewed:\n\n${prompt}` : prompt;
}

/**
 * Whether the program calls the model a second time, or is about to: it goes on after an answer that was cut, and
 * asks for one where there was none. What the first answer costs is enough.
 */
function asksAgain(heard: Transcript): boolean {
  if (heard.begun > 1) return true;
  if (!heard.complete || heard.result !== null) return false;
  return isCut(heard.stop) || (heard.said.trim() === "" && heard.form === null);
}

function isCut(stop: string | null): boolean {
  return stop === "max_tokens" || stop === "model_context_window_exceeded";
}

/** What the model was given beside the form; MCP servers by their number. */
function toolsBeside(heard: Transcript): string[] {
  const tools = (heard.tools ?? []).filter((tool) => tool !== answerTool);
  return heard.mcpServers > 0 ? [...tools, `${heard.mcpServers} MCP servers`] : tools;
}

/**
 * The answer that was given, with the program's result where it came to one.
 *
 * @throws SourceFailure
 */
function answerOf(
  heard: Transcript,
  result: ProgramResult | null,
  request: PremiumRequest,
  context: FailureContext,
): PremiumAnswer {
  const { stop } = heard;
  if (stop === "refusal") throw ownFailure("refused", heard.said || (result?.result ?? ""), context);
  if (isCut(stop))
    throw ownFailure("cut", `it reached its limit of ${request.maxOutputTokens} tokens (${stop})`, context);
  // Its one turn is over without the form, or with a wrong one: what the model said is an answer all the same.
  const own = result?.subtype === "error_max_turns" || /structured_output/.test(result?.subtype ?? "");
  if (result?.is_error && !own) throw failureIn(heard, result, context);
  const structured = result?.structured_output ?? heard.form ?? null;
  const text = heard.said || (structured === null ? (result?.result ?? "") : JSON.stringify(structured));
  if (text.trim() === "" || heard.model === null)
    throw ownFailure("silent", heard.model === null ? (result?.result ?? "") : "", context);
  return {
    text,
    structured,
    model: heard.model,
    tokens: heard.tokens(),
    session: null,
    windows: context.limits.windows,
  };
}

/** `is_error` says that it failed, not `subtype`, which is `success` then as well. */
function failureIn(heard: Transcript, result: ProgramResult, context: FailureContext): SourceFailure {
  const message = result.result ?? result.errors?.join(" ") ?? result.subtype;
  const status = result.api_error_status ?? null;
  if (heard.creditsRequired) return ownFailure("billing", message, context);
  if (heard.error === "billing_error") return ownFailure("billing", message, context);
  if (/\baccess to this model\b/i.test(message)) return ownFailure("model_unknown", message, context);
  if (heard.error === "authentication_failed" || /please run \/login|not logged in/i.test(message))
    return ownFailure("auth", message, context);
  if (/hit your .{0,40}limit|usage limit reached/i.test(message) && context.limits.rejected === null)
    return ownFailure("usage_limit", message, context);
  if (heard.error === "max_output_tokens" || /exceeded the \d+ output token maximum/i.test(message))
    return ownFailure("cut", message, context);
  if (
    status === null &&
    /connection (?:error|to the api)|unable to connect|fetch failed|ECONN/i.test(message)
  )
    return ownFailure(heard.begun > 0 ? "cut" : "unreachable", message, context);
  if (status === null && /timed? ?out/i.test(message)) return ownFailure("timeout", message, context);
  return failureOf({ status, type: result.api_error_type ?? null, code: null, message }, context);
}
