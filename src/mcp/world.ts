import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { configurationFolder, userConfigurationPath } from "../config/paths.js";
import { messageOf } from "../errors.js";
import { githubAccess } from "../plan/scouts/github/access.js";
import { mayHaveSource, sourceStatuses } from "../premium/sources.js";
import type { Sluice } from "../sluice.js";

/** What decides whether a tool's annotations can promise that it stays in: looked at once, when the server starts. */
export interface World {
  /** Somebody allowed commands of this repository to run, so `review_change` may run them. */
  trustedGates: boolean;
  /** Programs look at a change in the pre-screen, which may run the project's own code. */
  tools: boolean;
  /** A model that is called local is on another machine. */
  remoteModel: boolean;
  /** A premium source could be asked: for what it has left, and for a review. */
  sources: boolean;
  /** The user lets model-written code run where there is no sandbox. */
  unsandboxed: boolean;
  /** The repository's issues can be looked up: it is at GitHub, and a token or `gh` is there. */
  github: boolean;
}

const nothing: World = {
  trustedGates: false,
  tools: false,
  remoteModel: false,
  sources: false,
  unsandboxed: false,
  github: false,
};

/** Looks without starting git. What can't be read allows nothing. */
export async function lookAround(sluice: Sluice): Promise<World> {
  try {
    const folder = configurationFolder(sluice);
    const hasTrust = existsSync(join(folder, "trust.json"));
    const commonDir = findCommonDir(sluice.cwd);
    const github = await isAtGithub(sluice, commonDir);
    // Most users have configured and trusted nothing yet, and need not wait for what reads it.
    const { LOCAL_ENDPOINT, PREFILTER_ENDPOINT } = sluice.env;
    if (!hasTrust && !existsSync(userConfigurationPath(sluice)) && !LOCAL_ENDPOINT && !PREFILTER_ENDPOINT)
      return { ...nothing, sources: await mayHaveSource(sluice), github };
    const { readTrust } = await import("../config/trust.js");
    const { loadConfiguration } = await import("../config/load.js");
    const { isLoopback } = await import("../config/restrict.js");
    const trust = commonDir === null ? null : await readTrust(sluice, commonDir);
    const { config } = await loadConfiguration(sluice, repositoryText(commonDir), trust);
    const { enabled, primary_endpoint, prefilter_enabled, prefilter_endpoint } = config.local;
    return {
      trustedGates: trust !== null && Object.keys(trust.commands).length > 0,
      tools: config.review.prescreen.tools.length > 0,
      remoteModel:
        enabled && (!isLoopback(primary_endpoint) || (prefilter_enabled && !isLoopback(prefilter_endpoint))),
      sources: (await sourceStatuses(sluice, config)).some(({ configured }) => configured),
      unsandboxed: config.work.implement.allow_unsandboxed,
      github,
    };
  } catch (error) {
    sluice.log(`configuration and trust could not be read: ${messageOf(error)}`);
    return nothing;
  }
}

async function isAtGithub(sluice: Sluice, commonDir: string | null): Promise<boolean> {
  if (commonDir === null) return false;
  const file = join(commonDir, "config");
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? Number.POSITIVE_INFINITY;
  if (size > 1024 * 1024 || !/github\.com/i.test(readFileSync(file, "utf8"))) return false;
  return (await githubAccess(sluice, dirname(commonDir))) !== null;
}

/** The repository's own configuration, which counts as far as it was trusted. */
function repositoryText(commonDir: string | null): { text: string; origin: string } | null {
  if (commonDir === null) return null;
  const file = join(dirname(commonDir), ".flow", "config.json");
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? Number.POSITIVE_INFINITY;
  return size > 1024 * 1024 ? null : { text: readFileSync(file, "utf8"), origin: file };
}

/** The git directory that all worktrees share, found as git does: a `.git` folder, or a file that points to one. */
function findCommonDir(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, ".git");
    const kind = statSync(candidate, { throwIfNoEntry: false });
    if (kind?.isDirectory()) return realpathSync(candidate);
    if (kind?.isFile()) {
      const gitDir = /^gitdir: (.+)$/m.exec(readFileSync(candidate, "utf8"))?.[1];
      if (gitDir === undefined) return null;
      const own = resolve(folder, gitDir.trim());
      const common = join(own, "commondir");
      return realpathSync(
        statSync(common, { throwIfNoEntry: false }) ? resolve(own, readFileSync(common, "utf8").trim()) : own,
      );
    }
    if (folder === dirname(folder)) return null;
  }
}
