import { type Knowledge, npm } from "../practice.js";

const validation = "https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/";

export const fastify: Knowledge = {
  framework: true,
  packages: npm("fastify"),
  practices: [
    {
      kind: "do",
      text: "Give each route a JSON schema: input is validated and output serialised by it",
      topics: "route api endpoint validate body query response",
      source: validation,
    },
    {
      kind: "do",
      text: "Wrap what must be shared in fastify-plugin; everything else stays inside its plugin's context",
      topics: "plugin decorator hook middleware",
      source: "https://fastify.dev/docs/latest/Guides/Plugins-Guide/",
    },
    {
      kind: "dont",
      text: "Don't mix `return` and reply.send() in one async handler",
      topics: "async handler reply response route",
      source: "https://fastify.dev/docs/latest/Reference/Routes/",
    },
    {
      kind: "dont",
      text: "Don't decorate requests with objects: reference types are shared by all requests",
      topics: "decorator request context session user",
      source: "https://fastify.dev/docs/latest/Reference/Decorators/",
    },
    {
      kind: "security",
      text: "Schemas are code: never build one from user input",
      topics: "schema validate",
      source: validation,
    },
    {
      kind: "security",
      text: "Set `trustProxy` to what stands in front before using request.ip",
      topics: "ip rate limit proxy client",
      source: "https://fastify.dev/docs/latest/Reference/Server/",
    },
    {
      kind: "performance",
      text: "A response schema makes serialisation faster and keeps unlisted fields from leaking",
      topics: "response json api performance",
      source: validation,
    },
  ],
};
