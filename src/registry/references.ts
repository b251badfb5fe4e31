import type { EntityDefinition } from '../core/definitions/define-entity.js';
import { type AnyView, type OnDemandView, type RefTo, refsOf, type View } from '../core/definitions/definitions.js';

/** Whether an entity is one that definitions are declared with. A file that was read again gives another object of the same. */
export function isDeclared(
  entity: EntityDefinition | undefined,
  entities: ReadonlyMap<string, EntityDefinition>,
): boolean {
  const known = entities.get(entity?.name ?? '');
  return known !== undefined && JSON.stringify(known.joinKeys) === JSON.stringify(entity?.joinKeys);
}

type Views<V> = Pick<ReadonlyMap<string, V>, 'get'>;

/** Every view that consumers may pin, stored or on-demand. */
export const eitherOf = (
  views: ReadonlyMap<string, View>,
  onDemand: ReadonlyMap<string, OnDemandView>,
): Views<AnyView> => ({ get: (id) => views.get(id) ?? onDemand.get(id) });

/** Resolves references: `view@version` is all features of a view, `view@version:feature` one of them. A reference without a version is a problem. */
export function resolveReferences<V extends AnyView>(
  references: readonly string[],
  views: Views<V>,
  report: (problem: string) => void,
): RefTo<V>[] {
  return references.flatMap((reference) => {
    const [, name, version, featureName] =
      /^([a-z][a-z0-9_]*)(?:@(\d+))?(?::([a-z][a-z0-9_]*))?$/.exec(reference) ?? [];
    if (!name) {
      report(`'${reference}' is not a feature reference; write view@version:feature`);
      return [];
    }
    if (!version) {
      report(`'${reference}' names no version; pin one, as ${name}@1${featureName ? `:${featureName}` : ''}`);
      return [];
    }
    const view = views.get(`${name}@${version}`);
    if (!view) {
      report(`'${reference}': there is no feature view ${name}@${version}`);
      return [];
    }
    const all = refsOf(view);
    const chosen = featureName ? all.filter(({ feature }) => feature.name === featureName) : all;
    if (chosen.length === 0) report(`'${reference}': ${view.id} has no feature ${featureName}`);
    return chosen;
  });
}
