import { type Fake, type FakeOptions, fakeOpenai, type Recorded } from "./fake-openai.js";

/** What a local model says in each step of the first phases; a function gets what it was shown. */
export interface PlanningScript {
  scout?: Says;
  questions?: Says;
  spec?: Says;
  tasks?: Says;
  planReview?: Says;
}
type Says = object | ((shown: string) => object | Promise<object>);

const steps: readonly (readonly [RegExp, keyof PlanningScript])[] = [
  [/^scout_/, "scout"],
  [/^interview_questions$/, "questions"],
  [/^interview_spec$/, "spec"],
  [/^plan_tasks/, "tasks"],
  [/^plan_(?:screen|refute)$/, "planReview"],
];

/** A local model that answers in the form each step asks for. */
export function planningModel(script: PlanningScript = {}, options: FakeOptions = {}): Promise<Fake> {
  return fakeOpenai({
    models: [{ id: "glm-4.7-flash", context: 65_536, slots: 4 }],
    loaded: ["glm-4.7-flash"],
    ...options,
    reply: async (body) => {
      const step = steps.find(([name]) => name.test(body.response_format?.json_schema?.name ?? ""))?.[1];
      if (step === undefined) return { status: 400, body: { error: { message: "no such step" } } };
      const says = script[step] ?? usual[step];
      return { content: JSON.stringify(typeof says === "function" ? await says(shownIn(body)) : says) };
    },
  });
}

/** The environment in which a process asks this model and no other. */
export function asking(fake: Fake): Record<string, string> {
  return { LOCAL_ENDPOINT: fake.url, LOCAL_MODEL: "glm-4.7-flash", PREFILTER_ENABLED: "0" };
}

/** What a model was given to read. */
export function shownIn(body: Recorded["body"]): string {
  return body.messages.findLast(({ role }: { role: string }) => role === "user").content;
}

/** What a model says that repeats each fact it is shown. */
export function repeatFacts(shown: string): object {
  const facts = [...shown.matchAll(/^F(\d+) \[([^\]]+)\] (.{0,60})/gm)];
  const findings = facts.map(([, id, section, text]) => ({
    section,
    text: `Fact ${id} says ${text?.replaceAll("`", "")}`,
    from: [`F${id}`],
    files: [],
    symbols: [],
  }));
  return { findings: findings.slice(0, 30) };
}

const usual: Required<PlanningScript> = {
  scout: repeatFacts,
  questions: (shown) => {
    const category = /^Category to write for: (\w+)/m.exec(shown)?.[1] ?? "";
    return {
      questions: ["before", "while", "after"].map((when) => ({
        question: `What happens to the greeting ${when} a person without a name arrives, as to ${category}?`,
        why: "The program has to do something then.",
        options: [],
      })),
    };
  },
  spec: {
    statements: [{ section: "goal", text: "The program greets people by their name.", trace: ["text"] }],
    contradictions: [],
    open_questions: [],
  },
  tasks: {
    tasks: [
      {
        title: "Exit with code 2 when no name is given",
        description: "Check the first argument in src/main.ts.",
        size: "S",
        files: ["src/main.ts"],
        acceptance: ["`node main.js` without a name exits with code 2"],
        tests: "Run it without a name.",
        depends_on: [],
        satisfies: [],
      },
    ],
  },
  planReview: { findings: [], claims: [] },
};
