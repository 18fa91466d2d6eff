/** Two-sided 95 % of the normal distribution. */
const z = 1.959963984540054;

/** Wilson's score interval for a rate, 95 %, as fractions; of no trials it is everything. */
export function wilson(successes, trials) {
  if (trials === 0) return { low: 0, high: 1 };
  const rate = successes / trials;
  const middle = rate + z ** 2 / (2 * trials);
  const spread = z * Math.sqrt((rate * (1 - rate)) / trials + z ** 2 / (4 * trials ** 2));
  const scale = 1 + z ** 2 / trials;
  return {
    low: successes === 0 ? 0 : Math.max(0, (middle - spread) / scale),
    high: successes === trials ? 1 : Math.min(1, (middle + spread) / scale),
  };
}
