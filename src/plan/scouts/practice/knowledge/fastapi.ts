import { type Knowledge, pypi } from "../practice.js";

const docs = "https://fastapi.tiangolo.com";

export const fastapi: Knowledge = {
  framework: true,
  packages: pypi("fastapi", "starlette"),
  practices: [
    {
      kind: "do",
      text: "Declare dependencies as Annotated[T, Depends(…)]; override them in tests by app.dependency_overrides",
      topics: "dependency inject auth database test",
      source: `${docs}/tutorial/dependencies/`,
    },
    {
      kind: "do",
      text: "Open and close resources in `lifespan`; on_event is deprecated",
      topics: "startup shutdown database pool client",
      source: `${docs}/advanced/events/`,
    },
    {
      kind: "do",
      text: "Separate models for input, output and storage; a response_model keeps fields from leaking",
      topics: "model response user password api schema",
      source: `${docs}/tutorial/response-model/`,
    },
    {
      kind: "dont",
      text: "Don't block in `async def`: blocking libraries belong in `def` endpoints or run_in_threadpool",
      topics: "async database request file blocking",
      source: `${docs}/async/`,
    },
    {
      kind: "dont",
      text: "Don't use BackgroundTasks for work that must survive a restart",
      topics: "background task email job queue",
      source: `${docs}/tutorial/background-tasks/`,
    },
    {
      kind: "security",
      text: 'CORS: no allow_origins=["*"] together with credentials',
      topics: "cors origin browser cookie",
      source: `${docs}/tutorial/cors/`,
    },
    {
      kind: "security",
      text: "Check the token's algorithm, expiry and scopes in one dependency",
      topics: "auth jwt token login scope permission",
      source: `${docs}/tutorial/security/`,
    },
    {
      kind: "performance",
      text: "Reuse one HTTP client and one pool per process, from lifespan",
      topics: "http client request pool database",
      source: `${docs}/advanced/events/`,
    },
  ],
};
