/** Statuses: the only place that decides the status of a stored row at an instant, and what a stale policy leaves of its value. */
import type { View } from '../definitions/definitions.js';
import type { FeatureStatus, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

/** Whether there is a row, and how old it is, whatever it holds. ERROR: the store did not answer. */
export type RowStatus = 'FRESH' | 'STALE' | 'NOT_FOUND' | 'ERROR';

/** The value of one feature in one row, with its status. */
export interface Cell {
  /** As the policy for stale values leaves it. */
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  /** Null where there is no row. */
  readonly eventTime: Instant | null;
}

/** The status of a whole row. */
export interface RowAt {
  /** PRESENT also where every value is null. */
  readonly status: Exclude<FeatureStatus, 'NULL'>;
  readonly eventTime: Instant | null;
  /** In the order of the view's features; nulls where there is no row. */
  readonly values: readonly FeatureValue[];
}

type Aged = Pick<View, 'ttlMs' | 'maxAgeMs'>;

/** The row in force at an instant; null: none. */
type RowInForce = { readonly eventTime: Instant; readonly tombstone: boolean } | null;

/** Rule 7: a value exists at `t` while `event_time >= t - ttl`, inclusive. */
export const withinTtl = (view: Pick<View, 'ttlMs'>, eventTime: Instant, t: Instant): boolean =>
  view.ttlMs === null || eventTime >= t - view.ttlMs;

/** Rule 7: past `event_time >= t - maxAge`, inclusive, a value is STALE. */
export const withinMaxAge = (view: Pick<View, 'maxAgeMs'>, eventTime: Instant, t: Instant): boolean =>
  view.maxAgeMs === null || eventTime >= t - view.maxAgeMs;

function rowStatusAt(view: Aged, row: RowInForce | 'ERROR', t: Instant): RowStatus {
  if (row === 'ERROR') return 'ERROR';
  if (row === null || row.tombstone || !withinTtl(view, row.eventTime, t)) return 'NOT_FOUND';
  return withinMaxAge(view, row.eventTime, t) ? 'FRESH' : 'STALE';
}

/** A value of a row. Age outranks NULL: a NULL past maxAge is STALE. */
export function cellOf(
  row: RowStatus,
  { value, eventTime }: Pick<Cell, 'value' | 'eventTime'>,
  stalePolicy: StalePolicy,
): Cell {
  switch (row) {
    case 'NOT_FOUND':
      return { value: null, status: 'NOT_FOUND', eventTime: null };
    case 'ERROR':
      return { value: null, status: 'ERROR', eventTime };
    case 'STALE':
      return { value: stalePolicy === 'NULL' ? null : value, status: 'STALE', eventTime };
    case 'FRESH':
      return { value, status: value === null ? 'NULL' : 'PRESENT', eventTime };
  }
}

/** One value at `t`, of the row in force then or of a store that did not answer. */
export function valueAt(options: {
  readonly view: Aged;
  readonly row: RowInForce | 'ERROR';
  readonly value: FeatureValue;
  readonly t: Instant;
  readonly stalePolicy: StalePolicy;
}): Cell {
  const { view, row, value, t, stalePolicy } = options;
  const eventTime = row === null || row === 'ERROR' ? null : row.eventTime;
  return cellOf(rowStatusAt(view, row, t), { value, eventTime }, stalePolicy);
}

/** A whole row at `t`; stale values stay. */
export function rowAt(options: {
  readonly view: Aged & Pick<View, 'features'>;
  readonly row: (NonNullable<RowInForce> & { readonly values: readonly FeatureValue[] }) | null | 'ERROR';
  readonly t: Instant;
}): RowAt {
  const { view, row, t } = options;
  const status = rowStatusAt(view, row, t);
  const isThere = status === 'FRESH' || status === 'STALE';
  const held = isThere && row !== 'ERROR' ? row : null;
  return {
    status: status === 'FRESH' ? 'PRESENT' : status,
    eventTime: held?.eventTime ?? null,
    values: held?.values ?? view.features.map(() => null),
  };
}
