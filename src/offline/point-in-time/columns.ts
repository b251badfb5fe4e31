import type { AnyFeatureRef, FeatureRef, View } from '../../core/definitions/definitions.js';
import { badInput } from '../../core/errors.js';

/** A feature as a column of a table or a file. */
export interface OutputFeature<R extends AnyFeatureRef = FeatureRef> {
  readonly ref: R;
  readonly column: string;
}

/**
 * `view__feature`, and `view_v2__feature` where two versions of the view meet. BAD_USER_INPUT where a name would be given twice: the same
 * feature asked for twice, or a spine column of that name.
 */
export function nameFeatures<R extends AnyFeatureRef>(
  features: readonly R[],
  taken: readonly string[],
): readonly OutputFeature<R>[] {
  const versions = new Map<string, Set<number>>();
  for (const { view } of features) versions.set(view.name, (versions.get(view.name) ?? new Set()).add(view.version));
  const used = new Set(taken);
  return features.map((ref) => {
    const meets = (versions.get(ref.view.name)?.size ?? 0) > 1;
    const column = `${ref.view.name}${meets ? `_v${ref.view.version}` : ''}__${ref.feature.name}`;
    if (used.has(column)) {
      throw badInput(
        `the column '${column}' would be there twice`,
        'ask for each feature once, and give no spine column the name of a feature column',
      );
    }
    used.add(column);
    return { ref, column };
  });
}

/** The views of features, each once, in the order in which they are first named. */
export const viewsOf = (features: readonly FeatureRef[]): readonly View[] => [
  ...new Map(features.map(({ view }) => [view.id, view])).values(),
];
