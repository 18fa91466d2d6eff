/**
 * The few declarations of packages that a check without node_modules can't do without: what never returns and
 * what asserts decides which code is reachable and what may be null.
 */
const asserts = `{
  interface Assert {
    (value: unknown, message?: any): asserts value;
    ok(value: unknown, message?: any): asserts value;
    fail(...values: any[]): never;
    strict: Assert;
    [name: string]: any;
  }
  const assert: Assert;
`;

export const ambientText = `
interface SluiceProcess { exit(code?: any): never; abort(): never; [name: string]: any }
declare var process: SluiceProcess;
${["assert", "node:assert", "assert/strict", "node:assert/strict"]
  .map((name) => `declare module "${name}" ${asserts} export = assert; }`)
  .join("\n")}
`;

/** Families of names that are declared by packages for a browser's newer interfaces, or by a runtime. */
export const givenPrefix = /^(GPU|XR|USB|HID|Bluetooth|SpeechRecognition|GM_|__webpack_|__vite)/;

/** Names that a runtime, a test runner, a bundler or a framework gives to every file, beyond those of a browser. */
export const givenNames: ReadonlySet<string> = new Set(
  `__dirname __filename global globalThis process Buffer require module exports setImmediate clearImmediate NodeJS
  describe it test expect suite before after beforeAll afterAll beforeEach afterEach jest vi vitest bench specify
  expectTypeOf assertType onTestFinished onTestFailed aroundEach aroundAll JQuery JQueryStatic BufferEncoding gc Temporal
  fdescribe fit xdescribe xit xtest assert chai sinon cy Cypress browser jasmine spyOn QUnit $ $$ jQuery JSX Bun Deno
  chrome google gapi gtag ga dataLayer define requirejs
  __webpack_public_path__ __webpack_require__ __non_webpack_require__ __webpack_modules__ __resourceQuery
  __DEV__ __PROD__ __TEST__ __VERSION__ __BROWSER__ __SSR__ definePageMeta defineProps defineEmits defineExpose
  defineOptions defineSlots defineModel withDefaults defineNuxtConfig useRuntimeConfig defineNuxtPlugin
  defineEventHandler defineNitroPlugin $state $derived $effect $props $bindable $inspect $host $fetch Meteor
  wx swan tt uni importScripts ServiceWorkerGlobalScope WorkerGlobalScope DedicatedWorkerGlobalScope ExtendableEvent
  FetchEvent KVNamespace D1Database R2Bucket DurableObjectNamespace DurableObjectState ExecutionContext ScheduledEvent
  PagesFunction ExportedHandler EventContext MessageBatch Queue Fetcher Hyperdrive VectorizeIndex Ai R2Object
  R2ObjectBody AnalyticsEngineDataset DurableObject ScheduledController CfProperties IncomingRequestCfProperties
  registerProcessor AudioWorkletProcessor sampleRate currentFrame currentTime registerPaint figma acquireVsCodeApi
  ChromeUtils Components Services EdgeRuntime caches HTMLRewriter WebSocketPair web3 GM_getValue GM_setValue GM_xmlhttpRequest unsafeWindow GM
  SpreadsheetApp DriveApp GmailApp UrlFetchApp PropertiesService ScriptApp HtmlService CacheService DocumentApp
  arguments eval undefined NaN Infinity`
    .split(/\s+/)
    .filter(Boolean),
);
