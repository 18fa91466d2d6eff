import { posix } from "node:path";
import { isWords } from "../../mask.js";

/** A secret in a text. `start` and `end` are offsets of the value itself. */
export interface Secret {
  code: string;
  /** What it is, to follow "A": `GitHub token`. */
  what: string;
  start: number;
  end: number;
  severity: "certain" | "likely";
}

/** Shapes that are secrets wherever they stand; also what is masked in every text we give out. */
const shapes: readonly { code: string; what: string; pattern: RegExp; severity: Secret["severity"] }[] = [
  {
    code: "aws-access-key-id",
    what: "AWS access key id",
    pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g,
    severity: "likely",
  },
  {
    code: "github-token",
    what: "GitHub token",
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{60,255})\b/g,
    severity: "certain",
  },
  { code: "gitlab-token", what: "GitLab token", pattern: /\bglpat-[\w-]{20,64}\b/g, severity: "certain" },
  { code: "slack-token", what: "Slack token", pattern: /\bxox[abeoprs]-[\w-]{10,255}/g, severity: "certain" },
  {
    code: "stripe-key",
    what: "Stripe live key",
    pattern: /\b[sr]k_live_[A-Za-z0-9]{16,255}\b/g,
    severity: "certain",
  },
  {
    code: "google-api-key",
    what: "Google API key",
    pattern: /\bAIza[\w-]{35}(?![\w-])/g,
    severity: "likely",
  },
  {
    code: "openai-key",
    what: "OpenAI key",
    pattern: /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,255}(?![\w-])/g,
    severity: "certain",
  },
  { code: "npm-token", what: "npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/g, severity: "certain" },
  {
    code: "sendgrid-key",
    what: "SendGrid key",
    pattern: /\bSG\.[\w-]{22}\.[\w-]{43}\b/g,
    severity: "certain",
  },
  {
    code: "private-key",
    what: "private key",
    pattern:
      /-----BEGIN (?:[A-Z]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\n|[\s"'+,;])*[A-Za-z0-9+/=]{32,100}/g,
    severity: "certain",
  },
  {
    code: "url-password",
    what: "password in a URL",
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`<>{}$]{1,64}:([^\s:/@"'`<>{}$*]{3,128})@[\w.-]{1,255}/g,
    severity: "certain",
  },
];

const named =
  /(?<![\w$])["'`]?([A-Za-z_$][\w$.-]{0,80})["'`]?\s{0,8}(?:\??:\s{0,4}[A-Za-z_.[\]| ]{1,40}=|:=|=>|[:=])\s{0,8}([bruf]{0,2})(["'`])([^"'`\n]{8,512})\3/g;
