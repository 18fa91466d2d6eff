/** The one name that is nearest to a misspelt one; null when none is near, or two are as near. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const allowed = name.length < 3 ? 0 : name.length < 6 ? 1 : 2;
  let best: string | null = null;
  let least = allowed + 1;
  for (const other of new Set(known)) {
    if (other === name || Math.abs(other.length - name.length) > allowed || other.length < 3) continue;
    const distance = other.toLowerCase() === name.toLowerCase() ? 0.5 : edits(name, other, allowed);
    if (distance > allowed || distance > least) continue;
    best = distance === least ? null : other;
    least = distance;
  }
  return best;
}

/** Letters left out, added, replaced or swapped with their neighbour between two names; more than `most` is as good as any. */
function edits(one: string, other: string, most: number): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, (before[j - 2] ?? least) + 1);
      next.push(least);
    }
    if (Math.min(...next) > most) return most + 1;
    before = row;
    row = next;
  }
  return row[other.length] ?? most + 1;
}
