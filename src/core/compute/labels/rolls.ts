/** What becomes of those that go past due: the evidence for the days past due that a label calls bad. */
import type { LabelLoans } from '../../definitions/define-label.js';
import type { Label } from '../../definitions/definitions.js';
import { join, param, raw, type Sql, sql } from '../../definitions/sql.js';
import { type LabelRange, labelContext } from './context.js';
import { lastDay, observationsSql } from './label-sql.js';
import { LOAN_ENTITIES, linkedLoans, loanStates } from './loans.js';

/** Days past due that are looked at beside the label's own. */
const DEPTHS = [1, 30, 60, 90];
/** Months after the day on which they are reached. */
export const ROLL_MONTHS = [1, 3, 6, 12];

/** States that a customer or loan can roll to, the worst of its loans first. */
export const ROLL_STATES = ['written_off', 'dpd_90', 'dpd_60', 'dpd_30', 'dpd_1', 'sold', 'current', 'closed'] as const;

/** Whether the loans of an entity are known. */
export const canRoll = ({ entity }: Pick<Label, 'entity'>): boolean => LOAN_ENTITIES.includes(entity.name);

export const rollDepths = ({ outcome }: Pick<Label, 'outcome'>): readonly number[] =>
  [...new Set([...DEPTHS, ...(outcome.kind === 'dpd' ? [outcome.atLeast] : [])])].sort((a, b) => a - b);

const loansOf = ({ outcome }: Pick<Label, 'outcome'>): LabelLoans => (outcome.kind === 'sql' ? 'any' : outcome.on);

/**
 * A SELECT of dpd, months, reached, immature, worse (as many days past due, or more, or written off) and a count for each of ROLL_STATES: of the days on which an
 * observation of the population first is `dpd` days past due within its window, and was not when it was observed. A day that lies in several windows is one.
 * `through`: Date, the last day of loan-days.
 */
export function rollsSql(label: Label, range: LabelRange, through: Sql): Sql {
  const context = labelContext(label, range);
  const [entity, on, depths] = [label.entity.name, loansOf(label), rollDepths(label)];
  const mature = sql`(SELECT * FROM ${observationsSql(label, range)} WHERE ends_on <= ${through})`;
  const firsts = join(depths.map((dpd) => sql`minIf(d.as_of, d.in_window AND d.on_book AND d.dpd >= ${dpd})`));
  const states = loanStates(
    { entity, on, observations: mature, last: lastDay(label, range.to), outcome: sql`[${firsts}]` },
    context,
  );
  const excluded = Object.values(label.exclude ?? {}).map((condition) => sql`ifNull((${raw(condition)}), 0)`);
  const population = excluded.length === 0 ? raw('1') : sql`NOT (${join(excluded, ' OR ')})`;
  const entered = sql`SELECT DISTINCT entity_id, k, day
    FROM (SELECT entity_id, dpd, reached FROM (${states}) WHERE ${population}) ARRAY JOIN ${param('Array(UInt16)', depths)} AS k, reached AS day
    WHERE day > toDate(0) AND dpd < k`;
  const entries = sql`(SELECT entity_id, k, day, months, addMonths(day, months) AS ends_on
    FROM (${entered}) ARRAY JOIN ${param('Array(UInt8)', ROLL_MONTHS)} AS months)`;
  const { key, linked } = linkedLoans(entity, on, entries, context);
  const after = context.source('loan_snapshots', { where: sql`as_of >= ${context.from}` });
  const last = sql`SELECT e.entity_id AS entity_id, e.k AS k, e.day AS day, e.months AS months, s.loan_id AS loan_id,
      argMax(s.status, s.as_of) AS status, argMax(s.dpd, s.as_of) AS dpd
    FROM ${after} AS s INNER JOIN ${linked} AS e ON s.${raw(key)} = e.link
    WHERE s.as_of >= e.day AND s.as_of <= e.ends_on AND e.ends_on <= ${through}
    GROUP BY entity_id, k, day, months, loan_id`;
  const state = sql`SELECT entity_id, k, day, months, maxIf(dpd, status IN ('CURRENT', 'OVERDUE')) AS worst,
      multiIf(max(status = 'WRITTEN_OFF'), 'written_off', worst >= 90, 'dpd_90', worst >= 60, 'dpd_60', worst >= 30, 'dpd_30', worst > 0, 'dpd_1',
        max(status = 'SOLD'), 'sold', max(status IN ('CURRENT', 'OVERDUE')), 'current', 'closed') AS state
    FROM (${last}) GROUP BY entity_id, k, day, months`;
  return sql`SELECT e.k AS dpd, e.months AS months, count() AS reached, countIf(e.ends_on > ${through}) AS immature,
      countIf(s.state = 'written_off' OR s.worst >= e.k) AS worse, ${join(ROLL_STATES.map((one) => sql`countIf(s.state = ${one}) AS ${raw(one)}`))}
    FROM ${entries} AS e LEFT JOIN (${state}) AS s ON e.entity_id = s.entity_id AND e.k = s.k AND e.day = s.day AND e.months = s.months
    GROUP BY dpd, months ORDER BY dpd, months`;
}
