/** What an interview asks about, in the order that it asks. */
export const categories = [
  {
    id: "scope",
    title: "Scope",
    chip: "Scope",
    about: "what is in, what is out, the smallest useful version, who gets it",
  },
  {
    id: "technical",
    title: "Technical implementation",
    chip: "Technical",
    about: "data structures, identity, state, ordering, concurrency, algorithms",
  },
  {
    id: "architecture",
    title: "Architecture",
    chip: "Design",
    about: "boundaries, who owns what, interfaces, dependencies, integration with what exists",
  },
  {
    id: "errors",
    title: "Errors and failure",
    chip: "Failures",
    about: "what can go wrong, partial failure, retries, timeouts, recovery, who notices",
  },
  {
    id: "performance",
    title: "Performance",
    chip: "Speed",
    about: "load, sizes, latency, memory, caching, cost, what happens beyond the limit",
  },
  {
    id: "security",
    title: "Security",
    chip: "Security",
    about: "who may do what, untrusted input, secrets, personal data, abuse, audit",
  },
  {
    id: "ux",
    title: "User experience",
    chip: "UX",
    about: "what people see, waiting, empty and error states, undo, accessibility, wording",
  },
  {
    id: "testing",
    title: "Testing",
    chip: "Testing",
    about: "what is proven how, test data, what is faked, what only a person can check",
  },
  {
    id: "migration",
    title: "Migration and compatibility",
    chip: "Migration",
    about: "existing data and clients, order of roll-out, rollback, flags, versions",
  },
  {
    id: "edge_cases",
    title: "Edge cases",
    chip: "Edges",
    about: "empty, huge, twice, at the same time, out of order, half done, odd input",
  },
  {
    id: "acceptance",
    title: "Acceptance",
    chip: "Done when",
    about: "what can be checked by whom to call it done, numbers, negative cases",
  },
  {
    id: "risks",
    title: "Unknowns and risks",
    chip: "Risks",
    about: "what is least certain, what could make it fail, what to find out first, what is irreversible",
  },
  {
    id: "business",
    title: "Business",
    chip: "Business",
    about: "the problem, who has it, what success is, constraints, what not to build, priorities",
  },
] as const;

export type CategoryId = (typeof categories)[number]["id"];
export type Category = (typeof categories)[number];

export const categoryIds = categories.map(({ id }) => id);

/** Asked where nobody says which: business questions are for another person, and come on request. */
export const usualCategories: readonly CategoryId[] = categoryIds.filter((id) => id !== "business");

export function categoryOf(id: CategoryId): Category {
  const found = categories.find((category) => category.id === id);
  if (found === undefined) throw new Error(`no category ${id}`);
  return found;
}
