import ts from "typescript";
import { shapeText } from "./shape.js";

/**
 * Names that a module exports and that mean something else than before, or nothing any more; null when that can't be
 * told by name. A declaration counts as changed with what it mentions.
 */
export function changedExports(before: ts.SourceFile, after: ts.SourceFile): ReadonlySet<string> | null {
  const [old, now] = [declarationsOf(before), declarationsOf(after)];
  if (old === null || now === null) return null;
  const changed = new Set<string>();
  for (const name of new Set([...old.texts.keys(), ...now.texts.keys()])) {
    if (old.texts.get(name) !== now.texts.get(name)) changed.add(name);
  }
  for (let known = -1; known !== changed.size; ) {
    known = changed.size;
    for (const { words } of [old, now]) {
      for (const [name, mentioned] of words) {
        if (!changed.has(name) && [...mentioned].some((word) => changed.has(word))) changed.add(name);
      }
    }
  }
  if (changed.has(everything)) return null;
  const exported = [...changed].flatMap((name) => [
    ...(now.imported.has(name) ? [] : [name.replace(/^export /, "")]),
    ...(old.exportedAs.get(name) ?? []),
  ]);
  return new Set(exported);
}

interface Declarations {
  /** What each name at the top level means, as far as others can see. */
  texts: Map<string, string>;
  /** The words in it. */
  words: Map<string, ReadonlySet<string>>;
  imported: ReadonlySet<string>;
  /** Other names by which a name is exported. */
  exportedAs: Map<string, string[]>;
}

const everything = "*";

function declarationsOf(file: ts.SourceFile): Declarations | null {
  if (!ts.isExternalModule(file)) return null;
  const texts = new Map<string, string>();
  const words = new Map<string, ReadonlySet<string>>();
  const exportedAs = new Map<string, string[]>();
  const imported = new Set<string>();
  const declare = (name: string, text: string) => {
    const whole = `${texts.get(name) ?? ""}\n${text}`;
    texts.set(name, whole);
    words.set(name, new Set(whole.match(/[A-Za-z_$][\w$]*/g)));
  };
  const also = (name: string, other: string) =>
    exportedAs.set(name, [...(exportedAs.get(name) ?? []), other]);
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      for (const { local, from, text } of importedNames(statement)) {
        imported.add(local);
        declare(local, `${from} ${text}`);
      }
    } else if (ts.isExportDeclaration(statement)) {
      const from = statement.moduleSpecifier?.getText(file) ?? "";
      const clause = statement.exportClause;
      if (!clause) declare(everything, from);
      else if (ts.isNamespaceExport(clause)) declare(clause.name.text, from);
      else {
        for (const { name, propertyName } of clause.elements) {
          const local = (propertyName ?? name).text;
          if (from === "" && propertyName) also(local, name.text);
          if (from !== "") declare(name.text, `${from} ${local}`);
          else declare(`export ${name.text}`, local);
        }
      }
    } else if (ts.isExportAssignment(statement)) {
      declare("default", shapeText(statement, file));
    } else {
      const names = declaredNames(statement);
      for (const name of names) declare(name, shapeText(statement, file));
      const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
      if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) {
        for (const name of names) also(name, "default");
        if (names.length === 0) declare("default", shapeText(statement, file));
      }
    }
  }
  return { texts, words, imported, exportedAs };
}

function importedNames(statement: ts.ImportDeclaration): { local: string; from: string; text: string }[] {
  const from = statement.moduleSpecifier.getText();
  const { name, namedBindings } = statement.importClause ?? {};
  const found = name ? [{ local: name.text, from, text: "default" }] : [];
  if (namedBindings && ts.isNamespaceImport(namedBindings)) {
    found.push({ local: namedBindings.name.text, from, text: everything.repeat(2) });
  } else if (namedBindings) {
    for (const one of namedBindings.elements)
      found.push({ local: one.name.text, from, text: (one.propertyName ?? one.name).text });
  }
  return found;
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isImportEqualsDeclaration(statement)
  )
    return statement.name ? [statement.name.text] : [];
  if (ts.isModuleDeclaration(statement))
    return [ts.isIdentifier(statement.name) ? statement.name.text : everything];
  // `f.property = …` is part of what `f` is.
  if (ts.isExpressionStatement(statement) && ts.isBinaryExpression(statement.expression)) {
    let at: ts.Expression = statement.expression.left;
    while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = at.expression;
    return ts.isIdentifier(at) && at !== statement.expression.left ? [at.text] : [];
  }
  return [];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}
