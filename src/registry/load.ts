import { join } from 'node:path';
import { scoreViewId } from '../core/compute/score-view.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { IndicatorSpec } from '../core/definitions/define-indicator.js';
import type { JobSpec } from '../core/definitions/define-job.js';
import type { FeatureServiceSpec } from '../core/definitions/define-service.js';
import type { FeatureViewSpec } from '../core/definitions/define-view.js';
import type { Indicator, Service, View } from '../core/definitions/definitions.js';
import type { JobDefinition, Registry } from '../core/definitions/registry.js';
import { RiskgraphError } from '../core/errors.js';
import { checkView } from './check.js';
import { inCurrency, WRITTEN_CURRENCY } from './currency.js';
import { contentHash } from './hash.js';
import { loadModels } from './models.js';
import { loadOnDemandViews } from './on-demand.js';
import { eitherOf, resolveReferences } from './references.js';
import { type DefinitionFile, importModule, scanDefinitions } from './scan.js';

const isKind = (value: unknown, kind: string): boolean =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === kind;

/**
 * Finds, imports and checks every definition below the root. The error lists every problem of the whole set, so that all can be fixed at
 * once.
 */
export async function loadRegistry({
  root,
  currency = WRITTEN_CURRENCY,
}: {
  readonly root: string;
  /** Currency of the portfolio's amounts, as units name it. */
  readonly currency?: string;
}): Promise<Registry> {
  const problems: string[] = [];
  const entities = await loadEntities(root, problems);
  const files = await scanDefinitions(root, problems);
  const views = new Map<string, View>();
  const services = new Map<string, Service>();
  const indicators = new Map<string, Indicator>();
  const jobs = new Map<string, JobDefinition>();

  const usable = files.filter((item) => {
    if (isKind(item.exported, item.kind)) return true;
    problems.push(`${item.file}: its default export is not made by define… for a ${item.kind}`);
    return false;
  });
  checkDuplicates(usable, problems);
  const of = (kind: DefinitionFile['kind']) => usable.filter((item) => item.kind === kind);

  for (const item of of('view')) {
    const spec = inCurrency(item.exported as FeatureViewSpec, currency);
    const view = checkView(item, spec, entities, (problem) => problems.push(`${item.file}: ${problem}`));
    const entity = JSON.stringify([spec.entity?.name, spec.entity?.joinKeys]);
    views.set(item.id, Object.freeze({ ...view, hash: await contentHash(item.path, [entity]) }));
  }
  const scores = new Map(of('model').map((item) => [scoreViewId(item), item.id] as const));
  const onDemandViews = await loadOnDemandViews(of('on_demand'), { entities, views, scores, currency, problems });
  // Before the services, which may list scores.
  const models = await loadModels(of('model'), { views, onDemandViews, entities, problems });
  for (const item of of('service')) {
    const spec = item.exported as FeatureServiceSpec;
    const report = (problem: string) => problems.push(`${item.file}: ${problem}`);
    if (!spec.owner) report('has no owner');
    if (spec.features.length === 0) report('lists no features');
    const features = resolveReferences(spec.features, eitherOf(views, onDemandViews), report);
    services.set(item.id, Object.freeze({ ...identity(item), ...spec, features, hash: await contentHash(item.path) }));
  }
  for (const item of of('indicator')) {
    const spec = inCurrency(item.exported as IndicatorSpec, currency);
    if (!spec.owner) problems.push(`${item.file}: has no owner`);
    if (!spec.description) problems.push(`${item.file}: has no description`);
    const { name, file } = item;
    indicators.set(name, Object.freeze({ ...spec, name, file, hash: await contentHash(item.path) }));
  }
  for (const item of of('job')) {
    const spec = item.exported as JobSpec;
    if (spec.schedule && !spec.scheduledPayload) problems.push(`${item.file}: has a schedule but no scheduledPayload`);
    if (spec.name !== undefined && spec.name !== item.name) {
      problems.push(`${item.file}: its contract names it '${spec.name}'; name the file jobs/${spec.name}.ts`);
    }
    if (!(spec.concurrency >= 1)) problems.push(`${item.file}: concurrency must be at least 1`);
    jobs.set(item.name, Object.freeze({ ...spec, name: item.name, file: item.file }));
  }

  if (problems.length > 0) {
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `${problems.length} problem${problems.length === 1 ? '' : 's'} in the definitions:\n- ${problems.join('\n- ')}`,
      hint: 'fix the files named and start again',
      details: { problems },
    });
  }
  return Object.freeze({ entities, views, onDemandViews, services, indicators, models, jobs });
}

const identity = ({ name, version, id, file }: DefinitionFile) => ({ name, version, id, file });

async function loadEntities(root: string, problems: string[]): Promise<Map<string, EntityDefinition>> {
  const file = 'features/entities.ts';
  const module = await importModule(join(root, file), file);
  const entities = new Map<string, EntityDefinition>();
  for (const value of Object.values(module)) {
    if (!isKind(value, 'entity')) continue;
    const entity = value as EntityDefinition;
    if (entities.has(entity.name)) problems.push(`${file}: entity '${entity.name}' is defined twice`);
    if (entity.joinKeys.length === 0) problems.push(`${file}: entity '${entity.name}' has no join keys`);
    entities.set(entity.name, entity);
  }
  return entities;
}

function checkDuplicates(files: readonly DefinitionFile[], problems: string[]): void {
  const fileOf = new Map<string, string>();
  for (const item of files) {
    const key = `${item.kind} ${item.id}`;
    const first = fileOf.get(key);
    if (first) problems.push(`${item.file}: ${key} is also defined in ${first}`);
    fileOf.set(key, item.file);
  }
}
