import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openRepository } from "../change/repository.js";
import type { Repository } from "../change/types.js";
import { kindOf } from "../durable-file.js";
import { ConfigurationError, isSluiceError, messageOf } from "../errors.js";
import { printable } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { ignoreInFlow, isKeptOutOfGit } from "../state/place.js";
import { openStore } from "../state/store.js";
import { packageRoot } from "../version.js";
import type { AddCommand } from "./command-line.js";
import { registrationLines } from "./registration.js";
import { trustRepository } from "./trust.js";

const schemaPath = "cache/sluice.schema.json";

export const initCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal } = context;
  program
    .command("init")
    .description(
      "Create .flow/ with a minimal configuration, ask about trust, show how to register the server.",
    )
    .argument("[path]", "a folder of the repository", ".")
    .option("--no-trust", "do not ask what may be run")
    .addHelpText("after", "\nSafe to repeat: a file that is there is kept as it is.")
    .action(async (path: string, options: { trust: boolean }) => {
      const { print, colours } = terminal;
      const repository = await openRepository({ ...sluice, roots: async () => [] }, path, {
        allowed: [path],
        signal,
      });
      const top = repository.mainRoot;
      if (top === null) {
        throw new ConfigurationError(
          "This is a bare repository: it has no work tree for a .flow/ folder.",
          "Run sluice init in a clone of it.",
        );
      }
      const folder = join(top, ".flow");
      const made = await createFlowFolder(sluice, repository, folder);
      for (const file of made) print(`${colours.green("created")}  ${printable(join(".flow", file))}`);
      if (made.length === 0) print(`${printable(folder)} is there already; nothing was changed.`);
      print(`\n${colours.bold("Register the server with your agent")}`);
      for (const line of registrationLines()) print(line);
      if (!options.trust) return;
      print();
      if (process.stdin.isTTY && process.stderr.isTTY) await trustRepository(context, path, {});
      else print("To let the project's own lint, build and typecheck run, a person runs: sluice trust");
    });
};

/**
 * Adds what is missing of `.flow/`; gives the names of the files it made. The schema is a copy for editors: it lies
 * with what is kept out of git. Throws ConfigurationError when something is in the way.
 */
async function createFlowFolder(sluice: Sluice, repository: Repository, folder: string): Promise<string[]> {
  const made: string[] = [];
  const kind = await kindOf(folder);
  if (kind !== "absent" && kind !== "folder") {
    throw new ConfigurationError(`${folder} is not a folder.`, "Move it away, then run sluice init again.");
  }
  try {
    await mkdir(folder, { recursive: true });
    const minimal = `${JSON.stringify({ $schema: `./${schemaPath}`, schema_version: 2 }, null, 2)}\n`;
    if (await createOnce(join(folder, "config.json"), minimal)) made.push("config.json");
    const store = await openStore(sluice, repository);
    // Elsewhere means that something in .flow/ is not what it seems: the store's warnings say so.
    if (store.directory === folder) {
      await mkdir(join(folder, "cache", "tmp"), { recursive: true });
      const schema = await readFile(join(packageRoot, "schema", "config.schema.json"), "utf8");
      if (await createOnce(join(folder, schemaPath), schema)) made.push(schemaPath);
      const before = await isKeptOutOfGit({ directory: folder, commonDir: repository.commonDir });
      const warning = before ? null : await ignoreInFlow(folder);
      if (warning !== null) sluice.log(warning);
      else if (!before) made.push(".gitignore");
    }
    for (const warning of store.warnings) sluice.log(warning);
  } catch (error) {
    if (isSluiceError(error)) throw error;
    const hint =
      "Nothing that was there is changed. Repair or remove what is named, then run sluice init again.";
    throw new ConfigurationError(`${folder}: ${messageOf(error)}`, hint, { cause: error });
  }
  return made;
}

async function createOnce(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
