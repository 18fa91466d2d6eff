import { ConfigurationError, messageOf } from "./errors.js";

const full = "Free space there (also inodes and quota count), then call again.";
const refused =
  "Let the user that runs Sluice read and write there, or have the user start it where it may, then call again.";
const scarce = "End other programs or raise the limit (`ulimit -n`, memory), then call again.";

const kinds: readonly { codes: RegExp; words: RegExp; what: string; hint: string }[] = [
  {
    codes: /^(ENOSPC|EDQUOT)$/,
    words: /No space left on device|quota exceeded/i,
    what: "The disk is full",
    hint: full,
  },
  {
    codes: /^(EROFS|EACCES|EPERM)$/,
    words: /Read-only file system|Permission denied|Operation not permitted/i,
    what: "The system refused access",
    hint: refused,
  },
  {
    codes: /^(EMFILE|ENFILE|ENOMEM|EAGAIN)$/,
    words: /Too many open files|Cannot allocate memory|out of memory|Resource temporarily unavailable/i,
    what: "The machine is out of files or memory",
    hint: scarce,
  },
];

/** What the system refused, as something a person can act on; null for any other error. */
export function systemProblem(error: unknown): ConfigurationError | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const kind = kinds.find(({ codes }) => codes.test(code));
  return kind === undefined
    ? null
    : new ConfigurationError(`${kind.what}: ${messageOf(error)}`, kind.hint, { cause: error });
}

/** The same for what a program said on stderr. */
export function systemProblemIn(text: string): ConfigurationError | null {
  const kind = kinds.find(({ words }) => words.test(text));
  return kind === undefined ? null : new ConfigurationError(`${kind.what}: ${text}`, kind.hint);
}
