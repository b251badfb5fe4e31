import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ProjectTable } from '../core/definitions/define-project.js';
import {
  DEFINITION_KINDS,
  type DefinitionKind,
  type DefinitionKindFacts,
  definitionFolders,
  definitionKinds,
} from '../core/definitions/definition-kinds.js';
import { badInput } from '../core/errors.js';
import { codeOnDisk, urlOf } from './imported.js';

/** A file that is named as a definition is. */
export interface FoundFile {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
  readonly id: string;
  /** Path from the root. */
  readonly file: string;
  readonly path: string;
  /** Of a table of the product: what the project says of it. */
  readonly said?: ProjectTable;
}

/** A definition file: identity from its path, content from its default export. */
export interface DefinitionFile extends FoundFile {
  readonly exported: unknown;
  /** The code that was imported: see codeOnDisk. */
  readonly code: string;
}

const patternOf = ({ suffix, versioned, firstUnnumbered = false }: DefinitionKindFacts): RegExp =>
  new RegExp(
    `^([a-z][a-z0-9_]*)${versioned ? `(?:\\.v([1-9]\\d*))${firstUnnumbered ? '?' : ''}` : ''}${suffix ? `\\.${suffix}` : ''}\\.ts$`,
  );

const PATTERNS = definitionKinds.map((kind) => ({
  kind,
  folder: DEFINITION_KINDS[kind].folder,
  pattern: patternOf(DEFINITION_KINDS[kind]),
}));

const suffixes = Object.values(DEFINITION_KINDS).flatMap(({ suffix }) => suffix ?? []);
/** A file with a definition's suffix that matches no pattern is a misspelt definition, not a helper. */
const DEFINITION_SUFFIX = new RegExp(`\\.(${suffixes.join('|')})\\.ts$`);

/** Stands before the path of a product's file where a project is laid over it. */
export const PRODUCT = 'riskgraph/';

/** What a file defines, as its path from the root says; null where it says nothing. */
export function identityOf(named: string): Pick<DefinitionFile, 'kind' | 'name' | 'version' | 'id'> | null {
  const file = named.startsWith(PRODUCT) ? named.slice(PRODUCT.length) : named;
  const base = file.slice(file.lastIndexOf('/') + 1);
  for (const { kind, folder, pattern } of PATTERNS) {
    const [, name, version = '1'] = (file.startsWith(`${folder}/`) && pattern.exec(base)) || [];
    if (name) return { kind, name, version: Number(version), id: `${name}@${Number(version)}` };
  }
  return null;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    // A folder below it that goes away meanwhile must not look like a project without definitions.
    return existsSync(folder) ? filesBelow(folder) : [];
  }
}

/** Every TypeScript file of a folder; none where there is no such folder. */
export const typescriptBelow = async (folder: string): Promise<readonly string[]> =>
  (await filesBelow(folder)).filter((path) => path.endsWith('.ts')).sort();

/** Finds every definition file below the root, in path order. Misspelt names are added to the problems. */
export async function findDefinitions(root: string, problems: string[]): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  for (const folder of definitionFolders) {
    for (const path of (await filesBelow(join(root, folder))).sort()) {
      const file = relative(root, path);
      const identity = identityOf(file);
      if (identity) files.push({ ...identity, file, path });
      else if (DEFINITION_SUFFIX.test(file)) {
        problems.push(
          `${file}: the name must be <snake_case>.v<number>.<kind>.ts (tables: <snake_case>.table.ts, indicators: <snake_case>.indicator.ts)`,
        );
      }
    }
  }
  return files;
}

/** Imports definition files that were found. Those that do not load are left out, and the problems say why; nothing is thrown. */
export async function importDefinitions(
  found: readonly FoundFile[],
  problems: string[],
): Promise<readonly DefinitionFile[]> {
  const files: DefinitionFile[] = [];
  for (const item of found) {
    const code = await codeOnDisk(item.path).catch(() => '');
    const exported = await importDefault(item, problems);
    if (exported !== undefined) files.push({ ...item, exported, code });
  }
  return files;
}

/**
 * The module of a definition file as it is on disk. @throws BAD_USER_INPUT where its project is not of modules: the file would be loaded as CommonJS, with a second
 * copy of the platform, whose SQL and errors this one does not know as its own
 */
export async function importModule(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  const module = (await import(await urlOf(path))) as Readonly<Record<string, unknown>>;
  // Node gives every module of CommonJS that name.
  if (!('module.exports' in module)) return module;
  throw badInput(
    `${file} is loaded as CommonJS: its project's package.json lacks "type": "module"`,
    'write "type": "module" into the package.json of the project that the file is in',
  );
}

async function importDefault({ path, file }: FoundFile, problems: string[]): Promise<unknown> {
  try {
    const module = await importModule(path, file);
    if (module.default === undefined) problems.push(`${file}: has no default export; export default define…({…})`);
    return module.default;
  } catch (cause) {
    problems.push(`${file}: does not load: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}
