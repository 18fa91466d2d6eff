import { git } from "../../change/git.js";
import { isExcluded } from "../../change/state-paths.js";
import { taskBase } from "../../change/task-base.js";
import type { Repository } from "../../change/types.js";
import { printableLine } from "../../printable.js";

export interface GitState {
  /** Null when detached, and `head` where there is no commit. */
  branch: string | null;
  head: string | null;
  /** The commit that a worker recorded before its first edit. */
  base: string | null;
  /** Changed files, untracked ones too, without Sluice's own state. */
  changed: number;
  /** `M src/a.ts`, `?? b.ts`: the first of them. */
  status: string[];
  commits: { id: string; subject: string }[];
}

const shownFiles = 12;
const shownCommits = 5;

/** Where the repository stands: branch, status, and the last five commits. */
export async function gitState(repository: Repository, signal: AbortSignal): Promise<GitState> {
  const quiet = { signal, allowFailure: true, env: { GIT_NO_LAZY_FETCH: "1" } } as const;
  const [log, listed] = await Promise.all([
    git(
      repository,
      [
        "log",
        "-z",
        "-n",
        String(shownCommits),
        "--no-show-signature",
        "--no-mailmap",
        "--no-notes",
        "--encoding=UTF-8",
        "--format=%H %s",
      ],
      quiet,
    ),
    repository.bare
      ? null
      : git(
          repository,
          [
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=normal",
            "--ignore-submodules=dirty",
          ],
          quiet,
        ),
  ]);
  const commits = log.stdout
    .toString("utf8")
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => ({
      id: record.slice(0, record.indexOf(" ")),
      subject: printableLine(record.slice(record.indexOf(" ") + 1)).slice(0, 100),
    }));
  const head = commits[0]?.id ?? null;
  const status = (listed?.stdout.toString("utf8") ?? "")
    .split("\0")
    .filter((record) => record.length > 3 && !isExcluded(record.slice(3)))
    .map((record) => printableLine(`${record.slice(0, 2).trim()} ${record.slice(3)}`).slice(0, 200));
  const base = await taskBase(repository, head, signal);
  return {
    branch: repository.branch,
    head,
    base: base?.commit ?? null,
    changed: status.length,
    status: status.slice(0, shownFiles),
    commits: commits.map(({ id, subject }) => ({ id: id.slice(0, 12), subject })),
  };
}
