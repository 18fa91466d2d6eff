import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf } from "./durable-file.js";

/** Which process, told from every other one on machines and in containers that share a folder. */
export interface ProcessIdentity {
  host: string;
  boot_id: string | null;
  pid_namespace: string | null;
  pid: number;
  /** Clock ticks since boot, as in /proc/<pid>/stat: a process id comes back, a start time does not. */
  started: string | null;
}

let self: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  self ??= {
    host: hostname(),
    boot_id: readOrNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pid_namespace: readOrNull(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    started: readProcess(process.pid)?.started ?? null,
  };
  return self;
}

/** Whether a process that shares our process table is alive. */
export function isAlive(pid: number, started: string | null): boolean {
  const now = readProcess(pid);
  if (now !== null) {
    // A zombie holds nothing any more; it only waits for its parent.
    if (now.state === "Z" || now.state === "X") return false;
    return started === null || now.started === started;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

/** This process in a word that can be part of a file's name: where it is, its id, its start. */
export function ownMark(): string {
  const { pid, started } = ownIdentity();
  return `${placeMark()}.${pid}.${started ?? "x"}`;
}

export const markPattern = /[0-9a-f]{10}\.\d{1,10}\.(?:\d{1,20}|x)/;

/** Of the process that a mark names; `elsewhere`: another machine's, container's or boot's, so it can't be known. */
export function stateOfMark(mark: string): "alive" | "dead" | "elsewhere" {
  const [place, pid, started] = mark.split(".");
  if (place !== placeMark()) return "elsewhere";
  const lives = isAlive(Number(pid), started === undefined || started === "x" ? null : started);
  return lives ? "alive" : "dead";
}

/** Whether the process that a mark names is dead for certain. */
export function isDeadMark(mark: string): boolean {
  return stateOfMark(mark) === "dead";
}

function placeMark(): string {
  const { host, boot_id, pid_namespace } = ownIdentity();
  return createHash("sha256")
    .update(JSON.stringify([host, boot_id, pid_namespace]))
    .digest("hex")
    .slice(0, 10);
}

/** proc(5): the name in parentheses may hold anything, so fields are counted from the last one; 22 is the start. */
function readProcess(pid: number): { state: string; started: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, started] = [fields[0], fields[19]];
    return state === undefined || started === undefined ? null : { state, started };
  } catch {
    return null;
  }
}

function readOrNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
