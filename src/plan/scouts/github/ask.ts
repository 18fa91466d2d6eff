import { tmpdir } from "node:os";
import { toolEnvironment } from "../../../analyzers/tools/programs.js";
import { isLoopback } from "../../../config/restrict.js";
import { SourceError } from "../../../errors.js";
import { parsedJson } from "../../../premium/json-text.js";
import { providerFetch } from "../../../premium/provider-fetch.js";
import { runProcess } from "../../../process.js";
import type { Sluice } from "../../../sluice.js";
import { abortAfter } from "../../../time-limit.js";
import type { GithubAccess } from "./access.js";

/** Milliseconds for one question, and bytes of its answer. */
const timeLimit = 12_000;
const answerLimit = 2 * 1024 * 1024;

/** Asks GitHub's REST API for something; never for a change. */
export type AskGithub = (path: string) => Promise<unknown>;

/** Throws SourceError for whatever goes wrong on the way. */
export function githubAsker(sluice: Sluice, access: GithubAccess, signal: AbortSignal): AskGithub {
  return access.way === "token"
    ? (path) => overHttp(sluice, access.token, path, signal)
    : (path) => byProgram(sluice, access.program, path, signal);
}

/** GitHub's own address; another one only over TLS or on this machine, from the user's environment. */
function baseOf({ env }: Pick<Sluice, "env">): string {
  const set = (env.GITHUB_API_URL ?? "").trim();
  const usable = set !== "" && URL.canParse(set) && (set.startsWith("https://") || isLoopback(set));
  return (usable ? set : "https://api.github.com").replace(/\/+$/, "");
}

async function overHttp(sluice: Sluice, token: string, path: string, signal: AbortSignal): Promise<unknown> {
  const { fetch, close } = await providerFetch(sluice);
  try {
    const response = await fetch(`${baseOf(sluice)}/${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/vnd.github+json",
        "user-agent": "sluice",
        "x-github-api-version": "2022-11-28",
      },
      // The token goes to no other host.
      redirect: "error",
      signal: AbortSignal.any([signal, abortAfter(timeLimit)]),
    });
    const text = await limitedText(response);
    if (response.ok) return parsedJson(text);
    throw refused(response.status, response.headers.get("x-ratelimit-remaining") === "0");
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    throw new SourceError("GitHub could not be reached.", "Call again later.", {
      kind: "network",
      cause: error,
    });
  } finally {
    await close();
  }
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return "";
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > answerLimit)
      throw new SourceError("GitHub's answer is too long.", "Call again.", { kind: "too-large" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refused(status: number, exhausted: boolean): SourceError {
  const why =
    exhausted || status === 429
      ? "its rate limit is used up"
      : status === 401
        ? "the token is not accepted"
        : `status ${status}`;
  return new SourceError(`GitHub refused: ${why}.`, "Check the token, or leave the github scout out.", {
    kind: "refused",
    status,
  });
}

/** `gh` in an empty-handed folder: nothing of the repository's chooses what it does. */
async function byProgram(
  sluice: Sluice,
  program: string,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const env = {
    ...toolEnvironment(sluice.env),
    GH_CONFIG_DIR: sluice.env.GH_CONFIG_DIR,
    GH_PROMPT_DISABLED: "1",
    GH_NO_UPDATE_NOTIFIER: "1",
  };
  const args = ["api", "--method", "GET", "--hostname", "github.com", path];
  const result = await runProcess(program, args, {
    cwd: tmpdir(),
    env,
    timeout: timeLimit,
    signal,
    maxOutput: answerLimit,
  });
  signal.throwIfAborted();
  if (result.code === 0 && !result.truncated) return parsedJson(result.stdout.toString("utf8"));
  const said = result.stderr.toString("utf8");
  const why = /auth login|not logged in|401/i.test(said)
    ? "gh is not signed in (gh auth login)"
    : `gh failed (${result.stopped ?? result.code})`;
  throw new SourceError(`GitHub was not asked: ${why}.`, "Sign in, or set GITHUB_TOKEN.", {
    kind: "refused",
  });
}
