import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

/** The platform's own vocabulary: it may grow without changing what a definition says. */
const VOCABULARY =
  /\/src\/core\/(define|define-indicator|define-model|define-on-demand|definitions|sql|types|time|errors|ports)\.ts$|\/features\/entities\.ts$/;

/** The code without comments and layout, so that only a change of meaning changes the hash. */
function tokensOf(source: ts.SourceFile): string {
  const tokens: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length === 0) tokens.push(node.getText(source));
    else for (const child of children) walk(child);
  };
  walk(source);
  return tokens.join(' ');
}

function importsOf(source: ts.SourceFile): string[] {
  return source.statements
    .filter((statement) => ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))
    .filter((statement) => !(ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly))
    .map((statement) => statement.moduleSpecifier)
    .filter((specifier): specifier is ts.StringLiteral => specifier !== undefined && ts.isStringLiteral(specifier))
    .map((specifier) => specifier.text)
    .filter((text) => text.startsWith('.'));
}

/**
 * SHA-256 (hex) over the definition file and, in path order, every file of ours that it imports, the vocabulary apart: a helper of src/core,
 * as geo.ts, is part of what the definition says. Packages are not: their versions are the lock file's. Extra parts (an entity's join keys, a
 * model's weights) are covered too.
 */
export async function contentHash(file: string, extra: readonly string[] = []): Promise<string> {
  const seen = new Map<string, string>();
  const pending = [resolve(file)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path) || VOCABULARY.test(path)) continue;
    const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.ESNext, true);
    seen.set(path, tokensOf(source));
    const folder = dirname(path);
    pending.push(...importsOf(source).map((specifier) => resolve(folder, specifier.replace(/\.js$/, '.ts'))));
  }
  const hash = createHash('sha256');
  for (const path of [...seen.keys()].sort()) hash.update(seen.get(path) as string).update('\0');
  for (const part of extra) hash.update(part).update('\0');
  return hash.digest('hex');
}
