import type { Sluice } from "../../../src/sluice.js";
import {
  type Fake,
  type FakeOptions,
  fakeOpenai,
  type Recorded,
  type Reply,
} from "../../support/fake-openai.js";
import type { TestRepository } from "../../support/repository.js";

/** What a model of the test's own says: a value is its JSON answer, a text or a reply is sent as it is. */
type Says = unknown | ((data: string) => unknown);

export interface Script {
  find?: Says;
  refute?: Says;
  triage?: Says;
  classify?: Says;
}

/** Every claim stands. */
export const standing = (data: string) => ({
  claims: [...data.matchAll(/^(\d+)\. line \d+/gm)].map(([, number]) => ({
    claim: Number(number),
    stands: true,
    why: "The code shows it.",
    confidence: 100,
  })),
});

/** A server whose model answers by script. */
export function scriptedModel(script: Script, options: FakeOptions = {}): Promise<Fake> {
  return fakeOpenai({
    ...options,
    reply: (body) => {
      const kind = kindOf(body);
      const says = { refute: standing, ...script }[kind];
      const said = typeof says === "function" ? says(dataOf(body)) : says;
      return isReply(said) ? said : { content: typeof said === "string" ? said : JSON.stringify(said ?? {}) };
    },
  });
}

export function kindOf(body: Recorded["body"]): keyof Script {
  const name: string = body.response_format?.json_schema?.name ?? "";
  if (name === "prescreen_find") return "find";
  if (name === "prescreen_refute") return "refute";
  return name === "prescreen_triage" ? "triage" : "classify";
}

/** What the model was given to look at. */
export function dataOf(body: Recorded["body"]): string {
  return body.messages.findLast(({ role }: { role: string }) => role === "user").content;
}

function isReply(said: unknown): said is Reply {
  const marks = ["status", "hang", "cut", "midError", "flood", "raw", "content"];
  return typeof said === "object" && said !== null && marks.some((mark) => mark in said);
}

/** A context in which that server is the local model, with no pre-filter unless one is given. */
export function withModel(repository: TestRepository, primary: string, prefilter?: string): Sluice {
  const own = repository.sluice().env;
  const small =
    prefilter === undefined
      ? { PREFILTER_ENABLED: "0" }
      : { PREFILTER_ENABLED: "1", PREFILTER_ENDPOINT: prefilter, PREFILTER_MODEL: "small" };
  return repository.sluice({
    env: { ...own, LOCAL_ENDPOINT: primary, LOCAL_MODEL: "glm-4.7-flash", ...small },
  });
}
