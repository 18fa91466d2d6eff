import { describe, expect, it } from "vitest";
import { readContent } from "../../src/interview/content.js";
import { gerundOf } from "../../src/interview/lexicon.js";
import { pluralOf, singularOf, withArticle } from "../../src/interview/number.js";

describe("what a text is about", () => {
  it.each([
    ["Add OAuth login", "OAuth login"],
    ["Export invoices as PDF", "exporting invoices as PDF"],
    [
      "Users should be able to share playlists with friends so that they can listen",
      "sharing playlists with friends",
    ],
    ["As a customer, I want to export my orders", "exporting my orders"],
    ["Rate limiting for the public API", "rate limiting for the public API"],
    ["Webhook retries", "“Webhook retries”"],
    ["Make search faster", "making search faster"],
    ["The importer drops rows with quotes", "“The importer drops rows with quotes”"],
    ["Let admins invite members by email and revoke invitations", "inviting members by email"],
    ["We want to migrate the user table from MySQL to Postgres without downtime", "migrating the user table"],
    ["Add support for signing in with Google", "signing in with Google"],
    ["feat(cli): add a --json flag", "--json flag"],
    ["Dark mode", "dark mode"],
    ["A command line tool that finds duplicate photos in a folder", "the command line tool"],
  ])("names %s as %s", (title, feature) => {
    expect(readContent(title, "").feature).toBe(feature);
  });

  it.each([
    [
      "Export invoices as PDF",
      "Customers should be able to export their invoices as PDF from the billing page. An email is sent when the file is ready.",
      { actors: ["customers"], things: ["invoices"], actions: ["exporting invoices"], externals: [] },
    ],
    [
      "Webhook retries",
      "Failed webhook deliveries are retried with backoff. After 5 attempts the endpoint is disabled and the owner gets an email.",
      { actors: ["owners"], things: ["webhook deliveries"], actions: [], externals: [] },
    ],
    [
      "Add OAuth login",
      "Users log in with Google or GitHub.",
      { actors: ["users"], things: [], actions: ["logging in"], externals: ["Google", "GitHub"] },
    ],
    [
      "Support for Stripe subscriptions",
      "Charge customers monthly.",
      {
        actors: ["customers"],
        things: ["Stripe subscriptions"],
        actions: ["charging customers"],
        externals: ["Stripe"],
      },
    ],
    [
      "Find duplicate photos",
      "A command line tool.",
      {
        actors: ["users"],
        things: ["duplicate photos"],
        actions: ["finding duplicate photos"],
        externals: [],
      },
    ],
    [
      "Scheduled posts",
      "A post that is due at least 5 minutes ahead appears in the list. Cancelling removes it on the server and puts the text back.",
      { actors: ["users"], things: ["scheduled posts"], actions: [], externals: [] },
    ],
    ["Second thing", "TBD", { actors: ["users"], things: [], actions: [], externals: [] }],
  ])("finds who does what with what in %s", (title, text, expected) => {
    const { actors, things, actions, externals } = readContent(title, text);
    expect({
      actors,
      things: things.slice(0, 1),
      actions: actions.map(({ doing }) => doing).slice(0, 1),
      externals,
    }).toEqual(expected);
  });

  it("takes words out of code, comments and links for what they are", () => {
    const { things, sentences } = readContent(
      "Export",
      "<!-- invoices -->\n```\ninvoices invoices\n```\n- [ ] TBD\n## Scope\nSee [orders](http://x/invoices).",
    );
    expect(things).not.toContain("invoices");
    expect(sentences).toEqual(["Export", "Scope", "See orders."]);
  });

  it("is done in bounded time with hostile text", () => {
    const started = performance.now();
    for (const text of [
      "a ".repeat(200_000),
      `${"(".repeat(50_000)}`,
      "x".repeat(300_000),
      "or ".repeat(100_000),
      "[a](".repeat(60_000),
    ])
      readContent(text.slice(0, 300), text);
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it("bends words as English does", () => {
    for (const [one, many] of [
      ["invoice", "invoices"],
      ["delivery", "deliveries"],
      ["box", "boxes"],
      ["cookie", "cookies"],
      ["address", "addresses"],
      ["data", "data"],
    ] as const) {
      expect(pluralOf(one)).toBe(many);
      expect(singularOf(many)).toBe(one);
    }
    expect(["export", "save", "plan", "submit", "free", "log"].map(gerundOf)).toEqual([
      "exporting",
      "saving",
      "planning",
      "submitting",
      "freeing",
      "logging",
    ]);
    expect(["invoice", "user", "hour", "URL"].map(withArticle)).toEqual([
      "an invoice",
      "a user",
      "an hour",
      "a URL",
    ]);
  });
});
