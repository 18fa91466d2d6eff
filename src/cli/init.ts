import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openRepository } from "../change/repository.js";
import { ConfigurationError, messageOf } from "../errors.js";
import { printable } from "../printable.js";
import { packageRoot } from "../version.js";
import type { AddCommand } from "./command-line.js";
import { registrationLines } from "./registration.js";
import { trustRepository } from "./trust.js";

const schemaName = "sluice.schema.json";

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
      const made = await createFlowFolder(folder);
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

/** Adds what is missing of `.flow/`; gives the names of the files it made. Throws ConfigurationError when it can't. */
async function createFlowFolder(folder: string): Promise<string[]> {
  const made: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    if (
      await createOnce(
        join(folder, "config.json"),
        `${JSON.stringify({ $schema: `./${schemaName}`, schema_version: 2 }, null, 2)}\n`,
      )
    ) {
      made.push("config.json");
      const shipped = join(packageRoot, "schema", "config.schema.json");
      const target = join(folder, schemaName);
      const there = await stat(target).catch(() => null);
      if (there === null) {
        await copyFile(shipped, target);
        made.push(schemaName);
      }
    } else {
      JSON.parse((await readFile(join(folder, "config.json"), "utf8")).replace(/^\uFEFF/, ""));
    }
  } catch (error) {
    throw new ConfigurationError(
      `${folder}: ${messageOf(error)}`,
      "Nothing that was there is changed. Repair or remove what is named, then run sluice init again.",
      { cause: error },
    );
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
