import * as z from "zod";
import { fillPrompt, loadPrompt } from "../config/prompts.js";
import { sentSchema } from "./answer-schema.js";
import type { Completion, CompletionRequest, Message, StructuredMode } from "./completion.js";
import { LocalFailure } from "./failures.js";

export interface StructuredRequest<T> {
  /** Names the schema to the server: letters, digits, `_`. */
  name: string;
  schema: z.ZodType<T>;
  /** What to do; the same for every call of a kind, since servers keep the prefix. */
  instructions: string;
  /** The rest of the prompt, data fenced by `fence`. */
  user: string;
  /** The best way that the server is known to take. */
  mode: StructuredMode;
  complete(messages: readonly Message[], schema: CompletionRequest["schema"]): Promise<Completion>;
  /** The server did not take a mode; the next one is tried. */
  onMode(mode: StructuredMode): void;
}

export interface Structured<T> {
  value: T;
  /** The answer came in the second round, with the first one's problems shown. */
  repaired: boolean;
  mode: StructuredMode;
  completions: Completion[];
}

const modes = ["json_schema", "json_object", "prompt"] as const;
/** Characters of a bad answer and of what is wrong with it that go back to the model. */
const longestBad = 4_000;
const longestProblems = 1_500;

/**
 * A typed answer. Whatever the server promises about schemas, the answer is validated here; one that does not fit is
 * sent back once with what is wrong. Throws LocalFailure (`cut`, `not_json`, or what the server failed with).
 */
export async function askStructured<T>(request: StructuredRequest<T>): Promise<Structured<T>> {
  const schema = sentSchema(request.schema);
  const system = await systemPrompt(request.instructions, schema);
  const messages: Message[] = [
    { role: "system", content: system },
    { role: "user", content: request.user },
  ];
  let { mode } = request;
  const complete = async (sent: readonly Message[]): Promise<Completion> => {
    for (;;) {
      try {
        return await request.complete(sent, { name: request.name, schema, mode });
      } catch (error) {
        const next = modes[modes.indexOf(mode) + 1];
        if (!(error instanceof LocalFailure) || error.unsupported !== "response_format" || !next) throw error;
        mode = next;
        request.onMode(mode);
      }
    }
  };

  const first = await complete(messages);
  const read = readAnswer(first, request.schema);
  if ("value" in read) return { value: read.value, repaired: false, mode, completions: [first] };
  const prompt = fillPrompt(await loadPrompt("local-repair"), { problems: read.problems });
  const second = await complete([
    ...messages,
    { role: "assistant", content: read.answer.slice(0, longestBad) },
    { role: "user", content: prompt },
  ]);
  const again = readAnswer(second, request.schema);
  if ("value" in again) return { value: again.value, repaired: true, mode, completions: [first, second] };
  throw new LocalFailure(
    "not_json",
    `The model answered twice in a form that does not fit: ${again.problems.slice(0, 200)}`,
    "Use a model that follows a schema better, or a server that enforces one (llama-server, Ollama, vLLM).",
  );
}

/** What a model is told before its data: for counting tokens, too. */
export async function systemPrompt(instructions: string, schema: Record<string, unknown>): Promise<string> {
  return fillPrompt(await loadPrompt("local-answer"), { instructions, schema: JSON.stringify(schema) });
}

/** The value in an answer, or what is wrong with it. Throws LocalFailure `cut` for one that was cut. */
export function readAnswer<T>(
  { text, reasoning, finish }: Completion,
  schema: z.ZodType<T>,
): { value: T } | { problems: string; answer: string } {
  if (finish === "length") {
    throw new LocalFailure(
      "cut",
      "The model's answer was cut: it did not end within the tokens it may use.",
      "Ask for less at a time; a model that thinks aloud needs thinking switched off.",
    );
  }
  // Some servers put an answer in a schema into the field for thoughts.
  const answer = withoutThoughts(text).trim() === "" ? reasoning : withoutThoughts(text);
  const found = jsonIn(answer);
  if (found === undefined) {
    const problems = answer.trim() === "" ? "It is empty." : "It is no JSON object.";
    return { problems, answer };
  }
  const parsed = schema.safeParse(found);
  if (parsed.success) return { value: parsed.data };
  return { problems: z.prettifyError(parsed.error).slice(0, longestProblems), answer };
}

function withoutThoughts(text: string): string {
  const end = text.lastIndexOf("</think>");
  return end === -1 ? text : text.slice(end + "</think>".length);
}

/** The JSON object that a text is, has in a fence, or has from its first brace to its last; undefined for none. */
function jsonIn(text: string): unknown {
  const fence = /```(?:json)?[ \t]*\n/.exec(text);
  const start = fence === null ? 0 : fence.index + fence[0].length;
  const end = text.indexOf("```", start);
  const fenced = fence === null || end === -1 ? undefined : text.slice(start, end);
  const braces = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  for (const candidate of [text, fenced, braces]) {
    if (candidate === undefined) continue;
    try {
      const value: unknown = JSON.parse(candidate);
      if (typeof value === "object" && value !== null) return value;
    } catch {
      // The next candidate may be it.
    }
  }
  return undefined;
}