const unquoted =
  /^[ \t]{0,40}(?:export[ \t]+)?([A-Za-z_][\w.-]{0,80})[ \t]{0,8}[:=][ \t]{0,8}([^\s"'`#;&|<>{}()[\]$]{8,512})[ \t]*(?:#.*)?\r?$/gm;

const secretName =
  /(?:pass(?:word|wd|phrase|code)|(?:^|[_.-])pwd|secret|token|credential|(?:api|access|private|auth|encryption|signing|master|account|storage|service|secret)[_.-]?key)s?(?:[_.-]?(?:value|string|prod|production|live|default|\d))?$/i;
const passwordName = /pass(word|wd|phrase|code)|pwd/i;

/** Values that stand for a value. */
const placeholder =
  /example|sample|placeholder|change.?me|replace.?(me|with)|insert|dummy|fake|mock|redacted|removed|hidden|todo|fixme|your[_-]?|my[_-]?(password|secret|token|key)|test|foo|bar|lorem|xxx|\.\.\.|\*\*\*|<[^>]*>|\$\{|\{\{|%[sd(]|%\w+%|^(none|null|undefined|true|false|default|unknown|empty|password|secret|token)\d*$|(?<repeated>.)\k<repeated>{5,}|0123456|1234567|abcdef|qwerty|deadbeef|not.?a.?(real|secret)/i;

/**
 * Secrets that secretlint's preset leaves out (assignments to a secret-like name, lone access key ids) and the common
 * shapes again, so that they are masked even where secretlint could not run.
 */
export function findSecrets(text: string, path: string): Secret[] {
  const found: Secret[] = [];
  for (const { code, what, pattern, severity } of shapes) {
    for (const match of text.matchAll(pattern)) {
      const value = match[1] ?? match[0];
      const start = match.index + match[0].lastIndexOf(value);
      if (code === "url-password" ? isLocalUrl(match[0], value) : isPlaceholder(value)) continue;
      found.push({ code, what, start, end: start + value.length, severity });
    }
  }
  for (const match of text.matchAll(named)) {
    const [whole, name = "", , , value = ""] = match;
    if (!isSecretAssignment(name, value)) continue;
    const start = match.index + whole.lastIndexOf(value);
    found.push({
      code: "hard-coded-secret",
      what: describe(name),
      start,
      end: start + value.length,
      severity: "likely",
    });
  }
  if (isSettingsFile(path)) {
    for (const match of text.matchAll(unquoted)) {
      const [whole, name = "", value = ""] = match;
      if (!isSecretAssignment(name, value)) continue;
      const start = match.index + whole.indexOf(value, name.length);
      found.push({
        code: "hard-coded-secret",
        what: describe(name),
        start,
        end: start + value.length,
        severity: "likely",
      });
    }
  }
  return withoutOverlaps(found);
}

/** Replaces every secret in a text by a mask that tells no more than its kind. */
export function maskSecrets(text: string): string {
  return maskAll(text, findSecrets(text, ".env"));
}

export function maskAll(text: string, secrets: readonly { start: number; end: number }[]): string {
  let masked = text;
  for (const { start, end } of [...secrets].sort((a, b) => b.start - a.start)) {
    masked = `${masked.slice(0, start)}********${masked.slice(end)}`;
  }
  return masked;
}

export function withoutOverlaps<T extends { start: number; end: number }>(found: readonly T[]): T[] {
  const kept: T[] = [];
  for (const one of found) {
    if (!kept.some((other) => one.start < other.end && other.start < one.end)) kept.push(one);
  }
  return kept;
}

function describe(name: string): string {
  return passwordName.test(name) ? `password (\`${name}\`)` : `secret (\`${name}\`)`;
}

function isSettingsFile(path: string): boolean {
  const name = posix.basename(path).toLowerCase();
  return /^\.env|\.(env|properties|ini|cfg|conf|toml|ya?ml)$/.test(name);
}

function isSecretAssignment(name: string, value: string): boolean {
  if (!secretName.test(name) || isPlaceholder(value)) return false;
  if (
    /\s/.test(value) ||
    /^[./~@#$&]|^\w+:\/\/|^(?:process|os|env|config|settings|secrets|vault|self|this)[.[:]/i.test(value)
  )
    return false;
  // Names, keys of storage, selectors, messages: words with separators, no secret.
  if (isWords(value) && !/\d{3,}/.test(value)) return isWordyPassword(name, value);
  if (/[\\^|()[\]{}<>]/.test(value)) return false;
  const mixed = /[A-Za-z]/.test(value) && /\d/.test(value);
  if (passwordName.test(name)) return mixed && entropy(value) >= 2.5;
  return mixed && value.length >= 16 && entropy(value) >= 3.2;
}

/** `hunter2` is made of a word and a number, and still a password. */
function isWordyPassword(name: string, value: string): boolean {
  return passwordName.test(name) && /[a-z]/i.test(value) && /\d/.test(value) && !/[_./:-]/.test(value);
}

/** Also when it is the example of some documentation (AWS marks its own). */
export function isPlaceholder(value: string): boolean {
  return placeholder.test(value) || new Set(value).size < 5;
}

/** A database of a developer's machine or of a compose file. */
export function isLocalUrl(url: string, password: string): boolean {
  const { host = "", user = "" } = /\/\/(?<user>[^:]*):.*@(?<host>[\w.-]+)/.exec(url)?.groups ?? {};
  return (
    isPlaceholder(password) ||
    password === user ||
    /^(pass(word)?|pwd|secret|root|admin|postgres|mysql|user)$/i.test(password) ||
    !host.includes(".") ||
    /^127\.|^0\.0\.0\.0$|^10\.|^192\.168\.|localhost|\.(test|local|invalid|localhost|internal)$|example\.(com|org|net)$/i.test(
      host,
    )
  );
}

/** Shannon's, bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
