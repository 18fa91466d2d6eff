import { type Knowledge, npm } from "../practice.js";

export const javascriptTests: Knowledge = {
  framework: false,
  packages: npm("vitest", "jest", "mocha", "@playwright/test", "@testing-library/react"),
  practices: [
    {
      kind: "do",
      text: "Test what callers see, not how it is done inside; one behaviour per test, named for it",
      topics: "test refactor component",
      source: "https://testing-library.com/docs/guiding-principles",
    },
    {
      kind: "do",
      text: "Hand in the clock or use fake timers instead of sleeping, and restore them after each test",
      topics: "time timer expiry retry timeout schedule window limit cache",
      source: "https://vitest.dev/guide/mocking/timers",
    },
    {
      kind: "dont",
      text: "Don't mock what the test is about: a mocked module proves that the mock works",
      topics: "mock module api client database",
      source: "https://vitest.dev/guide/mocking",
    },
  ],
};
