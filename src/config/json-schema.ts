import * as z from "zod";
import { configSchema } from "./schema.js";

/** The text of `schema/config.schema.json`, by which editors complete and check a configuration file. */
export function configurationJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: "input", target: "draft-7" });
  const titled = {
    $schema,
    title: "Sluice configuration",
    description:
      "`.flow/config.json` of a repository, or `config.json` in the user's own `sluice` configuration folder. Every key has a default. Other programs' keys are left alone.",
    ...schema,
  };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
