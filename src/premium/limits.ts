import type { Config } from "../config/schema.js";
import { hardThreshold, isMomentary } from "../state/quota-windows.js";

/**
 * The fraction of use at which a source's windows count as full for reviews: the user's hard limit or the shipped
 * one, less what the user keeps free of the source for other work.
 */
export function limitsOf(config: Pick<Config, "quota">, source: string): (id: string) => number {
  const { hard_limits, reserve } = config.quota;
  const kept = Object.hasOwn(reserve, source) ? (reserve[source] ?? 0) : 0;
  return (id) => {
    const hard = (Object.hasOwn(hard_limits, id) ? hard_limits[id] : undefined) ?? hardThreshold(id);
    return isMomentary(id) ? hard : Math.max(0, hard - kept);
  };
}
