// What a scripted client's model does next: the steps in order, each gone on with by its job until it is through.

/**
 * The next call, `{ id, tool, namespace, input }`; null when all is done. The turn is read off the conversation, so
 * that a request that is sent twice gets the same answer twice.
 *
 * @param steps `{ id, tool, namespace?, input?, within? }`. `input` may be a function of `answer`: `answer(id)` is
 *   what a step came to, as JSON. `within` are more arguments of each call, such as `wait_s`.
 * @param sent `sent(id)`: what the model was sent as the result of a call, as text; undefined when it was not yet
 */
export function nextCall(steps, sent) {
  for (const step of steps) {
    const { tool, namespace, input = {}, within = {} } = step;
    let id = step.id;
    let job = null;
    for (let turn = 2; ; turn += 1) {
      const text = sent(id);
      if (text === undefined) {
        const answer = (of) => answerIn(sent(lastOf(of, sent)) ?? "");
        const begin = typeof input === "function" ? input(answer) : input;
        return { id, tool, namespace, input: { ...(job === null ? begin : { job }), ...within } };
      }
      job = jobIn(text);
      if (job === null) break;
      id = `${step.id} turn${turn}`;
    }
  }
  return null;
}

/** The id of a step's last call, which brought what it came to. */
export function lastOf(id, sent) {
  let last = id;
  for (let turn = 2; sent(`${id} turn${turn}`) !== undefined; turn += 1) last = `${id} turn${turn}`;
  return last;
}

/** A result as JSON, whatever a client puts in front of it (Codex: the time it took); null for what is none. */
export function answerIn(text) {
  try {
    return JSON.parse(text.replace(/^Wall time: [^\n]*\n(?:Output:\n)?/, ""));
  } catch {
    return null;
  }
}

function jobIn(text) {
  const answer = answerIn(text);
  return answer?.state === "running" ? answer.job : null;
}
