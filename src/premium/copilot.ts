import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { abortAfter } from "../time-limit.js";
import { type CopilotError, type FailureContext, failureOf, kindOf } from "./copilot/failures.js";
import { quotaWindows } from "./copilot/quota.js";
import { CopilotRun, type RunAnswer } from "./copilot/run.js";
import { type CopilotSdk, linkOverSdk, loadSdk } from "./copilot/sdk.js";
import { CallRefused, ServerEnded, startServer } from "./copilot/server.js";
import { type CopilotLink, type CopilotSession, openAtServer } from "./copilot/session.js";
import { evidenceOf } from "./evidence.js";
import { identityOf } from "./identity.js";
import { reviewerEnvironment, withReviewerFolder } from "./reviewer-process.js";
import {
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  type Probe,
  SourceFailure,
  type SourceSettings,
} from "./source.js";

/** Milliseconds after an answer for asking what is left: nobody waits longer for that. */
const quotaPatience = 3_000;
const protocol = 3;

/** A GitHub Copilot subscription, over the user's own `copilot` program. */
export function open(
  sluice: Sluice,
  access: PremiumSource["access"],
  settings: SourceSettings,
  sdk: () => Promise<CopilotSdk | null> = loadSdk,
): PremiumSource {
  return {
    name: "copilot",
    access,
    probe: (options) => probe(sluice, settings, options),
    // Where the program keeps a sign-in is its own business, and it may write there at any time.
    identity: () => identityOf(["copilot", settings.endpoint, settings.key, sluice.env.COPILOT_GITHUB_TOKEN]),
    review: (request) => review(sluice, access, settings, request, sdk),
  };
}

interface Folder {
  root: string;
  work: string;
}

async function programOptions(sluice: Sluice, settings: SourceSettings, folder: Folder, model: string) {
  if (settings.endpoint === null) {
    const env = reviewerEnvironment(
      sluice,
      folder.root,
      ["COPILOT_HOME", "COPILOT_GITHUB_TOKEN", "COPILOT_GH_HOST", "GH_HOST"],
      { COPILOT_AUTO_UPDATE: "false" },
    );
    return { cwd: folder.work, env };
  }
  // A gateway needs no sign-in, and must not be handed one.
  const home = join(folder.root, "home");
  await mkdir(home);
  const env = reviewerEnvironment(sluice, folder.root, [], {
    COPILOT_AUTO_UPDATE: "false",
    COPILOT_HOME: home,
    COPILOT_OFFLINE: "true",
    COPILOT_PROVIDER_BASE_URL: settings.endpoint,
    COPILOT_MODEL: model,
  });
  return { cwd: folder.work, env };
}

const connected = z.looseObject({ protocolVersion: z.number() });
const authStatus = z.looseObject({
  isAuthenticated: z.boolean(),
  login: z.string().optional().catch(undefined),
  copilotPlan: z.string().optional().catch(undefined),
});
const modelList = z.looseObject({ models: z.array(z.looseObject({ id: z.string() })) });

function modelIds(answer: unknown): string[] | null {
  const parsed = modelList.safeParse(answer);
  return parsed.success ? parsed.data.models.map(({ id }) => id) : null;
}

async function probe(
  sluice: Sluice,
  settings: SourceSettings,
  { signal, timeout }: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  const unknown: Probe = { state: "unknown", windows: [], allowed: null, models: null, plan: null, why: "" };
  if (settings.endpoint !== null)
    return { ...unknown, why: `asked at ${settings.endpoint}, which keeps no quota of Copilot's` };
  const program = settings.program;
  if (program === null) return { ...unknown, why: "needs copilot on PATH" };
  const limit = AbortSignal.any([signal, abortAfter(timeout)]);
  try {
    return await withReviewerFolder(sluice, async (folder) => {
      const server = startServer(program, await programOptions(sluice, settings, folder, ""));
      try {
        const { protocolVersion } = connected.parse(await server.call("connect", {}, limit));
        if (protocolVersion !== protocol)
          return {
            ...unknown,
            why: `this copilot speaks version ${protocolVersion} of its protocol, not ${protocol}`,
          };
        const auth = authStatus.parse(await server.call("auth.getStatus", {}, limit));
        if (!auth.isAuthenticated)
          return {
            ...unknown,
            state: "signed_out",
            why: "copilot is signed out: run `copilot login` in a terminal",
          };
        const asked = await Promise.allSettled([
          server.call("account.getQuota", {}, limit),
          server.call("models.list", {}, limit),
        ]);
        const [quota, models] = asked.map((one) => (one.status === "fulfilled" ? one.value : null));
        const windows = quotaWindows(quota, "probe");
        return {
          state: "ready",
          windows,
          // The limits per session and week are not to be read: a month with room allows nothing.
          allowed: null,
          models: modelIds(models),
          plan: auth.copilotPlan ?? null,
          why:
            windows.length > 0
              ? "the month's allowance, as copilot says it; its limits per session and week can't be read"
              : "signed in; copilot names no limit that can be read",
        };
      } finally {
        server.kill();
      }
    });
  } catch (error) {
    const why = limit.aborted ? `copilot did not answer within ${timeout} ms` : messageOf(error);
    return { ...unknown, why: evidenceOf(why, secretsOf(sluice, settings)) };
  }
}

