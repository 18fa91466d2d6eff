/** What the quota tools call: what is known of the sources, and what was seen of them elsewhere. */
export { type QuotaStatus, quotaStatus, quotaStatusOutput } from "../premium/quota-status.js";
export {
  type RecordUsageArguments,
  type RecordUsageResult,
  recordUsageArguments,
  recordUsageOutput,
  recordUsageSeen,
} from "../premium/usage.js";
