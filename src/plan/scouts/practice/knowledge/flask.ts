import { type Knowledge, pypi } from "../practice.js";

const docs = "https://flask.palletsprojects.com/en/stable";

export const flask: Knowledge = {
  framework: true,
  packages: pypi("flask"),
  practices: [
    {
      kind: "do",
      text: "Make the app in a factory and register blueprints there: tests get their own, configured app",
      topics: "app blueprint config test route",
      source: `${docs}/patterns/appfactories/`,
    },
    {
      kind: "do",
      text: "Run what needs current_app outside of a request in app.app_context()",
      topics: "cli command script background task thread",
      source: `${docs}/appcontext/`,
    },
    {
      kind: "do",
      text: "Register error handlers for HTTPException to answer APIs with JSON",
      topics: "error api json handler exception",
      source: `${docs}/errorhandling/`,
    },
    {
      kind: "do",
      text: "Test with app.test_client() and app.test_cli_runner()",
      topics: "test cli command route",
      source: `${docs}/testing/`,
    },
    {
      kind: "dont",
      text: "Don't keep request state in globals or on the app: use g, session or the database",
      topics: "state cache user session request",
      source: `${docs}/appcontext/`,
    },
    {
      kind: "dont",
      text: "Don't register routes, blueprints or handlers after the first request: Flask raises since 2.3",
      topics: "blueprint route plugin extension",
      from: 2,
      source: `${docs}/changes/`,
    },
    {
      kind: "dont",
      text: "Don't store secrets or large data in session: it is signed, not encrypted, and lives in a cookie",
      topics: "session cookie login user cart",
      source: `${docs}/quickstart/#sessions`,
    },
    {
      kind: "security",
      text: "Set SESSION_COOKIE_SECURE, HTTPONLY and SAMESITE; rotate keys with SECRET_KEY_FALLBACKS (3.1)",
      topics: "session cookie secret key login auth rotate",
      from: 3,
      source: `${docs}/config/`,
    },
    {
      kind: "security",
      text: "Bound requests with MAX_CONTENT_LENGTH (and MAX_FORM_MEMORY_SIZE since 3.1); name uploads by secure_filename",
      topics: "upload file form request body",
      source: `${docs}/patterns/fileuploads/`,
    },
    {
      kind: "security",
      text: "Jinja escapes in .html templates only: render_template_string and Markup with user text inject",
      topics: "template html render jinja markup",
      source: `${docs}/web-security/`,
    },
    {
      kind: "security",
      text: "Behind a proxy use ProxyFix with the exact number of hops before trusting remote_addr",
      topics: "ip proxy rate limit client address https",
      source: `${docs}/deploying/proxy_fix/`,
    },
    {
      kind: "performance",
      text: "Async views still take one worker each: they help concurrent IO within a view, not throughput",
      topics: "async await view concurrent",
      from: 2,
      source: `${docs}/async-await/`,
    },
  ],
};
