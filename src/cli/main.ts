#!/usr/bin/env node
import { createSluice } from "../sluice.js";

const [, , first, ...rest] = process.argv;

// A client starts the server many times a day: it must not pay for the command line's parser.
if ((first === "serve" && rest.length === 0) || (first === undefined && !process.stdin.isTTY)) {
  const { serve } = await import("./serve.js");
  await serve(createSluice());
} else {
  const { runCommandLine } = await import("./command-line.js");
  process.exitCode = await runCommandLine(process.argv.slice(2), createSluice());
}
