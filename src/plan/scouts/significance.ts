/** What happened to a repository since something was found in it. */
export interface Changes {
  /** Files that git says differ between then and now; null when it can't say (the commit is gone). */
  changed: number | null;
  /** Files there are. */
  tree: number;
  /** Files that the findings rest on, and how many of them are not what they were. */
  relevant: number;
  touched: number;
  /** Files that are new among the best for the feature. */
  appeared: number;
}

/**
 * `same`: nothing changed; `minor`: nothing that matters; `partly`: some of what it rests on; `stale`: look again at all.
 */
export type Significance = "same" | "minor" | "partly" | "stale";

/** Above this share of the tree, and this many files, it is another repository. */
const treeShare = 0.15;
const fewFiles = 10;
/** Above this share of the files that the findings rest on, little of them is left. */
const relevantShare = 0.5;

export function significanceOf({ changed, tree, relevant, touched, appeared }: Changes): Significance {
  if (changed === null) return "stale";
  if (changed > fewFiles && changed > tree * treeShare) return "stale";
  const concerned = touched + appeared;
  if (concerned === 0) return changed === 0 ? "same" : "minor";
  return concerned > Math.max(1, relevant) * relevantShare ? "stale" : "partly";
}
