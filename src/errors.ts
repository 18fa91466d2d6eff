/**
 * The ways a call can end without a result. Each carries a `message` (what happened) and a `hint` (what to do
 * next), and becomes an answer in one place: `src/mcp/` for tools, `src/cli/` for the command line.
 * Anything else that is thrown is a bug.
 */
abstract class SluiceError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** The caller can fix it: a wrong ref, an unknown argument, a diff that does not apply. */
export class UsageError extends SluiceError {}

/** The user can fix it: a wrong value in a configuration file, a missing program. */
export class ConfigurationError extends SluiceError {}

/** A model, a service or a program that we depend on failed. */
export class SourceError extends SluiceError {
  readonly kind: string;
  readonly status: number | null;
  /** Milliseconds after which a retry may work, when the source said so. */
  readonly retryAfter: number | null;

  constructor(
    message: string,
    hint: string,
    details: { kind: string; status?: number; retryAfter?: number; cause?: unknown },
  ) {
    super(message, hint, { cause: details.cause });
    this.kind = details.kind;
    this.status = details.status ?? null;
    this.retryAfter = details.retryAfter ?? null;
  }
}

export function isSluiceError(error: unknown): error is UsageError | ConfigurationError | SourceError {
  return error instanceof SluiceError;
}

/** What an unknown thrown value says, with what to do next where it is one of ours. */
export function explained(error: unknown): string {
  return isSluiceError(error) ? `${messageOf(error)} ${error.hint}` : messageOf(error);
}

/** What an unknown thrown value says, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim();
}
