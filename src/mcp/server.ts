import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { ConfigurationError, explained, isSluiceError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { version } from "../version.js";
import { type Group, groups, groupsOf, type Hints, type Tool } from "./define-tool.js";
import { instructions } from "./instructions.js";
import type { Jobs } from "./jobs.js";
import { getPrompt, listPrompts } from "./prompts.js";
import { listResources, listTemplates, readResource } from "./resources.js";
import { failure, success } from "./result.js";
import { clientRoots } from "./roots.js";
import type { World } from "./world.js";

export interface ServerParts {
  sluice: Sluice;
  tools: readonly Tool[];
  groups: ReadonlySet<Group>;
  jobs: Jobs;
  world: World;
}

/** The groups that `SLUICE_TOOLS` names, or all. Throws ConfigurationError for an unknown one. */
export function chosenGroups(setting: string | undefined): ReadonlySet<Group> {
  const names = (setting ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (names.length === 0) return new Set(groups);
  const chosen = new Set<Group>();
  for (const name of names) {
    const group = groups.find((known) => known === name);
    if (group === undefined) {
      throw new ConfigurationError(
        `SLUICE_TOOLS names an unknown group of tools: ${JSON.stringify(name)}.`,
        `Allowed, separated by commas: ${groups.join(", ")}. Without it all are loaded.`,
      );
    }
    chosen.add(group);
  }
  return chosen;
}

/** One MCP server, for one connection of either protocol era. Free of side effects until a call comes. */
export function createServer(parts: ServerParts): Server {
  const loaded = parts.tools.filter((tool) => groupsOf(tool).some((group) => parts.groups.has(group)));
  const entries = new Map<string, { tool: Tool; hints: Hints }>(
    loaded.map((tool) => [tool.name, { tool, hints: tool.hints(parts.world) }]),
  );
  const server = new Server(
    { name: "sluice", title: "Sluice", version },
    { capabilities: { tools: {}, prompts: {}, resources: {} }, instructions: instructions(parts.groups) },
  );
  const sluice: Sluice = { ...parts.sluice, roots: clientRoots(server, parts.sluice) };

  server.setRequestHandler("tools/list", () => ({
    tools: [...entries.values()].map(({ tool, hints }) => ({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: tool.inputSchema,
      outputSchema: tool.outputSchema,
      annotations: { title: tool.title, ...hints },
    })),
  }));

  server.setRequestHandler("tools/call", async (request, context): Promise<CallToolResult> => {
    const { name, arguments: args } = request.params;
    const entry = entries.get(name);
    if (entry === undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `Unknown tool ${JSON.stringify(name.slice(0, 100))}. This server has: ${[...entries.keys()].join(", ")}.`,
      );
    }
    const { tool, hints } = entry;
    try {
      return success(
        await tool.call(args, {
          sluice,
          hints,
          jobs: parts.jobs,
          signal: context.mcpReq.signal,
          progress: progressOf(context),
        }),
      );
    } catch (error) {
      return failure(error, name, sluice);
    }
  });

  server.setRequestHandler("prompts/list", () => ({ prompts: listPrompts(parts.groups) }));

  server.setRequestHandler("prompts/get", ({ params }) =>
    asProtocol(async () => {
      const { description, text } = await getPrompt(parts.groups, params.name, params.arguments ?? {});
      return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
    }),
  );

  server.setRequestHandler("resources/list", async () => ({
    resources: await listResources(parts.groups, sluice),
  }));

  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: listTemplates(parts.groups),
  }));

  server.setRequestHandler("resources/read", ({ params }, context) =>
    asProtocol(async () => ({
      contents: [await readResource(parts.groups, params.uri, sluice, context.mcpReq.signal)],
    })),
  );
  return server;
}

/** Prompts and resources have no place for an error but the protocol's own. */
async function asProtocol<T>(answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, explained(error));
  }
}

/** Sends what is being done to a client that asked for it, counting up as the protocol demands. */
function progressOf(context: ServerContext): (message: string) => void {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let progress = 0;
  return (message) => {
    progress += 1;
    context.mcpReq
      .notify({ method: "notifications/progress", params: { progressToken, progress, message } })
      .catch(() => {
        // The client has gone: its call is cancelled by other means.
      });
  };
}
