import { type Knowledge, npm } from "../practice.js";

const docs = "https://nextjs.org/docs/app";

export const next: Knowledge = {
  framework: true,
  packages: npm("next"),
  practices: [
    {
      kind: "do",
      text: "Await params, searchParams, cookies() and headers(): they are promises since 15",
      topics: "page route param cookie header search",
      from: 15,
      source: `${docs}/guides/upgrading/version-15`,
    },
    {
      kind: "do",
      text: "Check who asks in every Server Action and Route Handler: each is a public endpoint",
      topics: "action form mutation auth api user",
      from: 13,
      source: `${docs}/guides/data-security`,
    },
    {
      kind: "do",
      text: "Say how long data stays (cacheLife, revalidate, tags): fetch is not cached by default since 15",
      topics: "cache fetch data revalidate",
      from: 15,
      source: `${docs}/guides/caching`,
    },
    {
      kind: "dont",
      text: 'Don\'t put "use client" on whole pages: mark the leaves that need state or events',
      topics: "component page client state",
      from: 13,
      source: `${docs}/api-reference/directives/use-client`,
    },
    {
      kind: "dont",
      text: "Don't rely on middleware alone for authorisation: check again where data is read",
      topics: "auth middleware login permission session",
      source: `${docs}/guides/authentication`,
    },
    {
      kind: "security",
      text: "Only NEXT_PUBLIC_ variables may reach the browser; mark server modules with `server-only`",
      topics: "env secret key config",
      source: `${docs}/guides/environment-variables`,
    },
    {
      kind: "performance",
      text: "Start independent requests together and stream slow parts behind Suspense",
      topics: "fetch data page load slow",
      from: 13,
      source: `${docs}/getting-started/fetching-data`,
    },
  ],
};
