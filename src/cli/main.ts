#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { createSluice } from "../sluice.js";

const [, , first, ...rest] = process.argv;

// A client starts the server many times a day: it must not pay for the command line's parser.
if ((first === "serve" && rest.length === 0) || (first === undefined && !process.stdin.isTTY)) {
  // It waits most of the time, beside an agent, all day: V8 would keep three times what it needs for the next burst.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
  const { serve } = await import("./serve.js");
  await serve(createSluice());
} else {
  const { runCommandLine } = await import("./command-line.js");
  process.exitCode = await runCommandLine(process.argv.slice(2), createSluice());
}
