import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as TransportV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import * as z from "zod";
import type { TestRepository } from "./repository.js";
import { serverEnvironment, serverProgram } from "./server.js";

/** v2's client in both protocol eras, and v1's client. */
export const clientKinds = ["v2 2026-07-28", "v2 2025-11-25", "v1"] as const;
export type ClientKind = (typeof clientKinds)[number];

export interface ListedTool {
  name: string;
  title?: string | undefined;
  description?: string | undefined;
  inputSchema: unknown;
  outputSchema?: unknown;
  annotations?: Record<string, unknown> | undefined;
}

export interface Answer {
  isError: boolean;
  text: string;
  structured: Record<string, unknown>;
}

export interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; message?: string | undefined }) => void;
}

export interface TestClient {
  instructions: string;
  protocol: string | undefined;
  list(): Promise<ListedTool[]>;
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
  stderr(): string;
  close(): Promise<void>;
}

interface Connecting {
  env?: Record<string, string>;
  roots?: readonly string[];
}

/**
 * A real client of one kind, connected over stdio to the compiled server in a repository. It lists the tools
 * first, so that it checks every answer against the advertised output schema as real clients do.
 */
export async function connect(
  kind: ClientKind,
  repository: TestRepository,
  options: Connecting = {},
): Promise<TestClient> {
  const opened = await open(kind, repository, options);
  const { client, stderr } = opened;
  return {
    instructions: client.getInstructions() ?? "",
    protocol: opened.kind === "v2" ? opened.client.getNegotiatedProtocolVersion() : undefined,
    list: async () => (await client.listTools()).tools,
    call: async (name, args = {}, { signal, onprogress } = {}) => {
      const call = { name, arguments: args };
      const more = { ...(signal ? { signal } : {}), ...(onprogress ? { onprogress } : {}) };
      return answerOf(
        opened.kind === "v1"
          ? await opened.client.callTool(call, undefined, more)
          : await opened.client.callTool(call, more),
      );
    },
    stderr,
    close: () => client.close(),
  };
}

/** The library's own client, for what is no tool: prompts, resources, completions. */
export async function connectClient(kind: ClientKind, repository: TestRepository, options: Connecting = {}) {
  return (await open(kind, repository, options)).client;
}

async function open(kind: ClientKind, repository: TestRepository, { env, roots: paths }: Connecting) {
  const server = {
    command: process.execPath,
    args: [serverProgram, "serve"],
    cwd: repository.path,
    env: serverEnvironment(repository, env),
    stderr: "pipe" as const,
  };
  let log = "";
  const stderr = () => log;
  const listen = (transport: TransportV1 | TransportV2) =>
    transport.stderr?.on("data", (chunk: Buffer) => {
      log += chunk;
    });
  const roots = paths?.map((path) => ({ uri: `file://${path}`, name: path }));
  const capabilities = roots ? { roots: {} } : {};
  const info = { name: "sluice-test", version: "1.0.0" };
  if (kind === "v1") {
    const client = new ClientV1(info, { capabilities });
    if (roots) {
      const { ListRootsRequestSchema } = await import("@modelcontextprotocol/sdk/types.js");
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots }));
    }
    const transport = new TransportV1(server);
    listen(transport);
    await client.connect(transport);
    return { kind: "v1" as const, client, stderr };
  }
  const client = new ClientV2(info, {
    capabilities,
    versionNegotiation: { mode: kind === "v2 2025-11-25" ? "legacy" : "auto" },
  });
  if (roots) client.setRequestHandler("roots/list", () => ({ roots }));
  const transport = new TransportV2(server);
  listen(transport);
  await client.connect(transport);
  return { kind: "v2" as const, client, stderr };
}

const answered = z.object({
  content: z.array(z.looseObject({ text: z.string().optional() })).default([]),
  structuredContent: z.record(z.string(), z.unknown()).default({}),
  isError: z.boolean().default(false),
});

function answerOf(result: unknown): Answer {
  const { content, structuredContent, isError } = answered.parse(result);
  return { isError, text: content[0]?.text ?? "", structured: structuredContent };
}
