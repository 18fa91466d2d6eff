import { describe, expect, it } from "vitest";
import { isWords, Mask, maskCode } from "../src/mask.js";

const github = `ghp_${"a1B2".repeat(9)}`;

describe("a line of code that is shown", () => {
  it.each([
    ["token: string", "a type"],
    ["function open(user: User, token: string | null, password?: string): Promise<AuthToken>", "types"],
    ["const token: Token2 = readToken(request.headers)", "a call"],
    ["secret: uint64, auth: OAuth2, credential: sha256", "types with numbers"],
    ["def login(password: str, token: Optional[bytes32] = None) -> Token:", "Python's annotations"],
    ["password = config.password2", "a member"],
    ["auth = newAuthToken", "a name"],
    ["max_tokens: 100000", "a number"],
    ["it('test_user_cannot_login_with_2_tokens_that_expired_long_ago')", "a long name"],
    ["AUTH_ENABLED=true", "a switch"],
    ['import { token } from "./security/token-of-the-session.js";', "a path"],
    ["const key = sk_buildings_and_streets_of_cities", "a name that begins like a key"],
  ])("keeps %s (%s)", (line) => {
    expect(maskCode(line)).toBe(line);
  });

  it.each([
    ['const token: string = "correct horse battery staple";', "correct|staple"],
    ["const token = 'abc';", "abc"],
    [`password = "hunter2-${"x".repeat(1_500)}tail"`, "hunter2|tail"],
    ['if (user.password === "letmein") return true;', "letmein"],
    ['  "api_key": "abc\\"def",', "abc|def"],
    ["headers['x-auth-token'] = 'opensesame';", "opensesame"],
    ["DB_PASSWORD=correcthorse", "correcthorse"],
    ["export API_TOKEN=opensesame", "opensesame"],
    ["password: hunter2", "hunter2"],
    ["secret = 9f8e7d6c5b4a", "9f8e"],
    ["db.connect('postgres://user:hunter2@db/x')", "hunter2"],
    ["curl -H 'Authorization: Bearer abcdefghijklmnopqrst'", "abcdefgh"],
    [`a("${github}")`, "ghp_"],
    ["const key = '0123456789abcdef0123456789abcdef'", "0123456789"],
    [`data: ${"aB3/".repeat(300)}`, "aB3"],
    ['pem = "-----BEGIN RSA PRIVATE KEY-----\\nMIIabc"', "MIIabc"],
    ["new Client('sk-proj-abcdefghijklmnopqrstuvwx')", "abcdefgh"],
  ])("masks what is secret in %s", (line, secret) => {
    expect(maskCode(line)).not.toMatch(new RegExp(secret));
    expect(maskCode(line)).toContain("***");
  });

  it("takes no time, whatever it holds", () => {
    const parts = ["token", "token: a", 'password = "\\', "://a:", "eyJaaaaaaaa.", "sk-", "Bearer ", "ab"];
    const started = performance.now();
    for (const part of parts) maskCode(`${part.repeat(2_000 / part.length)}!`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("a line that a program prints", () => {
  it("keeps what messages say of types and names", () => {
    const line = "Type 'token: string' is not assignable to 'password: Secret'";
    expect(new Mask([]).line(line)).toBe(line);
  });

  it("loses known values, also in front of a key, and the key's every line", () => {
    const mask = new Mask(["own-secret"]);
    const lines = ["own-secret -----BEGIN PRIVATE KEY-----", "MIIabc", "-----END PRIVATE KEY-----", "fine"];
    expect(lines.map((line) => mask.line(line))).toEqual(["*** ***", "***", "***", "fine"]);
  });
});

describe("words", () => {
  it("are told from values in linear time", () => {
    for (const name of ["users.password", "API token", "v2-session", "HTTPServer", "login2"]) {
      expect(isWords(name)).toBe(true);
    }
    for (const value of ["", "a", "a1b2c3", "words--apart", "ends-", "x9Kq2", "naïve"]) {
      expect(isWords(value)).toBe(false);
    }
    const started = performance.now();
    expect(isWords(`${"ab".repeat(50_000)}!`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
