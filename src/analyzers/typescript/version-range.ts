/** Numbers of a version; a pre-release sorts before its release. */
type Version = readonly [major: number, minor: number, patch: number, release: number];

/**
 * Does a version satisfy a range of a package.json? Null for what is no range of versions: a tag, an address, a
 * catalog entry. Of pre-releases only that they come before their release is known.
 */
export function satisfies(version: string, range: string): boolean | null {
  const found = parse(version);
  if (found === null) return null;
  const plain = range
    .trim()
    .replace(/^npm:(?:@[^/]+\/)?[^@]+@/, "")
    .replace(/^workspace:/, "");
  if (plain === "" || plain === "*" || plain === "latest") return true;
  const answers = plain.split("||").map((part) => satisfiesAll(found, part.trim()));
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

function satisfiesAll(version: Version, part: string): boolean | null {
  const between = /^(\S+)\s+-\s+(\S+)$/.exec(part);
  const terms = between
    ? [`>=${between[1]}`, `<=${between[2]}`]
    : part.replace(/([<>=^~])\s+/g, "$1").split(/\s+/);
  let all = true;
  for (const term of terms) {
    const match =
      /^(\^|~>?|>=|<=|>|<|=)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*])([-+][\w.+-]*)?)?$/.exec(term);
    if (!match) return null;
    const [, operator = "", ...numbers] = match;
    const given = numbers
      .slice(0, 3)
      .filter((one) => one !== undefined && /^\d+$/.test(one))
      .map(Number);
    const low = lowest(given, numbers[3]?.startsWith("-") ? 0 : 1);
    if (given.length > 0) all &&= holds(version, operator, low, given.length);
  }
  return all;
}

function holds(version: Version, operator: string, low: Version, given: number): boolean {
  const [major, minor, patch] = low;
  const above = (limit: Version) => compare(version, limit) >= 0;
  switch (operator) {
    case "^": {
      const place = major > 0 || given === 1 ? 1 : minor > 0 || given === 2 ? 2 : 3;
      return above(low) && !above(next([major, minor, patch], place));
    }
    case "~":
    case "~>":
      return above(low) && !above(next([major, minor, patch], Math.min(given, 2)));
    case ">=":
      return above(low);
    case ">":
      return given === 3 ? compare(version, low) > 0 : above(next([major, minor, patch], given));
    case "<":
      return !above(low);
    case "<=":
      return given === 3 ? compare(version, low) <= 0 : !above(next([major, minor, patch], given));
    default:
      return given === 3
        ? compare(version, low) === 0
        : above(low) && !above(next([major, minor, patch], given));
  }
}

/** The first version beyond those that share the first `place` numbers. */
function next([major, minor, patch]: readonly [number, number, number], place: number): Version {
  if (place === 1) return [major + 1, 0, 0, 0];
  return place === 2 ? [major, minor + 1, 0, 0] : [major, minor, patch + 1, 0];
}

function lowest([major = 0, minor = 0, patch = 0]: number[], release: number): Version {
  return [major, minor, patch, release];
}

function parse(version: string): Version | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-)?/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3]), match[4] ? 0 : 1] : null;
}

function compare(one: Version, other: Version): number {
  for (let at = 0; at < 4; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
