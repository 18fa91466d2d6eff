/** Formats that are a credential wherever they stand. */
const known =
  /\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|ey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)|(?<=\bBearer )\S{8,}|(?<=:\/\/[^\s/:@]{0,100}:)[^\s/@]+(?=@)/g;

/** Text for a message or a log, with credentials replaced by `***`: of known formats, and our environment's own. */
export function withoutSecrets(text: string, env: Readonly<Record<string, string | undefined>>): string {
  let safe = text.replace(known, "***");
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < 8) continue;
    if (/KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL/i.test(name)) safe = safe.replaceAll(value, "***");
  }
  return safe;
}
