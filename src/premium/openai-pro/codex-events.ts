import type { PremiumTokens } from "../source.js";
import { fieldOf, numberIn, textIn } from "./fields.js";

/** What `codex exec --json` has said so far. */
export interface CodexOutput {
  thread: string | null;
  /** Whether a turn began, so that the model may have been called. */
  began: boolean;
  completed: boolean;
  /** The model's latest message. */
  text: string | null;
  /** What a `turn.failed` or `error` says; null when nothing failed. */
  error: string | null;
  /** Of the whole conversation, not of this turn alone. */
  tokens: PremiumTokens | null;
  /** What it did besides speaking: nothing, for one without tools. */
  acted: string | null;
}

/** Items that are words. Everything else is something done. */
const spoken = new Set(["agent_message", "reasoning", "error", "todo_list"]);

/** Reads the output line by line as it comes. */
export class CodexReader {
  readonly output: CodexOutput = {
    thread: null,
    began: false,
    completed: false,
    text: null,
    error: null,
    tokens: null,
    acted: null,
  };
  #rest = "";
  readonly #decoder = new TextDecoder();

  /** @returns the types of the events that became whole */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  /** The last line may come without its end. */
  finish(): CodexOutput {
    this.#line(this.#rest);
    this.#rest = "";
    return this.output;
  }

  #line(line: string): string | null {
    if (!line.startsWith("{")) return null;
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch {
      return null;
    }
    const type = textIn(event, "type");
    switch (type) {
      case "thread.started":
        this.output.thread = textIn(event, "thread_id");
        break;
      case "turn.started":
        this.output.began = true;
        break;
      case "item.started":
      case "item.updated":
      case "item.completed":
        this.#item(type, fieldOf(event, "item"));
        break;
      case "turn.completed":
        this.output.completed = true;
        this.output.tokens = tokensOf(fieldOf(event, "usage"));
        break;
      case "turn.failed":
        this.output.error =
          textIn(fieldOf(event, "error"), "message") ?? this.output.error ?? "the turn failed";
        break;
      case "error":
        this.output.error = textIn(event, "message") ?? this.output.error;
        break;
      default:
    }
    return type;
  }

  #item(event: string, item: unknown): void {
    const type = textIn(item, "type");
    // An item of type `error` may come on success, as a warning.
    if (type === "agent_message" && event === "item.completed") this.output.text = textIn(item, "text");
    if (type !== null && !spoken.has(type)) this.output.acted ??= type;
  }
}

function tokensOf(usage: unknown): PremiumTokens | null {
  const input = numberIn(usage, "input_tokens");
  const output = numberIn(usage, "output_tokens");
  if (input === null || output === null) return null;
  return { input, cached_input: numberIn(usage, "cached_input_tokens") ?? 0, output };
}