async function review(
  sluice: Sluice,
  access: PremiumSource["access"],
  settings: SourceSettings,
  request: PremiumRequest,
  sdk: () => Promise<CopilotSdk | null>,
): Promise<PremiumAnswer> {
  const { program } = settings;
  if (program === null)
    throw new SourceFailure("unreachable", "Copilot is asked over its program, which is not there.", install);
  const library = access === "coding_agent" ? await sdk() : null;
  const over = new AbortController();
  const limit = AbortSignal.any([request.signal, abortAfter(request.timeout), over.signal]);
  const context = () => ({
    model: request.model,
    endpoint: settings.endpoint,
    now: sluice.clock(),
    secrets: secretsOf(sluice, settings),
  });
  const run = new CopilotRun(context);
  try {
    return await withReviewerFolder(sluice, async (folder) => {
      const places = { configuration: join(folder.root, "configuration"), work: folder.work };
      await mkdir(places.configuration);
      const options = await programOptions(sluice, settings, folder, request.model);
      const link =
        library === null ? atServer(program, options, limit) : linkOverSdk(library, program, options);
      // Whatever comes first: the session's own failure ends the program too, before it asks the model again.
      run.done.catch(() => link.kill());
      try {
        return await Promise.race([
          converse(link, run, request, settings, places),
          link.gone,
          aborted(limit),
        ]);
      } finally {
        link.kill();
      }
    });
  } catch (error) {
    throw failureFrom(error, request, context());
  } finally {
    over.abort(new Error("over"));
  }
}

type ProgramOptions = Awaited<ReturnType<typeof programOptions>>;

function atServer(program: string, options: ProgramOptions, signal: AbortSignal): CopilotLink {
  const server = startServer(program, options);
  let greeted: Promise<void> | null = null;
  const greet = async () => {
    const { protocolVersion } = connected.parse(await server.call("connect", {}, signal));
    if (protocolVersion !== protocol)
      throw notStripped(`it speaks version ${protocolVersion} of its protocol, and ${protocol} is known`);
  };
  const ready = () => {
    greeted ??= greet();
    return greeted;
  };
  return {
    gone: server.gone,
    kill: () => server.kill(),
    async models() {
      await ready();
      return server.call("models.list", {}, signal);
    },
    quota: () => server.call("account.getQuota", {}, signal),
    async open(plan) {
      await ready();
      return openAtServer(server, plan, signal);
    },
  };
}

async function converse(
  link: CopilotLink,
  run: CopilotRun,
  request: PremiumRequest,
  settings: SourceSettings,
  places: { configuration: string; work: string },
): Promise<PremiumAnswer> {
  const model = settings.endpoint === null ? modelOf(await link.models(), request.model) : request.model;
  const onEvent = (event: unknown) => run.take(event);
  const session = await link.open({ request, model, settings, ...places, onEvent });
  await refuseWhatIsLeft(session);
  await refuseAnotherModel(session, model);
  request.onProgress?.(`Copilot reads the change (${model})`);
  await session.send(request.prompt);
  const answer = await run.done;
  return { ...answered(answer), windows: await windowsAfter(answer, link, settings) };
}

