/** What vendors add to a model's id without making it another model: dates, stages, how long it thinks. */
const neutral =
  /^(?:\d{4}|\d{6,8}|[01]\d|[0-3]\d|latest|preview|exp|thinking|minimal|low|medium|high|xhigh|max)$/;

/**
 * Whether the model that answered is the one that was asked for, by their ids: `claude-opus-4-5` and
 * `anthropic/claude-opus-4.5-20251101` are one, `gpt-5.2` and `gpt-5.2-mini` or `gpt-5` are not. An id without a
 * number (`opus`) stands for any of its versions.
 */
export function isSameModel(asked: string, answered: string): boolean {
  const wanted = partsOf(asked);
  const given = partsOf(answered);
  const hasNumber = wanted.some((part) => /\d/.test(part));
  for (let at = 0; at + wanted.length <= given.length; at += 1) {
    if (!wanted.every((part, index) => part === given[at + index])) continue;
    const rest = given.slice(at + wanted.length);
    if (rest.every((part) => neutral.test(part) || (!hasNumber && /^\d+$/.test(part)))) return true;
  }
  return false;
}

function partsOf(id: string): string[] {
  return (
    id
      .toLowerCase()
      // Claude Code's way to ask for a larger window: `opus[1m]`.
      .replace(/\[[^\]]*\]/g, "")
      .split(/[^a-z0-9]+/)
      .filter((part) => part !== "")
  );
}
