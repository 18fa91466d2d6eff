import type { openSource } from "../../src/premium/open-source.js";
import {
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  SourceFailure,
} from "../../src/premium/source.js";

export interface AskedOnce {
  source: string;
  access: string;
  request: PremiumRequest;
}

type Reply = string | Partial<PremiumAnswer> | SourceFailure | Promise<Partial<PremiumAnswer>>;

export interface FakeSources {
  open: typeof openSource;
  /** What was asked, in order. */
  asked: AskedOnce[];
}

/** Premium sources that answer what a test says. A text is the message of an answer; a failure is thrown. */
export function fakeSources(reply: (asked: AskedOnce, index: number) => Reply): FakeSources {
  const asked: AskedOnce[] = [];
  const open: typeof openSource = async (_sluice, _config, status) => {
    if (!status.configured || status.access === null) return null;
    const source: PremiumSource = {
      name: status.source,
      access: status.access,
      probe: async () => ({
        state: "unknown",
        windows: [],
        allowed: null,
        models: null,
        plan: null,
        why: "a fake",
      }),
      async review(request) {
        const one = { source: status.source, access: source.access, request };
        asked.push(one);
        const given = await reply(one, asked.length - 1);
        if (given instanceof SourceFailure) throw given;
        return {
          structured: null,
          model: request.model,
          tokens: { input: 1_000, cached_input: 0, output: 100 },
          session: null,
          windows: [],
          text: "",
          ...(typeof given === "string" ? { text: given } : given),
        };
      },
    };
    return source;
  };
  return { open, asked };
}

/** An answer in the form that reviewers are asked for. */
export function reviewAnswer(verdict: string, findings: readonly object[] = [], more: object = {}): string {
  return JSON.stringify({ findings, prior: [], summary: "What it does.", verdict, ...more });
}

/** A request for a review, as a source is asked; what a test cares for is handed in. */
export function premiumRequest(more: Partial<PremiumRequest> = {}): PremiumRequest {
  return {
    model: "claude-opus-4-5",
    instructions: "You review.",
    prompt: "the change",
    schema: {
      name: "verdict",
      json: {
        type: "object",
        properties: { verdict: { type: "string" } },
        required: ["verdict"],
        additionalProperties: false,
      },
    },
    session: null,
    maxOutputTokens: 1_000,
    timeout: 30_000,
    signal: new AbortController().signal,
    ...more,
  };
}

/** How a call failed; throws when it did not, or with anything but a SourceFailure. */
export async function failureIn(call: Promise<unknown>): Promise<SourceFailure> {
  const thrown: unknown = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SourceFailure)) throw thrown ?? new Error("no failure");
  return thrown;
}