/** The id as the account's list spells it (`claude-opus-4.5` for `claude-opus-4-5`). Throws when it has none. */
function modelOf(listed: unknown, wanted: string): string {
  const ids = modelIds(listed);
  if (ids === null) return wanted;
  const spelled = (id: string) => id.toLowerCase().replaceAll(".", "-");
  const found = ids.find((id) => id === wanted) ?? ids.find((id) => spelled(id) === spelled(wanted));
  if (found !== undefined) return found;
  throw new SourceFailure(
    "model_unknown",
    `Copilot has no model ${JSON.stringify(wanted)} for this account; it has ${ids.join(", ")}.`,
    "Name one that it has in `models` of your own configuration.",
  );
}

function answered({ text, model, tokens, windows }: RunAnswer): PremiumAnswer {
  return { text, structured: null, model, tokens, session: null, windows };
}

async function windowsAfter(answer: RunAnswer, link: CopilotLink, settings: SourceSettings) {
  if (answer.windows.length > 0 || settings.endpoint !== null) return answer.windows;
  const late = new Promise<null>((resolve) => setTimeout(resolve, quotaPatience, null).unref());
  return quotaWindows(await Promise.race([link.quota().catch(() => null), late]), "probe");
}

const inventories = {
  tools: z.looseObject({ tools: z.array(z.unknown()) }),
  servers: z.looseObject({ servers: z.array(z.unknown()) }),
  instructions: z.looseObject({ sources: z.array(z.unknown()) }),
};

/** Throws SourceFailure when the model would be handed anything but our text. Nothing has been sent yet. */
async function refuseWhatIsLeft(session: CopilotSession): Promise<void> {
  const found = await session.inventory();
  const tools = inventories.tools.safeParse(found.tools);
  const servers = inventories.servers.safeParse(found.servers);
  const instructions = inventories.instructions.safeParse(found.instructions);
  if (!tools.success || !servers.success || !instructions.success)
    throw notStripped("it does not say which tools it would give the model");
  const left = [
    ...(tools.data.tools.length > 0 ? ["tools"] : []),
    ...(servers.data.servers.length > 0 ? ["MCP servers"] : []),
    ...(instructions.data.sources.length > 0 ? ["custom instructions"] : []),
  ];
  if (left.length > 0) throw notStripped(`it would still give the model ${left.join(" and ")}`);
}

const currentModel = z.looseObject({ modelId: z.string() });

/** Throws when the program took another model than the one it was given. */
async function refuseAnotherModel(session: CopilotSession, model: string): Promise<void> {
  const chosen = currentModel.safeParse(await session.model());
  if (chosen.success && chosen.data.modelId === model) return;
  throw new SourceFailure(
    "model_unknown",
    `Copilot would ask ${chosen.success ? JSON.stringify(chosen.data.modelId) : "another model"} instead of ${JSON.stringify(model)}. Nothing was sent.`,
    "Name a model that this account has in `models` of your own configuration.",
  );
}

function notStripped(why: string): SourceFailure {
  return new SourceFailure(
    "not_stripped",
    `This version of copilot can't be asked without tools and settings: ${why}. Nothing was sent.`,
    "Use Copilot CLI 1.0.102 (`npm i -g @github/copilot@1.0.102`), or let another source review.",
  );
}

const install = "Install Copilot CLI (`npm i -g @github/copilot`), run `copilot login`, then call again.";

/** What any error of a call is told as; cancellation stays what it is. */
function failureFrom(
  error: unknown,
  request: PremiumRequest,
  context: Omit<FailureContext, "windows" | "text" | "tokens">,
): unknown {
  if (error instanceof SourceFailure) return error;
  if (request.signal.aborted) return request.signal.reason;
  if (error instanceof Error && error.name === "TimeoutError")
    return new SourceFailure(
      "timeout",
      `Copilot gave no answer within ${Math.round(request.timeout / 1_000)} s.`,
      "Call again, or let another source review.",
    );
  const said = messageOf(error);
  const stated: CopilotError = { type: null, code: null, status: null, message: said };
  if (error instanceof ServerEnded && kindOf(stated) === "unreachable")
    return new SourceFailure(
      "unreachable",
      `The copilot program ended: ${evidenceOf(said, context.secrets)}`,
      install,
    );
  if (error instanceof CallRefused && /unhandled method/i.test(said))
    return notStripped(evidenceOf(said, []));
  return failureOf(stated, { ...context, windows: [], text: "", tokens: null });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

function secretsOf({ env }: Sluice, { key }: SourceSettings): string[] {
  return [key, env.COPILOT_GITHUB_TOKEN].filter(
    (one): one is string => typeof one === "string" && one !== "",
  );
}
