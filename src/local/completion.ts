export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/** How a server is made to answer in a schema: by grammar, in JSON of any form, or by the words of the prompt alone. */
export type StructuredMode = "json_schema" | "json_object" | "prompt";

export interface CompletionRequest {
  /** As the server lists it. */
  model: string;
  messages: readonly Message[];
  /** Tokens of the answer, thinking included. */
  maxTokens: number;
  /** 0 to 2; null leaves it to the server. */
  temperature: number | null;
  /** A JSON Schema for the answer, and how the server is told about it. */
  schema?: { name: string; schema: Record<string, unknown>; mode: StructuredMode } | undefined;
  /** Switches thinking off where the server is known to have a switch. */
  noThinking: boolean;
  /** Tokens of context; only for a server that has to be told with each request. */
  context: number | null;
  signal: AbortSignal;
  limits: { headersTimeout: number; bodyTimeout: number };
  /** Called with the number of characters so far. Must not throw. */
  onToken?: ((characters: number) => void) | undefined;
}

export interface Usage {
  /** Null where the server does not say. */
  promptTokens: number | null;
  completionTokens: number | null;
  /** Of the prompt, from the server's cache. */
  cachedTokens: number | null;
}

export interface Completion {
  text: string;
  reasoning: string;
  /** `length`: cut by the limit on tokens. `other`: the server named none of these. */
  finish: "stop" | "length" | "other";
  usage: Usage;
  /** Milliseconds to the first byte of the answer, and to its end. */
  msToFirst: number;
  ms: number;
}

/** A server of models, whatever it speaks. */
export interface ModelClient {
  /** Throws LocalFailure, and the signal's reason; the request is then cancelled on the server, too. */
  complete(request: CompletionRequest): Promise<Completion>;
}

/** Characters that no answer of so many tokens has: a server that ignores the limit is left. */
export function longestAnswer(maxTokens: number): number {
  return maxTokens * 40 + 16_384;
}
