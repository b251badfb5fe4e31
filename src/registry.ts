import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EntityDefinition, FeatureServiceSpec, FeatureViewSpec, JobSpec } from './core/define.js';
import type { IndicatorSpec } from './core/define-indicator.js';
import type { ModelSpec } from './core/define-model.js';
import type { FeatureRef, Indicator, JobDefinition, Model, Registry, Service, View } from './core/definitions.js';
import { RiskgraphError } from './core/errors.js';
import { checkView } from './registry/check.js';
import { contentHash } from './registry/hash.js';
import { type Found, scanDefinitions } from './registry/scan.js';

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === kind;

/**
 * Finds, imports and checks every definition below the root. Lists every problem of the whole set, then fails: one look at the
 * message is enough to mend all of them.
 */
export async function loadRegistry({ root }: { readonly root: string }): Promise<Registry> {
  const problems: string[] = [];
  const entities = await loadEntities(root, problems);
  const found = await scanDefinitions(root, problems);
  const views = new Map<string, View>();
  const services = new Map<string, Service>();
  const indicators = new Map<string, Indicator>();
  const models = new Map<string, Model>();
  const jobs = new Map<string, JobDefinition>();

  const usable = found.filter((item) => {
    if (isKind(item.exported, item.kind)) return true;
    problems.push(`${item.file}: its default export is not made by define… for a ${item.kind}`);
    return false;
  });
  checkDuplicates(usable, problems);
  const of = (kind: Found['kind']) => usable.filter((item) => item.kind === kind);

  for (const item of of('view')) {
    const spec = item.exported as FeatureViewSpec;
    const view = checkView(item, spec, entities, (problem) => problems.push(`${item.file}: ${problem}`));
    const entity = JSON.stringify([spec.entity?.name, spec.entity?.joinKeys]);
    views.set(item.id, Object.freeze({ ...view, hash: await contentHash(item.path, [entity]) }));
  }
  for (const item of of('service')) {
    const spec = item.exported as FeatureServiceSpec;
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    if (!spec.owner) report('has no owner');
    if (spec.features.length === 0) report('lists no features');
    const features = resolveReferences(spec.features, views, report);
    services.set(item.id, Object.freeze({ ...identity(item), ...spec, features, hash: await contentHash(item.path) }));
  }
  for (const item of of('indicator')) {
    const spec = item.exported as IndicatorSpec;
    if (!spec.owner) problems.push(`${item.file}: has no owner`);
    if (!spec.description) problems.push(`${item.file}: has no description`);
    const { name, file } = item;
    indicators.set(name, Object.freeze({ ...spec, name, file, hash: await contentHash(item.path) }));
  }
  for (const item of of('model')) {
    const model = await loadModel(item, views, entities, (problem) => problems.push(`${item.file}: ${problem}`));
    if (model) models.set(item.id, Object.freeze(model));
  }
  for (const item of of('job')) {
    const spec = item.exported as JobSpec<unknown>;
    if (spec.schedule && !spec.scheduledPayload) problems.push(`${item.file}: has a schedule but no scheduledPayload`);
    if (!(spec.concurrency >= 1)) problems.push(`${item.file}: concurrency must be at least 1`);
    jobs.set(item.name, Object.freeze({ ...spec, name: item.name, file: item.file }));
  }

  if (problems.length > 0) {
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `${problems.length} problem${problems.length === 1 ? '' : 's'} in the definitions:\n- ${problems.join('\n- ')}`,
      hint: 'mend the files named and start again',
      details: { problems },
    });
  }
  return Object.freeze({ entities, views, services, indicators, models, jobs });
}

const identity = ({ name, version, id, file }: Found) => ({ name, version, id, file });

async function loadEntities(root: string, problems: string[]): Promise<Map<string, EntityDefinition>> {
  const module = (await import(pathToFileURL(join(root, 'features/entities.ts')).href)) as Record<string, unknown>;
  const entities = new Map<string, EntityDefinition>();
  for (const value of Object.values(module)) {
    if (!isKind(value, 'entity')) continue;
    const entity = value as EntityDefinition;
    if (entities.has(entity.name)) problems.push(`features/entities.ts: entity '${entity.name}' is defined twice`);
    if (entity.joinKeys.length === 0) problems.push(`features/entities.ts: entity '${entity.name}' has no join keys`);
    entities.set(entity.name, entity);
  }
  return entities;
}

function checkDuplicates(found: readonly Found[], problems: string[]): void {
  const seen = new Map<string, string>();
  for (const item of found) {
    const key = `${item.kind} ${item.id}`;
    const other = seen.get(key);
    if (other) problems.push(`${item.file}: ${key} is also defined in ${other}`);
    seen.set(key, item.file);
  }
}

/** `view@version` is all of the view's features, `view@version:feature` one of them; a reference without a version is refused. */
export function resolveReferences(
  references: readonly string[],
  views: ReadonlyMap<string, View>,
  report: (problem: string) => void,
): FeatureRef[] {
  return references.flatMap((reference) => {
    const [, name, version, wanted] = /^([a-z][a-z0-9_]*)(?:@(\d+))?(?::([a-z][a-z0-9_]*))?$/.exec(reference) ?? [];
    if (!name) {
      report(`'${reference}' is not a feature reference; write view@version:feature`);
      return [];
    }
    if (!version) {
      report(`'${reference}' names no version; pin one, as ${name}@1${wanted ? `:${wanted}` : ''}`);
      return [];
    }
    const view = views.get(`${name}@${version}`);
    if (!view) {
      report(`'${reference}': there is no feature view ${name}@${version}`);
      return [];
    }
    const all = view.features.map((feature, index) => ({
      view,
      feature,
      index,
      reference: `${view.id}:${feature.name}`,
    }));
    const chosen = wanted ? all.filter(({ feature }) => feature.name === wanted) : all;
    if (chosen.length === 0) report(`'${reference}': ${view.id} has no feature ${wanted}`);
    return chosen;
  });
}

async function loadModel(
  item: Found,
  views: ReadonlyMap<string, View>,
  entities: ReadonlyMap<string, EntityDefinition>,
  report: (problem: string) => void,
): Promise<Model | undefined> {
  const spec = item.exported as ModelSpec;
  const folder = dirname(item.path);
  if (!spec.owner) report('has no owner');
  if (entities.get(spec.entity?.name) !== spec.entity)
    report('its entity is not one that features/entities.ts exports');
  const features = resolveReferences(spec.inputs, views, report);
  for (const { reference, feature, view } of features) {
    if (feature.type.startsWith('ARRAY') && feature.length === undefined)
      report(`input ${reference} is an array without a fixed length`);
    if (view.entity.joinKeys.some((key) => !spec.entity.joinKeys.includes(key)))
      report(`input ${reference} is of another entity`);
  }
  const onnxPath = join(folder, spec.onnx);
  const weights = await readFile(onnxPath).catch(() => undefined);
  if (!weights) report(`its file ${spec.onnx} is missing`);
  const card = await readFile(join(folder, 'card.json'), 'utf8').then(
    (text) => JSON.parse(text) as Record<string, unknown>,
    () => undefined,
  );
  if (!card) report('its card.json is missing or not JSON');
  if (!weights || !card) return undefined;
  const onnxHash = createHash('sha256').update(weights).digest('hex');
  return {
    ...identity(item),
    ...spec,
    features,
    onnxPath,
    onnxHash,
    card,
    hash: await contentHash(item.path, [onnxHash]),
  };
}
