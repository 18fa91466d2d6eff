import { type Resident, startResident } from "../../resident-process.js";

/** What the program answers to a method that it does not carry out. */
export class CallRefused extends Error {}

/** The program ended, or never ran; the message is what it said last. */
export class ServerEnded extends Error {}

/** The Copilot program as a server: JSON-RPC on its stdin and stdout, as GitHub's own SDK speaks it. */
export interface CopilotServer {
  /** Throws CallRefused, ServerEnded, or the signal's reason. */
  call(method: string, params: object, signal: AbortSignal): Promise<unknown>;
  /** Called with the `params` of every notification. Must not throw. */
  onNotification(listener: (method: string, params: unknown) => void): void;
  /** Rejects with ServerEnded when the program is gone; never resolves. */
  readonly gone: Promise<never>;
  /** Ends it and all it started. */
  kill(): void;
}

/** Bytes of one message; the longest there are repeat the prompt. */
const largestMessage = 64 * 1024 * 1024;
const headEnd = Buffer.from("\r\n\r\n");
/** Bytes before a message begins. */
const longestHead = 4_096;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Starts the program; nothing is asked yet. */
export function startServer(
  program: string,
  options: { cwd: string; env: Readonly<Record<string, string>> },
): CopilotServer {
  const resident = start(program, options);
  const waiting = new Map<number, Waiting>();
  const listeners: ((method: string, params: unknown) => void)[] = [];
  let last = 0;

  const gone = resident.ended.then(({ code, killedBy }): never => {
    const how = killedBy === null ? `exit code ${code}` : `ended by ${killedBy}`;
    const error = new ServerEnded(resident.stderr().trim() || how);
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
    throw error;
  });
  // Whoever waits for it hears of it; nobody has to.
  gone.catch(() => {});

  const send = (message: object) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    resident.child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const take = (message: Readonly<Record<string, unknown>>) => {
    const { id, method } = message;
    if (typeof method === "string") {
      // It asks for something of a host's (a permission, an answer of the user's): there is none.
      if (id !== undefined) send({ id, error: { code: -32601, message: "not offered" } });
      else for (const listener of listeners) listener(method, message.params);
      return;
    }
    const call = typeof id === "number" ? waiting.get(id) : undefined;
    if (call === undefined || typeof id !== "number") return;
    waiting.delete(id);
    if (message.error === undefined) call.resolve(message.result);
    else call.reject(new CallRefused(errorText(message.error)));
  };
  const frames = new Frames(take);
  resident.child.stdout?.on("data", (chunk: Buffer) => {
    if (!frames.add(chunk)) resident.kill();
  });

  return {
    gone,
    onNotification: (listener) => listeners.push(listener),
    kill() {
      freeze(resident);
      resident.kill();
    },
    async call(method, params, signal) {
      signal.throwIfAborted();
      if (resident.isEnded()) return gone;
      const id = ++last;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      const onAbort = () => waiting.get(id)?.reject(abortError(signal));
      signal.addEventListener("abort", onAbort, { once: true });
      send({ id, method, params });
      try {
        return await answer;
      } finally {
        waiting.delete(id);
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

function start(program: string, options: { cwd: string; env: Readonly<Record<string, string>> }): Resident {
  try {
    return startResident(program, ["--headless", "--stdio", "--no-auto-update", "--log-level", "none"], {
      ...options,
      talk: "pipes",
    });
  } catch (error) {
    throw new ServerEnded(error instanceof Error ? error.message : String(error));
  }
}

/** Finding all that is to be killed takes a while, in which it could ask the model again. */
function freeze({ child, isEnded }: Resident): void {
  if (child.pid === undefined || isEnded() || process.platform === "win32") return;
  try {
    process.kill(-child.pid, "SIGSTOP");
  } catch {
    // Gone already.
  }
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

function errorText(error: unknown): string {
  const said = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  // Its own frame around what was said.
  return String(said).replace(/^Request \S{1,80} failed with message: /, "");
}

/** Messages out of a stream in which each is headed by its length. */
class Frames {
  readonly #take: (message: Readonly<Record<string, unknown>>) => void;
  #chunks: Buffer[] = [];
  #have = 0;
  /** Bytes that must be there before there is anything to look at. */
  #need = 0;

  constructor(take: (message: Readonly<Record<string, unknown>>) => void) {
    this.#take = take;
  }

  /** False when the stream is no such stream. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need) return true;
    let rest = Buffer.concat(this.#chunks);
    for (;;) {
      const head = rest.indexOf(headEnd);
      if (head < 0) return this.#keep(rest, 0) && rest.length <= longestHead;
      const length = Number(/content-length: *(\d{1,9})/i.exec(rest.toString("latin1", 0, head))?.[1]);
      if (!(length <= largestMessage)) return false;
      const end = head + headEnd.length + length;
      if (rest.length < end) return this.#keep(rest, end);
      const message = parse(rest.toString("utf8", head + headEnd.length, end));
      if (message === null) return false;
      this.#take(message);
      rest = rest.subarray(end);
    }
  }

  #keep(rest: Buffer, need: number): true {
    this.#chunks = [rest];
    this.#have = rest.length;
    this.#need = need;
    return true;
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
