import * as z from "zod";
import type { Sluice } from "../sluice.js";
import { checkArguments } from "./arguments.js";
import type { Jobs, Work } from "./jobs.js";
import { fitting } from "./result.js";
import { inputSchema, type JsonSchema, outputSchema } from "./schema.js";
import type { World } from "./world.js";

/** What `SLUICE_TOOLS` can choose from. */
export const groups = ["review", "plan", "work", "interview", "quota"] as const;
export type Group = (typeof groups)[number];

/** All four of MCP's tool annotations; clients decide by them what runs unattended. */
export interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** Only reads or computes. */
export const reads: Hints = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Writes Sluice's own state and nothing else. */
export const ownState: Hints = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
};

/** Runs the project's own code, which may do anything. */
export const runsProjectCode: Hints = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
};

/** What a tool is handed besides its arguments. */
export interface Call {
  sluice: Sluice;
  /** Aborted when the client cancels and nobody else waits, or the server ends. */
  signal: AbortSignal;
  /** Says what is being done, in a few words, to a client that asked for progress. */
  progress(message: string): void;
  /** What this tool's annotations promised when the server started; a tool keeps to it. */
  hints: Hints;
}

/** A call as the server makes it. */
export interface ServerCall extends Call {
  jobs: Jobs;
}

/** A tool as the server knows it: what is advertised, and one function from raw arguments to a checked output. */
export interface Tool {
  name: string;
  /** Loaded when one of them is. */
  group: Group | readonly Group[];
  title: string;
  description: string;
  inputSchema: JsonSchema;
  outputSchema: JsonSchema;
  hints(world: World): Hints;
  /** Throws UsageError for wrong arguments. The output is valid, clean and short enough to send. */
  call(args: unknown, call: ServerCall): Promise<Record<string, unknown>>;
}

/** The groups that a tool is in. */
export function groupsOf({ group }: Pick<Tool, "group">): readonly Group[] {
  return typeof group === "string" ? [group] : group;
}

/** How far a call may reach out: what was told to the client when the server started holds. */
export function reachOf(hints: Hints): "anywhere" | "this-machine" {
  return hints.openWorldHint ? "anywhere" : "this-machine";
}

interface Definition<I extends z.ZodRawShape, O extends z.ZodObject> {
  name: string;
  /** More than one where several phases need it. */
  group: Group | readonly Group[];
  title: string;
  description: string;
  input: I;
  output: O;
  /** A function where the truth depends on what is configured. */
  hints: Hints | ((world: World) => Hints);
}

type Arguments<I extends z.ZodRawShape> = z.output<z.ZodObject<I>>;

/** A tool that answers at once. */
export function defineTool<I extends z.ZodRawShape, O extends z.ZodObject>(
  definition: Definition<I, O> & { run(args: Arguments<I>, call: Call): Promise<z.output<O>> },
): Tool {
  const strict = z.strictObject(definition.input);
  const input = z.object(definition.input);
  return {
    ...advertised(definition, strict),
    async call(raw, call) {
      checkArguments(definition.name, strict, raw);
      const args = input.parse(raw ?? {});
      return fitting(definition, await definition.run(args, call), call.sluice, repositoryOf(args));
    },
  };
}

const jobArguments = {
  wait_s: z.number().min(0).max(55).optional(),
  job: z.string().max(64).optional(),
};

/** Seconds that a call waits before it answers `running`: clients cut calls at 60. */
const defaultWait = 45;

/**
 * A tool that may take longer than a client waits. `open` says what exactly the call is about (its `key`: calls
 * with the same key share one job), `run` does it.
 */
export function defineLongTool<
  I extends z.ZodRawShape,
  O extends z.ZodObject,
  S extends { key: string; stale: Work["stale"] },
>(
  definition: Definition<I, O> & {
    open(args: Arguments<I>, call: Call): Promise<S>;
    run(subject: S, args: Arguments<I>, call: Call): Promise<z.output<O>>;
  },
): Tool {
  const strict: z.ZodObject = z.strictObject({ ...definition.input, ...jobArguments });
  // Whoever goes on waiting says no more than the job's id.
  const waiting = strict.partial();
  const input = z.object(definition.input);
  const jobInput = z.object(jobArguments);
  return {
    ...advertised(definition, strict, true),
    async call(raw, call) {
      const isWaiting = jobInput.safeParse(raw).data?.job !== undefined;
      checkArguments(definition.name, isWaiting ? waiting : strict, raw);
      const { wait_s, job } = jobInput.parse(raw ?? {});
      const answer = await call.jobs.answer({
        tool: definition.name,
        job,
        wait: (wait_s ?? defaultWait) * 1000,
        signal: call.signal,
        onProgress: call.progress,
        async open(signal, progress) {
          const args = input.parse(raw ?? {});
          const jobCall: Call = { sluice: call.sluice, hints: call.hints, signal, progress };
          const subject = await definition.open(args, jobCall);
          return {
            key: JSON.stringify([subject.key, Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1))]),
            stale: (until) => subject.stale(until),
            run: async () =>
              fitting(
                definition,
                await definition.run(subject, args, jobCall),
                call.sluice,
                repositoryOf(args),
              ),
          };
        },
      });
      if (answer.state === "done") return answer.stale ? { ...answer.output, stale: true } : answer.output;
      return {
        ...answer,
        next: `Call ${definition.name} with {"job": "${answer.job}"} to go on waiting.`,
      };
    },
  };
}

function advertised<I extends z.ZodRawShape, O extends z.ZodObject>(
  definition: Definition<I, O>,
  input: z.ZodObject,
  long = false,
): Omit<Tool, "call"> {
  const { name, group, title, description, hints } = definition;
  return {
    name,
    group,
    title,
    description,
    inputSchema: inputSchema(input),
    outputSchema: outputSchema(definition.output, long),
    hints: (world) => (typeof hints === "function" ? hints(world) : hints),
  };
}

/** Where a result too long to send is kept: with the repository that the call was about. */
function repositoryOf(args: object): string | undefined {
  return "repo" in args && typeof args.repo === "string" ? args.repo : undefined;
}
