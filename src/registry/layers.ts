/** The folders from which definitions come: one of the product's, and a project's that is laid over it. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectSpec, ProjectTable } from '../core/definitions/define-project.js';
import { badInput } from '../core/errors.js';
import { PACKAGE } from './hash.js';
import { type FoundFile, findDefinitions, importModule, PRODUCT } from './scan.js';
import { wordsOf } from './words.js';

export interface Layers {
  /** Folder whose tables/, features/, labels/, indicators/, models/ and jobs/ are the product's. */
  readonly root: string;
  /** A project's folder. Files of the product are then named `riskgraph/…`. */
  readonly project?: string | undefined;
}

export const PROJECT_CONFIG = 'riskgraph.config.ts';

/** Kinds that the platform itself runs on: a project adds to them, and leaves none out. */
const NEEDED: ReadonlySet<string> = new Set(['table', 'job']);

interface Starter {
  /** Whether definitions may name the product's entities. */
  readonly entities: boolean;
  readonly takes: (item: FoundFile) => boolean;
  /** What the config names one by one. */
  readonly named: readonly string[];
  /** What the config says of tables of the product, by name. */
  readonly tables: Readonly<Record<string, ProjectTable>>;
}

const ALL: Starter = { entities: true, takes: () => true, named: [], tables: {} };

const names = (one: string, { name, id, file }: FoundFile): boolean =>
  one.endsWith('/') ? file.startsWith(one) : one === name || one === id;

/** Reads what a project takes of the product's definitions. A config with a problem takes all. @throws BAD_USER_INPUT where there is no such folder */
export async function readStarter(project: string, problems: string[]): Promise<Starter> {
  if (!existsSync(project)) {
    throw badInput(`RISKGRAPH_DEFINITIONS names ${project}, where there is no folder`, 'name the folder of a project');
  }
  const path = join(project, PROJECT_CONFIG);
  if (!existsSync(path)) return ALL;
  const report = (problem: string): Starter => {
    problems.push(`${PROJECT_CONFIG}: ${problem}`);
    return ALL;
  };
  try {
    const { default: exported } = await importModule(path, PROJECT_CONFIG);
    const spec = exported as ({ readonly kind?: unknown } & ProjectSpec) | undefined;
    if (spec?.kind !== 'project') return report('its default export is not made by defineProject');
    const { starter = 'all', tables = {} } = spec;
    if (starter === 'all') return { ...ALL, tables };
    if (starter === 'none') return { entities: false, takes: () => false, named: [], tables };
    if (!Array.isArray(starter)) return report("`starter` is neither 'all' nor 'none' nor a list");
    return { entities: true, takes: (item) => starter.some((one) => names(one, item)), named: starter, tables };
  } catch (cause) {
    return report(`does not load: ${wordsOf(cause)}`);
  }
}

/** The tables that the platform itself reads and writes, where the root is not the product's: they are always there. */
async function shippedTables(root: string): Promise<readonly FoundFile[]> {
  if ((await realpath(root)) === PACKAGE) return [];
  return (await findDefinitions(PACKAGE, [])).filter(({ kind }) => kind === 'table');
}

/** Finds the definition files of all layers, the product's first. Problems are added to the list, as `file: reason`. */
export async function findLayered({ root, project }: Layers, problems: string[]): Promise<readonly FoundFile[]> {
  const own = [...(await shippedTables(root)), ...(await findDefinitions(root, problems))];
  if (project === undefined) return own;
  const starter = await readStarter(project, problems);
  for (const one of starter.named.filter((each) => !own.some((item) => names(each, item)))) {
    problems.push(`${PROJECT_CONFIG}: \`starter\` lists '${one}', which the product does not define`);
  }
  for (const name of Object.keys(starter.tables)) {
    if (own.some((item) => item.kind === 'table' && item.name === name)) continue;
    problems.push(
      `${PROJECT_CONFIG}: \`tables\` names '${name}', which is no table of the product; one of your own says it in tables/${name}.table.ts`,
    );
  }
  const taken = own.filter((item) => NEEDED.has(item.kind) || starter.takes(item));
  return [
    ...taken.map((item) => {
      const said = item.kind === 'table' ? starter.tables[item.name] : undefined;
      return { ...item, file: `${PRODUCT}${item.file}`, ...(said && { said }) };
    }),
    ...(await findDefinitions(project, problems)),
  ];
}
