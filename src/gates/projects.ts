import type { ProjectFiles } from "./files.js";
import { installCommand, type PackageManager, packageManagerOf, readPackage } from "./package-scripts.js";
import { justfiles, makefiles, reachable, readRecipes } from "./recipes.js";
import { sourcesOf } from "./scripts.js";

/** A command that a project has for a check, not looked at yet for trust. */
export interface Found {
  command: string;
  /** Where it was found: `package.json scripts.lint`, `Makefile target lint`, `pyproject.toml [tool.ruff]`. */
  source: string;
  /** Short name of the kind of project, to tell two commands for one check apart. */
  kind: string;
  /** The program that must be on PATH; null when the shell looks for itself. */
  program: string | null;
  /** How to install what it needs, when node_modules has to be there. */
  install: string | null;
  /** Why it is not to be run although it is there; else null. */
  unfit: string | null;
}

/** The scripts and targets that count as a check, best first. Any other check is its own name. */
const aliases = new Map<string, readonly string[]>(
  Object.entries({
    lint: "lint lint:check lint:ci check:lint lint-check check-lint eslint biome oxlint ruff".split(" "),
    typecheck:
      "typecheck type-check type:check types:check check-types check:types types tsc ts:check check:ts lint:types mypy pyright".split(
        " ",
      ),
    build: "build build:ci compile".split(" "),
  }),
);

/**
 * The commands that a project itself has for a check. Scripts and recipes come before what a language's own tools
 * would do, because they are what the project says.
 *
 * @param checks all checks that are wanted: a compiler's type check is left out where it also builds
 */
export async function findCommands(
  files: ProjectFiles,
  check: string,
  checks: readonly string[],
): Promise<Found[]> {
  const names = aliases.get(check) ?? [check];
  const script = await packageScript(files, names);
  if (script === null) {
    const recipe = (await recipeFor(files, names, justfiles)) ?? (await recipeFor(files, names, makefiles));
    if (recipe !== null) return [recipe];
  }
  const tools = aliases.has(check) ? await toolCommands(files, check, checks) : [];
  if (script === null) return tools;
  const texts = (await sourcesOf(script.command, "", files)).map((source) => source.text).join("\n");
  return [script, ...tools.filter((tool) => tool.program === null || !texts.includes(tool.program))];
}

/** What was looked at in vain, for a person. */
export async function projectFilesPresent(files: ProjectFiles): Promise<string[]> {
  const looked = await files.named(
    /^(package\.json|GNUmakefile|[Mm]akefile|\.?[Jj]ustfile|pyproject\.toml|Cargo\.toml|go\.mod|pom\.xml|build\.gradle(\.kts)?)$/,
  );
  return looked.filter((path) => !path.includes("/"));
}

async function packageScript(files: ProjectFiles, names: readonly string[]): Promise<Found | null> {
  const place = await readPackage(files, "");
  if (place === null) return null;
  const manager = await packageManagerOf(files, place);
  let unfit: Found | null = null;
  for (const name of names) {
    const text = place.scripts.get(name);
    if (text === undefined || !/^[\w:.-]+$/.test(name)) continue;
    // What `npm init` writes.
    if (/no test specified/.test(text)) continue;
    const command = `${manager} run ${name}`;
    const sources = await sourcesOf(command, "", files);
    const found: Found = {
      command,
      source: `package.json scripts.${name}`,
      kind: manager,
      program: manager,
      install: place.dependencies ? installCommand[manager satisfies PackageManager] : null,
      unfit: unfitness(sources.filter((source) => source.command).map((source) => source.text)),
    };
    if (found.unfit === null) return found;
    unfit ??= found;
  }
  return unfit;
}

async function recipeFor(
  files: ProjectFiles,
  names: readonly string[],
  candidates: readonly string[],
): Promise<Found | null> {
  const recipes = await readRecipes(files, "", candidates);
  const path = recipes?.files[0]?.path;
  if (recipes === null || path === undefined) return null;
  const program = candidates === justfiles ? "just" : "make";
  for (const name of names) {
    if (!recipes.targets.has(name)) continue;
    return {
      command: `${program} ${name}`,
      source: `${path} ${program === "just" ? "recipe" : "target"} ${name}`,
      kind: program,
      program,
      install: null,
      unfit: unfitness([reachable(recipes, name)]),
    };
  }
  return null;
}

/** Sluice edits nothing, and so does not start what would; a check that never ends is none. */
function unfitness(texts: readonly string[]): string | null {
  for (const whole of texts) {
    const text = whole.slice(0, 10_000);
    const rewrites =
      /(?:^|\s)(--fix(?![-=\w])|--fix-type|--(?:write|apply)(?![-\w]|=false)|gofmt (?:-\w+ )*-w\b|cargo fmt(?!.*--check)|cargo fix\b)/.exec(
        text,
      );
    if (rewrites?.[1] !== undefined) {
      return `it rewrites files (\`${rewrites[1]}\`); name a command that only checks in review.gates.commands`;
    }
    if (/(?:^|\s)--watch(?![-=\w])|\btsc\b[^&|;]*\s-w\b/.test(text)) {
      return "it watches and does not end; name a command that ends in review.gates.commands";
    }
  }
  return null;
}

