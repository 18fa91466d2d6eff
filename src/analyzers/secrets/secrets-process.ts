import { createHash } from "node:crypto";
import { posix } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import * as z from "zod";
import { lineOf, lineStarts } from "../line-starts.js";
import { eachOf } from "../warm/answer.js";
import { findSecrets, isLocalUrl, isPlaceholder, type Secret, withoutOverlaps } from "./secret-rules.js";

const question = z.object({
  key: z.string(),
  path: z.string(),
  text: z.string(),
  /** The text leaves the machine: no comment in it can allow that. */
  outgoing: z.boolean().default(false),
});

/** Ways to say on the line itself that it is no secret. */
const allowed =
  /secretlint-disable|gitleaks:allow|allowlist[ -]secret|nosec\b|noqa:\s*S10[5-7]|trufflehog:ignore|ggignore/i;

export const analyse = eachOf(question, async ({ path, text, outgoing }) => {
  const starts = lineStarts(text);
  const secrets = withoutOverlaps([
    ...(await presetSecrets(outgoing ? withoutDirectives(text) : text, path).catch((error: unknown) => {
      // What was looked at in part only is not sent.
      if (outgoing) throw error;
      return [];
    })),
    ...findSecrets(text, path),
  ]);
  const values = secrets.map(({ start, end }) => text.slice(start, end));
  return secrets.flatMap(({ code, what, severity, start, end }) => {
    const line = lineOf(starts, start);
    const source = text.slice(starts[line - 1], starts[line]);
    if (!outgoing && allowed.test(source)) return [];
    // The secret itself stays in here: what goes out is kept for the next call.
    const masked = values.reduce((masking, value) => masking.replaceAll(value, "********"), source.trim());
    const hash = createHash("sha256").update(text.slice(start, end)).digest("hex");
    return [{ code, what, severity, line, masked: masked.slice(0, 2_000), hash }];
  });
});

/** The text in the same length, without comments that switch secretlint off. */
function withoutDirectives(text: string): string {
  return text.replace(/secretlint-(?=disable|enable)/gi, "secretlint_");
}

/** What secretlint's preset finds; nothing where it fails on a text, which our own rules read all the same. */
async function presetSecrets(content: string, path: string): Promise<Secret[]> {
  const { messages } = await lintSource({
    source: { content, filePath: posix.join("/", path), ext: posix.extname(path), contentType: "text" },
    options: {
      maskSecrets: true,
      noPhysicFilePath: true,
      config: { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator, options: {} }] },
    },
  });
  return messages.flatMap((message) => {
    const [start, end] = message.range;
    const value = content.slice(start, end);
    const rule = message.ruleId.replace(/^.*secretlint-rule-/, "");
    const password = /:\/\/[^:/]*:([^@]*)@/.exec(value)?.[1];
    if (password === undefined ? isPlaceholder(value) : isLocalUrl(value, password)) return [];
    return [{ code: rule, what: kind(rule), start, end, severity: "certain" as const }];
  });
}

const kinds: Readonly<Record<string, string>> = {
  github: "GitHub token",
  aws: "AWS key",
  gcp: "Google Cloud key",
  privatekey: "private key",
  npm: "npm token",
  slack: "Slack token",
  sendgrid: "SendGrid key",
  openai: "OpenAI key",
  anthropic: "Anthropic key",
  "database-connection-string": "password in a connection string",
  basicauth: "password in a URL",
};

function kind(rule: string): string {
  return kinds[rule] ?? `${rule} secret`;
}
