import type { View } from '../definitions/definitions.js';
import type { FeatureStatus, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

/** Rule 7: a value exists at `t` while `event_time >= t - ttl`, inclusive. */
export const withinTtl = (view: Pick<View, 'ttlMs'>, eventTime: Instant, t: Instant): boolean =>
  view.ttlMs === null || eventTime >= t - view.ttlMs;

/** Rule 7: past `event_time >= t - maxAge`, inclusive, a value is STALE. */
export const withinMaxAge = (view: Pick<View, 'maxAgeMs'>, eventTime: Instant, t: Instant): boolean =>
  view.maxAgeMs === null || eventTime >= t - view.maxAgeMs;

/** Decides value and status from the row in force at `t` (null where there is none); the only place that does. Age outranks NULL: a NULL past maxAge is STALE. */
export function valueAt(options: {
  readonly view: Pick<View, 'ttlMs' | 'maxAgeMs'>;
  readonly row: { readonly eventTime: Instant; readonly tombstone: boolean } | null;
  readonly value: FeatureValue;
  readonly t: Instant;
  readonly stalePolicy: StalePolicy;
}): { readonly value: FeatureValue; readonly status: FeatureStatus } {
  const { view, row, value, t, stalePolicy } = options;
  if (row === null || row.tombstone || !withinTtl(view, row.eventTime, t)) return { value: null, status: 'NOT_FOUND' };
  if (!withinMaxAge(view, row.eventTime, t)) return { value: stalePolicy === 'NULL' ? null : value, status: 'STALE' };
  return { value, status: value === null ? 'NULL' : 'PRESENT' };
}
