import type { AnyFeatureRef } from '../core/definitions/definitions.js';

/**
 * A model card without what names a feature: as a reference, by its name, or as an input of the model (`view__feature`, `view__feature__0`).
 * Items, fields and texts that are such a name are left out.
 */
export function cardWithout<T>(card: T, refs: readonly Pick<AnyFeatureRef, 'view' | 'feature' | 'reference'>[]): T {
  const isName = (text: string): boolean =>
    refs.some(({ view, feature, reference }) => {
      const input = `${view.name}__${feature.name}`;
      return text === reference || text === feature.name || text === input || text.startsWith(`${input}__`);
    });
  const shown = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((item) => typeof item !== 'string' || !isName(item)).map(shown);
    if (typeof value === 'string') return isName(value) ? null : value;
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([name]) => !isName(name));
    return Object.fromEntries(fields.map(([name, item]) => [name, shown(item)]));
  };
  return refs.length === 0 ? card : (shown(card) as T);
}
