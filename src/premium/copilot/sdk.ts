import { randomBytes } from "node:crypto";
import * as z from "zod";
import { killTree, runMarker, type Tree, tracked } from "../../process-tree.js";
import {
  type CopilotLink,
  type CopilotSession,
  type SessionPlan,
  sessionOptions,
  withoutExtras,
} from "./session.js";

/** The part of `@github/copilot-sdk` 1.0.14 that is used: it is an optional peer, so its own types are not there. */
interface SdkSession {
  on(handler: (event: unknown) => void): unknown;
  send(options: { prompt: string }): Promise<unknown>;
  rpc: {
    tools: { initializeAndValidate(): Promise<unknown>; getCurrentMetadata(): Promise<unknown> };
    mcp: { list(): Promise<unknown> };
    instructions: { getSources(): Promise<unknown> };
    model: { getCurrent(): Promise<unknown> };
  };
}
interface SdkClient {
  start(): Promise<void>;
  createSession(options: object): Promise<SdkSession>;
  forceStop(): Promise<void>;
  rpc: {
    account: { getQuota(params: object): Promise<unknown> };
    models: { list(params: object): Promise<unknown> };
  };
}
export interface CopilotSdk {
  CopilotClient: new (options: object) => SdkClient;
  RuntimeConnection: { forStdio(options: object): object };
}

const sdkShape = z.object({
  CopilotClient: z.custom<CopilotSdk["CopilotClient"]>((value) => typeof value === "function"),
  RuntimeConnection: z.looseObject({
    forStdio: z.custom<CopilotSdk["RuntimeConnection"]["forStdio"]>((value) => typeof value === "function"),
  }),
});

// Not a literal: the compiler must not look for what may be absent.
const packageName: string = "@github/copilot-sdk";

/** GitHub's SDK when it is installed beside Sluice; null when it is not, or is another one than we know. */
export async function loadSdk(): Promise<CopilotSdk | null> {
  try {
    const parsed = sdkShape.safeParse(await import(packageName));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The SDK's client on the user's own program, not on the one that the SDK brings along. */
function sdkClient(
  sdk: CopilotSdk,
  program: string,
  options: { cwd: string; env: Readonly<Record<string, string>> },
): SdkClient {
  return new sdk.CopilotClient({
    connection: sdk.RuntimeConnection.forStdio({ path: program, env: { ...options.env } }),
    workingDirectory: options.cwd,
    logLevel: "none",
    useLoggedInUser: true,
  });
}

/** Reaches the program over the SDK. Nothing is started until something is asked. */
export function linkOverSdk(
  sdk: CopilotSdk,
  program: string,
  options: { cwd: string; env: Readonly<Record<string, string>> },
): CopilotLink {
  const run = randomBytes(9).toString("hex");
  const client = sdkClient(sdk, program, { ...options, env: { ...options.env, [runMarker]: run } });
  let tree: Tree | null = null;
  let isOver = false;
  let started: Promise<void> | null = null;
  const track = () => {
    const child = startedChild.safeParse(client);
    if (!child.success || tree !== null) return;
    tree = { pid: child.data.cliProcess.pid, run, seen: new Set() };
    tracked.add(tree);
  };
  const kill = () => {
    isOver = true;
    track();
    if (tree !== null) {
      tracked.delete(tree);
      killTree(tree);
    }
    client.forceStop().catch(() => {});
  };
  const ready = () => {
    started ??= client.start().finally(() => {
      track();
      // It may have been started after it was ended.
      if (isOver) kill();
    });
    return started;
  };
  return {
    models: async () => {
      await ready();
      return client.rpc.models.list({});
    },
    quota: () => client.rpc.account.getQuota({}),
    open: async (plan) => {
      await ready();
      return openSession(client, plan);
    },
    // The SDK tells it by failing what was asked.
    gone: new Promise<never>(() => {}),
    kill,
  };
}

/** The SDK ends only what it started itself, and npm's `copilot` is a script that starts the program. */
const startedChild = z.looseObject({ cliProcess: z.looseObject({ pid: z.int().positive() }) });

async function openSession(client: SdkClient, plan: SessionPlan): Promise<CopilotSession> {
  const session = await client.createSession({
    ...sessionOptions(plan),
    ...withoutExtras,
    configDirectory: plan.configuration,
  });
  session.on(plan.onEvent);
  return {
    async inventory() {
      await session.rpc.tools.initializeAndValidate();
      return {
        tools: await session.rpc.tools.getCurrentMetadata(),
        servers: await session.rpc.mcp.list(),
        instructions: await session.rpc.instructions.getSources(),
      };
    },
    model: () => session.rpc.model.getCurrent(),
    async send(prompt) {
      await session.send({ prompt });
    },
  };
}
