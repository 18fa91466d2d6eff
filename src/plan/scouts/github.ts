import * as z from "zod";
import { git } from "../../change/git.js";
import { messageOf } from "../../errors.js";
import { githubAccess, githubName } from "./github/access.js";
import { type AskGithub, githubAsker } from "./github/ask.js";
import type { Ground } from "./ground.js";
import { likenessOf } from "./likeness.js";
import { type Fact, type Gathered, quoted, type Scout } from "./scout.js";

const most = 10;
/** Words of the feature that are searched for: they are all that leaves the machine. */
const searched = 3;

const issue = z.object({
  number: z.number(),
  title: z.string(),
  state: z.string(),
  body: z.string().nullish(),
  comments: z.number().nullish(),
  updated_at: z.string().nullish(),
  author_association: z.string().nullish(),
  pull_request: z.object({ merged_at: z.string().nullish() }).nullish(),
});
type Issue = z.output<typeof issue>;
const found = z.object({ items: z.array(issue).max(100) });
const pulls = z.array(issue.omit({ comments: true, pull_request: true })).max(100);
const files = z.array(z.object({ filename: z.string() })).max(300);

/** What the repository's issues and pull requests at GitHub say; off unless a token or `gh` is there. */
export const github: Scout = {
  name: "github",
  folder: "github-scout",
  settings: "github_scout",
  heading: (feature) => `GitHub Search Results: ${feature}`,
  sections: [
    "Authoritative Sources",
    "Quality Examples",
    "Additional References",
    "Related Issues/Discussions",
    "Private Repos",
  ],
  prompt: "scout-github",
  from: "service",
  async off(ground: Ground) {
    if ((await githubAccess(ground.sluice, ground.project.repository.root)) === null)
      return "needs GITHUB_TOKEN or GH_TOKEN, or gh on PATH";
    return (await remoteName(ground)) === null ? "no remote is at github.com" : null;
  },
  async gather(ground: Ground, signal: AbortSignal): Promise<Gathered> {
    const access = await githubAccess(ground.sluice, ground.project.repository.root);
    const name = await remoteName(ground);
    if (access === null || name === null) return { facts: [], relevantFiles: [], notes: [] };
    return lookUp(ground, name, githubAsker(ground.sluice, access, signal), signal);
  },
};

/** `upstream` before `origin`: that is where issues are. */
async function remoteName({ project }: Ground): Promise<string | null> {
  const args = ["config", "--local", "--get-regexp", "^remote\\..*\\.url$"];
  const listed = await git(project.repository, args, {
    allowFailure: true,
    timeout: 5_000,
    maxOutput: 64 * 1024,
    truncate: true,
  });
  const remotes = new Map<string, string>();
  for (const line of listed.stdout.toString("utf8").split("\n")) {
    const [, remote = "", address = ""] = /^remote\.(.+)\.url (.+)$/.exec(line) ?? [];
    const name = githubName(address);
    if (name !== null) remotes.set(remote, name);
  }
  return remotes.get("upstream") ?? remotes.get("origin") ?? [...remotes.values()][0] ?? null;
}

async function lookUp(ground: Ground, name: string, ask: AskGithub, signal: AbortSignal): Promise<Gathered> {
  const notes: string[] = [];
  const words = ground.feature.words.filter((word) => /^[a-z][a-z0-9]{2,23}$/.test(word)).slice(0, searched);
  const byNumber = new Map<number, Issue>();
  // GitHub wants all words: fewer, when all of them are too many.
  for (let count = words.length; count > 0 && byNumber.size < 3; count -= 1) {
    const query = encodeURIComponent(`repo:${name} ${words.slice(0, count).join(" ")}`);
    const parsed = found.safeParse(await ask(`search/issues?q=${query}&per_page=30`));
    if (!parsed.success) notes.push("GitHub's search answered something else than issues");
    for (const one of parsed.data?.items ?? []) byNumber.set(one.number, one);
  }
  const open = pulls.safeParse(
    await optional(ask(`repos/${name}/pulls?state=open&sort=updated&direction=desc&per_page=50`), signal),
  );
  for (const one of open.data ?? [])
    if (!byNumber.has(one.number)) byNumber.set(one.number, { ...one, pull_request: {} });
  const all = [...byNumber.values()];
  const likeness = likenessOf(
    ground.feature.words,
    all.map(({ title, body }) => ({ title, body: body ?? "" })),
  );
  const ranked = all
    .map((one, at) => ({ one, score: likeness[at]?.score ?? 0, shared: likeness[at]?.shared.length ?? 0 }))
    .filter(({ shared }) => shared >= Math.min(2, words.length))
    .sort((left, right) => right.score - left.score)
    .slice(0, most)
    .map(({ one }) => one);
  const facts: Fact[] = [];
  let asked = 0;
  for (const one of ranked) {
    const isPull = one.pull_request != null;
    const touched = isPull && asked++ < 3 ? await touchedBy(ground, name, one.number, ask, signal) : [];
    facts.push(factOf(name, one, touched));
  }
  if (facts.length === 0) notes.push(`no issue or pull request of ${name} has to do with it`);
  return { facts, relevantFiles: [...new Set(facts.flatMap((fact) => fact.files ?? []))], notes };
}

/** Files of a pull request that are here too. */
async function touchedBy(
  ground: Ground,
  name: string,
  number: number,
  ask: AskGithub,
  signal: AbortSignal,
): Promise<string[]> {
  const listed = files.safeParse(
    await optional(ask(`repos/${name}/pulls/${number}/files?per_page=50`), signal),
  );
  return (listed.data ?? [])
    .map(({ filename }) => filename)
    .filter(ground.has)
    .slice(0, 6);
}

/** What is nice to know, and not worth losing the rest for. */
async function optional(answer: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return answer.catch((error: unknown) => {
    signal.throwIfAborted();
    return { unavailable: messageOf(error) };
  });
}

function factOf(name: string, one: Issue, touched: readonly string[]): Fact {
  const { number, title, state, body, comments, updated_at, author_association, pull_request } = one;
  const merged = pull_request?.merged_at != null;
  const kind =
    pull_request == null
      ? "issue"
      : merged
        ? "merged pull request"
        : state === "open"
          ? "open pull request"
          : "closed pull request";
  const ours = /^(?:OWNER|MEMBER|COLLABORATOR)$/.test(author_association ?? "");
  const section = merged
    ? "Quality Examples"
    : state === "open"
      ? "Related Issues/Discussions"
      : ours
        ? "Authoritative Sources"
        : "Additional References";
  const parts = [
    `${kind}${pull_request == null ? ` (${state})` : ""}`,
    updated_at == null ? null : updated_at.slice(0, 10),
    comments ? `${comments} comments` : null,
    ours ? "by a maintainer" : null,
    touched.length === 0 ? null : `changes ${touched.join(", ")}`,
  ].filter((part) => part !== null);
  return {
    section,
    text: `#${number} ${quoted(title, 120)}: ${parts.join(", ")}`,
    files: touched,
    source: `https://github.com/${name}/${pull_request == null ? "issues" : "pull"}/${number}`,
    excerpt: (body ?? "").slice(0, 1_000),
  };
}
