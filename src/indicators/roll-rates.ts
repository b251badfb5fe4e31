/** Where loans on book at the end of a month are at the end of the next. */

import { checkDays } from '../core/bounds.js';
import { param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { addDays, addMonths, type LocalDate } from '../core/helpers/time.js';
import type { DataTable, RollRatesRequest } from '../core/ports/indicators.js';
import type { TableColumn } from '../core/ports/offline.js';
import { Exact, type Group, groupKey, MAX_CELLS, rateOf, tooMuch } from './cells.js';
import { sortGroups } from './lines.js';
import { groupKeysSql, groupsSql, type LoanScope, loanMonthsSql, loansSql, monthEndsSql } from './loan-months.js';
import { periodsOf } from './periods.js';
import { MAX_GROUPS, READS_FEW_DAYS } from './sql.js';

const BUCKETS = ['C', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7+'] as const;
/** A loan without a row at the month end, and without a closing one, is UNKNOWN, so that the parts of an opening add up. */
const STATES = ['PAID', ...BUCKETS, 'WRITTEN_OFF', 'SOLD', 'UNKNOWN'] as const;

/** C is DPD 0, M1 1 to 30, M2 31 to 60, …, M7+ over 180. */
const bucketOf = (dpd: string): string =>
  `multiIf(${dpd} = 0, 'C', ${dpd} > 180, 'M7+', concat('M', toString(intDiv(${dpd} + 29, 30))))`;

type Row = Readonly<Record<string, unknown>>;
type Select = (label: string, statement: Sql) => Promise<readonly Row[]>;

export async function rollRates(request: RollRatesRequest, scope: LoanScope, select: Select): Promise<DataTable> {
  const { by, from, to } = request;
  checkDays({ from, to });
  const months = periodsOf({ from, to }, 'MONTH');
  const window = {
    from: addDays(months[0] as LocalDate, -1),
    to: addDays(addMonths(months.at(-1) as LocalDate, 1), -1),
  };
  const [moved, ends] = await Promise.all([
    select('roll-rates', movedSql(request, scope, window)),
    select('roll-rates-month-ends', monthEndsSql(scope)),
  ]);
  const isWhole = new Set(ends.map(({ day }) => day as LocalDate));
  const lastDay = addDays(scope.calendar.dateOf(scope.knowledge), -1);
  const shown = new Set(
    months.filter((month) => {
      const end = addDays(addMonths(month, 1), -1);
      return end <= lastDay && isWhole.has(end) && isWhole.has(addDays(month, -1));
    }),
  );
  if (moved.length > MAX_GROUPS) throw tooMuch(moved.length, by.length + 6);
  const rows = moved.filter(({ month }) => shown.has(month as LocalDate));
  if (rows.length * (by.length + 6) > MAX_CELLS) throw tooMuch(rows.length, by.length + 6);

  const groupOf = (row: Row): Group => by.map((_, index) => (row[`g${index}`] ?? null) as string | null);
  const openingKey = (row: Row): string => JSON.stringify([row.month, groupKey(groupOf(row)), row.from_bucket]);
  const openings = new Map<string, InstanceType<typeof Exact>>();
  for (const row of rows) {
    const key = openingKey(row);
    openings.set(key, (openings.get(key) ?? new Exact(0)).plus(row.amount as string));
  }
  const order = new Map(sortGroups(rows.map(groupOf)).map((group, index) => [groupKey(group), index] as const));
  const placeOf = (row: Row): readonly number[] => [
    months.indexOf(row.month as LocalDate),
    order.get(groupKey(groupOf(row))) ?? 0,
    BUCKETS.indexOf(row.from_bucket as (typeof BUCKETS)[number]),
    STATES.indexOf(row.to_bucket as (typeof STATES)[number]),
  ];
  const sorted = [...rows].sort((a, b) => {
    const [left, right] = [placeOf(a), placeOf(b)];
    return left.map((place, index) => place - (right[index] as number)).find((difference) => difference !== 0) ?? 0;
  });
  return {
    columns: columnsOf(request, scope),
    rows: sorted.map((row) => {
      const opening = openings.get(openingKey(row)) ?? new Exact(0);
      const amount = new Exact(row.amount as string);
      return [
        row.month as LocalDate,
        ...groupOf(row),
        row.from_bucket as string,
        row.to_bucket as string,
        opening.toFixed(),
        amount.toFixed(),
        rateOf(amount, opening).value,
      ];
    }),
    nulls: [],
    dataThrough: [...isWhole].sort().at(-1) ?? null,
    asOf: scope.knowledge,
  };
}

/** One row a month, group, bucket at its start and state at its end: `month`, `g0`, …, `from_bucket`, `to_bucket`, `amount`. */
function movedSql(
  { by, basis }: RollRatesRequest,
  scope: LoanScope,
  window: { readonly from: LocalDate; readonly to: LocalDate },
): Sql {
  const states = loanMonthsSql(scope, window);
  const month = 'toStartOfMonth(as_of)';
  // The month that a row opens is the one after its own; a closing row of a month's last day closes that month.
  const opened = sql`
    SELECT loan_id, addMonths(${raw(month)}, 1) AS month, ${raw(bucketOf('dpd'))} AS from_bucket, balance
    FROM ${states} WHERE NOT closed AND as_of < ${param('Date', window.to)}`;
  const ended = sql`
    SELECT loan_id, ${raw(month)} AS month, argMax((closed, status, dpd, balance), as_of) AS s FROM ${states}
    WHERE as_of > ${param('Date', window.from)} GROUP BY loan_id, month`;
  // Whether or not a join fills with NULL.
  const lost = "ifNull(e.loan_id, '') = ''";
  const state = `multiIf(${lost}, 'UNKNOWN', e.s.1 AND e.s.2 = 'SETTLED', 'PAID', e.s.1, toString(e.s.2), ${bucketOf('e.s.3')})`;
  const parts =
    basis === 'COUNT'
      ? sql`[(${raw(state)}, toDecimal128(1, 2))]`
      : sql`[('PAID', toDecimal128(if(${raw(lost)}, 0, greatest(o.balance - e.s.4, 0)), 2)),
          (${raw(state)}, toDecimal128(if(${raw(lost)}, o.balance, least(o.balance, e.s.4)), 2))]`;
  return sql`
    SELECT toString(month) AS month${groupKeysSql(by)}, from_bucket, part.1 AS to_bucket, toString(sum(part.2)) AS amount
    FROM (
      SELECT o.month AS month${groupsSql(by, 'l')}, o.from_bucket AS from_bucket, arrayJoin(${parts}) AS part
      FROM (${opened}) AS o
      INNER JOIN ${loansSql(scope)} AS l ON o.loan_id = l.loan_id
      LEFT JOIN (${ended}) AS e ON o.loan_id = e.loan_id AND o.month = e.month
    )
    GROUP BY month${groupKeysSql(by)}, from_bucket, to_bucket HAVING sum(part.2) != 0
    LIMIT ${raw(String(MAX_GROUPS + 1))}${READS_FEW_DAYS}`;
}

function columnsOf({ by, basis }: RollRatesRequest, { loans }: LoanScope): TableColumn[] {
  const unit = basis === 'BALANCE' ? (loans.measures.amount?.unit ?? null) : 'count';
  const counted = basis === 'BALANCE' ? 'Principal' : 'Loans';
  const columns = [
    { name: 'month', type: 'DATE' as const, description: 'First local day of the month' },
    ...by.map((name) => ({ name, type: 'STRING' as const, description: loans.dimensions[name]?.description ?? null })),
    {
      name: 'from_bucket',
      type: 'STRING' as const,
      description: 'Bucket at the end of the month before: C, M1 to M7+',
    },
    {
      name: 'to_bucket',
      type: 'STRING' as const,
      description: 'State at the end of the month: PAID, a bucket, WRITTEN_OFF, SOLD; UNKNOWN without a snapshot',
    },
    {
      name: 'opening',
      type: 'DECIMAL' as const,
      ...(unit && { unit }),
      description: `${counted} in the bucket at the end of the month before`,
    },
    {
      name: 'amount',
      type: 'DECIMAL' as const,
      ...(unit && { unit }),
      description: `${counted} of the opening in that state`,
    },
    { name: 'rate', type: 'DECIMAL' as const, unit: 'fraction', description: 'Amount over opening' },
  ];
  return columns.map((column) => ({ ...column, masked: false }));
}
