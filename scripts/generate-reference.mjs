// Writes docs/tools.md from the tools' definitions and docs/configuration-reference.md from the configuration's schema.
// Run after a build whenever one of those changes; a test holds that they are current.
import { writeFileSync } from "node:fs";
import { configurationReference, toolsReference } from "./reference.mjs";

writeFileSync("docs/tools.md", toolsReference());
writeFileSync("docs/configuration-reference.md", configurationReference());
