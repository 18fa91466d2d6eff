import { type Knowledge, npm } from "../practice.js";

const security = "https://expressjs.com/en/advanced/best-practice-security.html";
const performance = "https://expressjs.com/en/advanced/best-practice-performance.html";
const errors = "https://expressjs.com/en/guide/error-handling.html";
const migration = "https://expressjs.com/en/guide/migrating-5.html";

export const express: Knowledge = {
  framework: true,
  packages: npm("express"),
  practices: [
    {
      kind: "do",
      text: "Let async handlers reject: Express 5 passes a rejected promise to the error handler",
      topics: "async error handler route middleware promise",
      from: 5,
      source: migration,
    },
    {
      kind: "do",
      text: "Pass errors of async handlers to next(): Express 4 does not see a rejected promise",
      topics: "async error handler route middleware promise",
      below: 5,
      source: errors,
    },
    {
      kind: "do",
      text: "Put error handlers (four parameters) after all routes and middleware",
      topics: "error handler middleware",
      source: errors,
    },
    {
      kind: "do",
      text: "Set `trust proxy` to what really stands in front before using req.ip, req.protocol or rate limits",
      topics: "ip rate limit proxy https client address log",
      source: "https://expressjs.com/en/guide/behind-proxies.html",
    },
    {
      kind: "dont",
      text: "Don't use `*` or optional `?` in paths the old way: Express 5 wants a name (`/*splat`) and braces (`/{id}`)",
      topics: "route router path wildcard url",
      from: 5,
      source: migration,
    },
    {
      kind: "dont",
      text: "Don't call next(err) after the response has begun: delegate to the default handler when res.headersSent",
      topics: "error stream response download file",
      source: errors,
    },
    {
      kind: "dont",
      text: "Don't rely on req.body being an object: it is undefined until a parser ran (Express 5)",
      topics: "body json form post upload parse",
      from: 5,
      source: migration,
    },
    {
      kind: "security",
      text: "Limit what body parsers take (`limit`), and validate types: req.query and req.body values may be arrays or objects",
      topics: "body json form query upload validate input search filter",
      source: security,
    },
    {
      kind: "security",
      text: "Never pass user input to res.redirect() without checking its host",
      topics: "redirect login oauth url callback",
      source: security,
    },
    {
      kind: "security",
      text: "Cookies: set `secure`, `httpOnly`, `sameSite`; don't use the default session name; the default MemoryStore is not for production",
      topics: "cookie session login auth csrf",
      source: security,
    },
    {
      kind: "security",
      text: "res.sendFile with a path from a request needs `root`, which keeps it inside; dotfiles are ignored by default",
      topics: "file send download static serve path",
      source: "https://expressjs.com/en/api.html#res.sendFile",
    },
    {
      kind: "performance",
      text: "No synchronous file or crypto calls in handlers: one blocks every request",
      topics: "file read crypto hash password",
      source: performance,
    },
    {
      kind: "performance",
      text: "Set NODE_ENV=production: it caches views and shortens errors",
      topics: "template view render deploy",
      source: performance,
    },
  ],
};
