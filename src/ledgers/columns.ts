import type { Instant } from '../core/helpers/time.js';

/** timestamptz(3) in Postgres, UTC milliseconds in our code. */
export const instant = {
  from: (value: Date | null): Instant | null => (value === null ? null : value.getTime()),
  to: (value: unknown): unknown => (typeof value === 'number' ? new Date(value) : value),
};
