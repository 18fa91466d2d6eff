import * as z from "zod";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { callWorker } from "../warm/workers.js";
import { isForShow } from "./for-show.js";

export interface OutgoingText {
  /** Where it comes from: a path of the repository, or a name of ours. */
  path: string;
  text: string;
}

export interface OutgoingSecret {
  path: string;
  line: number;
  /** What kind of secret, in words. */
  what: string;
  /** Its line without it. */
  masked: string;
  /** SHA-256 of the secret, in hex: how the user says that it is none. */
  hash: string;
}

const found = z.array(
  z.object({
    what: z.string(),
    severity: z.enum(["certain", "likely"]),
    line: z.number(),
    masked: z.string(),
    hash: z.string(),
  }),
);
const answers = z.array(z.object({ key: z.string(), answer: found }));

/** Characters in one request to the worker. */
const chunkLimit = 2 * 1024 * 1024;
const timeLimit = 60_000;

/**
 * Secrets in texts that are about to leave the machine. What has the form of a real key counts wherever it stands;
 * what only looks like one (a password by its name) does not count in tests, examples and documentation, which are full of them. No
 * comment in a text allows anything. One that stands in several places is told of each.
 *
 * @throws Error when a text could not be looked at: nothing may be sent then
 */
export async function secretsIn(
  texts: readonly OutgoingText[],
  { sluice, signal }: { sluice: Pick<Sluice, "env">; signal: AbortSignal },
): Promise<OutgoingSecret[]> {
  const secrets: OutgoingSecret[] = [];
  for (const chunk of chunksOf(texts)) {
    const questions = chunk.map(({ path, text }, index) => ({ key: `${index}`, path, text, outgoing: true }));
    const limit = AbortSignal.any([signal, abortAfter(timeLimit)]);
    const given = await callWorker("light", "secrets/secrets-process", questions, answers, {
      signal: limit,
      temporary: sluice.env.TMPDIR,
    });
    const byKey = new Map(given.map(({ key, answer }) => [key, answer]));
    for (const [index, { path }] of chunk.entries()) {
      const answer = byKey.get(`${index}`);
      if (answer === undefined) throw new Error(`${path} could not be searched for secrets`);
      for (const { severity, ...secret } of answer) {
        if (severity === "certain" || !isForShow(path)) secrets.push({ path, ...secret });
      }
    }
  }
  return secrets;
}

function* chunksOf(texts: readonly OutgoingText[]): Generator<OutgoingText[]> {
  let chunk: OutgoingText[] = [];
  let size = 0;
  for (const text of texts) {
    if (chunk.length > 0 && size + text.text.length > chunkLimit) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(text);
    size += text.text.length;
  }
  if (chunk.length > 0) yield chunk;
}
