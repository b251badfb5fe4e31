/** Checks the definitions of a project without a server: types, rules of the registry, queries on empty tables, models. */
import { existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definitionFolders } from '../core/definitions/definition-kinds.js';
import type { Registry } from '../core/definitions/registry.js';
import { RiskgraphError } from '../core/errors.js';
import { BusinessCalendar } from '../core/helpers/time.js';
import type { Log } from '../core/ports/process.js';
import { type Layers, PROJECT_CONFIG } from '../registry/layers.js';
import { ENTITIES, inspectDefinitions } from '../registry/load.js';
import { PRODUCT, typescriptBelow } from '../registry/scan.js';
import { TYPES_FILE } from './definition-types.js';
import { inStep } from './generated-files.js';
import { lineAbout, type Problem } from './problem.js';
import { refusedQueries, withEmptyTables } from './queries.js';
import { typeProblems } from './types.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

export interface CheckOptions {
  /** The project whose definitions are checked, laid over the product's; undefined: the product's alone. */
  readonly project?: string | undefined;
  readonly currency: string;
  readonly timezone: string;
  /** Writes the project's generated files where they are not in step; without it, that is a problem. */
  readonly write?: boolean;
}

export interface CheckReport {
  /** By file and line. */
  readonly problems: readonly Problem[];
  readonly definitions: number;
  /** What was not checked, and why. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** What the engine says of a refused statement comes back; the log of a check has nothing to add. */
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const HINTS = {
  view: 'correct the query: it gives the join keys and every feature by name, in their declared types',
  label:
    'correct the SQL of the observation, the outcome or the conditions: each names the columns that it gives or reads',
  fact: 'correct `from` and the expressions over it: measures and dimensions',
  indicator: 'correct `from` and the expressions over it: numerator, denominator and dimensions',
} as const;

/** Where a file says it. */
const PLACES = {
  view: /\bquery\s*[:(]/,
  label: /\b(outcomeBy|observedBy|exclude|indeterminate|outcome)\s*[:(]/,
  fact: /\bfrom\s*[:(]/,
  indicator: /\bfrom\s*[:(]/,
} as const;

/** The files of a project that are compiled: its definitions and what lies beside them. */
async function typedFiles(root: string): Promise<readonly string[]> {
  const below = await Promise.all(definitionFolders.map((folder) => typescriptBelow(join(root, folder))));
  const beside = [PROJECT_CONFIG, TYPES_FILE].map((file) => join(root, file));
  return [...beside.filter((path) => existsSync(path)), ...below.flat()];
}

/** Finds every problem of all files at once; throws only where the engine cannot be started. */
export async function checkProject({ project, currency, timezone, write = false }: CheckOptions): Promise<CheckReport> {
  const layers: Layers = { root: PACKAGE, project };
  const own = project ?? PACKAGE;
  const started = performance.now();
  const calendar = new BusinessCalendar(timezone);
  const notes: string[] = [];
  const inspecting = inspect(layers, currency);
  const generating = inspecting.then((found) =>
    project === undefined ? [] : generatedProblems(project, found, write, notes),
  );
  const [types, generated, inspected] = await Promise.all([
    // What is about to be written is compiled with.
    (write ? generating : Promise.resolve()).then(() => typedFiles(own)).then((files) => typeProblems(own, files)),
    generating,
    inspecting.then(async ({ registry, problems }) => {
      if (!registry) return { problems, size: 0 };
      const [queries, models] = await Promise.all([
        queryProblems(registry, layers, calendar, notes),
        modelProblems(registry, layers, notes),
      ]);
      return { problems: [...problems, ...queries, ...models], size: sizeOf(registry) };
    }),
  ]);
  const unparsed = new Set(types.filter(({ message }) => SYNTAX.test(message)).map(({ file }) => file));
  // The compiler says why they do not load, with the place.
  const others = inspected.problems.filter(({ file, message }) => !(unparsed.has(file) && isUnloaded(message)));
  const problems = [...types, ...generated, ...others].sort(
    (a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  return { problems, definitions: inspected.size, notes, seconds: (performance.now() - started) / 1000 };
}

/** The generated files of a project beside its definitions, once these load: of those that do not, names would be missing. */
async function generatedProblems(
  project: string,
  { registry, problems }: Awaited<ReturnType<typeof inspect>>,
  write: boolean,
  notes: string[],
): Promise<readonly Problem[]> {
  if (!registry || problems.length > 0) return [];
  const step = await inStep(project, registry, write);
  notes.push(...step.notes);
  return step.problems;
}

/** Codes of the compiler's parser. */
const SYNTAX = /\(TS1\d{3}\)$/;
const isUnloaded = (message: string): boolean => message.startsWith('does not load');

const sizeOf = ({ views, onDemandViews, services, labels, facts, indicators, models, jobs }: Registry): number =>
  [views, onDemandViews, services, labels, facts, indicators, models, jobs].reduce((sum, { size }) => sum + size, 0);

/** The text of a file of either layer. */
function textOf({ root, project = root }: Layers, file: string): Promise<string> {
  const isProduct = file.startsWith(PRODUCT);
  const path = isProduct ? join(root, file.slice(PRODUCT.length)) : join(project, file);
  return readFile(path, 'utf8').catch(() => '');
}

async function problemOf(
  layers: Layers,
  { file, message, check, hint, at }: Pick<Problem, 'file' | 'message' | 'check' | 'hint'> & { readonly at?: RegExp },
): Promise<Problem> {
  const line = lineAbout(await textOf(layers, file), message, at);
  return { file, line, column: null, check, message, hint };
}

async function inspect(
  layers: Layers,
  currency: string,
): Promise<{ readonly registry: Registry | null; readonly problems: readonly Problem[] }> {
  try {
    const { registry, problems } = await inspectDefinitions({ ...layers, currency });
    const placed = problems.map((problem) => {
      const end = problem.indexOf(': ');
      const [file, message] = [problem.slice(0, end), problem.slice(end + 2)];
      return problemOf(layers, { file, message, check: 'definition', hint: null });
    });
    return { registry, problems: await Promise.all(placed) };
  } catch (error) {
    if (!(error instanceof RiskgraphError)) throw error;
    const { message, hint = null } = error;
    return {
      registry: null,
      problems: [await problemOf(layers, { file: ENTITIES, message, check: 'definition', hint })],
    };
  }
}

async function queryProblems(
  registry: Registry,
  layers: Layers,
  calendar: BusinessCalendar,
  notes: string[],
): Promise<readonly Problem[]> {
  const run = withEmptyTables({ tables: registry.tables, log: silent }, (store) =>
    refusedQueries(store, registry, calendar),
  );
  const refused = await run.catch((cause: unknown) => {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    if (!isAbsent) throw cause;
    notes.push('the queries were not run: the embedded ClickHouse (chdb) is not installed here');
    return [];
  });
  return Promise.all(
    refused.map(({ of, words }) => {
      const kind = 'outcome' in of ? 'label' : 'entity' in of ? 'view' : 'measures' in of ? 'fact' : 'indicator';
      const message = `the query cannot run: ${words}`;
      return problemOf(layers, { file: of.file, message, check: 'query', hint: HINTS[kind], at: PLACES[kind] });
    }),
  );
}

/** Opens every model, where the scorer is installed: it is a large library, and a network may refuse it. */
async function modelProblems({ models }: Registry, layers: Layers, notes: string[]): Promise<readonly Problem[]> {
  if (models.size === 0) return [];
  const { createScorer } = await import('../scoring/onnx-scorer.js').catch(() => ({ createScorer: null }));
  if (createScorer === null) {
    notes.push(`${models.size} models were not opened: onnxruntime-node is not installed here`);
    return [];
  }
  const scorer = createScorer({ executionProvider: 'cpu' });
  const problems: Promise<Problem>[] = [];
  for (const model of models.values()) {
    // Without its file there is nothing to open, and the definition says so.
    if (
      !(await access(model.onnxPath).then(
        () => true,
        () => false,
      ))
    )
      continue;
    await scorer.open([model]).catch((cause: RiskgraphError) => {
      const found = (cause.details?.problems as readonly string[] | undefined) ?? [`${model.file}: ${cause.message}`];
      for (const problem of found) {
        const message = problem.slice(problem.indexOf(': ') + 2);
        const hint = 'make the definition, the .onnx file and the card agree';
        problems.push(problemOf(layers, { file: model.file, message, check: 'model', hint }));
      }
    });
  }
  await scorer.close();
  return Promise.all(problems);
}
