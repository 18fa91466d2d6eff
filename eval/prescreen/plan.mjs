// Which mistakes are made where. It depends on the seed and the repository alone.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ecmascriptSites, parsesAsEcmaScript } from "./ecmascript.mjs";
import { parsesAsPython, pythonClasses, pythonSites } from "./python.mjs";
import { randomFrom, shuffled } from "./random.mjs";
import { checkOut, readSource, sourcesAt } from "./repository.mjs";
import { applied, shown } from "./site.mjs";

/** Every variant of a class has its turn; another one added later changes nothing in how these are mixed. */
function inTurn(sites, words) {
  const variants = [...new Set(sites.map(({ variant }) => variant))]
    .map((variant) => ({ variant, rank: randomFrom(...words, variant, "turn")() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ variant }) =>
      shuffled(
        sites.filter((site) => site.variant === variant),
        randomFrom(...words, variant),
      ),
    );
  const longest = Math.max(0, ...variants.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => variants.flatMap((ones) => ones[index] ?? [])).flat();
}

/** Mistakes of one class taken from one commit, so that many commits and authors are tried. */
const perCommit = 2;

/**
 * Gives up to `n` mutants of each class, made in files that clean commits touched; then, for classes that have too
 * few places there, in any file of such commits. `isClean(commit)` is asked of each commit before it is used.
 */
export async function plan({
  clone,
  commits,
  wanted,
  n,
  seed,
  isClean,
  isEcmaScript,
  isPython,
  isSource,
  onProgress,
}) {
  const order = shuffled(commits, randomFrom(seed, "commits"));
  const chosen = new Map(wanted.map((name) => [name, []]));
  const seen = new Set();
  const isPossible = (name) =>
    commits.some(({ files }) =>
      files.some((path) => isSource(path) && (isEcmaScript(path) || pythonClasses.includes(name))),
    );
  const possible = wanted.filter(isPossible);
  const lacking = () => possible.filter((name) => chosen.get(name).length < n);
  for (const touched of [true, false]) {
    // Whole trees differ little from commit to commit: a few tell all.
    const from = touched ? order : order.slice(0, 5);
    for (const [index, one] of from.entries()) {
      if (lacking().length === 0) break;
      onProgress?.(index, from.length, lacking());
      const all = sourcesAt(clone, one.commit, (path) => isPython(path) || isEcmaScript(path));
      const there = new Set(all);
      const paths = (touched ? one.files : all).filter((path) => isSource(path) && there.has(path));
      if (paths.length === 0 || !(await isClean(one))) continue;
      checkOut(clone, one);
      const present = paths.filter((path) => existsSync(join(clone.folder, path)));
      const sites = await sitesOf({
        clone,
        paths: present,
        all,
        wanted: lacking(),
        seed,
        isPython,
        isEcmaScript,
        one,
      });
      for (const name of lacking()) {
        const mine = sites.filter((site) => site.class === name);
        let room = Math.min(touched ? perCommit : n, n - chosen.get(name).length);
        for (const site of inTurn(mine, [seed, one.commit, name, String(touched)])) {
          if (room === 0) break;
          const text = readSource(clone, site.file);
          const lines = shown(text, site.edits);
          const key = JSON.stringify([name, site.file, lines]);
          const after = applied(text, site.edits);
          const parses = isPython(site.file)
            ? await parsesAsPython(after)
            : parsesAsEcmaScript(site.file, after);
          if (seen.has(key) || !parses) continue;
          seen.add(key);
          room -= 1;
          const { commit, parent } = one;
          const number = chosen.get(name).length + 1;
          chosen
            .get(name)
            .push({ id: `${name}-${number}`, number, ...site, ...lines, commit, parent, touched });
        }
      }
    }
  }
  return [...chosen.values()].flat().sort(inOrder(order));
}

/** Five of each class in turn, so that a run that is stopped has as much of each; of those, what is of one commit together. */
function inOrder(commits) {
  const place = new Map(commits.map(({ commit }, index) => [commit, index]));
  const row = ({ number }) => Math.floor((number - 1) / 5);
  return (a, b) => row(a) - row(b) || place.get(a.commit) - place.get(b.commit) || a.number - b.number;
}

async function sitesOf({ clone, paths, all, wanted, seed, isPython, isEcmaScript, one }) {
  const randomAt = (...words) => randomFrom(seed, one.commit, ...words);
  const { folder } = clone;
  const scripts = paths.filter((path) => isEcmaScript(path));
  const pythons = paths.filter((path) => isPython(path));
  return [
    ...(scripts.length > 0 ? ecmascriptSites({ folder, paths: scripts, wanted, randomAt }) : []),
    ...(pythons.length > 0
      ? await pythonSites({
          folder,
          paths: pythons,
          all: all.filter((path) => isPython(path) && existsSync(join(folder, path))),
          wanted,
          randomAt,
        })
      : []),
  ];
}
