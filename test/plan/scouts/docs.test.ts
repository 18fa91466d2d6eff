import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { headingsOf } from "../../../src/plan/scouts/docs/documents.js";
import { codeLike, mentionsIn } from "../../../src/plan/scouts/docs/mentions.js";
import { docs } from "../../../src/plan/scouts/docs.js";
import { docsGap } from "../../../src/plan/scouts/docs-gap.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { gathered, groundOf, textsIn } from "./grounds.js";

let repository: TestRepository;
beforeEach(() => {
  repository = testRepository();
});
afterEach(() => repository.remove());

/** Files that git does not see. */
function install(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository.path, name)), { recursive: true });
    writeFileSync(join(repository.path, name), text);
  }
}

describe("the docs scout", () => {
  beforeEach(() => {
    repository.write({
      ".gitignore": "node_modules/\n.venv/\n",
      "package.json": JSON.stringify({ dependencies: { express: "^5.0.0", "left-pad": "1.0.0" } }),
      "package-lock.json": JSON.stringify({ packages: { "node_modules/express": { version: "5.0.0" } } }),
      "src/cookie.ts": 'import express from "express";\nexport const signCookie = () => express();\n',
      "docs/guide.md": "# Guide\n\n## Signed cookies\n\nHow cookies are signed.\n",
    });
    repository.commit();
  });

  it("reads what is installed: version, home, README, declarations, change notes", async () => {
    install({
      "node_modules/express/package.json": JSON.stringify({
        version: "5.1.0",
        homepage: "https://expressjs.com",
        types: "index.d.ts",
      }),
      "node_modules/express/README.md":
        "# Express\n\n## Signed cookies\n\nWarning: cookies above 4 KB are dropped.\n",
      "node_modules/express/index.d.ts":
        "export declare function cookieSign(value: string): string;\nexport declare function other(): void;\n",
      "node_modules/express/CHANGELOG.md":
        "## 5.1.0\n\n- Breaking: cookie options are checked\n\n## 4.0.0\n\n- cookie of old\n",
    });
    const found = await gathered(docs, await groundOf(repository, "Signed cookie with expiry"));
    expect(textsIn(found, "Primary Framework").join()).toContain(
      "“express 5.1.0”: https://expressjs.com, imported by src/cookie.ts",
    );
    expect(textsIn(found, "Libraries").join("\n")).toContain(
      "node_modules/express/README.md:3: “Signed cookies”",
    );
    expect(textsIn(found, "Known Issues").join()).toContain("cookies above 4 KB");
    const references = textsIn(found, "Source References").join("\n");
    expect(references).toContain("node_modules/express/index.d.ts:1");
    expect(references).not.toContain("other()");
    expect(references).toContain("docs/guide.md:3: “Signed cookies”");
    const versions = textsIn(found, "Version Notes").join("\n");
    expect(versions).toContain("package-lock.json pins “5.0.0”");
    expect(versions).toContain("Breaking: cookie options are checked");
    expect(versions).not.toContain("of old");
  });

  it("says what is not installed and goes on", async () => {
    const found = await gathered(docs, await groundOf(repository, "Signed cookie"));
    expect(found.notes.join()).toContain(
      "not installed here, so their documents were not read: express 5.0.0",
    );
    expect(textsIn(found, "Primary Framework").join()).toContain("express 5.0.0");
    // Nothing of the feature has to do with it.
    expect(JSON.stringify(found)).not.toContain("left-pad");
  });

  it("follows no link out of the repository", async () => {
    const outside = testRepository();
    try {
      outside.write({
        "package.json": '{"version":"9.9.9"}',
        "README.md": "# Secret cookie\n\n## Signed cookie\n",
      });
      repository.write({ "node_modules/.keep": "" });
      repository.link("node_modules/express", outside.path);
      const found = await gathered(docs, await groundOf(repository, "Signed cookie"));
      expect(JSON.stringify(found)).not.toContain("9.9.9");
      expect(JSON.stringify(found)).not.toContain("node_modules/express/README");
    } finally {
      outside.remove();
    }
  });

  it("reads a Python package's metadata", async () => {
    repository.write({
      "requirements.txt": "Flask_Login\n",
      "app.py": "from flask_login import login_user\n\ndef login_page(): ...\n",
    });
    repository.commit();
    install({
      ".venv/lib/python3.12/site-packages/Flask_Login-0.6.3.dist-info/METADATA":
        "Name: Flask-Login\nVersion: 0.6.3\nProject-URL: Documentation, https://flask-login.readthedocs.io\n\n# Flask-Login\n\n## Remember login\n",
    });
    const found = await gathered(docs, await groundOf(repository, "login page remembers"));
    expect(textsIn(found, "Libraries").join()).toContain(
      "“flask-login 0.6.3”: https://flask-login.readthedocs.io, imported by app.py",
    );
  });
});

