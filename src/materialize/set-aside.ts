import type { EntitiesSetAside, RunRecord } from '../core/ports/materialize.js';

/** Entities, and ranges of them, that a result names; the quarantine names all. */
const NAMED_IN_RESULT = 20;

/** What a result says of the entities that runs set aside; nothing where there are none. */
export function setAsideIn(counts: readonly RunRecord['counts'][]): { readonly setAside?: EntitiesSetAside } {
  const keys = new Set(counts.flatMap((each) => each?.setAside ?? []).map((key) => key.join(', ')));
  const ranges = [
    ...new Map(
      counts.flatMap((each) => each?.setAsideRanges ?? []).map((range) => [`${range.from} ${range.to}`, range]),
    ).values(),
  ];
  if (keys.size + ranges.length === 0) return {};
  return {
    setAside: {
      entities: ranges.reduce((total, { entities }) => total + entities, keys.size),
      first: [...keys].slice(0, NAMED_IN_RESULT),
      ...(ranges.length > 0 && { ranges: ranges.slice(0, NAMED_IN_RESULT) }),
    },
  };
}
