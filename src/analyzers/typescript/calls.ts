import ts from "typescript";
import { closest, hasUnknownParts, isPlatformFile } from "./doubt.js";
import type { Project } from "./project.js";

/**
 * Is it sure enough what a call with a wrong number of arguments calls?
 *
 * @param javascript whether it is in plain JavaScript, where nobody promised that a parameter's name for a type means
 * the browser's
 */
export function callIsKnown(
  diagnostic: ts.Diagnostic,
  node: ts.Node,
  checker: ts.TypeChecker,
  project: Project,
  javascript: boolean,
): boolean {
  const call = callAt(node);
  if (!call) return false;
  if (hasUnknownParts(checker, checker.getTypeAtLocation(call.expression))) return false;
  const declaration = checker.getResolvedSignature(call)?.declaration;
  if (declaration && isPlatformFile(declaration.getSourceFile().fileName)) {
    const isFewer = isTooFew(diagnostic);
    return (isFewer || !javascript) && isAlikeEverywhere(declaration, call, isFewer, checker, project);
  }
  // A class without a constructor of its own takes what its parent takes.
  return !ts.isNewExpression(call) || !hasUnknownParts(checker, checker.getTypeAtLocation(call));
}

/** Fewer arguments than a method of the language itself needs, as in `text.indexOf()`. */
export function isTooFewForLanguage(
  diagnostic: ts.Diagnostic,
  node: ts.Node,
  checker: ts.TypeChecker,
): boolean {
  const call = callAt(node);
  if (!call || !ts.isCallExpression(call) || !isTooFew(diagnostic)) return false;
  const declaration = checker.getResolvedSignature(call)?.declaration;
  return declaration !== undefined && /lib\.es[\w.]*\.d\.ts$/.test(declaration.getSourceFile().fileName);
}

function isTooFew(diagnostic: ts.Diagnostic): boolean {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
  const [, expected, got] =
    /^Expected (?:at least )?(\d+)(?:-\d+)? arguments?, but got (\d+)/.exec(message) ?? [];
  return expected !== undefined && Number(got) < Number(expected);
}

function callAt(node: ts.Node): ts.CallExpression | ts.NewExpression | undefined {
  return closest(
    node,
    (at): at is ts.CallExpression | ts.NewExpression => ts.isCallExpression(at) || ts.isNewExpression(at),
  );
}

/** Does a browser's function take as many arguments in every runtime that has one of that name? */
function isAlikeEverywhere(
  declaration: ts.Node,
  call: ts.CallExpression | ts.NewExpression,
  isFewer: boolean,
  checker: ts.TypeChecker,
  project: Project,
): boolean {
  const { parent } = declaration;
  if (ts.isFunctionDeclaration(declaration)) {
    const name = declaration.name?.text ?? "";
    return sharedFunctions.has(name);
  }
  const isStatic = parent !== undefined && ts.isTypeLiteralNode(parent);
  const holder = isStatic ? parent.parent : parent;
  if (!holder || !(ts.isInterfaceDeclaration(holder) || ts.isVariableDeclaration(holder))) return false;
  const owner = holder.name.getText();
  if (!isFewer && !project.isForBrowsers && !sharedInterfaces.has(owner)) return false;
  if (ts.isConstructSignatureDeclaration(declaration)) {
    // Bun's takes the name of an encoding.
    if (owner === "TextEncoder") return !(call.arguments ?? []).some((one) => mayBeText(one, checker));
    return !differing.has(`new ${owner}`);
  }
  if (!ts.isMethodSignature(declaration)) return false;
  const name = declaration.name.getText();
  return !differing.has(isStatic ? `${owner}.${name}` : `${owner}#${name}`);
}

function mayBeText(argument: ts.Expression, checker: ts.TypeChecker): boolean {
  const { flags } = checker.getTypeAtLocation(argument);
  return (flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike)) === 0;
}

/**
 * What takes more or fewer arguments somewhere than TypeScript 6's library for browsers says, of the some 2,000
 * functions that it shares with its library for workers, its libraries of 3.9 to 5.9, @types/node 26, bun-types 1.4 or
 * @cloudflare/workers-types 5: all declarations compared by a script.
 */
const differing: ReadonlySet<string> = new Set([
  "Document#createTreeWalker",
  "Document#open",
  "ImportMeta#resolve",
  "Location#reload",
  "MessagePort#postMessage",
  "NavigatorContentUtils#registerProtocolHandler",
  "Performance#clearResourceTimings",
  "PluginArray#refresh",
  "ReadableStreamDefaultController#enqueue",
  "Response.json",
  "TextEvent#initTextEvent",
  "Window#open",
  "WindowOrWorkerGlobalScope#clearInterval",
  "WindowOrWorkerGlobalScope#clearTimeout",
  "new CompressionStream",
  "new DecompressionStream",
  "new EventSource",
  "new FileSystemWritableFileStream",
  "new FontFaceSet",
  "new IntersectionObserverEntry",
  "new OverconstrainedError",
  "new PerformanceMark",
  "new PromiseRejectionEvent",
  "new ReadableStreamBYOBReader",
  "new RTCSessionDescription",
  "new SpeechRecognitionEvent",
]);

/** What runtimes without a window have too, alike: what is not configured for browsers means these all the same. */
const sharedInterfaces: ReadonlySet<string> = new Set(
  `AbortController AbortSignal Blob Body BroadcastChannel Cache CacheStorage CloseEvent Crypto CryptoKey CustomEvent
  DOMException Event EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Performance
  PerformanceObserver ReadableStream ReadableStreamDefaultController ReadableStreamDefaultReader Request Response
  SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream
  TransformStreamDefaultController URL URLPattern URLSearchParams WebSocket WritableStream
  WritableStreamDefaultController WritableStreamDefaultWriter`.split(/\s+/),
);

/** Global functions that are the same ones everywhere. A browser's others have names that anything may have. */
const sharedFunctions: ReadonlySet<string> = new Set(
  "atob btoa fetch queueMicrotask setInterval setTimeout structuredClone requestAnimationFrame".split(" "),
);
