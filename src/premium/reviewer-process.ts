import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sluice } from "../sluice.js";
import { makeTemporary, removeTemporary } from "../temporary.js";

/** Set in every program that reviews for us: a server started below it must not ask a premium model again. */
export const depthVariable = "SLUICE_DEPTH";

/**
 * What every program needs to run, to find the user's sign-in and to reach the network. Nothing else: an API key in
 * the environment silently switches a subscription's program to paid calls, and a token is nobody's business.
 */
const kept = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
  // Keyrings are asked over it.
  "DBUS_SESSION_BUS_ADDRESS",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "SystemRoot",
  "SystemDrive",
  "windir",
  "USERPROFILE",
  "HOMEDRIVE",
  "HOMEPATH",
  "APPDATA",
  "LOCALAPPDATA",
  "PATHEXT",
  "ComSpec",
] as const;

/** How deep below a review of ours this process runs: 0 for one that a person or an agent started. */
export function reviewDepth(sluice: Pick<Sluice, "env">): number {
  const said = (sluice.env[depthVariable] ?? "").trim();
  if (said === "") return 0;
  const depth = Number(said);
  // What can't be read was set by somebody all the same.
  return Number.isInteger(depth) && depth >= 0 ? depth : 1;
}

/**
 * The environment of a program that reviews for us.
 *
 * @param also names that this program takes its sign-in or its settings folder from, such as `CODEX_HOME`
 * @param set what is added, such as the address it is pointed at
 */
export function reviewerEnvironment(
  sluice: Pick<Sluice, "env">,
  folder: string,
  also: readonly string[] = [],
  set: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of [...kept, ...also]) {
    const value = sluice.env[name];
    if (value !== undefined) environment[name] = value;
  }
  const temporary = join(folder, "tmp");
  return {
    ...environment,
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
    NO_COLOR: "1",
    ...set,
    [depthVariable]: String(reviewDepth(sluice) + 1),
  };
}

/** Runs a call with a folder of its own: `work`, empty, to run in, and beside it room for files handed over. */
export async function withReviewerFolder<T>(
  sluice: Pick<Sluice, "env">,
  call: (folder: { root: string; work: string }) => Promise<T>,
): Promise<T> {
  const root = makeTemporary("reviewer", sluice.env.TMPDIR);
  try {
    const work = join(root, "work");
    await mkdir(work);
    await mkdir(join(root, "tmp"));
    return await call({ root, work });
  } finally {
    await removeTemporary(root);
  }
}
