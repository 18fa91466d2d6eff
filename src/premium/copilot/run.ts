import * as z from "zod";
import type { WindowReading } from "../../state/quota-state.js";
import { type PremiumTokens, SourceFailure } from "../source.js";
import { type CopilotError, type FailureContext, failureOf } from "./failures.js";
import { quotaWindows } from "./quota.js";

/** What the model said, and what it cost. */
export interface RunAnswer {
  text: string;
  model: string | null;
  tokens: PremiumTokens | null;
  windows: readonly WindowReading[];
}

const text = z.string().catch("");
const code = z.union([z.string(), z.number()]).optional().catch(undefined);
const count = z.number().min(0).catch(0);
const eventShape = z.looseObject({ type: z.string(), data: z.unknown().optional() });

const failureData = z.looseObject({
  errorType: code,
  errorCode: code,
  statusCode: z.number().optional().catch(undefined),
  message: text,
  errorMessage: text,
});
const usageData = z.looseObject({
  model: z.string().optional().catch(undefined),
  inputTokens: count,
  cacheReadTokens: count,
  outputTokens: count,
  finishReason: z.string().optional().catch(undefined),
  contentFilterTriggered: z.boolean().catch(false),
  quotaSnapshots: z.unknown().optional(),
});
const messageData = z.looseObject({
  model: z.string().optional().catch(undefined),
  content: text,
  toolRequests: z.array(z.looseObject({ name: text })).catch([]),
});

/** Events that say that the conversation was cut down to fit. */
const cuts = new Set(["session.truncation", "session.compaction_start"]);

/**
 * One call, followed by the session's events to its answer or its failure. The program would go on by itself: it
 * repeats a call that failed, continues an answer that was cut, and answers a tool that the model made up and asks
 * again, without end. What begins a second call is therefore the end of the run, and whoever holds it ends the program.
 */
export class CopilotRun {
  readonly done: Promise<RunAnswer>;
  readonly #context: () => Omit<FailureContext, "windows" | "text" | "tokens">;
  #resolve: (answer: RunAnswer) => void = () => {};
  #reject: (failure: SourceFailure) => void = () => {};
  #calls = 0;
  #text = "";
  #model: string | null = null;
  #tokens: PremiumTokens | null = null;
  #windows: readonly WindowReading[] = [];
  #finish: string | null = null;
  #filtered = false;
  #failed: CopilotError | null = null;
  #said = false;

  constructor(context: () => Omit<FailureContext, "windows" | "text" | "tokens">) {
    this.#context = context;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {});
  }

  /** Takes an event of the session as it comes. Never throws. */
  take(event: unknown): void {
    const parsed = eventShape.safeParse(event);
    if (!parsed.success) return;
    const { type, data } = parsed.data;
    if (cuts.has(type)) this.#end("too_large", "its program wanted to cut the prompt down");
    else if (type === "model.call_start") this.#call();
    else if (type === "assistant.turn_retry") this.#another();
    else if (type === "assistant.usage") this.#usage(data);
    else if (type === "assistant.message") this.#message(data);
    else if (type === "session.idle") this.#idle();
    else if (type === "model.call_failure") this.#failed = errorOf(data) ?? this.#failed;
    else if (type === "session.error") {
      const error = errorOf(data);
      if (error !== null) this.#fail(withDetails(error, this.#failed));
    }
  }

  #call(): void {
    this.#calls += 1;
    if (this.#calls > 1) this.#another();
  }

  #usage(data: unknown): void {
    const parsed = usageData.safeParse(data);
    if (!parsed.success) return;
    const usage = parsed.data;
    this.#model = usage.model ?? this.#model;
    this.#finish = usage.finishReason ?? this.#finish;
    this.#filtered ||= usage.contentFilterTriggered;
    this.#tokens = {
      input: (this.#tokens?.input ?? 0) + usage.inputTokens,
      cached_input: (this.#tokens?.cached_input ?? 0) + usage.cacheReadTokens,
      output: (this.#tokens?.output ?? 0) + usage.outputTokens,
    };
    const windows = quotaWindows({ quotaSnapshots: usage.quotaSnapshots }, "stream");
    if (windows.length > 0) this.#windows = windows;
    if (this.#finish === "length") this.#end("cut", "the answer reached the model's limit");
  }

  #message(data: unknown): void {
    const parsed = messageData.safeParse(data);
    if (!parsed.success) return;
    const { content, model, toolRequests } = parsed.data;
    this.#model = model ?? this.#model;
    this.#text = content;
    this.#said = true;
    if (toolRequests.length > 0) this.#end("refused", "the model asked for a tool, and it has none");
    else if (this.#filtered) this.#end("refused", "the provider's content filter ended the answer");
  }

  #idle(): void {
    if (this.#filtered) this.#end("refused", "the provider's content filter ended the answer");
    else if (this.#said && this.#text.trim() !== "")
      this.#resolve({ text: this.#text, model: this.#model, tokens: this.#tokens, windows: this.#windows });
    else if (this.#failed !== null) this.#fail(this.#failed);
    else this.#end("silent", "it ended without a message");
  }

  /** A call after the first one: what made the program want it is the outcome. */
  #another(): void {
    if (this.#failed !== null) this.#fail(this.#failed);
    else if (this.#finish === "length") this.#end("cut", "the answer reached the model's limit");
    else this.#end("refused", "its program wanted to ask the model again");
  }

  #fail(error: CopilotError): void {
    this.#reject(
      failureOf(error, {
        ...this.#context(),
        windows: this.#windows,
        text: this.#text,
        tokens: this.#tokens,
      }),
    );
  }

  #end(kind: "cut" | "silent" | "refused" | "too_large", why: string): void {
    const hints = {
      cut: "Ask for less at once, or let another model review.",
      silent: "Call again.",
      refused: "Let another model review.",
      too_large: "A model with a larger window has to review this.",
    };
    this.#reject(
      new SourceFailure(kind, `Copilot gave no whole answer: ${why}.`, hints[kind], {
        windows: this.#windows,
        text: this.#text,
        tokens: this.#tokens,
      }),
    );
  }
}

function errorOf(said: unknown): CopilotError | null {
  const parsed = failureData.safeParse(said ?? {});
  if (!parsed.success) return null;
  const { errorType, errorCode, statusCode, message, errorMessage } = parsed.data;
  return {
    type: errorType === undefined ? null : String(errorType),
    code: errorCode === undefined ? null : String(errorCode),
    status: statusCode ?? null,
    message: message || spoken(errorMessage) || "no reason was given",
  };
}

/** A provider's error comes as the JSON that it sent. */
function spoken(message: string): string {
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value === "string") return value;
    const found = z.looseObject({ message: z.string() }).safeParse(value);
    return found.success ? found.data.message : message;
  } catch {
    return message;
  }
}

/** The session's error carries the class; the failed call before it sometimes more of the detail. */
function withDetails(error: CopilotError, call: CopilotError | null): CopilotError {
  return { ...error, code: error.code ?? call?.code ?? null, status: error.status ?? call?.status ?? null };
}
