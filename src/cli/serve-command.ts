import type { AddCommand } from "./command-line.js";

export const serveCommand: AddCommand = (program, { sluice }) => {
  program
    .command("serve")
    .description("Serve MCP over stdio: what a client starts. Not for typing by hand.")
    .action(async () => {
      const { serve } = await import("./serve.js");
      await serve(sluice);
    });
};
