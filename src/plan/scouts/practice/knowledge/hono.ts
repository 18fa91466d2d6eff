import { type Knowledge, npm } from "../practice.js";

const practices = "https://hono.dev/docs/guides/best-practices";
const middleware = "https://hono.dev/docs/guides/middleware";

export const hono: Knowledge = {
  framework: true,
  packages: npm("hono"),
  practices: [
    {
      kind: "do",
      text: "Write handlers inline after the path, or with factory.createHandlers(): types of path parameters are inferred only then",
      topics: "route handler controller api endpoint",
      source: practices,
    },
    {
      kind: "do",
      text: "Split large apps with app.route(), and export the chained result so that RPC types stay",
      topics: "route router rpc client app module",
      source: practices,
    },
    {
      kind: "do",
      text: "Make middleware with createMiddleware<Env>() and type its Variables",
      topics: "middleware context variable auth",
      source: middleware,
    },
    {
      kind: "do",
      text: "Throw HTTPException and shape errors in app.onError",
      topics: "error status exception handler reject limit",
      source: "https://hono.dev/docs/api/exception",
    },
    {
      kind: "do",
      text: "Validate input with validator() or a schema validator, and read it by c.req.valid()",
      topics: "validate input body query form json",
      source: "https://hono.dev/docs/guides/validation",
    },
    {
      kind: "dont",
      text: "Don't use Node built-ins in shared code: the same code runs on workers, Deno, Bun and Lambda; use Web standard APIs",
      topics: "middleware file crypto buffer stream timer store",
      source: "https://hono.dev/docs/concepts/web-standard",
    },
    {
      kind: "dont",
      text: "Don't register middleware after the routes it is meant for: order of registration is order of execution",
      topics: "middleware order route",
      source: middleware,
    },
    {
      kind: "security",
      text: "Check tokens with the shipped jwt/bearerAuth middleware and set `alg`; compare secrets with timingSafeEqual of hono/utils/buffer",
      topics: "auth jwt token bearer login secret key",
      source: "https://hono.dev/docs/middleware/builtin/jwt",
    },
    {
      kind: "security",
      text: "Client addresses come from getConnInfo of the runtime's adapter; a forwarding header is whatever the client wrote unless a proxy sets it",
      topics: "ip rate limit proxy client address",
      source: "https://hono.dev/docs/helpers/conninfo",
    },
    {
      kind: "performance",
      text: "State in module scope is per isolate: on serverless runtimes a memory store is neither shared nor kept",
      topics: "cache store memory rate limit session state",
      source: "https://hono.dev/docs/getting-started/cloudflare-workers",
    },
    {
      kind: "performance",
      text: "Don't read a request's body twice as a stream; c.req.json()/text() keep what they read",
      topics: "body stream upload proxy",
      source: "https://hono.dev/docs/api/request",
    },
  ],
};
