import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Names a run in the environment of all it starts. A process that left its group and its session and whose
 * parent is gone can be found by nothing else.
 */
export const runMarker = "SLUICE_RUN";

export interface Tree {
  /** The process that was started; on Unix also the id of its group. */
  pid: number;
  /** The run's name in `SLUICE_RUN`. */
  run: string;
  /** What an earlier signal found: its parents may be dead by the next one. */
  seen: Set<number>;
}

/** What was started and has not ended. */
export const tracked = new Set<Tree>();

/** Ends everything still running, at once: for our own exit. */
export function killAllProcesses(): void {
  for (const tree of tracked) killTree(tree);
  tracked.clear();
}

interface Running {
  pid: number;
  parent: number;
  group: number;
  session: number;
}

/**
 * Signals a process and everything it started: its group, its session, its descendants, and (on Linux) what
 * carries the run's name in its environment. Gives the processes found, the first one excepted.
 * Never throws: what is gone already is fine.
 */
export function signalTree(tree: Tree, signal: "SIGTERM" | "SIGKILL"): number[] {
  if (process.platform === "win32") {
    // Windows has no signal that a console program could handle: both ends are the hard one.
    spawnSync("taskkill", ["/pid", String(tree.pid), "/T", "/F"], { timeout: 5_000, windowsHide: true });
    return [];
  }
  // Found first: once a parent dies its children belong to init.
  const found = members(tree);
  send(-tree.pid, signal);
  for (const pid of found) {
    tree.seen.add(pid);
    send(pid, signal);
  }
  return found;
}

/** SIGKILL until nothing new of the tree is found: what was forked while it was being killed is caught in turn. */
export function killTree(tree: Tree): void {
  const killed = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const found = signalTree(tree, "SIGKILL").filter((pid) => !killed.has(pid));
    if (found.length === 0) return;
    for (const pid of found) killed.add(pid);
  }
}

/**
 * Kills the processes that carry a name in their environment: what a process that was killed itself left running. The
 * name has to be one that nobody else has. Linux only; elsewhere nothing is found.
 */
export function killMarked(name: string): void {
  if (process.platform !== "linux" || name.length < 16) return;
  for (const { pid } of fromProc()) if (pid !== process.pid && carries(pid, name)) send(pid, "SIGKILL");
}

/** The tree's processes that are alive. */
function members(tree: Tree): number[] {
  const running = process.platform === "linux" ? fromProc() : fromPs();
  const children = new Map<number, Running[]>();
  for (const entry of running) {
    const siblings = children.get(entry.parent);
    if (siblings === undefined) children.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  const found = new Set<number>();
  const follow = (pid: number) => {
    for (const child of children.get(pid) ?? []) {
      if (found.has(child.pid)) continue;
      found.add(child.pid);
      follow(child.pid);
    }
  };
  follow(tree.pid);
  for (const entry of running) {
    if (entry.pid === process.pid || found.has(entry.pid)) continue;
    if (
      tree.seen.has(entry.pid) ||
      entry.group === tree.pid ||
      entry.session === tree.pid ||
      (process.platform === "linux" && carries(entry.pid, tree.run))
    ) {
      found.add(entry.pid);
      follow(entry.pid);
    }
  }
  found.delete(tree.pid);
  found.delete(process.pid);
  return [...found].filter((pid) => pid > 1);
}

function fromProc(): Running[] {
  const running: Running[] = [];
  for (const name of entries("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = read(`/proc/${pid}/stat`)?.toString("latin1");
    if (stat === undefined) continue;
    // The command name is in parentheses and may hold anything, parentheses too.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") continue;
    running.push({ pid, parent: Number(parent), group: Number(group), session: Number(session) });
  }
  return running;
}

/** macOS and the BSDs: no environment to look into, so a daemon that forked twice is not found. */
function fromPs(): Running[] {
  const listed = spawnSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat="], {
    timeout: 2_000,
    encoding: "utf8",
  });
  const running: Running[] = [];
  for (const line of (listed.stdout ?? "").split("\n")) {
    const [pid, parent, group, state] = line.trim().split(/\s+/);
    if (pid === undefined || pid === "" || state?.startsWith("Z")) continue;
    running.push({ pid: Number(pid), parent: Number(parent), group: Number(group), session: -1 });
  }
  return running;
}

function carries(pid: number, run: string): boolean {
  return read(`/proc/${pid}/environ`)?.includes(run) ?? false;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    // Ended meanwhile, or another user's.
    return null;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}
