import { expect, it } from "vitest";
import { wilson } from "../../eval/prescreen/statistics.mjs";

it.each([
  // Newcombe 1998, table I, method 3.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("gives Wilson's interval of %i in %i", (successes, trials, low, high) => {
  const interval = wilson(successes, trials);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

it("knows nothing of no trials, and stays within 0 and 1", () => {
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  expect(wilson(50, 50).high).toBe(1);
  expect(wilson(50, 50).low).toBeCloseTo(0.9287, 4);
});
