// How every benchmark here measures: two things in turn, so that what else the machine does hits both alike, and the
// ratio of each pair, so that a slow minute costs one pair and not the answer.

/**
 * Runs `ours` and `yardstick` (each gives ms) `rounds` times in turn after one warm-up of each, changing who goes
 * first. Prints min, median and max of both and of the ratio; sets the exit code when the median ratio is above `limit`.
 */
export async function compare({ title, ours, yardstick, rounds, limit }) {
  await yardstick.run();
  await ours.run();
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = {};
    const order = round % 2 === 0 ? ["yardstick", "ours"] : ["ours", "yardstick"];
    for (const who of order) pair[who] = await { ours, yardstick }[who].run();
    pairs.push(pair);
  }
  const ratio = spread(pairs.map((pair) => pair.ours / pair.yardstick));
  const row = (name, { min, median, max }, digits, unit) =>
    console.log(
      `  ${name.padEnd(44)} min ${min.toFixed(digits)}  median ${median.toFixed(digits)}  max ${max.toFixed(digits)}${unit}`,
    );
  console.log(`${title} (${rounds} pairs)`);
  const times = (who) => spread(pairs.map((pair) => pair[who]));
  row(yardstick.name, times("yardstick"), 1, " ms");
  row(ours.name, times("ours"), 1, " ms");
  row("ratio", ratio, 2, "");
  const within = ratio.median <= limit;
  console.log(`  ${within ? "within" : "ABOVE"} the limit of ${limit} x`);
  if (!within) process.exitCode = 1;
  return ratio;
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}
