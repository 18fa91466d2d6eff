import type { PremiumRequest, SourceSettings } from "../source.js";
import type { CopilotServer } from "./server.js";

/** A conversation that was opened and not begun. Every method throws CallRefused, ServerEnded or what the SDK throws. */
export interface CopilotSession {
  /** What the model would be handed, asked before anything is sent: tools, MCP servers, files of instructions. */
  inventory(): Promise<{ tools: unknown; servers: unknown; instructions: unknown }>;
  /** The model that the session will ask. */
  model(): Promise<unknown>;
  send(prompt: string): Promise<void>;
}

/** The program, reached by its own protocol or over the SDK. */
export interface CopilotLink {
  /** What `models.list` answers. */
  models(): Promise<unknown>;
  /** What `account.getQuota` answers. */
  quota(): Promise<unknown>;
  open(plan: SessionPlan): Promise<CopilotSession>;
  /** Rejects when the program is gone; never resolves. */
  readonly gone: Promise<never>;
  /** Ends it and all it started. */
  kill(): void;
}

/** What a session is opened with. */
export interface SessionPlan {
  request: PremiumRequest;
  /** As the account's list spells it. */
  model: string;
  settings: SourceSettings;
  /** Empty; what the session writes goes in here and is thrown away with it. */
  configuration: string;
  work: string;
  onEvent(event: unknown): void;
}

/**
 * Everything of a coding agent's switched off. The folder of configuration is what counts: with the user's own one,
 * their MCP servers are started and their hooks run (and are handed the prompt), whatever the other switches say.
 * The sign-in is the program's and stays.
 */
export function sessionOptions({ request, model, settings, work }: SessionPlan) {
  return {
    clientName: "sluice",
    model,
    workingDirectory: work,
    systemMessage: { mode: "replace" as const, content: systemText(request) },
    availableTools: [] as string[],
    mcpServers: {},
    ...(settings.endpoint === null ? {} : { provider: providerOf(settings, settings.endpoint) }),
    enableConfigDiscovery: false,
    enableSkills: false,
    enableFileHooks: false,
    enableHostGitOperations: false,
    enableOnDemandInstructionDiscovery: false,
    enableSessionStore: false,
    enableSessionTelemetry: false,
    skipEmbeddingRetrieval: true,
    infiniteSessions: { enabled: false },
    memory: { enabled: false },
    streaming: false,
  };
}

/** Beyond what `sessionOptions` says, in the words of `session.options.update`. */
export const withoutExtras = {
  skipCustomInstructions: true,
  customAgentsLocalOnly: true,
  coauthorEnabled: false,
  manageScheduleEnabled: false,
};

/** The same for every call with the same schema, so that the provider can cache it. */
function systemText({ instructions, schema }: PremiumRequest): string {
  return `${instructions}\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else:\n${JSON.stringify(schema.json)}`;
}

function providerOf({ key, headers }: SourceSettings, endpoint: string) {
  return {
    type: "openai" as const,
    wireApi: "completions" as const,
    baseUrl: endpoint,
    ...(key === null ? {} : { apiKey: key }),
    ...(Object.keys(headers).length === 0 ? {} : { headers: { ...headers } }),
  };
}

/** Opens a session at the program itself. */
export async function openAtServer(
  server: CopilotServer,
  plan: SessionPlan,
  signal: AbortSignal,
): Promise<CopilotSession> {
  server.onNotification((method, params) => {
    if (method !== "session.event" || typeof params !== "object" || params === null) return;
    if ("event" in params) plan.onEvent(params.event);
  });
  const created = await server.call(
    "session.create",
    {
      ...sessionOptions(plan),
      configDir: plan.configuration,
      requestPermission: false,
      requestUserInput: false,
      requestElicitation: false,
      envValueMode: "direct",
    },
    signal,
  );
  const sessionId =
    typeof created === "object" && created !== null && "sessionId" in created ? created.sessionId : null;
  const call = (method: string, params: object = {}) => server.call(method, { sessionId, ...params }, signal);
  await call("session.options.update", { ...withoutExtras, installedPlugins: [] });
  return {
    async inventory() {
      await call("session.tools.initializeAndValidate");
      return {
        tools: await call("session.tools.getCurrentMetadata"),
        servers: await call("session.mcp.list"),
        instructions: await call("session.instructions.getSources"),
      };
    },
    model: () => call("session.model.getCurrent"),
    async send(prompt) {
      await call("session.send", { prompt });
    },
  };
}
