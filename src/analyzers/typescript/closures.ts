import { createHash } from "node:crypto";

export interface Node {
  /** What the file itself gives to those that import it. */
  shape: string;
  /** What it imports, as written, and the file that is meant. */
  edges: readonly (readonly [specifier: string, file: string])[];
}

/**
 * Hashes of everything a file's types can come from: its own shape and those of all that it reaches by imports.
 * Cycles count as one (Tarjan, Depth-first search and linear graph algorithms, 1972; without recursion).
 */
export function closureHashes(nodeOf: (file: string) => Node): (file: string) => string {
  const hashes = new Map<string, string>();
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const nodes = new Map<string, Node>();
  const get = (file: string) => {
    let node = nodes.get(file);
    if (node === undefined) {
      node = nodeOf(file);
      nodes.set(file, node);
    }
    return node;
  };
  const close = (file: string) => {
    const members: string[] = [];
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      isOpen.delete(member);
      members.push(member);
      if (member === file) break;
    }
    const hash = createHash("sha1");
    for (const member of members.sort()) {
      const { shape, edges } = get(member);
      hash.update(`${member}\0${shape}\0`);
      for (const [specifier, target] of edges)
        hash.update(`${specifier}\0${target}\0${hashes.get(target) ?? ""}\0`);
    }
    const digest = hash.digest("hex");
    for (const member of members) hashes.set(member, digest);
  };
  const visit = (start: string) => {
    const path: { file: string; next: number }[] = [];
    const enter = (file: string) => {
      order.set(file, order.size);
      low.set(file, order.get(file) ?? 0);
      open.push(file);
      isOpen.add(file);
      path.push({ file, next: 0 });
    };
    const lower = (file: string, to: number) => low.set(file, Math.min(low.get(file) ?? 0, to));
    enter(start);
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const [, target] = get(at.file).edges[at.next++] ?? [];
      if (target !== undefined) {
        if (!order.has(target)) enter(target);
        else if (isOpen.has(target)) lower(at.file, order.get(target) ?? 0);
        continue;
      }
      if (low.get(at.file) === order.get(at.file)) close(at.file);
      path.pop();
      const parent = path.at(-1);
      if (parent) lower(parent.file, low.get(at.file) ?? 0);
    }
  };
  return (file) => {
    if (!hashes.has(file)) visit(file);
    return hashes.get(file) ?? "";
  };
}
