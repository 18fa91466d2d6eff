import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findSecrets, maskSecrets } from "../../src/analyzers/secrets/secret-rules.js";
import { findingsOf, screen } from "../review/prescreen-screening.js";
import { testRepository } from "../support/repository.js";

// Put together here, so that this file holds none.
const github = `ghp_${"a8Zk3Lm9Qw2Er5Ty7Ui0Op1As4Df6Gh8Jk2L"}`;
const aws = `AKIA${"ZZ5QH7TPLM3WXY4K"}`;
const password = `hunter${"2hunter"}`;
const random = `q7Zk3LmT9Qw${"2Er5TyU7i0OpX"}`;

const found = (text: string, path = "a.ts") => findSecrets(text, path).map(({ code }) => code);

describe("hard-coded secrets", () => {
  it.each([
    [`const password = "${password}";`, ["hard-coded-secret"]],
    [`DB_PASSWORD = '${password}'`, ["hard-coded-secret"]],
    [`{ "client_secret": "${random}" }`, ["hard-coded-secret"]],
    [`  api_key: str = "${random}"`, ["hard-coded-secret"]],
    [`const id = "${aws}";`, ["aws-access-key-id"]],
    [`url = "postgres://app:${random}@db.acme.io:5432/app"`, ["url-password"]],
    [`url = "postgres://postgres:postgres@localhost:5432/app"`, []],
    [`const password = process.env.PASSWORD ?? "";`, []],
    [`const password = "\${DB_PASSWORD}";`, []],
    [`const tokenKey = "accessToken";`, []],
    [`const TOKEN = "refresh-token-cookie";`, []],
    [`passwordLabel: "Enter passw0rd here"`, []],
    [`password: "changeme123"`, []],
    [`password = "your-password-1"`, []],
    [`const secret = getSecret("name-1-of-it-all");`, []],
    [`token: "user.profile.token.v1"`, []],
    [`apiKey = "AKIAIOSFODNN7EXAMPLE"`, []],
    [`const maxTokens = "4096409640964096";`, []],
    [`tokenPattern = "[a-z0-9]{16}-[a-z]{4}"`, []],
    [`integrity: "sha512-${random}${random}=="`, []],
  ])("reads %s", (text, codes) => {
    expect(found(text)).toEqual(codes);
  });

  it("reads settings without quotes where a file is made of them", () => {
    expect(found(`PASSWORD=${password}\n`, ".env")).toEqual(["hard-coded-secret"]);
    expect(found(`PASSWORD=${password}\n`, "a.ts")).toEqual([]);
  });

  it("masks what it finds, and nothing else", () => {
    expect(maskSecrets(`a("${github}", 1) // ${aws}`)).toBe(`a("********", 1) // ********`);
    expect(maskSecrets("nothing here")).toBe("nothing here");
  });

  it("takes no time for a value that is nearly words", () => {
    const started = performance.now();
    expect(maskSecrets(`password = "${"ab".repeat(250)}!"`)).not.toContain("********");
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("takes no more than linear time over a hostile line", () => {
    const started = performance.now();
    for (const piece of [
      "password=",
      "a://b:",
      "xox",
      "token: ",
      "-----BEGIN A PRIVATE KEY-----\\n",
      "['",
      "a.",
    ]) {
      findSecrets(piece.repeat(40_000), ".env");
    }
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it("tells tests, examples and documentation apart, and knows a moved secret", async () => {
    const before = { "config.py": `API_TOKEN = "${random}"\n` };
    const after = {
      "config.py": "import os\n",
      "settings.py": `# moved\nAPI_TOKEN = "${random}"\n`,
      "app.py": `GITHUB = "${github}"\nallowed = "${github}x"  # gitleaks:allow\n`,
      "tests/test_login.py": `password = "${password}"\n`,
      "README.md": `    export GITHUB=${github}\n`,
      ".env.example": `PASSWORD=${password}\n`,
    };
    expect(await findingsOf(before, after)).toEqual(["app.py:1 secret certain"]);
  });

  it("never shows a secret: not in a finding, not in the state", async () => {
    const repository = testRepository();
    try {
      repository.write({ "a.ts": "export {};\n" });
      repository.commit();
      repository.write({
        "a.ts": `export const a = nowhere("${github}"); const password = "${password}";\nexport const b: "${github}" = "x";\n`,
      });
      const result = await screen(repository);
      expect(result.findings.map((one) => one.class)).toEqual(
        expect.arrayContaining(["secret", "undefined-name"]),
      );
      const folder = join(repository.path, ".git", "sluice");
      const kept = readdirSync(folder).filter((name) => name.endsWith(".json"));
      expect(kept).toContain("review_state.json");
      for (const name of kept) {
        const text = readFileSync(join(folder, name), "utf8");
        expect(text).not.toContain(github);
        expect(text).not.toContain(password);
      }
      expect(JSON.stringify(result)).not.toContain(github);
      expect(JSON.stringify(result)).not.toContain(password);
    } finally {
      repository.remove();
    }
  });
});
