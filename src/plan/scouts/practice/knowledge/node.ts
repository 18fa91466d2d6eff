import { type Knowledge, npm } from "../practice.js";

const docs = "https://nodejs.org/api";

/** Of TypeScript and of programs that Node runs: what shows them is that they are developed with these. */
export const node: Knowledge = {
  framework: false,
  label: "Node.js and TypeScript",
  packages: npm("typescript", "@types/node"),
  practices: [
    {
      kind: "do",
      text: "Parse what comes from outside at the edge (a schema), and trust types inside: a cast proves nothing at run time",
      topics: "input validate parse json api config type",
      source: "https://www.typescriptlang.org/docs/handbook/2/narrowing.html",
    },
    {
      kind: "do",
      text: "Narrow unknown instead of any; let a switch over a union end in a `never` check",
      topics: "type union error parse state",
      source: "https://www.typescriptlang.org/docs/handbook/2/narrowing.html",
    },
    {
      kind: "do",
      text: "Hand an AbortSignal to everything that waits, and give it a time limit",
      topics: "timeout cancel fetch request retry wait",
      source: `${docs}/globals.html#class-abortsignal`,
    },
    {
      kind: "do",
      text: "Use stream pipeline() from node:stream/promises: it closes all ends when one fails",
      topics: "stream file upload download copy",
      source: `${docs}/stream.html`,
    },
    {
      kind: "dont",
      text: "Don't leave a promise without await or catch: a rejection that nobody handles ends the process",
      topics: "async promise background task queue event",
      source: `${docs}/process.html#event-unhandledrejection`,
    },
    {
      kind: "dont",
      text: "Don't build shell commands from text: spawn with an argument list, without a shell",
      topics: "command process exec shell git cli",
      source: `${docs}/child_process.html`,
    },
    {
      kind: "security",
      text: "Resolve a path and check that it stays below its folder before opening it; links may lead out",
      topics: "file path upload download static serve",
      source: `${docs}/path.html`,
    },
    {
      kind: "security",
      text: "Random tokens from crypto.randomBytes, comparison by crypto.timingSafeEqual, passwords by scrypt",
      topics: "token secret password key random auth sign",
      source: `${docs}/crypto.html`,
    },
    {
      kind: "performance",
      text: "Regular expressions over user text: no nested repetition, bounded input",
      topics: "regex pattern match parse search validate",
      source: "https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop",
    },
  ],
};
