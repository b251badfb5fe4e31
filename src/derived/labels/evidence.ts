/** What the rows of a label show of its definition. */
import { observationsSql } from '../../core/compute/labels/label-sql.js';
import type { Label } from '../../core/definitions/definitions.js';
import { instantSql, param, type Sql, sql } from '../../core/definitions/sql.js';
import type { LocalDate } from '../../core/helpers/time.js';
import type { DataTable, NullReason } from '../../core/ports/indicators.js';
import type { LabelEvidence, LabelEvidenceRequest } from '../../core/ports/labels.js';
import { maturityCurve } from './maturity.js';
import { ALL_DAYS } from './months.js';
import { rollRates } from './rolls.js';
import { type LabelEvidenceParts, labelRows, rateOf } from './rows.js';

const COLUMNS = [
  { name: 'month', type: 'DATE', description: 'First day of the month of observation' },
  { name: 'observations', type: 'INT64', description: 'Observations of the month, mature or not' },
  { name: 'immature', type: 'INT64', description: 'Those whose outcome is not known yet' },
  { name: 'excluded', type: 'INT64', description: 'Those that are no part of the population' },
  { name: 'indeterminate', type: 'INT64', description: 'Those that are neither good nor bad' },
  { name: 'goods', type: 'INT64', description: 'Outcomes of 0' },
  { name: 'bads', type: 'INT64', description: 'Outcomes other than 0' },
  { name: 'bad_rate', type: 'DECIMAL', unit: 'fraction', description: 'bads / (goods + bads)' },
] as const;

interface Month {
  readonly month: LocalDate;
  readonly observations: string;
  readonly known: string;
  readonly excluded: string;
  readonly indeterminate: string;
  readonly goods: string;
  readonly bads: string;
}

export function createLabelEvidence(parts: LabelEvidenceParts): LabelEvidence {
  const { query, calendar } = parts;
  return {
    async badRates(label, request) {
      const months = (await query.select({
        label: 'label-bad-rates',
        ...badRatesSql(label, request, parts).render(),
        signal: request.signal,
      })) as unknown as readonly Month[];
      const lines = months.map(lineOf);
      return {
        columns: COLUMNS.map((column) => ({ ...column, masked: false })),
        rows: lines.map(({ values }) => values),
        nulls: lines.flatMap(({ reason }, row) => (reason === null ? [] : [{ row, column: 'bad_rate', reason }])),
        dataThrough: months.filter(({ observations, known }) => observations === known).at(-1)?.month ?? null,
        asOf: request.asOf,
      } satisfies DataTable;
    },
    maturityCurve: (label, request) => maturityCurve(parts, label, request),
    rollRates: (label, request) => rollRates(parts, label, request),
  };

  function badRatesSql(label: Label, { from, to, asOf }: LabelEvidenceRequest, tools: LabelEvidenceParts): Sql {
    const range = { from: from ?? ALL_DAYS.from, to: to ?? ALL_DAYS.to, knowledge: asOf, timezone: calendar.timezone };
    const within = sql`observed_on >= ${param('Date', range.from)} AND observed_on <= ${param('Date', range.to)}`;
    return sql`SELECT toString(toStartOfMonth(observed_on)) AS month, sum(seen) AS observations, sum(there) AS known, sum(out) AS excluded,
        sum(open) AS indeterminate, sum(good) AS goods, sum(bad) AS bads
      FROM (
        SELECT observed_on, count() AS seen, 0 AS there, 0 AS out, 0 AS open, 0 AS good, 0 AS bad
        FROM ${observationsSql(label, range)} GROUP BY observed_on
        UNION ALL
        SELECT observed_on, 0, count(), countIf(outcome = 'EXCLUDED'), countIf(outcome = 'INDETERMINATE'),
          countIf(outcome IS NULL AND value = 0), countIf(outcome IS NULL AND value != 0)
        FROM ${labelRows(label, tools, instantSql(asOf))} WHERE ${within} GROUP BY observed_on
      ) GROUP BY month HAVING observations > 0 OR known > 0 ORDER BY month`;
  }
}

function lineOf({ month, observations, known, excluded, indeterminate, goods, bads }: Month): {
  readonly values: readonly (string | null)[];
  readonly reason: NullReason | null;
} {
  const immature = String(Math.max(0, Number(observations) - Number(known)));
  const counts = [month, observations, immature, excluded, indeterminate, goods, bads];
  const rate = rateOf(bads, String(Number(goods) + Number(bads)));
  const reason = immature === '0' ? 'ZERO_DENOMINATOR' : 'IMMATURE';
  return { values: [...counts, rate], reason: rate === null ? reason : null };
}
