import { quote, type Reason } from "../../change/risk/reasons.js";
import { sensitiveIdentifier } from "../../change/risk/signs.js";
import type { ChangedFile } from "../../change/types.js";
import { type ChangedLine, netLines } from "./lines.js";

const guard =
  /^\s*(?:\}?\s*(?:else\s*)?(?:if|unless|guard|assert|require|when)\b|(?:elif|elsif)\b|raise\b|throw\b|assert\w*\s*[(!]|panic!|bail!|ensure!|@\w)|\b(?:check|validate|verify|ensure|require|assert|enforce|guard|reject|deny|escape|normali[sz]e|clamp)[A-Z_]\w*\s*\(|\b(?:is|has|can|may|should)_?(?:Valid|Allowed|Safe|Null|Empty|Enabled|Expired|Trusted|valid|allowed|safe|expired|trusted)\w*\s*\(/;
const access =
  /\b(?:is|has|can|may|check|require|ensure|verify|enforce|assert)_?(?:Admin|Owner|Allowed|Authori[sz]ed|Authenticated|Permission|Permitted|Role|Access|Scope|Signature|Member|Staff|Superuser|LoggedIn|admin|owner|allowed|authori[sz]ed|authenticated|permission|permitted|role|access|scope|signature|member|staff|superuser|logged_in)\w*|\b(?:admin|forbidden|unauthori[sz]ed|access denied|permission denied|rateLimit\w*|rate_limit\w*|40[13])\b|\.role\b|\bescape\w*\s*\(/i;
const handler = /\b(?:catch|except|rescue|finally|ensure)\b|\bdefer\s|\.catch\s*\(|\bon_error\b|\btry\b/;
const waits = /\bawait\b|\byield\b|\.join\s*\(|\.Wait\s*\(/;

/** What a change takes away that kept something from happening. `sensitive`: the file is about security anyway. */
export function removalReasons(
  file: ChangedFile,
  lines: readonly ChangedLine[],
  sensitive: boolean,
): Reason[] {
  const { added, removed } = netLines(lines);
  const reasons: Reason[] = [];
  const add = (asked: "SECURITY" | "COMPLEX", rule: string, line: ChangedLine) =>
    reasons.push({
      class: asked,
      origin: "content",
      rule,
      file: file.path,
      evidence: quote(`- ${line.text}`),
    });

  // A check about rights counts even when another one takes its place: `isAdmin(user)` may have become `true`.
  const rights = removed.find((line) => access.test(line.text));
  if (rights) add("SECURITY", "access-check-changed", rights);

  const gone = removed.filter((line) => guard.test(line.text));
  const kept = added.filter((line) => guard.test(line.text)).length;
  const first = gone[0];
  if (first && gone.length > kept) {
    const about = sensitive || gone.some((line) => sensitiveIdentifier(line.text) !== null);
    add(about ? "SECURITY" : "COMPLEX", "guard-removed", first);
  }
  for (const [rule, pattern] of [
    ["error-handling-removed", handler],
    ["wait-removed", waits],
  ] as const) {
    const before = removed.filter((line) => pattern.test(line.text));
    const line = before[0];
    if (line && before.length > added.filter((other) => pattern.test(other.text)).length)
      add("COMPLEX", rule, line);
  }
  return reasons;
}
