import type { FeatureRef, View } from '../core/definitions.js';

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
