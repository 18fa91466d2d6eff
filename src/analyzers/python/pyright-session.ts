import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import type { Side } from "../../change/types.js";
import { SourceError } from "../../errors.js";
import { type Resident, startResident } from "../../resident-process.js";
import { bareEnvironment } from "../bare-environment.js";
import { howItEnded } from "../process-failure.js";
import { type LanguageClient, languageClient, TooLarge } from "./language-client.js";

/** What pyright says at one place of one side. */
export interface RawDiagnostic {
  side: Side;
  path: string;
  message: string;
  rule: string | undefined;
  /** 0-based, both. */
  line: number;
  column: number;
}

export interface PyrightSettings {
  /** The folder with `base` and `head` in it; the same one in the next call means the same session. */
  top: string;
  /** As in a `pyrightconfig.json`. Another one starts another session. */
  configuration: object;
  /** Of what lies outside of the folder and is read too; another one starts another session. */
  stamp: string;
}

/** A question about one side. */
export interface PyrightTask extends PyrightSettings {
  side: Side;
  /** What is in the side's folder: blob ids by path. */
  listing: ReadonlyMap<string, string>;
  targets: readonly string[];
  text(path: string): Promise<string | null>;
  /** Told of a file of which more is said than can be read. */
  onFlood(path: string): void;
  signal: AbortSignal;
}

/** Milliseconds without a call after which a session ends. */
const idleLimit = 10 * 60_000;
/** Milliseconds that a cancelled call's last file may still take before the session is ended. */
const drainLimit = 3_000;
/** Bytes of resident memory above which a session is not kept. */
const memoryLimit = 1_800 * 1024 * 1024;
/** Sessions that are kept, each for one repository. */
const sessionLimit = 2;
/** Changed files after which a new session costs less than the old one's second thoughts. */
const changeLimit = 1_000;

const sessions = new Map<string, Session>();

/**
 * Begins to start the language server of a folder that has none, so that it is up when the folder is filled. Its first
 * question is that of `checkWarm`, with the same settings.
 */
export function startSession({ top, configuration, stamp }: PyrightSettings): void {
  if (sessions.has(top)) return;
  const session = new Session(top, settingsOf({ configuration, stamp }));
  sessions.set(top, session);
  session.rest();
}

/**
 * Diagnostics of the targets, by a language server that stays for the next call of the same folder and then pays for
 * what changed. It runs no program: nothing is on its PATH.
 *
 * Throws the signal's reason, or SourceError (kind `crashed`); then the next call starts anew.
 */
export async function checkWarm(task: PyrightTask): Promise<RawDiagnostic[]> {
  task.signal.throwIfAborted();
  const settings = settingsOf(task);
  let session = sessions.get(task.top);
  if (session && !(await session.isFit(settings, task))) {
    session.end();
    session = undefined;
  }
  session ??= new Session(task.top, settings);
  sessions.delete(task.top);
  sessions.set(task.top, session);
  for (const [top, other] of sessions) {
    if (sessions.size <= sessionLimit) break;
    if (!other.isBusy) endSession(top);
  }
  return session.check(task);
}

function settingsOf({ configuration, stamp }: Pick<PyrightSettings, "configuration" | "stamp">): string {
  return `${JSON.stringify(configuration)}\n${stamp}`;
}

/** Ends the session of a folder, when there is one. */
export function endSession(top: string): void {
  sessions.get(top)?.end();
}

const report = z.object({
  kind: z.string(),
  resultId: z.string().optional(),
  items: z
    .array(
      z.object({
        message: z.string(),
        code: z.union([z.string(), z.number()]).optional(),
        range: z.object({ start: z.object({ line: z.number(), character: z.number() }) }),
      }),
    )
    .optional(),
});

type Said = Omit<RawDiagnostic, "side" | "path">[];

interface Opened {
  version: number;
  /** Blob id of the text it has. */
  id: string | undefined;
  resultId: string | undefined;
  said: Said;
}

