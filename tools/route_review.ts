import { changeArguments } from "../src/change/change.js";
import { surroundings } from "../src/change/surroundings.js";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import { classify } from "../src/review/classify.js";
import { openRequestedChange } from "../src/review/requested-change.js";
import { route, routeOutput } from "../src/review/route.js";

export default defineTool({
  name: "route_review",
  group: "review",
  title: "Find a reviewer",
  description:
    "Which premium source and model should review this change, by class and quota left; and how large the context is.",
  input: changeArguments,
  output: routeOutput,
  hints: reads,
  async run(args, { sluice, signal }) {
    const { change, config, store } = await openRequestedChange(sluice, args, signal);
    const { class: name } = await classify(change, sluice, { config, signal });
    const context = await surroundings(change, { sluice, signal });
    return route(change, sluice, { store, config, class: name, context, signal });
  },
});
