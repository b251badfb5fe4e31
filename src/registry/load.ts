import { join } from 'node:path';
import { scoreViewId } from '../core/compute/score-view.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { DefinitionKind } from '../core/definitions/definition-kinds.js';
import type { Registry } from '../core/definitions/registry.js';
import { RiskgraphError } from '../core/errors.js';
import { WRITTEN_CURRENCY } from './currency.js';
import { LOADERS, type Loading } from './loaders.js';
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
  const usable = files.filter((item) => {
    if (isKind(item.exported, item.kind)) return true;
    problems.push(`${item.file}: its default export is not made by define… for a ${item.kind}`);
    return false;
  });
  checkDuplicates(usable, problems);
  const of = (kind: DefinitionKind) => usable.filter((item) => item.kind === kind);

  const loading: Loading = {
    entities,
    views: new Map(),
    onDemandViews: new Map(),
    services: new Map(),
    indicators: new Map(),
    models: new Map(),
    jobs: new Map(),
    scores: new Map(of('model').map((item) => [scoreViewId(item), item.id] as const)),
    currency,
    problems,
  };
  for (const [kind, load] of Object.entries(LOADERS)) await load(of(kind as DefinitionKind), loading);

  if (problems.length > 0) {
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `${problems.length} problem${problems.length === 1 ? '' : 's'} in the definitions:\n- ${problems.join('\n- ')}`,
      hint: 'fix the files named and start again',
      details: { problems },
    });
  }
  const { views, onDemandViews, services, indicators, models, jobs } = loading;
  return Object.freeze({ entities, views, onDemandViews, services, indicators, models, jobs });
}

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
