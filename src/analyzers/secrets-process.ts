import { createHash } from "node:crypto";
import { posix } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import * as z from "zod";
import { answerRequest } from "./answer.js";
import { lineOf, lineStarts } from "./line-starts.js";
import { findSecrets, isLocalUrl, isPlaceholder, type Secret, withoutOverlaps } from "./secret-rules.js";

const request = z.array(z.object({ key: z.string(), path: z.string(), text: z.string() }));

/** Ways to say on the line itself that it is no secret. */
const allowed =
  /secretlint-disable|gitleaks:allow|allowlist[ -]secret|nosec\b|noqa:\s*S10[5-7]|trufflehog:ignore|ggignore/i;

async function analyse(text: string) {
  const answers = [];
  for (const { key, path, text: source } of request.parse(JSON.parse(text))) {
    const starts = lineStarts(source);
    for (const secret of withoutOverlaps([
      ...(await presetSecrets(source, path).catch(() => [])),
      ...findSecrets(source, path),
    ])) {
      const line = lineOf(starts, secret.start);
      if (allowed.test(source.slice(starts[line - 1], starts[line]))) continue;
      const value = source.slice(secret.start, secret.end);
      answers.push({ key, ...secret, line, value, hash: createHash("sha256").update(value).digest("hex") });
    }
  }
  return answers;
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

await answerRequest(analyse);
