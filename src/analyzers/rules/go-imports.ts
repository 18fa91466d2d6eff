import type { Node } from "web-tree-sitter";
import { lineOfNode, parts, quoted, visitBelow } from "./nodes.js";
import type { Mistake, Rule } from "./rule.js";

/** Packages of Go's standard library whose name says which one is meant, by that name. */
const standard: ReadonlyMap<string, string> = new Map(
  `fmt strings strconv errors os io bufio bytes sort sync time context regexp path/filepath math net/http
   net/http/httptest net/http/httputil net/url encoding/json encoding/xml encoding/base64 encoding/hex encoding/binary
   encoding/csv log/slog sync/atomic reflect runtime os/signal os/exec testing unsafe unicode unicode/utf8 flag embed
   io/fs io/ioutil crypto/tls crypto/sha256 crypto/sha1 crypto/sha512 crypto/md5 crypto/hmac crypto/x509 encoding/pem
   math/big math/bits slices maps container/heap database/sql go/ast archive/zip archive/tar compress/gzip
   mime/multipart syscall`
    .split(/\s+/)
    .map((path) => [path.split("/").at(-1) ?? path, path]),
);

interface Import {
  /** The name it goes by in this file; null where only the package itself says. */
  name: string | null;
  path: string;
  node: Node;
}

/**
 * Imports of Go that don't compile: one of the standard library that is used but missing, one that is there and not
 * used, one that is there twice. The names of other packages can't be told from their paths.
 */
export const goImports: Rule = {
  kinds: ["source_file"],
  look(root, { grammar }) {
    if (grammar !== "go" || root.hasError) return null;
    const imports = importsOf(root);
    if (imports.some(({ name, path }) => name === "." || path === "C")) return null;
    const { qualifiers, others } = namesIn(root);
    const found: Mistake[] = [];
    const seen = new Set<string>();
    for (const { name, path, node } of imports) {
      if (seen.has(`${name} ${path}`) && name !== "_") {
        found.push(
          mistake("duplicate-import", "redeclared", `${quoted(path)} is imported twice.`, node, path),
        );
      }
      seen.add(`${name} ${path}`);
      if (name === null || name === "_" || qualifiers.has(name) || others.has(name)) continue;
      const message = `${quoted(path)} is imported and not used, which Go does not compile.`;
      found.push(mistake("unused-import", "unused-import", message, node, name));
    }
    for (const [name, node] of qualifiers) {
      const path = standard.get(name);
      if (path === undefined || others.has(name) || imports.some((one) => supplies(one, name))) continue;
      const message = `'${name}' is not defined: import "${path}" is missing.`;
      found.push(mistake("missing-import", "undefined-name", message, node, name));
    }
    return found;
  },
};

function mistake(code: string, kind: string, message: string, node: Node, subject: string): Mistake {
  return { code, class: kind, severity: "certain", message, line: lineOfNode(node), subject };
}

function importsOf(root: Node): Import[] {
  const found: Import[] = [];
  for (const declaration of parts(root)) {
    if (declaration.type !== "import_declaration") continue;
    visitBelow(declaration, (node) => {
      if (node.type !== "import_spec") return true;
      const path = node.childForFieldName("path")?.text.slice(1, -1) ?? "";
      const alias = node.childForFieldName("name")?.text;
      found.push({ name: alias ?? (isStandard(path) ? lastOf(path) : null), path, node });
      return false;
    });
  }
  return found;
}

/** Only the standard library's paths begin without a dot, if the module's own name has one; so it takes the list. */
function isStandard(path: string): boolean {
  return (
    standard.get(lastOf(path)) === path || /^(log|path|text\/template|html\/template|math\/rand)$/.test(path)
  );
}

function lastOf(path: string): string {
  return path.split("/").at(-1) ?? path;
}

/** Whether an import may go by a name: for what is not the standard library's, in doubt yes. */
function supplies({ name, path }: Import, wanted: string): boolean {
  if (name !== null) return name === wanted;
  return path.toLowerCase().includes(wanted.toLowerCase());
}

/** Names before a dot, with where they first are, and names that stand anywhere else. */
function namesIn(root: Node): { qualifiers: Map<string, Node>; others: Set<string> } {
  const qualifiers = new Map<string, Node>();
  const others = new Set<string>();
  for (const declaration of parts(root)) {
    if (/^(import_declaration|package_clause)$/.test(declaration.type)) continue;
    visitBelow(declaration, (node) => {
      if (node.type === "selector_expression") {
        const operand = node.childForFieldName("operand");
        const field = node.childForFieldName("field");
        if (operand?.type === "identifier" && field && /^\p{Lu}/u.test(field.text)) {
          if (!qualifiers.has(operand.text)) qualifiers.set(operand.text, operand);
          return false;
        }
        return true;
      }
      if (node.type === "qualified_type") {
        const name = node.childForFieldName("package");
        if (name && !qualifiers.has(name.text)) qualifiers.set(name.text, name);
        return false;
      }
      if (/identifier$/.test(node.type) && node.type !== "field_identifier") others.add(node.text);
      return true;
    });
  }
  return { qualifiers, others };
}
