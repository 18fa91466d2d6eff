// Writes schema/config.schema.json from the zod schema: run after a build whenever src/config/schema.ts changes.
import { mkdirSync, writeFileSync } from "node:fs";
import { configurationJsonSchema } from "../dist/src/config/json-schema.js";

mkdirSync("schema", { recursive: true });
writeFileSync("schema/config.schema.json", configurationJsonSchema());
