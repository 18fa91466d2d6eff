import { describe, expect, it } from "vitest";
import { componentOf, scriptName, scriptOf } from "../../src/analyzers/javascript/script-blocks.js";
import { findingsOf } from "../review/prescreen-screening.js";

describe("the script of a component", () => {
  const cases: [name: string, path: string, text: string, expected: string[] | null, language?: string][] = [
    ["one block", "a.vue", "<template>\n</template>\n<script>\nlet a\n</script>\n", ["let a ;"], "js"],
    ["no script", "a.vue", "<template><p/></template>", null],
    [
      "script tags in comments and templates",
      "a.vue",
      `<!-- <script>no</script> -->\n<template><template #x><script>no</script></template></template>\n<script lang="ts">let a</script>`,
      ["let a;"],
      "ts",
    ],
    [
      "a closing tag in an attribute, and a tag that closes itself",
      "a.vue",
      `<template><p t="</template>"/><template v-if="a > b" /></template><script setup lang='tsx'>let a</script>`,
      ["let a;"],
      "tsx",
    ],
    [
      "a custom block with anything in it",
      "a.vue",
      `<docs>\n<script> & <template>\n</docs>\n<script>let a</script>`,
      ["let a;"],
      "js",
    ],
    [
      "two blocks",
      "a.vue",
      `<script lang="ts">let a</script>\n<script setup lang="ts">let b</script>`,
      ["let a;", "let b;"],
      "ts",
    ],
    ["two languages", "a.vue", `<script>let a</script>\n<script setup lang="ts">let b</script>`, null],
    ["another language", "a.vue", `<script lang="coffee">a = 1</script>`, null],
    ["a script elsewhere", "a.vue", `<script src="./a.ts"></script>`, null],
    ["an end that is missing", "a.vue", "<script>let a", null],
    [
      "Svelte's module and instance, but not the page's",
      "A.svelte",
      `<script context="module">let a</script>\n<script>let b</script>\n<svelte:head><script>let c</script></svelte:head>{#if a < b}{/if}`,
      ["let a;", "let b;"],
      "js",
    ],
  ];
  it.each(cases)("%s", (_, path, text, expected, language) => {
    const script = scriptOf(path, text);
    if (expected === null) {
      expect(script).toBeNull();
      return;
    }
    expect(script?.language).toBe(language);
    const [code = ""] = script?.text.split("\nexport {};") ?? [];
    expect(code.replace(/\s+/g, " ").trim()).toBe(expected.join(" "));
    expect(code.length).toBe(text.length);
    for (const piece of expected)
      expect(code.indexOf(piece.replace(/ ?;$/, ""))).toBe(text.lastIndexOf(piece.replace(/ ?;$/, "")));
    expect(script?.blocks).toHaveLength(expected.length);
  });

  it("knows type parameters of a component", () => {
    const text = `<script setup lang="ts" generic="T extends Record<string, () => void>, const K extends keyof T = never">\n</script>`;
    expect(scriptOf("a.vue", text)?.text).toMatch(/type T = any; type K = any;$/);
  });

  it("gives a name that leads back to the component", () => {
    expect(componentOf(scriptName("/x/A.vue", "ts"))).toBe("/x/A.vue");
    expect(componentOf("/x/a.svelte.ts")).toBe("/x/a.svelte.ts");
  });
});

