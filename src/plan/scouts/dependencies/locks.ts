import { posix } from "node:path";
import { packagesOfLock } from "../../../analyzers/typescript/locks.js";
import type { Ecosystem } from "./manifests.js";
import { pypiName } from "./manifests.js";

const kinds: Readonly<
  Record<string, { ecosystem: Ecosystem; read(name: string, text: string): Iterable<string> }>
> = {
  "package-lock.json": { ecosystem: "npm", read: ofNode },
  "npm-shrinkwrap.json": { ecosystem: "npm", read: ofNode },
  "pnpm-lock.yaml": { ecosystem: "npm", read: ofNode },
  "yarn.lock": { ecosystem: "npm", read: ofNode },
  "bun.lock": { ecosystem: "npm", read: ofNode },
  "poetry.lock": { ecosystem: "pypi", read: (_, text) => ofToml(text, pypiName) },
  "uv.lock": { ecosystem: "pypi", read: (_, text) => ofToml(text, pypiName) },
  "pdm.lock": { ecosystem: "pypi", read: (_, text) => ofToml(text, pypiName) },
  "Pipfile.lock": { ecosystem: "pypi", read: (_, text) => ofPipfile(text) },
  "Cargo.lock": { ecosystem: "cargo", read: (_, text) => ofToml(text, (name) => name) },
  "Gemfile.lock": { ecosystem: "rubygems", read: (_, text) => ofGems(text) },
  "composer.lock": { ecosystem: "packagist", read: (_, text) => ofComposer(text) },
};

export function lockEcosystem(path: string): Ecosystem | null {
  const name = posix.basename(path);
  return Object.hasOwn(kinds, name) ? (kinds[name]?.ecosystem ?? null) : null;
}

/** Versions that a lock file pins, by name; of several the first, which most managers list for the project itself. */
export function pinnedIn(path: string, text: string): Map<string, string> {
  const found = new Map<string, string>();
  const name = posix.basename(path);
  for (const one of kinds[name]?.read(name, text) ?? []) {
    const at = one.lastIndexOf("@");
    if (at > 0 && !found.has(one.slice(0, at))) found.set(one.slice(0, at), one.slice(at + 1));
  }
  return found;
}

function ofNode(name: string, text: string): Iterable<string> {
  return packagesOfLock(name, text) ?? [];
}

function* ofToml(text: string, named: (name: string) => string): Generator<string> {
  for (const [, name, version] of text.matchAll(
    /^\[\[package\]\]\r?\nname = "([^"\n]+)"\r?\nversion = "([^"\n]+)"/gm,
  ))
    yield `${named(name ?? "")}@${version}`;
}

function* ofPipfile(text: string): Generator<string> {
  for (const [, name, body] of text.matchAll(/^ {8}"([^"\n]+)": \{([\s\S]{0,20000}?)^ {8}\}/gm)) {
    const version = /"version": "==([^"\n]+)"/.exec(body ?? "")?.[1];
    if (version !== undefined) yield `${pypiName(name ?? "")}@${version}`;
  }
}

function* ofGems(text: string): Generator<string> {
  for (const [, name, version] of text.matchAll(/^ {4}([\w.-]+) \(([^()\s]+)\)$/gm))
    yield `${name}@${version}`;
}

function* ofComposer(text: string): Generator<string> {
  for (const [, name, version] of text.matchAll(/"name": "([\w.-]+\/[\w.-]+)",\s*"version": "v?([^"\n]+)"/g))
    yield `${name}@${version}`;
}
