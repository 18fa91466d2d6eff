import * as z from "zod";

/** The arguments of every tool that takes a change; the server's instructions say once what they mean. */
export const changeArguments = {
  repo: z.string().optional(),
  base: z.string().optional(),
  head: z.string().optional(),
  diff: z.string().optional(),
  paths: z.array(z.string()).optional(),
  task: z.string().optional(),
};

export type ChangeArguments = z.infer<z.ZodObject<typeof changeArguments>>;
