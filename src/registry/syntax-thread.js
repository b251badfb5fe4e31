/**
 * Reads TypeScript files in a thread that ends with its work: the compiler weighs 50 MB, and a process needs it while it starts alone. Plain
 * JavaScript, so that the thread runs it as it stands: what runs TypeScript would keep the compiler's text four times, another 80 MB.
 *
 * Takes `{ path, text }` and answers a `Syntax` (syntax.ts).
 */
import { parentPort } from 'node:worker_threads';
import ts from 'typescript';

const CLOSING = new Set([')', ']', '}']);

const isDynamicImport = (node) =>
  ts.isCallExpression(node) &&
  node.expression.kind === ts.SyntaxKind.ImportKeyword &&
  ts.isStringLiteralLike(node.arguments[0]);
const isLink = (statement) =>
  ts.isImportDeclaration(statement) || (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined);

function codeOf(source) {
  const tokens = [];
  const dynamicImports = [];
  const walk = (node) => {
    if (ts.isJSDoc(node)) return;
    if (isDynamicImport(node)) {
      dynamicImports.push({ specifier: node.arguments[0].text, imported: '*', local: `#${dynamicImports.length + 1}` });
      tokens.push('import');
      return;
    }
    const children = node.getChildren(source);
    if (children.length > 0) for (const child of children) walk(child);
    else tokens.push(node.getText(source));
  };
  for (const statement of source.statements) if (!isLink(statement)) walk(statement);
  // A comma before a closing bracket is layout: a comment that breaks a line makes a formatter add one.
  const code = tokens.filter(
    (token, index) => !(token === ',' && CLOSING.has(tokens[index + 1]) && tokens[index - 1] !== ','),
  );
  return { code: code.join(' '), dynamicImports };
}

/** Names of a clause that are values; a clause of types alone has none. */
const valuesOf = (elements) => elements.filter(({ isTypeOnly }) => !isTypeOnly);

function importedBy({ importClause, moduleSpecifier }) {
  const specifier = moduleSpecifier.text;
  if (importClause === undefined) return [{ specifier, imported: '', local: '' }];
  if (importClause.isTypeOnly) return [];
  const { name, namedBindings } = importClause;
  const whole = name ? [{ specifier, imported: 'default', local: name.text }] : [];
  if (namedBindings === undefined) return whole;
  if (ts.isNamespaceImport(namedBindings)) {
    return [...whole, { specifier, imported: '*', local: namedBindings.name.text }];
  }
  const named = valuesOf(namedBindings.elements).map((element) => ({
    specifier,
    imported: (element.propertyName ?? element.name).text,
    local: element.name.text,
  }));
  return [...whole, ...named];
}

function exportedBy({ exportClause, moduleSpecifier, isTypeOnly }, imports) {
  if (isTypeOnly) return [];
  const specifier = moduleSpecifier?.text;
  if (exportClause === undefined) return [{ specifier, imported: '*', exported: '*' }];
  if (ts.isNamespaceExport(exportClause)) return [{ specifier, imported: '*', exported: exportClause.name.text }];
  return valuesOf(exportClause.elements).flatMap((element) => {
    const [inner, exported] = [(element.propertyName ?? element.name).text, element.name.text];
    if (specifier !== undefined) return [{ specifier, imported: inner, exported }];
    const origin = imports.find(({ local }) => local === inner);
    return origin ? [{ specifier: origin.specifier, imported: origin.imported, exported }] : [];
  });
}

parentPort.on('message', ({ path, text }) => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const { code, dynamicImports } = codeOf(source);
  const imports = source.statements.filter(ts.isImportDeclaration).flatMap(importedBy);
  const reexports = source.statements
    .filter(ts.isExportDeclaration)
    .flatMap((statement) => exportedBy(statement, imports));
  parentPort.postMessage({ code, imports: [...imports, ...dynamicImports], reexports });
});
