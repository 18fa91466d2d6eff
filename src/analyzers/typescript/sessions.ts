import type ts from "typescript";
import { type Manifests, manifestsOf } from "./manifests.js";
import { type Project, projectFinder } from "./project.js";
import { type Resolver, resolverOf } from "./resolution.js";
import { type Sources, sourcesOf } from "./sources.js";
import { openTree, type Tree } from "./tree.js";

/** What is known of the names of a tree. It stays true while only the texts of source files change. */
export interface Session {
  tree: Tree;
  manifests: Manifests;
  sources: Sources;
  find(file: string): Project;
  /** @param other the change's other side */
  resolver(other: Session, options: ts.CompilerOptions): Resolver;
}

const limit = 6;
const resolverLimit = 60;
const sessions = new Map<string, Session>();

export function sessionOf(side: Tree): Session {
  const known = sessions.get(side.key);
  if (known) {
    known.tree.files = side.files;
    sessions.delete(side.key);
    sessions.set(side.key, known);
    return known;
  }
  // One of its own: both sides may share what is known of names, but not their texts.
  const tree = openTree(side.files, side.installed, side.key);
  const manifests = manifestsOf(tree);
  const sources = sourcesOf(tree, manifests);
  const resolvers = new Map<string, Resolver>();
  const session: Session = {
    tree,
    manifests,
    sources,
    find: projectFinder(tree),
    resolver(other, options) {
      const key = `${other.tree.key} ${optionsKey(options)}`;
      let resolver = resolvers.get(key);
      if (resolver === undefined) {
        resolver = resolverOf({ tree, manifests, otherManifests: other.manifests, sources }, options);
        if (resolvers.size >= resolverLimit) resolvers.clear();
        resolvers.set(key, resolver);
      }
      return resolver;
    },
  };
  sessions.set(tree.key, session);
  for (const oldest of sessions.keys()) {
    if (sessions.size <= limit) break;
    sessions.delete(oldest);
  }
  return session;
}

export function forgetSessions(): void {
  sessions.clear();
}

const keys = new WeakMap<ts.CompilerOptions, string>();

/** The same for options that understand a program alike. */
export function optionsKey(options: ts.CompilerOptions): string {
  let key = keys.get(options);
  if (key === undefined) {
    key = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
    keys.set(options, key);
  }
  return key;
}
