// How every benchmark here measures: two things in turn, so that what else the machine does hits both alike, and the
// ratio of each pair, so that a slow minute costs one pair and not the answer.

/**
 * Runs `ours` and `yardstick` (each gives ms) `rounds` times in turn after one warm-up of each, changing who goes
 * first. Prints min, median and max of both and of the ratio; sets the exit code when the median ratio is above `limit`.
 */
export async function compare({ title, ours, yardstick, rounds, limit }) {
  const measured = await measurePairs({ ours, yardstick, rounds, limit });
  console.log(table(title, { ours, yardstick }, measured));
  if (!measured.within) process.exitCode = 1;
  return measured.ratio;
}

/** The same without a word: `{rounds, ours, yardstick, ratio, limit, within}`, each of three a min, median and max. */
export async function measurePairs({ ours, yardstick, rounds, limit, warmUp = true }) {
  if (warmUp) {
    await yardstick.run();
    await ours.run();
  }
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = {};
    const order = round % 2 === 0 ? ["yardstick", "ours"] : ["ours", "yardstick"];
    for (const who of order) pair[who] = await { ours, yardstick }[who].run();
    pairs.push(pair);
  }
  const ratio = spread(pairs.map((pair) => pair.ours / pair.yardstick));
  return {
    rounds,
    ours: spread(pairs.map((pair) => pair.ours)),
    yardstick: spread(pairs.map((pair) => pair.yardstick)),
    ratio,
    limit,
    within: ratio.median <= limit,
  };
}

/** What `measurePairs` gave, for a person. */
export function table(title, names, { rounds, ours, yardstick, ratio, limit, within }) {
  const row = (name, { min, median, max }, digits, unit) =>
    `  ${name.padEnd(44)} min ${min.toFixed(digits)}  median ${median.toFixed(digits)}  max ${max.toFixed(digits)}${unit}`;
  return [
    `${title} (${rounds} ${rounds === 1 ? "pair" : "pairs"})`,
    row(names.yardstick.name, yardstick, 1, " ms"),
    row(names.ours.name, ours, 1, " ms"),
    row("ratio", ratio, 2, ""),
    `  ${within ? "within" : "ABOVE"} the limit of ${limit} x`,
  ].join("\n");
}

export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}
