import type { Endpoint } from "./endpoints.js";
import { endpointKey, LocalFailure, type LocalFailureKind, logHint, slow, startHint } from "./failures.js";

/** The failure that a request without an answer means; null for an error that is none of the network's. */
export function failureOfTransport(endpoint: Endpoint, error: unknown): LocalFailure | null {
  if (error instanceof LocalFailure) return error;
  const codes = errorCodes(error);
  const has = (...wanted: string[]) => codes.find((code) => wanted.includes(code));
  const at = endpoint.baseUrl;
  const fail = (kind: LocalFailureKind, message: string, hint: string) =>
    new LocalFailure(kind, message, hint, { cause: error });
  if (
    has("ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPERM")
  ) {
    return fail("not_running", `Nothing listens at ${at}.`, startHint(endpoint));
  }
  if (has("ENOTFOUND", "EAI_AGAIN", "EAI_FAIL")) {
    return fail("not_running", `The host of ${at} is not known here.`, `Check ${endpointKey(endpoint)}.`);
  }
  if (has("UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT")) {
    return fail("not_running", `${at} does not take a connection.`, startHint(endpoint));
  }
  if (has("UND_ERR_HEADERS_TIMEOUT")) return slow(endpoint, "it did not begin to answer", error);
  if (has("UND_ERR_BODY_TIMEOUT")) return slow(endpoint, "it stopped in the middle of an answer", error);
  if (
    has(
      "UND_ERR_SOCKET",
      "ECONNRESET",
      "EPIPE",
      "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
      "UND_ERR_CLOSED",
      "UND_ERR_DESTROYED",
    )
  ) {
    return fail("cut", `${at} ended the connection before its answer was whole.`, logHint(endpoint));
  }
  const tls = codes.find((code) => /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code));
  if (tls !== undefined) {
    return fail(
      "refused",
      `${at} has no certificate that is trusted here (${tls}).`,
      "Set NODE_EXTRA_CA_CERTS to its authority, or use http:// on this machine.",
    );
  }
  const other = codes.find((code) => /^(HPE_|UND_ERR_)/.test(code));
  if (other !== undefined)
    return fail(
      "protocol",
      `${at} does not speak HTTP as expected (${other}).`,
      `Check ${endpointKey(endpoint)}.`,
    );
  return null;
}

/** Codes of an error, of its causes and of the errors it gathers. */
function errorCodes(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const gathered = error instanceof AggregateError ? error.errors : [];
  return [...own, ...[error.cause, ...gathered].flatMap((inner) => errorCodes(inner, depth + 1))];
}
