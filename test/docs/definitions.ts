/** The definition files that pages show, as a folder that the registry can read. */
import { appendFile, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freshHome } from '../support/homes.js';
import { asProject } from '../support/projects.js';

export interface CodeBlock {
  readonly language: string;
  /** From a first line `// features/…`; null where the block is no file. */
  readonly path: string | null;
  readonly text: string;
}

/** Fenced blocks of a page, in order. */
export function codeBlocks(page: string): CodeBlock[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    path: /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? null,
    text,
  }));
}

/** TypeScript files that the pages show, in the order in which a reader makes them. */
export async function shownFiles(...pages: readonly string[]): Promise<(CodeBlock & { readonly path: string })[]> {
  const texts = await Promise.all(pages.map((page) => readFile(`docs/${page}`, 'utf8')));
  return texts.flatMap(codeBlocks).flatMap((block) => (block.path === null ? [] : [{ ...block, path: block.path }]));
}

/** Jobs that the pages' commands ask for; none of them has a schedule. */
const JOBS = ['backfill', 'build_training_set', 'materialize', 'prune_view', 'score_portfolio'];

export interface DefinitionRoot {
  readonly root: string;
  /** A file as a page shows it; what a page shows of `features/entities.ts` is added to the product's. */
  put(file: Pick<CodeBlock, 'text'> & { readonly path: string }): Promise<void>;
  close(): Promise<void>;
}

/** A project outside this repository, with the entities of this one, the jobs of the tests and no definitions. */
export async function emptyRoot(): Promise<DefinitionRoot> {
  const root = await freshHome();
  await asProject(root, ['zod']);
  for (const folder of ['features', 'jobs']) await mkdir(join(root, folder));
  for (const job of JOBS) await copyFile(`jobs/${job}.ts`, join(root, `jobs/${job}.ts`));
  await copyFile('features/entities.ts', join(root, 'features/entities.ts'));
  return {
    root,
    async put({ path, text }) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await (path === 'features/entities.ts' ? appendFile : writeFile)(join(root, path), text);
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}
