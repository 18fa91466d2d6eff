// A scripted local model behind the OpenAI API, on loopback: it answers by the name of the schema it is asked for.
import { createServer } from "node:http";
import { close, listen } from "./harness.mjs";

const id = "glm-4.7-flash";

/**
 * @param answers by the schema's name: a value, or a function of what the model was told that gives one, a promise of
 *   one, or null for no answer at all. Without one, an answer that fits the schema and says nothing.
 */
export async function localModel(answers = {}) {
  const asked = [];
  let left = 0;
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    response.on("error", () => {});
    request.on("end", () => answer(request.url, response, text === "" ? null : JSON.parse(text)));
  });

  async function answer(path, response, body) {
    const json = (status, value) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (path === "/v1/models") {
      return json(200, { object: "list", data: [{ id, object: "model", owned_by: "scripted" }] });
    }
    if (path !== "/v1/chat/completions") return json(404, { error: { message: `no ${path} here` } });
    response.on("close", () => {
      if (!response.writableFinished) left += 1;
    });
    const { name, schema } = body.response_format?.json_schema ?? {};
    const told = body.messages.findLast(({ role }) => role === "user").content;
    asked.push({ name, told });
    const given = answers[name];
    const said =
      given === undefined ? emptyAnswer(schema) : await (typeof given === "function" ? given(told) : given);
    if (said === null || response.destroyed) return;
    const content = JSON.stringify(said);
    const usage = { prompt_tokens: 21, completion_tokens: 46 };
    if (!body.stream) {
      const message = { role: "assistant", content };
      return json(200, { model: id, choices: [{ index: 0, finish_reason: "stop", message }], usage });
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (value) => response.write(`data: ${JSON.stringify(value)}\n\n`);
    send({ model: id, choices: [{ index: 0, delta: { role: "assistant", content } }] });
    send({ model: id, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    send({ model: id, choices: [], usage });
    response.end("data: [DONE]\n\n");
  }

  const url = await listen(server);
  return {
    url,
    id,
    answers,
    /** What it was asked, in order: `{ name, told }`. */
    asked,
    /** Answers that nobody waited for to the end. */
    left: () => left,
    close: () => close(server),
  };
}

/** The smallest value that a JSON schema allows: no items, no text, the first of what may be chosen. */
function emptyAnswer(schema, whole = schema) {
  if (schema === undefined) return {};
  if (schema.$ref !== undefined) {
    const found = schema.$ref
      .replace(/^#\/?/, "")
      .split("/")
      .reduce((at, key) => at?.[key], whole);
    return emptyAnswer(found, whole);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return emptyAnswer(choice, whole);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object") {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([key, value]) => [key, emptyAnswer(value, whole)]),
    );
  }
  return { array: [], string: "", boolean: false, integer: 0, number: 0, null: null }[type] ?? null;
}
