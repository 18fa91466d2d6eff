import { type Knowledge, npm } from "../practice.js";

export const vue: Knowledge = {
  framework: true,
  packages: npm("vue"),
  practices: [
    {
      kind: "do",
      text: "Derive with computed; watch only for side effects, and clean them up",
      topics: "state computed watch filter",
      source: "https://vuejs.org/guide/essentials/computed.html",
    },
    {
      kind: "do",
      text: "Type props and emits with defineProps<…>() and defineEmits<…>()",
      topics: "component prop event emit form",
      from: 3,
      source: "https://vuejs.org/guide/typescript/composition-api.html",
    },
    {
      kind: "dont",
      text: "Don't destructure reactive() objects: what comes out is not reactive; use toRefs or ref",
      topics: "state reactive store composable",
      from: 3,
      source: "https://vuejs.org/guide/essentials/reactivity-fundamentals.html",
    },
    {
      kind: "dont",
      text: "Don't use v-if and v-for on one element",
      topics: "list render filter",
      source: "https://vuejs.org/style-guide/rules-essential.html",
    },
    {
      kind: "security",
      text: "v-html, :href and :style with user content run or load what they are given: sanitise first",
      topics: "html link url markdown render",
      source: "https://vuejs.org/guide/best-practices/security.html",
    },
    {
      kind: "performance",
      text: "shallowRef for large data that is replaced as a whole; v-memo and virtual lists for long ones",
      topics: "list table performance large",
      from: 3,
      source: "https://vuejs.org/guide/best-practices/performance.html",
    },
  ],
};
