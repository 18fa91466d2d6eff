/** A share or a mean, with the 95 % interval that so little or so much data gives. */
export interface Rate {
  /** Null when there is nothing to count yet. */
  value: number | null;
  low: number | null;
  high: number | null;
  count: number;
  of: number;
  /** False: too little to go by. */
  enough: boolean;
}

/** Cases below which a figure is not enough to go by. */
export const enoughCases = 5;

const z = 1.959964;

/** A share of cases, with Wilson's interval (E. B. Wilson, JASA 22, 1927), which holds for few cases and for 0 and all. */
export function share(count: number, of: number): Rate {
  if (of <= 0) return { value: null, low: null, high: null, count, of, enough: false };
  const p = Math.min(1, count / of);
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return {
    value: round(p),
    low: round(p === 0 ? 0 : Math.max(0, centre - half)),
    high: round(p === 1 ? 1 : Math.min(1, centre + half)),
    count,
    of,
    enough: of >= enoughCases,
  };
}

/**
 * Events per case, with Byar's approximation of the exact Poisson interval (Breslow and Day, Statistical Methods in
 * Cancer Research II, 1987): calls per task may be more than one.
 */
export function perCase(count: number, of: number): Rate {
  if (of <= 0) return { value: null, low: null, high: null, count, of, enough: false };
  const lower = count === 0 ? 0 : count * (1 - 1 / (9 * count) - z / (3 * Math.sqrt(count))) ** 3;
  const more = count + 1;
  const upper = more * (1 - 1 / (9 * more) + z / (3 * Math.sqrt(more))) ** 3;
  return {
    value: round(count / of),
    low: round(Math.max(0, lower / of)),
    high: round(upper / of),
    count,
    of,
    enough: of >= enoughCases,
  };
}

export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
