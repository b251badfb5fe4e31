/** What the tables of a label's evidence are made of. */
import { Decimal } from 'decimal.js';
import type { LabelRange } from '../../core/compute/labels/context.js';
import { observedOn } from '../../core/compute/labels/observations.js';
import type { Label } from '../../core/definitions/definitions.js';
import { raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { BusinessCalendar } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { LabelEvidenceRequest } from '../../core/ports/labels.js';
import type { OfflineQuery } from '../../core/ports/offline.js';
import { ALL_DAYS } from './months.js';

export interface LabelEvidenceParts {
  readonly query: OfflineQuery;
  readonly calendar: BusinessCalendar;
}

/** As of indicators. */
const RATE_PLACES = 6;

/** A share of counts as text; null of none. */
export const rateOf = (part: string, whole: string): string | null =>
  Number(whole) === 0
    ? null
    : new Decimal(part).div(whole).toDecimalPlaces(RATE_PLACES, Decimal.ROUND_HALF_UP).toFixed();

/** The rows of a label as known: `(SELECT …)` with the columns of `labels` and observed_on. */
export function labelRows(label: Label, { calendar }: Pick<LabelEvidenceParts, 'calendar'>, known: Sql): Sql {
  const { id, entity, observation, tables } = label;
  const rows = sourceSelect(tables.get('labels'), {
    asOf: null,
    knowledge: known,
    timezone: calendar.timezone,
    keyFilter: sql`v.entity = ${entity.name} AND v.name = ${id}`,
  });
  return sql`(SELECT *, ${observedOn(observation, raw('r.observed_at'), sql`${calendar.timezone}`)} AS observed_on FROM ${rows} AS r)`;
}

/** The observations that a request is about, none of which is later than its knowledge. */
export function rangeOf(
  { from, to, asOf }: LabelEvidenceRequest,
  { calendar }: Pick<LabelEvidenceParts, 'calendar'>,
): LabelRange {
  const today = calendar.dateOf(asOf);
  return {
    from: from ?? ALL_DAYS.from,
    to: to === null || to > today ? today : to,
    knowledge: asOf,
    timezone: calendar.timezone,
  };
}
