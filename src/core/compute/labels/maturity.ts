/** When in its window an outcome comes. */
import type { Label } from '../../definitions/definitions.js';
import { param, raw, type Sql, sql } from '../../definitions/sql.js';
import { type LabelRange, labelContext } from './context.js';
import { lastDay, observationsSql } from './label-sql.js';
import { loanStates } from './loans.js';
import { monthsAfter } from './observations.js';
import { outcomeReachedBy } from './outcomes.js';

/** Days of the longest month. */
const MONTH = 31;

/** Months into which a window falls; the last one ends with the window. */
export const monthsOfWindow = ({ window }: Pick<Label, 'window'>): number =>
  'months' in window ? window.months : Math.ceil(window.days / MONTH);

/** Whether a day can be told on which an outcome comes, which is not the window's last. */
export const isReachedOnDays = ({ outcome }: Pick<Label, 'outcome'>): boolean => outcomeReachedBy(outcome) !== null;

/**
 * A SELECT of month (1 to those of the window), observations and reached: how many of the outcomes that are goods or bads have come by the end of each month.
 * `outcomes`, in parentheses: entity_id, observed_at and bad (0 or 1). One whose day is not told comes with the window's end.
 */
export function maturitySql(label: Label, range: LabelRange, outcomes: Sql): Sql {
  const { observation } = label;
  const months = monthsOfWindow(label);
  const end = monthsAfter(observation, raw('opens_after'), raw('month'));
  return sql`SELECT month, count() AS observations, countIf(bad AND by <= if(month = ${months}, ends_on, least(${end}, ends_on))) AS reached
    FROM (
      SELECT o.opens_after AS opens_after, o.ends_on AS ends_on, k.bad AS bad, ifNull(r.reached_on, o.ends_on) AS by
      FROM ${outcomes} AS k
      INNER JOIN ${observationsSql(label, range)} AS o ON k.entity_id = o.entity_id AND k.observed_at = o.observed_at
      LEFT JOIN (${reachedDays(label, range)}) AS r ON k.entity_id = r.entity_id AND k.observed_at = r.observed_at
    ) ARRAY JOIN range(1, ${param('UInt16', months + 1)}) AS month
    GROUP BY month ORDER BY month`;
}

/** A SELECT of entity_id, observed_at and reached_on (Nullable(Date)). */
function reachedDays(label: Label, range: LabelRange): Sql {
  const reached = outcomeReachedBy(label.outcome);
  if (reached === null)
    return raw(
      "SELECT '' AS entity_id, toDateTime64(0, 3, 'UTC') AS observed_at, CAST(NULL, 'Nullable(Date)') AS reached_on WHERE 0",
    );
  const states = loanStates(
    {
      entity: label.entity.name,
      on: reached.on,
      observations: observationsSql(label, range),
      last: lastDay(label, range.to),
      outcome: sql`minOrNullIf(d.as_of, d.in_window AND ${reached.day})`,
    },
    labelContext(label, range),
  );
  return sql`SELECT entity_id, observed_at, reached AS reached_on FROM (${states})`;
}