describe("the docs-gap scout", () => {
  it("names documents with the lines that mention what the feature touches, and those that don't", async () => {
    repository.write({
      "src/limit.ts": "export function rateLimit() {}\n",
      "README.md": "# App\n\n## Usage\n\nCall `rateLimit()` first.\n\nAgain: rateLimit.\n",
      "docs/cli.md": "# CLI\n\nRun `app serve --max-rate 5`.\n",
      "docs/other.md": "# Other\n\nNothing here: rateLimiting.\n",
      "CHANGELOG.md":
        "# Changelog\n\nThe format is Keep a Changelog.\n\n## [Unreleased]\n\n## 1.0.0\n\n- rateLimit added\n",
      "mkdocs.yml": "site_name: x\n",
      "fixtures/doc.md": "rateLimit\n",
    });
    repository.commit();
    const found = await gathered(
      docsGap,
      await groundOf(repository, "`rateLimit` by key, and rename `--max-rate`"),
    );
    const updates = textsIn(found, "Likely Updates Needed");
    expect(updates[0]).toContain("**README.md** mentions “rateLimit” (lines 5, 7)");
    expect(updates.join("\n")).toContain("**docs/cli.md** mentions “--max-rate” (line 3)");
    expect(updates.join("\n")).toContain("**CHANGELOG.md**: an entry below “[Unreleased]” (line 5)");
    expect(updates.join("\n")).not.toContain("fixtures");
    expect(textsIn(found, "No Updates Expected").join()).toContain("docs/other.md");
    const patterns = textsIn(found, "Templates/Patterns to Follow").join("\n");
    expect(patterns).toContain("Keep a Changelog");
    expect(patterns).toContain("mkdocs.yml");
  });

  it("does not take what every document mentions for a sign", async () => {
    const pages = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [`docs/p${at}.md`, `# Page ${at}\n\nUses MyTool daily.\n`]),
    );
    repository.write({
      ...pages,
      "docs/p3.md": "# Page\n\nMyTool has `parseQuery`.\n",
      "src/a.ts": "export const a = 1;\n",
    });
    repository.commit();
    const found = await gathered(docsGap, await groundOf(repository, "MyTool: make `parseQuery` strict"));
    const updates = textsIn(found, "Likely Updates Needed");
    expect(updates).toHaveLength(1);
    expect(updates[0]).toContain("docs/p3.md");
  });

  it("says so where there are no documents", async () => {
    repository.write({ "a.ts": "export {};\n" });
    repository.commit();
    const found = await gathered(docsGap, await groundOf(repository, "anything"));
    expect(textsIn(found, "No Updates Expected").join()).toContain("no documentation");
  });
});

describe("reading documents", () => {
  it("finds headings of Markdown and reStructuredText, and none in code", () => {
    const source = "# One\n\n```sh\n# not one\n```\n\nTwo\n===\n\n- a\n---\n\nThree\n~~~~~\n";
    expect(headingsOf(source).map(({ text, line }) => `${text} ${line}`)).toEqual([
      "One 1",
      "Two 7",
      "Three 13",
    ]);
  });

  it("knows names in code from words", () => {
    const text =
      "Make `flask secret` print, --max-age, res.sendFile() and SECRET_KEY; a word, `onMissing` too";
    expect(codeLike(text).sort()).toEqual(
      ["--max-age", "SECRET_KEY", "flask secret", "onMissing", "res.sendFile"].sort(),
    );
  });

  it("takes hostile text in its stride", () => {
    const long = `${"a.".repeat(40_000)} ${"a_".repeat(40_000)} ${"`".repeat(5_000)}`;
    const begun = performance.now();
    codeLike(long);
    headingsOf("=\n".repeat(20_000));
    mentionsIn("x ".repeat(100_000), [{ text: "(a+)+$", weight: 1 }]);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
