/** The files of a project that follow from its definitions and are committed with them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectTablesPage } from '../catalogue/tables-page.js';
import type { Registry } from '../core/definitions/registry.js';
import { definitionTypes, TYPES_FILE } from './definition-types.js';
import type { Problem } from './problem.js';

interface GeneratedFile {
  readonly file: string;
  /** What a project without the file does not have. */
  readonly gives: string;
  /** The same definitions give the same text. */
  readonly text: (registry: Registry) => string;
}

/** Each lies beside the config of a project. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  {
    file: TYPES_FILE,
    gives: 'from which an editor completes tables, columns and features',
    text: definitionTypes,
  },
  {
    file: 'tables.md',
    gives: 'which documents every source table, its columns and what reads it',
    text: projectTablesPage,
  },
];

export interface StepResult {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

const IN_STEP: StepResult = { problems: [], notes: [] };

async function stepOf(
  { file, gives, text }: GeneratedFile,
  { project, registry, write }: { readonly project: string; readonly registry: Registry; readonly write: boolean },
): Promise<StepResult> {
  const path = join(project, file);
  const wanted = text(registry);
  const there = await readFile(path, 'utf8').catch(() => null);
  if (there === wanted) return IN_STEP;
  if (write) {
    await writeFile(path, wanted);
    return { problems: [], notes: [`wrote ${file}`] };
  }
  if (there === null) return { problems: [], notes: [`\`riskgraph check --write\` writes ${file}, ${gives}`] };
  const message = 'differs from the definitions';
  const hint = 'write it: riskgraph check --write';
  return { problems: [{ file, line: null, column: null, check: 'types', message, hint }], notes: [] };
}

/** Compares the generated files of a project with its definitions; `write` writes those that differ. One that is absent is a note and no problem. */
export async function inStep(project: string, registry: Registry, write: boolean): Promise<StepResult> {
  const steps = await Promise.all(GENERATED_FILES.map((each) => stepOf(each, { project, registry, write })));
  return { problems: steps.flatMap(({ problems }) => problems), notes: steps.flatMap(({ notes }) => notes) };
}