describe("Vue and Svelte", () => {
  const util = `export interface U { a: number | null }
export const useU = (): U | null => null;
export function two(a: number, b: number) { return a + b }
`;
  const before = {
    "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
    "src/util.ts": util,
    "src/Child.vue": "<template><p/></template>",
    "src/Gone.vue": "<template><p/></template>",
    "src/shim.d.ts": `declare module "*.vue" { const c: any; export default c }\n`,
    "src/Old.vue": `<script setup lang="ts">
import { useU } from "./util";
const u = useU();
</script>
<template><p>{{ u }}</p></template>
`,
    "nuxt/nuxt.config.ts": "export default {};\n",
  };

  it("finds what is wrong in a script, at its line", async () => {
    const after = {
      "src/Gone.vue": null,
      "src/Old.vue": `<script setup lang="ts">
const u = useU();
</script>
<template><p>{{ u }}</p></template>
`,
      "src/Bad.vue": `<template>
  <template v-if="a > b"><p title="</template>">{{ x === x }}</p></template>
</template>

<script lang="ts">
import { ref } from "vue";
export const meta = { a: 1, a: 2 };
export default { name: "Bad" };
</script>

<script setup lang="ts" generic="T extends string | number">
import { ref } from "vue";
import Child from "./Child.vue";
import Gone from "./Gone.vue";
import { useU, nope, two } from "./util";
const props = withDefaults(defineProps<{ item: T }>(), {});
const u = useU();
const bad = u.a;
if (bad === bad) two(1);
const m = meta;
</script>
`,
      "src/plain.vue": `<script>
export default { methods: { go() { this.b = nowhere(this.$store); } } };
</script>
`,
      "src/A.svelte": `<p>{typo}</p>
<script lang="ts">
  import { useU } from "./util";
  function go() { const u = useU(); return u.a; }
  go(missing);
</script>
`,
      "src/R.svelte": `<script>
  let n = $state(0);
  $effect(() => { console.log(n, typo); });
  if (n === n) n++;
</script>
`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "src/A.svelte:4 null-access likely",
      "src/A.svelte:5 argument-count likely",
      "src/A.svelte:5 undefined-name certain",
      "src/Bad.vue:14 missing-module likely",
      "src/Bad.vue:15 missing-export certain",
      "src/Bad.vue:18 null-access likely",
      "src/Bad.vue:19 argument-count likely",
      "src/Bad.vue:19 self-comparison certain",
      "src/Bad.vue:7 duplicate-key certain",
      "src/Old.vue:2 undefined-name certain (elsewhere)",
      "src/R.svelte:3 undefined-name certain",
      "src/R.svelte:4 self-comparison certain",
      "src/plain.vue:2 undefined-name certain",
    ]);
  });

  it("says nothing of macros, runes, stores, auto-imports and what a framework writes", async () => {
    const after = {
      "src/Good.vue": `<script setup lang="ts">
import Child from "./Child.vue";
const props = withDefaults(defineProps<{ open?: boolean }>(), { open: false });
const emit = defineEmits<{ (e: "close"): void }>();
const model = defineModel<string>();
defineExpose({ close: () => emit("close") });
defineOptions({ name: "Good" });
const slots = defineSlots<{ default(): unknown }>();
await Promise.resolve(props.open);
</script>
<template><Child v-model="model" /></template>
`,
      "src/options.vue": `<script lang="ts">
import { defineComponent } from "vue";
export default defineComponent({
  data() { return { count: 0 }; },
  computed: { double(): number { return this.count * 2; } },
  mounted() { this.$emit("x", this.double); },
});
</script>
`,
      "src/Store.svelte": `<script lang="ts">
  import { writable } from "svelte/store";
  import type { PageData } from "./$types";
  const store = writable(1);
  export let data: PageData;
  export let mode: "a" | "b" = "a";
  export let el: HTMLElement;
  let list: string[] = [];
  $: doubled = mode.length * 2;
  $: ({ x, y } = data);
  $: if (mode === "b") console.log(doubled, x, y, $store, el.id);
  function add() { list.push("a"); list = list; $store = 2; }
</script>
<button on:click={add}>{doubled < 3}</button>
`,
      "src/Runes.svelte": `<script module lang="ts">
  export const prerender = true;
</script>
<script lang="ts" generics="T extends { id: string }">
  let { items, ...rest }: { items: T[] } = $props();
  let n = $state(0);
  const d = $derived.by(() => n * items.length);
  $effect(() => { $inspect(d, rest); });
</script>
`,
      "src/counter.svelte.ts": "export const c = $state(0);\n",
      "nuxt/pages/x.vue": `<script setup lang="ts">
const route = useRoute();
const { data } = await useFetch(() => String(route.path));
useMyOwn(data);
</script>
`,
      "nuxt/composables/own.ts": `export const useMyOwn = (x: unknown) => useState("x", () => x);\n`,
    };
    expect(await findingsOf(before, after, true)).toEqual([]);
  });
});
