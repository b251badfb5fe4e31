/** The maturity curve of a label: how much of its outcomes has come, month by month of its window. */
import { isReachedOnDays, maturitySql, monthsOfWindow } from '../../core/compute/labels/maturity.js';
import type { Label } from '../../core/definitions/definitions.js';
import { instantSql, param, sql } from '../../core/definitions/sql.js';
import type { DataTable } from '../../core/ports/indicators.js';
import type { LabelEvidenceRequest } from '../../core/ports/labels.js';
import { type LabelEvidenceParts, labelRows, rangeOf, rateOf } from './rows.js';

const COLUMNS = [
  { name: 'month', type: 'INT64', description: 'Months since the window opened; the last one ends with the window' },
  { name: 'observations', type: 'INT64', description: 'Observations that have an outcome, good or bad' },
  { name: 'reached', type: 'INT64', description: 'Those of them that were bad by the end of the month' },
  { name: 'share', type: 'DECIMAL', unit: 'fraction', description: 'reached / observations' },
] as const;

interface Month {
  readonly month: number;
  readonly observations: string;
  readonly reached: string;
}

/** See LabelEvidence.maturityCurve. */
export async function maturityCurve(
  parts: LabelEvidenceParts,
  label: Label,
  request: LabelEvidenceRequest,
): Promise<DataTable> {
  const range = rangeOf(request, parts);
  const outcomes = sql`(SELECT entity_id, observed_at, value != 0 AS bad FROM ${labelRows(label, parts, instantSql(request.asOf))}
    WHERE outcome IS NULL AND observed_on >= ${param('Date', range.from)} AND observed_on <= ${param('Date', range.to)})`;
  const months = (await parts.query.select({
    label: 'label-maturity',
    ...maturitySql(label, range, outcomes).render(),
    signal: request.signal,
  })) as unknown as readonly Month[];
  const untold = isReachedOnDays(label) ? 0 : monthsOfWindow(label);
  const rows = months.map(({ month, observations, reached }) => {
    const told = Number(month) >= untold;
    return [String(month), observations, told ? reached : null, told ? rateOf(reached, observations) : null];
  });
  return {
    columns: COLUMNS.map((column) => ({ ...column, masked: false })),
    rows,
    nulls: rows.flatMap(([, , reached], row) =>
      reached === null ? ['reached', 'share'].map((column) => ({ row, column, reason: 'NO_DATA' as const })) : [],
    ),
    dataThrough: null,
    asOf: request.asOf,
  };
}
