import { setMaxListeners } from "node:events";
import type { Asked, Job } from "./job.js";
import { limited } from "./limits.js";

/** A file's part of the work. */
export interface Piece {
  file: string;
  /** Said before its hunks, again for each part when the file is split: path, what is known already. */
  head: string;
  /** Never left out; cut at line ends when one alone is too long for the model. */
  hunks: readonly string[];
}

/** A job over many files, in one request when they fit, else in several. */
export interface PiecesJob<T> extends Omit<Job<T>, "data"> {
  pieces: readonly Piece[];
}

/** What was asked about some of the pieces; all parts together have every line of every hunk. */
export interface Part<T> {
  pieces: readonly Piece[];
  asked: Asked<T>;
}

/** Of a model's context, that parts are planned to take: the estimate of a part is rougher than that of the whole. */
const share = 0.85;
/** Tokens. */
const leastRoom = 256;
/** Characters; what is shorter and still too long is given up. */
const shortest = 400;

/**
 * Asks about everything, in as many requests as the model's context needs: by file, then by hunk, then by line.
 *
 * @param ask one request
 * @param usual tokens of the model that is loaded for the usual work, to which parts are cut
 */
export async function askPieces<T>(
  job: PiecesJob<T>,
  ask: (job: Job<T>) => Promise<Asked<T>>,
  usual: number,
): Promise<Part<T>[]> {
  // One signal for all parts, that may have as many listeners as there are parts.
  const cancelled = limited(job.signal, 2 ** 31 - 1);
  setMaxListeners(0, cancelled.signal);
  try {
    return await askParts({ ...job, signal: cancelled.signal }, ask, usual);
  } finally {
    cancelled.end();
  }
}

async function askParts<T>(
  job: PiecesJob<T>,
  ask: (job: Job<T>) => Promise<Asked<T>>,
  usual: number,
): Promise<Part<T>[]> {
  const { pieces, ...rest } = job;
  const whole = await ask({ ...rest, data: render(pieces) });
  const context = tooLong(whole);
  if (context === null) return [{ pieces, asked: whole }];
  const length = render(pieces).length;
  const tokensEach = context.prompt === null ? 0.5 : context.prompt / Math.max(1, length);
  const limit = Math.min(context.limit ?? usual, usual);
  // With an answer that alone takes the context, no cutting helps.
  if (limit - job.maxTokens < leastRoom) return [{ pieces, asked: whole }];
  const room = Math.max(shortest, Math.floor(((limit - job.maxTokens) * share) / tokensEach));
  const parts = pack(pieces, Math.min(room, Math.max(shortest, Math.floor(length * share))));
  let done = 0;
  const onProgress = (message: string) =>
    job.onProgress?.(`${message} (${done} of ${parts.length} parts done)`);
  const answers = await Promise.all(
    parts.map(async (part) => {
      const answer = await askSmaller({ ...rest, onProgress, pieces: part }, ask);
      done += 1;
      return answer;
    }),
  );
  return answers.flat();
}

/** A part whose estimate was wrong goes in halves. */
async function askSmaller<T>(job: PiecesJob<T>, ask: (job: Job<T>) => Promise<Asked<T>>): Promise<Part<T>[]> {
  const { pieces, ...rest } = job;
  const data = render(pieces);
  const asked = await ask({ ...rest, data });
  if (tooLong(asked) === null || data.length <= shortest) return [{ pieces, asked }];
  const halves = pack(pieces, Math.ceil(data.length / 2));
  if (halves.length < 2) return [{ pieces, asked }];
  const parts: Part<T>[] = [];
  for (const half of halves) parts.push(...(await askSmaller({ ...rest, pieces: half }, ask)));
  return parts;
}

/** Pieces in order, in parts of at most so many characters; a file is split only when it fits no part whole. */
export function pack(pieces: readonly Piece[], room: number): Piece[][] {
  const parts: Piece[][] = [];
  let part: Piece[] = [];
  let length = 0;
  const add = (piece: Piece) => {
    const size = render([piece]).length + 2;
    if (part.length > 0 && length + size > room) {
      parts.push(part);
      part = [];
      length = 0;
    }
    part.push(piece);
    length += size;
  };
  for (const piece of pieces) for (const small of split(piece, room)) add(small);
  if (part.length > 0) parts.push(part);
  return parts;
}

/** A file in pieces of at most so many characters, as far as its head leaves room. */
function split(piece: Piece, room: number): Piece[] {
  if (render([piece]).length <= room) return [piece];
  const left = Math.max(shortest / 2, room - piece.head.length - 2);
  const found: Piece[] = [];
  let hunks: string[] = [];
  let length = 0;
  for (const hunk of piece.hunks.flatMap((whole) => cut(whole, left))) {
    if (hunks.length > 0 && length + hunk.length > left) {
      found.push({ ...piece, hunks });
      hunks = [];
      length = 0;
    }
    hunks.push(hunk);
    length += hunk.length + 1;
  }
  if (hunks.length > 0 || found.length === 0) found.push({ ...piece, hunks });
  return found;
}

/** A text in pieces that joined are the text: at line ends, and within a line that is longer than a piece. */
function cut(text: string, room: number): string[] {
  if (text.length <= room) return [text];
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const end = rest.lastIndexOf("\n", room - 1) + 1;
    const at = end > room / 2 ? end : wholeCharacters(rest, Math.floor(room));
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  if (rest !== "") pieces.push(rest);
  return pieces;
}

/** Not between the two halves of one character. */
function wholeCharacters(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

function render(pieces: readonly Piece[]): string {
  return pieces.map(({ head, hunks }) => [head, ...hunks].join("\n")).join("\n\n");
}

function tooLong(asked: Asked<unknown>): { prompt: number | null; limit: number | null } | null {
  if (asked.state !== "unavailable" || asked.kind !== "out_of_context") return null;
  return asked.failure?.context ?? { prompt: null, limit: null };
}
