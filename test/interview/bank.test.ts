import { describe, expect, it } from "vitest";
import { bankQuestions } from "../../src/interview/bank/fill.js";
import { readRows } from "../../src/interview/bank/read.js";
import { rowsOf } from "../../src/interview/bank/rows.js";
import { categoryIds } from "../../src/interview/categories.js";
import { readContent } from "../../src/interview/content.js";
import { Distinct } from "../../src/interview/distinct.js";
import { pointedQuestions } from "../../src/interview/pointed.js";

const rows = categoryIds.flatMap((category) => rowsOf(category).map((row) => [category, row] as const));
const rich = readContent(
  "Import orders from Stripe",
  `Admins upload CSV files; the import runs in the background, charges customers, sends e-mails, shows a report in the
  dashboard, caches prices, streams progress over WebSockets, calls an LLM, is translated, replaces and refactors the legacy CLI and
  its API, deletes personal data, schedules reminders, limits requests, signs users in with OAuth, exports backups, has
  settings and webhooks for other libraries, locks records concurrently, searches the database and encrypts secrets fast.`,
);

describe("the question bank", () => {
  it.each(categoryIds)(
    "has eight questions of %s for any text, and four more for what a text is about",
    (category) => {
      const plain = rowsOf(category).filter(({ on }) => on.length === 0);
      expect(plain.length).toBeGreaterThanOrEqual(8);
      if (category !== "business") expect(rowsOf(category).length - plain.length).toBeGreaterThanOrEqual(4);
      expect(
        bankQuestions(category, readContent("Second thing", ""), { files: [] }).length,
      ).toBeGreaterThanOrEqual(8);
    },
  );

  it("asks whole questions with a reason, and choices of two to four", () => {
    for (const [category, row] of rows) {
      const where = `${category}: ${row.question}`;
      expect(row.question, where).toMatch(/^[A-Z{].{20,240}\?$/);
      expect(row.why, where).toMatch(/^[A-Z{].{15,160}\.$/);
      expect([0, 2, 3, 4], where).toContain(row.options.length);
      for (const { label, description } of row.options) {
        expect(label.length, where).toBeLessThanOrEqual(40);
        expect(description, where).toMatch(/^.{8,160}$/);
      }
    }
  });

  it("fills every name, for a text that is about everything", () => {
    for (const category of categoryIds) {
      const questions = bankQuestions(category, rich, { files: ["src/orders/import.ts"] });
      expect(questions).toHaveLength(rowsOf(category).length);
      expect(JSON.stringify(questions)).not.toMatch(
        /[{}]{2}|\{[A-Za-z ]+\}|undefined|\b(?:a|an) (?:\?|,)| {2}/,
      );
    }
  });

  it("never asks the same twice over all categories", () => {
    const content = readContent(
      "Webhook retries",
      "Failed webhook deliveries are retried. Owners get an email.",
    );
    const distinct = new Distinct(content.feature);
    const repeated = categoryIds.flatMap((category) =>
      bankQuestions(category, content, { files: [] }).filter(({ question }) => !distinct.take(question)),
    );
    expect(repeated.map(({ question }) => question)).toEqual([]);
  });

  it.each([
    [
      "of a program for a terminal, nothing about sign-ins, uploads and buttons",
      "A command line tool that finds duplicate photos in a folder and moves them to the trash",
      "",
      /upload|sign-in|signed|button|camera|click|database, server|signs? in|night/i,
      /rights of the one who runs it/,
    ],
    [
      "of a refactoring, nothing that its users would have to see",
      "Split InvoiceService",
      "It loads customers, computes tax, renders the PDF, sends the mail and writes to the `invoices` table. No behaviour may change; the admin API calls it.",
      /first meet|already use|worst day|use splitting|customers? (?:may be|do|choose|see)|before it makes sense|admin leaves/i,
      /smallest step of splitting InvoiceService/,
    ],
    [
      "of a refactoring of what is on a screen, nothing that its users would have to see",
      "Refactor the settings page",
      "",
      /first meet|already use|worst day|may be refactoring/i,
      /smallest step of refactoring the settings page/,
    ],
    [
      "of a library, nothing about sign-ins",
      "Rust library for parsing iCal files",
      "",
      /sign-in|signed|must not be able/i,
      /Which names of .* become public/,
    ],
  ])("asks %s", (_, title, text, silly, fitting) => {
    const content = readContent(title, text);
    const asked = categoryIds.flatMap((category) => {
      const found = bankQuestions(category, content, { files: [] }).slice(0, 5);
      if (category !== "business") expect(found.length, category).toBeGreaterThanOrEqual(2);
      return category === "business" ? [] : found.map(({ question }) => question);
    });
    expect(asked.length).toBeGreaterThanOrEqual(45);
    expect(asked.filter((question) => silly.test(question))).toEqual([]);
    expect(asked.filter((question) => fitting.test(question))).toHaveLength(1);
  });

  it("refuses rows that are written wrongly", () => {
    expect(() => readRows("  a reason without a question")).toThrow(/no question/);
    expect(() => readRows("[nonsense] What?")).toThrow(/no facet: nonsense/);
    expect(() => readRows("[-nonsense] What?")).toThrow(/no nature: nonsense/);
    expect(() => readRows("What?\n  Because.\n  - without a description")).toThrow(/no option/);
  });

  it("asks about what a text says vaguely, leaves open, limits or promises, in its own words", () => {
    const content = readContent(
      "Sessions",
      "Lookups must be fast. Redis or memory keeps them. Old cookies work for 30 days. Maybe we drop guests. It is easy to use, etc.",
    );
    const questions = pointedQuestions(content).map(({ category, question }) => `${category}: ${question}`);
    const limits = pointedQuestions(
      readContent(
        "Posts",
        "A post is due at least 5 minutes ahead and can be edited, moved or deleted later.",
      ),
    );
    expect(limits.map(({ question }) => question.slice(question.indexOf("”") + 2))).toEqual([
      "What happens at exactly 5 minutes and just beyond, and who may change that number later?",
    ]);
    expect(questions).toEqual([
      expect.stringMatching(/^performance: “Lookups must be fast\.” “fast”: from which measured time/),
      expect.stringMatching(/^scope: “Redis or memory keeps them\.” Is that one of Redis and memory/),
      expect.stringMatching(/^edge_cases: “Old cookies work for 30 days\.” What happens at exactly 30 days/),
      expect.stringMatching(/^risks: The text leaves it open: “Maybe we drop guests\.”/),
      expect.stringMatching(/^ux: “It is easy to use, etc\.” “easy”/),
    ]);
  });
});

describe("near-duplicates", () => {
  it.each([
    [
      "How many retries are made before a delivery is given up?",
      "Before a delivery is given up, how many retries are made?",
      false,
    ],
    [
      "How many retries are made before a delivery is given up?",
      "How many retries should be made before giving a delivery up?",
      false,
    ],
    [
      "How many retries are made before a delivery is given up?",
      "Who is told when a delivery is given up?",
      true,
    ],
    ["What happens if two deliveries run at once?", "What happens if the owner is deleted meanwhile?", true],
    ["Which webhook retries are logged?", "Which webhook retries are shown to owners?", true],
  ])("%s | %s", (one, other, both) => {
    const distinct = new Distinct("webhook retries");
    expect([distinct.take(one), distinct.take(other)]).toEqual([true, both]);
  });
});
