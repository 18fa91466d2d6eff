import { createInterface } from "node:readline";
import * as z from "zod";
import { messageOf } from "../../errors.js";
import { startResident } from "../../resident-process.js";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { withReviewerFolder } from "../reviewer-process.js";
import type { Probe, SourceSettings } from "../source.js";
import { controlArguments, programEnvironment, whyNotStripped } from "./program.js";
import { windowsOfUsage } from "./windows.js";

const longestLine = 4 * 1024 * 1024;

const controlResponse = z.looseObject({
  type: z.literal("control_response"),
  response: z.looseObject({
    subtype: z.string(),
    request_id: z.string(),
    response: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
});

const initialized = z.looseObject({
  account: z
    .looseObject({
      tokenSource: z.string().nullish().catch(null),
      subscriptionType: z.string().nullish().catch(null),
    })
    .nullish()
    .catch(null),
  models: z
    .array(z.looseObject({ value: z.string(), resolvedModel: z.string().nullish().catch(null) }))
    .catch([]),
});

/** An experimental answer: whatever is not as known is not there. */
const usage = z.looseObject({
  subscription_type: z.string().nullish().catch(null),
  rate_limits_available: z.boolean().nullish().catch(null),
  rate_limits: z.unknown().optional(),
});

/**
 * Asks Claude Code over its control channel (`initialize`, then `get_usage`), which calls no model: whether it is
 * signed in, what the plan has left, and which models it lists. With a token in the environment instead of a sign-in
 * it can't see the plan's windows: then they are unknown, and the next review brings them.
 */
export async function probeProgram(
  sluice: Sluice,
  settings: SourceSettings,
  { signal, timeout }: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  const found: Probe = { state: "unknown", windows: [], allowed: null, models: null, plan: null, why: "" };
  const secrets = [settings.key ?? sluice.env.CLAUDE_CODE_OAUTH_TOKEN ?? ""].filter((one) => one !== "");
  const limit = AbortSignal.any([signal, abortAfter(timeout)]);
  const begun = performance.now();
  try {
    return await withReviewerFolder(sluice, async ({ root, work }) => {
      const { program } = settings;
      if (program === null) return { ...found, why: "there is no program to ask" };
      const env = programEnvironment(sluice, root, settings);
      const obstacle = await whyNotStripped(program, { cwd: work, env, timeout, signal: limit });
      if (obstacle !== null) return { ...found, why: evidenceOf(obstacle.why, secrets) };
      const control = openControl(program, work, env, limit);
      try {
        return await ask(control, settings, found);
      } finally {
        control.close();
      }
    });
  } catch (error) {
    const took = `${Math.round(performance.now() - begun)} ms`;
    const why = signal.aborted ? "cancelled" : limit.aborted ? `no answer within ${took}` : messageOf(error);
    return { ...found, why: `Claude Code could not be asked: ${evidenceOf(why, secrets)}` };
  }
}

async function ask(control: Control, settings: SourceSettings, found: Probe): Promise<Probe> {
  const start = initialized.safeParse(await control.request({ subtype: "initialize" }));
  const account = start.success ? start.data.account : null;
  const models = start.success
    ? [...new Set(start.data.models.flatMap(({ resolvedModel }) => (resolvedModel ? [resolvedModel] : [])))]
    : [];
  const known: Probe = {
    ...found,
    models: models.length > 0 ? models : null,
    plan: account?.subscriptionType ?? null,
  };
  const ownKey = settings.endpoint !== null && settings.key !== null;
  if (account?.tokenSource === "none" && !ownKey)
    return {
      ...known,
      state: "signed_out",
      why: "Claude Code is not signed in: run `claude auth login` as the user whom this server runs as",
    };
  const isSignedIn = ownKey || Boolean(account?.tokenSource) || Boolean(account?.subscriptionType);
  const state = isSignedIn ? "ready" : "unknown";
  const answer = await control
    .request({ subtype: "get_usage", skip_behaviors: true })
    .then((value) => usage.safeParse(value).data ?? null)
    .catch(() => null);
  if (answer === null)
    return { ...known, state, why: "this Claude Code does not say what the plan has left" };
  const windows = windowsOfUsage(answer.rate_limits);
  return {
    ...known,
    state,
    windows,
    plan: known.plan ?? answer.subscription_type ?? null,
    why:
      windows.length > 0
        ? "Claude Code says what the plan has left"
        : answer.rate_limits_available === false
          ? "this sign-in can't see what the plan has left; a review's answer says it"
          : "Claude Code did not get to know what the plan has left",
  };
}

interface Control {
  /** @throws Error when it is refused, and when the program ends or the limit is reached before the answer */
  request(request: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

function openControl(program: string, cwd: string, env: Record<string, string>, limit: AbortSignal): Control {
  const resident = startResident(program, controlArguments, { cwd, env, talk: "pipes" });
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>();
  let over: Error | null = null;
  const fail = (error: Error) => {
    over ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const cancel = () => {
    fail(new Error("it took too long"));
    resident.kill();
  };
  limit.addEventListener("abort", cancel, { once: true });
  resident.ended.then(({ code, killedBy }) =>
    fail(new Error(`it ended (${killedBy ?? `exit code ${code}`}) ${resident.stderr().trim()}`)),
  );
  const { stdout, stdin } = resident.child;
  if (stdout !== null) {
    createInterface({ input: stdout }).on("line", (line) => {
      if (line.length > longestLine || !line.startsWith("{")) return;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        return;
      }
      const parsed = controlResponse.safeParse(value);
      if (!parsed.success) return;
      const { response } = parsed.data;
      const asked = waiting.get(response.request_id);
      waiting.delete(response.request_id);
      if (response.subtype === "success") asked?.resolve(response.response);
      else asked?.reject(new Error(String(response.error ?? response.subtype)));
    });
  }
  let count = 0;
  return {
    request(request) {
      if (over !== null) return Promise.reject(over);
      count += 1;
      const request_id = `sluice-${count}`;
      return new Promise((resolve, reject) => {
        waiting.set(request_id, { resolve, reject });
        stdin?.write(`${JSON.stringify({ type: "control_request", request_id, request })}\n`);
      });
    },
    close() {
      limit.removeEventListener("abort", cancel);
      resident.kill();
    },
  };
}
