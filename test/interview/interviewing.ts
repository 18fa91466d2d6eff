import type { DraftQuestionsOptions } from "../../src/interview/draft-questions.js";
import { draftQuestions } from "../../src/interview/draft-questions.js";
import { type DraftedQuestions, draftQuestionsOutput } from "../../src/interview/draft-questions-schema.js";
import { openInterview } from "../../src/interview/open.js";
import type { Sluice } from "../../src/sluice.js";
import { type Fake, type FakeOptions, fakeOpenai, type Reply } from "../support/fake-openai.js";
import type { TestRepository } from "../support/repository.js";

/** The environment of a test without any model, whatever runs on the machine. */
export function quiet(repository: TestRepository, env: Record<string, string> = {}): Sluice {
  const own = repository.sluice();
  return { ...own, env: { ...own.env, LOCAL_ENABLED: "0", ...env } };
}

export async function interview(
  sluice: Sluice,
  about: string,
  options: Partial<DraftQuestionsOptions> = {},
): Promise<DraftedQuestions> {
  const signal = options.signal ?? new AbortController().signal;
  const { subject, project } = await openInterview(about, undefined, sluice, signal);
  return draftQuestionsOutput.parse(
    await draftQuestions(subject, project, sluice, { noPremium: "not in this test", ...options, signal }),
  );
}

/** A local model that answers each category by what a test says. */
export function interviewer(
  says: (category: string, data: string) => object | Reply,
  options: FakeOptions = {},
): Promise<Fake> {
  return fakeOpenai({
    ...options,
    reply: (body) => {
      const data: string = body.messages.findLast(({ role }: { role: string }) => role === "user").content;
      const category = /^Category to write for: (\w+)/m.exec(data)?.[1] ?? "";
      const said = says(category, data);
      const isReply = ["status", "hang", "cut", "midError", "raw", "content"].some((mark) => mark in said);
      return isReply ? (said as Reply) : { content: JSON.stringify(said) };
    },
  });
}

export function withInterviewer(repository: TestRepository, fake: Fake): Sluice {
  const own = repository.sluice();
  return {
    ...own,
    env: { ...own.env, LOCAL_ENDPOINT: fake.url, LOCAL_MODEL: "glm-4.7-flash", PREFILTER_ENABLED: "0" },
  };
}
