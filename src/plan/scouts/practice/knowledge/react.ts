import { type Knowledge, npm } from "../practice.js";

export const react: Knowledge = {
  framework: true,
  packages: npm("react", "react-dom"),
  practices: [
    {
      kind: "do",
      text: "Compute what follows from props or state while rendering; an effect for it renders twice",
      topics: "state effect filter list form component",
      source: "https://react.dev/learn/you-might-not-need-an-effect",
    },
    {
      kind: "do",
      text: "Give effects that fetch a cleanup that ignores late answers: two requests may come back in the wrong order",
      topics: "fetch data load search effect request",
      source: "https://react.dev/reference/react/useEffect#fetching-data-with-effects",
    },
    {
      kind: "do",
      text: "Use stable ids as list keys, and a changed key to reset a component's state",
      topics: "list table form reset key",
      source: "https://react.dev/learn/rendering-lists",
    },
    {
      kind: "do",
      text: "Forms: actions with useActionState and useFormStatus carry pending and error states",
      topics: "form submit pending action",
      from: 19,
      source: "https://react.dev/reference/react/useActionState",
    },
    {
      kind: "dont",
      text: "Don't change state objects or arrays in place: React compares by identity",
      topics: "state update list reducer store",
      source: "https://react.dev/learn/updating-objects-in-state",
    },
    {
      kind: "dont",
      text: "Don't call hooks conditionally or in loops",
      topics: "hook component",
      source: "https://react.dev/reference/rules/rules-of-hooks",
    },
    {
      kind: "dont",
      text: "Don't write new forwardRef wrappers: ref is a prop since 19",
      topics: "ref component input focus",
      from: 19,
      source: "https://react.dev/blog/2024/12/05/react-19",
    },
    {
      kind: "security",
      text: "dangerouslySetInnerHTML and javascript: links run what they are given: sanitise HTML, check URL schemes",
      topics: "html markdown link url render rich text comment",
      source: "https://react.dev/reference/react-dom/components/common#dangerously-setting-the-inner-html",
    },
    {
      kind: "performance",
      text: "Measure before memoising; keep state near where it is used, and pass children instead of lifting it",
      topics: "performance slow memo render list",
      source: "https://react.dev/reference/react/memo",
    },
    {
      kind: "performance",
      text: "Long lists: virtualise; slow updates: startTransition or useDeferredValue",
      topics: "list table search filter scroll performance",
      from: 18,
      source: "https://react.dev/reference/react/useDeferredValue",
    },
  ],
};
