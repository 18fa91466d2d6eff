import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toolEngines } from "../../src/analyzers/tools/engine.js";
import {
  readCargo,
  readEslint,
  readGolangci,
  readGoVet,
  readJavac,
  readPhp,
  readPhpstan,
  readRubocop,
  readRuby,
  readShellcheck,
  readStaticcheck,
} from "../../src/analyzers/tools/output.js";
import { configSchema } from "../../src/config/schema.js";
import { screen } from "../review/prescreen-screening.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
let bin: string;

beforeEach(() => {
  repository = testRepository();
  bin = join(repository.path, "..", "bin");
  mkdirSync(bin);
  // Only git and what a test puts there is found, whatever the machine has.
  const git = execFileSync("/bin/sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  repository.link("../bin/git", git);
});
afterEach(() => repository.remove());

/** A program on PATH that is a script of ours. */
function program(name: string, script: string): void {
  repository.write({ [`../bin/${name}*`]: `#!/bin/sh\n${script}\n` });
}

function configured(...tools: unknown[]) {
  return configSchema.parse({ review: { prescreen: { tools } } }).review.prescreen.tools;
}

/** What the tools say of the work tree: findings in short, and each tool's state and note. */
async function run(tools: ReturnType<typeof configured>, options: { head?: string; path?: string } = {}) {
  const env = {
    LOCAL_ENABLED: "0",
    PATH: options.path ?? `${bin}${delimiter}/usr/bin${delimiter}/bin`,
    HOME: join(bin, ".."),
    SECRET_TOKEN: "x",
  };
  const { findings, engines } = await screen(repository, {
    engines: toolEngines(tools),
    sluice: repository.sluice({ env }),
    ...(options.head ? { base: "HEAD~1", head: options.head } : {}),
  });
  return {
    findings: findings.map(({ file, line, severity, message }) => `${file}:${line} ${severity} ${message}`),
    engines: engines
      .filter(({ name }) => name !== "model")
      .map(({ name, state, note }) => ({ name, state, note })),
  };
}

const vet = (file: string, line: number, message: string) =>
  `cat <<'END'\n{"example/a": {"printf": [{"posn": "${file}:${line}:2", "message": "${message}"}]}}\nEND`;

describe("tools on PATH", () => {
  it("tell of the lines that the change wrote, from the project's folder", async () => {
    repository.write({ "app/go.mod": "module a\n", "app/b/a.go": "package b\n\nvar old = 1\n" });
    repository.commit();
    repository.write({ "app/b/a.go": "package b\n\nvar old = 1\nvar added = 2\n" });
    program(
      "go",
      `pwd > "$HOME/seen"; echo "$@" >> "$HOME/seen"; env >> "$HOME/seen"\n${vet("b/a.go", 4, "new one")}\n${vet("b/a.go", 3, "old one")}`,
    );
    expect(await run(configured("go-vet"))).toEqual({
      findings: ["app/b/a.go:4 likely new one"],
      engines: [{ name: "go-vet", state: "ok", note: null }],
    });
    const [cwd, args, ...env] = readFileSync(join(bin, "..", "seen"), "utf8").split("\n");
    expect(cwd).toBe(join(repository.path, "app"));
    expect(args).toBe("vet -json ./b");
    expect(env.join("\n")).not.toContain("SECRET_TOKEN");
  });

  it("look at both sides where a file is enough for them", async () => {
    repository.write({ "a.sh": "#!/bin/sh\necho old\n" });
    repository.commit();
    repository.write({ "a.sh": "#!/bin/sh\necho first\necho old\necho new\n" });
    const script = `out=""; n=0; while read -r line; do n=$((n + 1)); case $line in *old*|*new*) out="$out{\\"file\\":\\"a.sh\\",\\"line\\":$n,\\"level\\":\\"error\\",\\"code\\":1,\\"message\\":\\"$line\\"},";; esac; done < a.sh; echo "[\${out%,}]"`;
    program("shellcheck", script);
    expect((await run(configured("shellcheck"))).findings).toEqual(["a.sh:4 likely echo new"]);
  });

  it("are skipped, and say why, when they are missing or the work tree is not what is looked at", async () => {
    repository.write({ "go.mod": "module a\n", "a.go": "package a\n", "b.rs": "" });
    repository.commit();
    repository.write({ "a.go": "package b\n", "b.rs": "fn f() {}\n" });
    expect((await run(configured("staticcheck", "cargo-check"), { path: bin })).engines).toEqual([
      { name: "staticcheck", state: "skipped", note: "there is no program 'staticcheck' on PATH" },
      { name: "cargo-check", state: "skipped", note: "there is no program 'cargo' on PATH" },
    ]);
    program("go", "exit 0");
    program("cargo", "exit 0");
    repository.commit();
    repository.write({ "a.go": "package c\n" });
    expect((await run(configured("go-vet"), { head: "HEAD" })).engines).toEqual([
      { name: "go-vet", state: "skipped", note: expect.stringContaining("work tree only") },
    ]);
    expect((await run(configured("cargo-check"), { head: "WORKTREE" })).engines).toEqual([
      { name: "cargo-check", state: "skipped", note: expect.stringContaining("no Cargo.toml") },
    ]);
  });

  it("are never taken from the repository, nor by a relative path", async () => {
    repository.write({ "a.sh": "echo 1\n", "bin/shellcheck*": "#!/bin/sh\ntouch ran\n" });
    repository.commit();
    repository.write({ "a.sh": "echo 2\n" });
    const { engines } = await run(configured("shellcheck"), {
      path: [join(repository.path, "bin"), "bin", ".", bin].join(delimiter),
    });
    expect(engines).toMatchObject([{ state: "skipped" }]);
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("cost their own findings only, when they hang, fail, or change what they look at", async () => {
    repository.write({ "go.mod": "module a\n", "a.go": "package a\n", "a.sh": "echo 1\n" });
    repository.commit();
    repository.write({ "a.go": "package a\n\nvar a = 1\n", "a.sh": "echo 2\n" });
    program("go", `echo >> ${join(repository.path, "a.go")}; ${vet("a.go", 3, "x")}`);
    program("shellcheck", "exec sleep 60");
    program("staticcheck", "echo 'cannot load packages' >&2; exit 2");
    const { findings, engines } = await run(
      configured("go-vet", { name: "shellcheck", timeout_s: 1 }, "staticcheck"),
    );
    expect(findings).toEqual([]);
    expect(engines).toEqual([
      { name: "go-vet", state: "skipped", note: expect.stringContaining("files changed while it ran") },
      { name: "shellcheck", state: "timeout", note: "stopped after 1 s" },
      expect.objectContaining({ name: "staticcheck" }),
    ]);
  });
});

describe("what tools print", () => {
  const short = (said: { path: string; line: number; code: string; severity: string }[]) =>
    said.map(({ path, line, code, severity }) => `${path}:${line} ${code} ${severity}`);
  const rows: [
    string,
    (output: { stdout: string; stderr: string }) => Parameters<typeof short>[0],
    string,
    string[],
  ][] = [
    [
      "shellcheck",
      readShellcheck,
      '[{"file":"a.sh","line":2,"level":"error","code":1073,"message":"m"},{"file":"a.sh","line":3,"level":"info","code":2086,"message":"m"}]',
      ["a.sh:2 SC1073 likely", "a.sh:3 SC2086 hint"],
    ],
    [
      "go vet",
      readGoVet,
      '# a\n{\n\t"a": {\n\t\t"printf": [\n\t\t\t{\n\t\t\t\t"posn": "/w/a.go:5:2",\n\t\t\t\t"message": "m"\n\t\t\t}\n\t\t]\n\t}\n}\nvet: ./b.go:3:7: undefined: x\n',
      ["/w/a.go:5 printf likely", "./b.go:3 compile certain"],
    ],
    [
      "staticcheck",
      readStaticcheck,
      '{"code":"SA4000","severity":"error","location":{"file":"/w/a.go","line":4},"message":"m"}\n{"code":"ST1000","severity":"error","location":{"file":"/w/a.go","line":1},"message":"m"}\n',
      ["/w/a.go:4 SA4000 likely", "/w/a.go:1 ST1000 hint"],
    ],
    [
      "golangci-lint",
      readGolangci,
      '{"Issues":[{"FromLinter":"govet","Text":"m","Pos":{"Filename":"a.go","Line":3}},{"FromLinter":"lll","Text":"m","Pos":{"Filename":"a.go","Line":4}}]}\n',
      ["a.go:3 govet likely", "a.go:4 lll hint"],
    ],
    [
      "cargo",
      readCargo,
      '{"reason":"compiler-artifact"}\n{"reason":"compiler-message","message":{"message":"m","level":"error","code":{"code":"E0425"},"spans":[{"file_name":"src/a.rs","line_start":7,"is_primary":true}]}}\n{"reason":"compiler-message","message":{"message":"m","level":"warning","code":{"code":"unused"},"spans":[{"file_name":"src/a.rs","line_start":1,"is_primary":true}]}}\n',
      ["src/a.rs:7 E0425 certain", "src/a.rs:1 unused hint"],
    ],
    [
      "rubocop",
      readRubocop,
      '{"files":[{"path":"a.rb","offenses":[{"severity":"error","message":"m","cop_name":"Lint/Syntax","location":{"line":2}},{"severity":"convention","message":"m","cop_name":"Style/X","location":{"line":3}}]}]}',
      ["a.rb:2 Lint/Syntax likely", "a.rb:3 Style/X hint"],
    ],
    [
      "phpstan",
      readPhpstan,
      '{"files":{"/w/a.php":{"messages":[{"message":"m","line":4,"identifier":"method.notFound"}]}}}',
      ["/w/a.php:4 method.notFound likely"],
    ],
    [
      "eslint",
      readEslint,
      '[{"filePath":"/w/a.js","messages":[{"ruleId":"no-undef","severity":2,"message":"m","line":3},{"ruleId":null,"severity":1,"message":"m"}]}]',
      ["/w/a.js:3 no-undef likely", "/w/a.js:1 syntax hint"],
    ],
    [
      "php",
      readPhp,
      "PHP Parse error:  syntax error, unexpected '}' in a.php on line 3\nParse error: syntax error in a.php on line 3\n",
      ["a.php:3 compile certain"],
    ],
  ];
  it.each(rows)("%s", (_, read, stdout, expected) => {
    expect(short(read({ stdout, stderr: "" }))).toEqual(expected);
    expect(read({ stdout: "no output of that kind {", stderr: "" })).toEqual([]);
  });

  it("ruby and javac, on stderr", () => {
    const ruby = "a.rb:2: warning: unused\na.rb:4: syntax error, unexpected end-of-input\n";
    expect(short(readRuby({ stdout: "", stderr: ruby }))).toEqual(["a.rb:4 compile certain"]);
    const javac =
      "src/A.java:3: error: ';' expected\n    int x = 1\n             ^\nsrc/A.java:9: error: cannot find symbol\n2 errors\n";
    expect(short(readJavac({ stdout: "", stderr: javac }))).toEqual([
      "src/A.java:3 compile certain",
      "src/A.java:9 compile hint",
    ]);
  });
});
