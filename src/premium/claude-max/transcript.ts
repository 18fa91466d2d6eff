import { StringDecoder } from "node:string_decoder";
import * as z from "zod";
import type { WindowReading } from "../../state/quota-state.js";
import type { PremiumTokens } from "../source.js";
import { answerTool } from "./program.js";
import { type Limits, limitsOfEvent } from "./windows.js";

/** A line longer than this is no event of a review. Characters. */
const longestLine = 32 * 1024 * 1024;

const init = z.looseObject({
  type: z.literal("system"),
  subtype: z.literal("init"),
  tools: z.array(z.string()),
  mcp_servers: z.array(z.unknown()).default([]),
});

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
});

const usage = z.looseObject({
  input_tokens: z.number().min(0).nullish().catch(null),
  cache_creation_input_tokens: z.number().min(0).nullish().catch(null),
  cache_read_input_tokens: z.number().min(0).nullish().catch(null),
  output_tokens: z.number().min(0).nullish().catch(null),
});

const assistant = z.looseObject({
  type: z.literal("assistant"),
  /** A class of error; the message is then the program's, not the model's. */
  error: z.string().nullish().catch(null),
  message: z.looseObject({
    model: z.string().nullish().catch(null),
    content: z.array(block),
  }),
});

/** The provider's own events, as they come. */
const stream = z.looseObject({
  type: z.literal("stream_event"),
  event: z.looseObject({
    type: z.string(),
    message: z
      .looseObject({ model: z.string().nullish().catch(null), usage: usage.nullish().catch(null) })
      .optional(),
    delta: z
      .looseObject({
        type: z.string().optional(),
        text: z.string().optional(),
        stop_reason: z.string().nullish().catch(null),
      })
      .optional(),
    usage: usage.nullish().catch(null),
  }),
});

const limitEvent = z.looseObject({ type: z.literal("rate_limit_event"), rate_limit_info: z.unknown() });

const result = z.looseObject({
  type: z.literal("result"),
  subtype: z.string().catch(""),
  is_error: z.boolean().catch(false),
  api_error_status: z.number().nullish().catch(null),
  api_error_type: z.string().nullish().catch(null),
  result: z.string().nullish().catch(null),
  errors: z.array(z.string()).nullish().catch(null),
  structured_output: z.unknown().optional(),
  stop_reason: z.string().nullish().catch(null),
  num_turns: z.number().nullish().catch(null),
  usage: usage.nullish().catch(null),
});
export type ProgramResult = z.output<typeof result>;

const event = z.union([stream, init, assistant, limitEvent, result]);

/** What Claude Code says of a call on stdout: one JSON object a line, of which only some are of interest. */
export class Transcript {
  /** Tools that the model was given; null before the program said. */
  tools: readonly string[] | null = null;
  mcpServers = 0;
  /** What the model wrote before it answered, or instead of an answer in the asked form. */
  said = "";
  /** What it filled into the form, whether or not the program accepted it. */
  form: unknown = null;
  model: string | null = null;
  stop: string | null = null;
  /** The class of the program's own error message. */
  error: string | null = null;
  /** Answers that the model began. A program that is not content with the first one asks again by itself. */
  begun = 0;
  /** The first answer is complete. */
  complete = false;
  creditsRequired = false;
  result: ProgramResult | null = null;
  readonly #windows = new Map<string, WindowReading>();
  #rejected: Limits["rejected"] = null;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #skipping = false;
  #isStreamed = false;
  #used = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };

  add(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (this.#skipping) this.#skipping = false;
      else this.#take(line);
    }
    if (this.#rest.length <= longestLine) return;
    this.#rest = "";
    this.#skipping = true;
  }

  /** After the last of the output. */
  end(): void {
    if (!this.#skipping) this.#take(this.#rest);
    this.#rest = "";
  }

  limits(): Limits {
    return { windows: [...this.#windows.values()], rejected: this.#rejected };
  }

  tokens(): PremiumTokens | null {
    if (this.begun === 0 && this.result?.usage) this.#count(this.result.usage);
    const { input, cacheRead, cacheWrite, output } = this.#used;
    const all = input + cacheRead + cacheWrite;
    return all + output > 0 ? { input: all, cached_input: cacheRead, output } : null;
  }

  #take(line: string): void {
    if (!line.startsWith("{")) return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return;
    }
    const parsed = event.safeParse(value);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.type === "stream_event") this.#stream(data.event);
    else if (data.type === "result") this.result = data;
    else if (data.type === "rate_limit_event") this.#limit(data.rate_limit_info);
    else if (data.type === "assistant") this.#assistant(data);
    else {
      this.tools = data.tools;
      this.mcpServers = data.mcp_servers.length;
    }
  }

  #stream({ type, message, delta, usage: used }: z.output<typeof stream>["event"]): void {
    if (type === "message_start") {
      this.begun += 1;
      this.#isStreamed = true;
    }
    if (this.begun > 1) return;
    if (message?.model) this.model = message.model;
    if (message?.usage) this.#count(message.usage);
    if (delta?.type === "text_delta") this.said += delta.text ?? "";
    if (type === "message_delta") {
      this.stop = delta?.stop_reason ?? null;
      if (used) this.#count(used);
    }
    if (type === "message_stop") this.complete = true;
  }

  /** Figures of a later event replace those of an earlier one; what it leaves out stays. */
  #count(used: z.output<typeof usage>): void {
    this.#used = {
      input: used.input_tokens ?? this.#used.input,
      cacheRead: used.cache_read_input_tokens ?? this.#used.cacheRead,
      cacheWrite: used.cache_creation_input_tokens ?? this.#used.cacheWrite,
      output: used.output_tokens ?? this.#used.output,
    };
  }

  #assistant({ error, message }: z.output<typeof assistant>): void {
    if (error) {
      this.error = error;
      return;
    }
    // The program speaks in the model's place, too.
    if (message.model === "<synthetic>" || this.begun > 1) return;
    this.model ??= message.model ?? null;
    for (const part of message.content) {
      if (part.type === "text" && !this.#isStreamed) this.said += part.text ?? "";
      if (part.type === "tool_use" && part.name === answerTool) this.form = part.input ?? null;
    }
  }

  #limit(info: unknown): void {
    const { windows, rejected, creditsRequired } = limitsOfEvent(info);
    for (const window of windows) this.#windows.set(window.id, window);
    this.#rejected = rejected;
    this.creditsRequired ||= creditsRequired;
  }
}
