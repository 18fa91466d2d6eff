import * as z from "zod";

/** What Google's API says when it fails (`google.rpc.Status`, as its SDK hands it on). */
export interface GeminiError {
  /** HTTP status; null when there was no answer. */
  status: number | null;
  /** `RESOURCE_EXHAUSTED`, `UNAVAILABLE`, …; empty when it was not said. */
  code: string;
  message: string;
  /** Milliseconds, from `RetryInfo`; null when it was not said. */
  retryAfter: number | null;
  /** Ids of the limits that were hit, from `QuotaFailure`: `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  limits: readonly string[];
  /** From `ErrorInfo`: `API_KEY_INVALID`, …; empty when it was not said. */
  reason: string;
}

const detail = z.looseObject({
  "@type": z.string().catch(""),
  retryDelay: z.string().optional().catch(undefined),
  reason: z.string().optional().catch(undefined),
  violations: z
    .array(z.looseObject({ quotaId: z.string().catch(""), quotaMetric: z.string().catch("") }))
    .optional()
    .catch(undefined),
});
const body = z.looseObject({
  error: z.looseObject({
    code: z.number().optional().catch(undefined),
    message: z.string().catch(""),
    status: z.string().catch(""),
    details: z.array(z.unknown()).catch([]),
  }),
});

/** Reads an error of the SDK, whose message is the answer's body as JSON. */
export function geminiError(error: unknown): GeminiError {
  const message = error instanceof Error ? error.message : String(error);
  const status =
    typeof error === "object" && error !== null && "status" in error && typeof error.status === "number"
      ? error.status
      : null;
  const found = bodyIn(message);
  const plain = { status, code: "", message, retryAfter: null, limits: [], reason: "" };
  if (found === null) return plain;
  const details = found.error.details.flatMap((one) => {
    const parsed = detail.safeParse(one);
    return parsed.success ? [parsed.data] : [];
  });
  const delay = details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  return {
    status: status ?? found.error.code ?? null,
    code: found.error.status,
    message: found.error.message,
    retryAfter: seconds(delay),
    limits: details
      .flatMap(({ violations }) => violations ?? [])
      .map(({ quotaId, quotaMetric }) => quotaId || quotaMetric),
    reason: details.find(({ reason }) => reason !== undefined)?.reason ?? "",
  };
}

/** A proxy's body can be put into the message as a text again; one level of that is seen through. */
function bodyIn(message: string): z.output<typeof body> | null {
  const start = message.indexOf("{");
  if (start < 0) return null;
  try {
    const parsed = body.safeParse(JSON.parse(message.slice(start)));
    if (!parsed.success) return null;
    const inner = parsed.data.error.message;
    return inner.startsWith("{") ? (bodyIn(inner) ?? parsed.data) : parsed.data;
  } catch {
    return null;
  }
}

/** `"7999s"`, `"1.5s"`: a protobuf Duration, as milliseconds. */
function seconds(duration: string | undefined): number | null {
  const found = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(duration ?? "");
  return found === null ? null : Math.round(Number(found[1]) * 1_000);
}
