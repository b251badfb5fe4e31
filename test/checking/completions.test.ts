/** What an editor offers in a definition of a project that has its file of names, asked of the compiler as an editor asks it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = resolve('templates/project');
const PROBE = join(ROOT, 'features/customer/probe.v1.view.ts');
/** What is offered at each `?`. */
const TEXT = `import { defineFeatureService, defineFeatureView, input, sql } from 'riskgraph';
import { customer } from '../entities.js';
export const days = input('INT32', '?');
export const service = defineFeatureService({ description: '', owner: '', features: ['?', 'not_yet@1:feature'] });
export default defineFeatureView({
  entity: customer, description: '', owner: '', schedule: { every: 'day', delay: '2h' }, features: {},
  query: ({ source }) => sql\`\${source('?')} \${source('events', { columns: ['?'] })} \${source('not_yet', { columns: ['any'] })}\`,
});
`;

function openEditor(): ts.LanguageService {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly exports: Record<string, string> };
  const paths = Object.fromEntries(
    Object.entries(exports).map(([name, path]) => [`riskgraph${name.slice(1)}`, [resolve(path)]]),
  );
  const read = (path: string): string | undefined => (path === PROBE ? TEXT : ts.sys.readFile(path));
  return ts.createLanguageService({
    getScriptFileNames: () => [PROBE, join(ROOT, 'riskgraph.gen.d.ts')],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = read(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: (path) => path === PROBE || ts.sys.fileExists(path),
    readFile: read,
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getCompilationSettings: () => ({
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      skipLibCheck: true,
      types: [],
      paths,
    }),
  });
}

test('an editor completes references, tables and columns, and takes a name that is not written yet', () => {
  const editor = openEditor();
  const offered = [...TEXT.matchAll(/'\?'/g)].map(({ index }) => {
    const entries = editor.getCompletionsAtPosition(PROBE, index + 1, {})?.entries ?? [];
    return entries.map(({ name }) => name);
  });
  expect(offered).toEqual([
    expect.arrayContaining(['login_days@1:login_days_30d', 'loan_behaviour@1:max_dpd_3m']),
    expect.arrayContaining(['login_days@1', 'login_days@1:login_days_30d']),
    expect.arrayContaining(['events', 'loans']),
    expect.arrayContaining(['event_id', 'customer_id']),
  ]);
  expect(offered[3]).not.toContain('loan_id');
  expect(editor.getSemanticDiagnostics(PROBE)).toEqual([]);
});