async function toolCommands(files: ProjectFiles, check: string, checks: readonly string[]): Promise<Found[]> {
  const found = await Promise.all([
    python(files, check),
    cargo(files, check, checks),
    go(files, check),
    jvm(files, check),
  ]);
  return found.flat();
}

function tool(kind: string, program: string, command: string, source: string): Found {
  return { kind, program, command, source, install: null, unfit: null };
}

async function python(files: ProjectFiles, check: string): Promise<Found[]> {
  if (check === "build") return [];
  const configured = async (section: string, ...names: string[]) => {
    for (const name of names) if ((await files.read(name)) !== null) return name;
    const project = await files.read("pyproject.toml");
    if (project !== null && new RegExp(`^\\[tool\\.${section}[\\].]`, "m").test(project))
      return `pyproject.toml [tool.${section}]`;
    const setup = await files.read("setup.cfg");
    return setup !== null && new RegExp(`^\\[${section}\\]`, "m").test(setup)
      ? `setup.cfg [${section}]`
      : null;
  };
  if (check === "lint") {
    const source = await configured("ruff", "ruff.toml", ".ruff.toml");
    return source === null ? [] : [tool("ruff", "ruff", "ruff check --no-fix .", source)];
  }
  const found: Found[] = [];
  const mypy = await configured("mypy", "mypy.ini", ".mypy.ini");
  if (mypy !== null) {
    const settings = (
      await Promise.all(["pyproject.toml", "mypy.ini", ".mypy.ini", "setup.cfg"].map(files.read))
    )
      .filter((text) => text !== null)
      .join("\n");
    // Told what to check, mypy needs no argument; else it wants one.
    const targets = /^(files|packages|modules)\s*=/m.test(settings);
    found.push(tool("mypy", "mypy", targets ? "mypy" : "mypy .", mypy));
  }
  const pyright = await configured("pyright", "pyrightconfig.json");
  if (pyright !== null && (await files.read("package.json")) === null)
    found.push(tool("pyright", "pyright", "pyright", pyright));
  return found;
}

async function cargo(files: ProjectFiles, check: string, checks: readonly string[]): Promise<Found[]> {
  if ((await files.read("Cargo.toml")) === null) return [];
  // Without a lock file cargo writes one, and without --locked it may rewrite it: the tree is not ours to edit.
  const unfit =
    (await files.read("Cargo.lock")) === null
      ? "cargo would write a Cargo.lock: run `cargo generate-lockfile`, or name a command in review.gates.commands"
      : null;
  const at = (command: string) => [
    { ...tool("cargo", "cargo", `cargo ${command} --locked`, "Cargo.toml"), unfit },
  ];
  if (check === "lint") return at("clippy --all-targets");
  if (check === "build") return at("build --all-targets");
  return checks.includes("build") ? [] : at("check --all-targets");
}

async function go(files: ProjectFiles, check: string): Promise<Found[]> {
  if ((await files.read("go.mod")) === null) return [];
  if (check === "lint") {
    for (const name of [".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"]) {
      if ((await files.read(name)) !== null)
        return [tool("golangci-lint", "golangci-lint", "golangci-lint run", name)];
    }
    return [tool("go", "go", "go vet ./...", "go.mod")];
  }
  // A single main package would leave its binary in the work tree.
  const nowhere = process.platform === "win32" ? "NUL" : "/dev/null";
  return check === "build" ? [tool("go", "go", `go build -o ${nowhere} ./...`, "go.mod")] : [];
}

async function jvm(files: ProjectFiles, check: string): Promise<Found[]> {
  const pom = await files.read("pom.xml");
  if (pom !== null) {
    const wrapper = (await files.read("mvnw")) === null ? "mvn" : "./mvnw";
    const at = (goal: string) => [
      {
        ...tool("maven", "mvn", `${wrapper} -B ${goal}`, "pom.xml"),
        program: wrapper === "mvn" ? "mvn" : null,
      },
    ];
    if (check === "build") return at("-DskipTests package");
    if (check !== "lint") return [];
    if (pom.includes("maven-checkstyle-plugin")) return at("checkstyle:check");
    return pom.includes("spotless-maven-plugin") ? at("spotless:check") : [];
  }
  for (const name of ["build.gradle.kts", "build.gradle"]) {
    const build = await files.read(name);
    if (build === null) continue;
    const wrapper = (await files.read("gradlew")) === null ? "gradle" : "./gradlew";
    const at = (task: string) => [
      {
        ...tool("gradle", "gradle", `${wrapper} --no-daemon --console=plain ${task}`, name),
        program: wrapper === "gradle" ? "gradle" : null,
      },
    ];
    if (check === "build") return at("assemble");
    if (check !== "lint") return [];
    const linter = [
      ["ktlint", "ktlintCheck"],
      ["detekt", "detekt"],
      ["spotless", "spotlessCheck"],
      ["checkstyle", "checkstyleMain"],
    ].find(([plugin = ""]) => build.includes(plugin));
    return linter?.[1] === undefined ? [] : at(linter[1]);
  }
  return [];
}
