import type { EntitiesSetAside } from '../core/ports/materialize.js';
import type { EntityKey } from '../core/ports/offline.js';

/** Entities that a result names; the quarantine names all. */
const NAMED_IN_RESULT = 20;

/** What a result says of the entities that runs set aside; nothing where there are none. */
export function setAsideIn(keys: readonly EntityKey[]): { readonly setAside?: EntitiesSetAside } {
  const distinct = [...new Set(keys.map((key) => key.join(', ')))];
  if (distinct.length === 0) return {};
  return { setAside: { entities: distinct.length, first: distinct.slice(0, NAMED_IN_RESULT) } };
}
