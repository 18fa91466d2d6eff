import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { sourceStatuses } from "../../src/premium/sources.js";
import { createSluice } from "../../src/sluice.js";

const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-sources-")));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let folders = 0;
/** A folder with programs that would leave a trace if anybody ran them. */
function bin(...programs: string[]): string {
  const folder = join(top, `bin${folders++}`);
  mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    const file = join(folder, program.replace("*", ""));
    writeFileSync(file, `#!/bin/sh\ntouch ${top}/ran\n`);
    chmodSync(file, program.endsWith("*") ? 0o644 : 0o755);
  }
  return folder;
}

async function statuses(env: Record<string, string>, user: object = {}, cwd = top) {
  const home = join(top, `home${folders++}`);
  mkdirSync(join(home, ".config", "sluice"), { recursive: true });
  writeFileSync(join(home, ".config", "sluice", "config.json"), JSON.stringify(user));
  const sluice = createSluice({ cwd, env: { HOME: home, ...env }, log: () => {} });
  const { config } = await loadUserConfiguration(sluice);
  const found = await sourceStatuses(sluice, config);
  return Object.fromEntries(found.map((status) => [status.source, status]));
}

describe("which sources are configured", () => {
  const elsewhere = join(top, "work");
  mkdirSync(elsewhere);

  it("says what is missing where nothing is", async () => {
    const found = await statuses({ PATH: bin() }, {}, elsewhere);
    expect(Object.values(found).map(({ configured }) => configured)).toEqual([false, false, false, false]);
    expect(found.openai_pro?.why).toBe("needs codex on PATH or OPENAI_API_KEY in the environment");
    expect(found.copilot?.why).toBe("needs copilot on PATH");
    expect(found.antigravity?.why).toContain("terms_accepted");
  });

  it("looks a program up without running it", async () => {
    const found = await statuses({ PATH: `relative:${bin("codex", "claude*", "copilot")}` }, {}, elsewhere);
    expect(found.openai_pro).toMatchObject({ configured: true, access: "cli" });
    expect(found.claude_max).toMatchObject({ configured: false });
    expect(found.copilot).toMatchObject({ configured: true, access: "coding_agent" });
    expect(() => realpathSync(join(top, "ran"))).toThrow();
  });

  it("takes a program in the working directory for the repository's", async () => {
    const inside = join(elsewhere, "node_modules", ".bin");
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, "codex"), "#!/bin/sh\n");
    chmodSync(join(inside, "codex"), 0o755);
    expect((await statuses({ PATH: inside }, {}, elsewhere)).openai_pro).toMatchObject({ configured: false });
  });

  it("takes a key where there is no program, and the program where there are both", async () => {
    const key = { OPENAI_API_KEY: "sk-test" };
    expect((await statuses({ PATH: bin(), ...key }, {}, elsewhere)).openai_pro).toMatchObject({
      configured: true,
      access: "api",
    });
    expect((await statuses({ PATH: bin("codex"), ...key }, {}, elsewhere)).openai_pro).toMatchObject({
      access: "cli",
    });
    const api = { premium_sources: { openai_pro: { access_method: "api" } } };
    expect((await statuses({ PATH: bin("codex"), ...key }, api, elsewhere)).openai_pro).toMatchObject({
      access: "api",
    });
    expect((await statuses({ PATH: bin("codex") }, api, elsewhere)).openai_pro).toMatchObject({
      configured: false,
    });
    expect((await statuses({ PATH: bin(), OPENAI_API_KEY: " " }, {}, elsewhere)).openai_pro).toMatchObject({
      configured: false,
    });
  });

  it("never says a key", async () => {
    const found = await statuses({ PATH: bin(), OPENAI_API_KEY: "sk-very-secret" }, {}, elsewhere);
    expect(JSON.stringify(found)).not.toContain("sk-very-secret");
  });

  it("asks for Antigravity's terms", async () => {
    const accepted = { premium_sources: { antigravity: { terms_accepted: true } } };
    expect((await statuses({ PATH: bin("agy") }, {}, elsewhere)).antigravity).toMatchObject({
      configured: false,
    });
    expect((await statuses({ PATH: bin("agy") }, accepted, elsewhere)).antigravity).toMatchObject({
      configured: true,
      access: "cli",
    });
  });

  it("leaves out what is switched off, and names what it does not know", async () => {
    const user = { premium_sources: { copilot: { enabled: false }, my_llm: { models: ["x"] } } };
    const found = await statuses({ PATH: bin("copilot") }, user, elsewhere);
    expect(found.copilot?.why).toContain("switched off");
    if (found.my_llm) expect(found.my_llm.why).toContain("openai_pro");
  });
});