class Session {
  readonly #top: string;
  readonly #settings: string;
  readonly #resident: Resident;
  readonly #client: LanguageClient;
  readonly #started: Promise<unknown>;
  readonly #opened = new Map<string, Opened>();
  /** By what a side's folder held: what was said of each path then. */
  readonly #known = new Map<string, Map<string, Said>>();
  /** What each side's folder held when it was last asked about. */
  readonly #listings = new Map<Side, ReadonlyMap<string, string>>();
  #idle: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  isBusy = true;

  constructor(top: string, settings: string) {
    this.#top = top;
    this.#settings = settings;
    const home = join(top, ".session");
    for (const name of ["empty", "tmp"]) mkdirSync(join(home, name), { recursive: true });
    const empty = join(home, "empty");
    const temporary = join(home, "tmp");
    writeFileSync(join(top, "pyrightconfig.json"), settings.split("\n")[0] ?? "");
    this.#resident = startResident(
      process.execPath,
      ["--max-old-space-size=3072", languageServer(), "--stdio"],
      {
        cwd: top,
        env: bareEnvironment(empty, temporary, process.env),
        talk: "pipes",
      },
    );
    this.#client = languageClient(this.#resident.child);
    this.#resident.ended.then((end) => {
      this.#client.fail(crashed(howItEnded(end, this.#resident.stderr())));
      this.#forget();
    });
    this.#started = this.#start();
    this.#started.catch(() => {
      // Told to who waits for it.
    });
  }

  async #start(): Promise<void> {
    const rootUri = pathToFileURL(this.#top).href;
    await this.#client.request("initialize", {
      processId: process.pid,
      rootUri,
      workspaceFolders: [{ uri: rootUri, name: "sides" }],
      capabilities: {
        workspace: { workspaceFolders: true, didChangeWatchedFiles: { dynamicRegistration: true } },
        textDocument: { diagnostic: { dynamicRegistration: true } },
      },
    });
  }

  /** Alive, and of use for what is asked now? */
  async isFit(settings: string, { side, listing, signal }: PyrightTask): Promise<boolean> {
    if (this.#resident.isEnded() || this.#settings !== settings) return false;
    this.isBusy = true;
    if (this.#idle) clearTimeout(this.#idle);
    // What is left of a cancelled call ends soon, or ends the session.
    await this.#running;
    signal.throwIfAborted();
    return !this.#resident.isEnded() && this.#changes(side, listing).length <= changeLimit;
  }

  async check(task: PyrightTask): Promise<RawDiagnostic[]> {
    this.isBusy = true;
    this.#resident.hold(true);
    const work = this.#work(task);
    this.#running = this.#settle(work, task.signal);
    return unlessAborted(work, task.signal);
  }

  /** Never rejects. A cancelled call's last file may be nearly done; but nothing runs on for nobody. */
  async #settle(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
    let limit: NodeJS.Timeout | null = null;
    const leave = () => {
      limit = setTimeout(() => this.end(), drainLimit);
    };
    signal.addEventListener("abort", leave, { once: true });
    const isSound = await work.then(
      () => true,
      () => signal.aborted,
    );
    signal.removeEventListener("abort", leave);
    if (limit) clearTimeout(limit);
    if (!isSound || (await this.#memory()) > memoryLimit) this.end();
    else this.rest();
  }

  rest(): void {
    this.isBusy = false;
    if (this.#resident.isEnded()) return;
    this.#resident.hold(false);
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.end(), idleLimit).unref();
  }

  async #memory(): Promise<number> {
    const text = await readFile(`/proc/${this.#resident.child.pid}/statm`, "utf8").catch(() => "");
    return Number(text.split(" ")[1] ?? 0) * 4_096;
  }

  async #work(task: PyrightTask): Promise<RawDiagnostic[]> {
    await this.#started;
    task.signal.throwIfAborted();
    if (this.#listings.size === 0) this.#client.notify("initialized", {});
    this.#announce(task);
    const found: RawDiagnostic[] = [];
    const { side } = task;
    const known = this.#knownOf(side, task.listing);
    for (const path of task.targets) {
      const said = known.get(path) ?? (await this.#ask(path, task).catch(flooded));
      if (said === "flood") task.onFlood(path);
      if (said === "flood" || said === null) continue;
      known.set(path, said);
      for (const one of said) found.push({ ...one, side, path });
    }
    return found;
  }

  /**
   * Tells the server what the side's folder holds by now, and takes back the texts that nobody asks about any more, or
   * that are others by now: until such a file's own turn, those before it would be judged against its old text.
   */
  #announce({ side, listing, targets }: PyrightTask): void {
    const changes = this.#changes(side, listing);
    this.#listings.set(side, listing);
    const wanted = new Map(targets.map((path) => [`${side}/${path}`, listing.get(path)]));
    for (const [key, { id }] of this.#opened) {
      if (!key.startsWith(`${side}/`) || (wanted.has(key) && wanted.get(key) === id)) continue;
      this.#opened.delete(key);
      this.#client.notify("textDocument/didClose", { textDocument: { uri: this.#uri(key) } });
    }
    if (changes.length === 0) return;
    this.#client.notify("workspace/didChangeWatchedFiles", {
      changes: changes.map(({ key, type }) => ({ uri: this.#uri(key), type })),
    });
  }

  #changes(side: Side, now: ReadonlyMap<string, string>): { key: string; type: 1 | 2 | 3 }[] {
    const old = this.#listings.get(side);
    if (old === undefined) return [];
    const gone = [...old.keys()].filter((path) => !now.has(path));
    const other = [...now].filter(([path, id]) => old.get(path) !== id).map(([path]) => path);
    return [
      ...gone.map((path) => ({ key: `${side}/${path}`, type: 3 as const })),
      ...other.map((path) => ({
        key: `${side}/${path}`,
        type: old.has(path) ? (2 as const) : (1 as const),
      })),
    ];
  }

  #knownOf(side: Side, listing: ReadonlyMap<string, string>): Map<string, Said> {
    const hash = createHash("sha256").update(side);
    for (const [path, id] of [...listing].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`\n${id} ${path}`);
    const key = hash.digest("base64");
    const known = this.#known.get(key) ?? new Map<string, Said>();
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > 6 && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }

  async #ask(path: string, { side, listing, text, signal }: PyrightTask): Promise<Said | null> {
    signal.throwIfAborted();
    const source = await text(path);
    if (source === null) return null;
    const key = `${side}/${path}`;
    const uri = this.#uri(key);
    const id = listing.get(path);
    const before = this.#opened.get(key);
    const opened = before ?? { version: 1, id, resultId: undefined, said: [] };
    if (!before) {
      this.#opened.set(key, opened);
      this.#client.notify("textDocument/didOpen", {
        textDocument: { uri, languageId: "python", version: opened.version, text: source },
      });
    } else if (before.id !== id) {
      opened.version++;
      opened.id = id;
      this.#client.notify("textDocument/didChange", {
        textDocument: { uri, version: opened.version },
        contentChanges: [{ text: source }],
      });
    }
    const { resultId, ...rest } = report.parse(
      await this.#client.request("textDocument/diagnostic", {
        textDocument: { uri },
        ...(opened.resultId === undefined ? {} : { previousResultId: opened.resultId }),
      }),
    );
    opened.resultId = resultId;
    if (rest.kind !== "unchanged") {
      opened.said = (rest.items ?? []).map(({ message, code, range }) => ({
        message,
        rule: code === undefined ? undefined : String(code),
        line: range.start.line,
        column: range.start.character,
      }));
    }
    return opened.said;
  }

  #uri(key: string): string {
    return pathToFileURL(join(this.#top, key)).href;
  }

  #forget(): void {
    if (this.#idle) clearTimeout(this.#idle);
    if (sessions.get(this.#top) === this) sessions.delete(this.#top);
  }

  end(): void {
    this.#forget();
    this.#resident.kill();
  }
}

function flooded(error: unknown): "flood" {
  if (error instanceof TooLarge) return "flood";
  throw error;
}

/** As the promise, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {};
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function languageServer(): string {
  const folder = dirname(createRequire(import.meta.url).resolve("pyright/package.json"));
  return join(folder, "langserver.index.js");
}

function crashed(what: string): SourceError {
  return new SourceError(`pyright ${what}`, "The other engines' findings stand.", { kind: "crashed" });
}
