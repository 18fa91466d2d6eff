import { changeArguments } from "../src/change/arguments.js";
import { defineTool, reachOf, reads } from "../src/mcp/define-tool.js";
import { routeOutput } from "../src/review/route-schema.js";

export default defineTool({
  name: "route_review",
  group: "review",
  title: "Find a reviewer",
  description:
    "Which premium source and model should review this change, by class and quota left; and how large the context is.",
  input: changeArguments,
  output: routeOutput,
  // A local model may be asked, which may be on another machine.
  hints: ({ remoteModel }) => ({ ...reads, openWorldHint: remoteModel }),
  async run(args, { sluice, signal, hints }) {
    const { openRequestedChange } = await import("../src/review/requested-change.js");
    const { surroundings } = await import("../src/change/surroundings.js");
    const { classifyWithModel } = await import("../src/review/classify.js");
    const { route } = await import("../src/review/route.js");
    const { change, config, store } = await openRequestedChange(sluice, args, signal, reachOf(hints));
    const { class: name } = await classifyWithModel(change, sluice, { config, store, signal });
    const context = await surroundings(change, { sluice, signal });
    const { alone } = await import("../src/review/evidence.js");
    return alone.route({ change, sluice, store }, () =>
      route(change, sluice, {
        store,
        config,
        class: name,
        context,
        asksItself: config.review.premium.enabled,
        signal,
      }),
    );
  },
});
