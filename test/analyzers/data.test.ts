import { describe, expect, it } from "vitest";
import { dataFormat } from "../../src/analyzers/data/formats.js";
import { findingsOf } from "../review/prescreen-screening.js";

describe("data files", () => {
  it.each([
    ["package.json", "json"],
    ["tsconfig.build.json", "jsonc"],
    [".vscode/settings.json", "jsonc"],
    ["a/.eslintrc.json", "jsonc"],
    ["app.code-workspace", "jsonc"],
    [".babelrc", null],
    ["renovate.json", null],
    ["chart/templates/deployment.yaml", null],
    [".gitlab-ci.yml", "yaml"],
    ["Pipfile", "toml"],
    ["main.ts", null],
  ])("reads %s as %s", (path, format) => {
    expect(dataFormat(path)).toBe(format);
  });

  it("finds what can't be read, and keys that are there twice", async () => {
    const before = {
      "package.json": '{\n  "name": "a"\n}\n',
      "data/old.json": "{ broken",
      "locales/en.json": '{ "a": "1" }\n',
      "config.yaml": "a: 1\n",
    };
    const after = {
      "package.json": '{\n  "name": "a",\n}\n',
      "data/old.json": "{ still broken",
      "locales/en.json": '{ "a": "1", "b": "Hello {{name}}" "c": "2" }\n',
      "config.yaml": "a: 1\nb:\n  - x\n - y\n",
      "twice.yaml": "a: 1\nb: 2\na: 3\n",
      "twice.json": '{ "a": 1, "b": { "a": 2 },\n "a": 3 }\n',
      "pyproject.toml": '[project]\nname = "a"\n[project]\nversion = "1"\n',
      "broken.toml": "a = \n",
    };
    expect(await findingsOf(before, after)).toEqual([
      "broken.toml:1 syntax certain",
      "config.yaml:4 syntax certain",
      "locales/en.json:1 syntax certain",
      "package.json:2 syntax certain",
      "pyproject.toml:3 duplicate-key certain",
      "twice.json:2 duplicate-key likely",
      "twice.yaml:3 duplicate-key likely",
    ]);
  });

  it("leaves in peace what is right where it is read", async () => {
    const after = {
      "tsconfig.json": '{\n  // comment\n  "compilerOptions": {},\n}\n',
      "new-with-comment.json": '{ /* a */ "a": 1, }\n',
      "package.json": '{ "//": "a", "name": "b", "//": "c" }\n',
      "events.json": '{"a":1}\n{"a":2}\n',
      "stack.yaml":
        "Resources:\n  A:\n    Name: !Sub 'b-c'\n    D: !GetAtt E.F\n    G: !If [a, !Ref b, !Join ['', [c]]]\n",
      "vault.yml": "secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
      ".gitlab-ci.yml": "a:\n  script:\n    - !reference [.b, script]\n",
      "many.yaml": "a: 1\n---\na: 2\n---\nb: &x {c: 1}\nd:\n  <<: *x\n  e: [\n    1,\n  ]\n",
      "jinja.yaml": "{% if a %}\na: {{ b }}\n{% endif %}\n",
      "erb.yml": "test:\n  <% if a %>\n  a: 1\n  <% end %>\n",
      "cookie/{{name}}.toml": "a = {{ cookiecutter.a }}\n",
      "inline.toml": "a = { b = 1, c = [1, 2] }\nd = 9223372036854775807\n",
      "test/fixtures/broken.json": "{",
      "empty.json": "",
    };
    expect(await findingsOf({ "a.txt": "" }, after)).toEqual([]);
  });
});
