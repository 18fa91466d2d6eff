import { changeArguments } from "../src/change/change.js";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import {
  checkFingerprint,
  fingerprintArguments,
  fingerprintOutput,
} from "../src/review/fingerprint-check.js";
import { openRequestedChange } from "../src/review/requested-change.js";

export default defineTool({
  name: "fingerprint_check",
  group: "review",
  title: "Was it reviewed before?",
  description:
    "Was this very change reviewed before, in the same surroundings? `skip` repeats that verdict and says what to do instead of a review.",
  input: { ...changeArguments, ...fingerprintArguments },
  output: fingerprintOutput,
  hints: reads,
  async run(args, { sluice, signal }) {
    const { change, store, config } = await openRequestedChange(sluice, args, signal);
    const { refresh, reason } = args;
    return checkFingerprint(change, sluice, { store, config, refresh, reason, signal });
  },
});
