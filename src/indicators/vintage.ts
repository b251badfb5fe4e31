/** Cohorts of loans by months on book. */
import { param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { addDays, addMonths, type LocalDate } from '../core/helpers/time.js';
import type { DataTable, VintageRequest } from '../core/ports/indicators.js';
import type { TableColumn } from '../core/ports/offline.js';
import { Exact, type Group, groupKey, MAX_CELLS, rateOf, tooMuch, type Value } from './cells.js';
import { type Line, sortGroups } from './lines.js';
import { groupKeysSql, groupsSql, type LoanScope, loanMonthsSql, loansSql, monthEndsSql } from './loan-months.js';
import { endOf, type PeriodGrain } from './periods.js';
import { MAX_GROUPS, periodSql, READS_FEW_DAYS } from './sql.js';

/** The longest loans that are watched month by month. */
const MOST_MONTHS = 120;
const MOST_DPD = 3_650;
const COHORT_GRAINS = ['MONTH', 'QUARTER', 'YEAR', 'TOTAL'] as const;

type Row = Readonly<Record<string, unknown>>;
type Select = (label: string, statement: Sql) => Promise<readonly Row[]>;

/** Shape and bounds of a request. @throws BAD_USER_INPUT */
function checked({ dpd, maxMob, cohortGrain, fromCohort, toCohort }: VintageRequest): PeriodGrain {
  if (!(dpd >= 1 && dpd <= MOST_DPD)) throw badInput(`dpd is ${dpd}`, `give days past due from 1 to ${MOST_DPD}`);
  if (!(maxMob >= 0 && maxMob <= MOST_MONTHS))
    throw badInput(`maxMob is ${maxMob}`, `give months from 0 to ${MOST_MONTHS}`);
  if (fromCohort !== null && toCohort !== null && fromCohort > toCohort) {
    throw badInput(`fromCohort ${fromCohort} is after toCohort ${toCohort}`, 'both days are included');
  }
  const grain = COHORT_GRAINS.find((one) => one === cohortGrain);
  if (!grain)
    throw badInput(`cohorts by ${cohortGrain} have no months on book`, `name one of ${COHORT_GRAINS.join(', ')}`);
  return grain;
}

export async function vintage(request: VintageRequest, scope: LoanScope, select: Select): Promise<DataTable> {
  const grain = checked(request);
  const { by, maxMob, observed, fromCohort, toCohort } = request;
  const { knowledge, calendar } = scope;
  const [cohorts, flagged, ends] = await Promise.all([
    select('vintage-cohorts', cohortsSql(request, scope, grain)),
    select('vintage-flagged', flaggedSql(request, scope, grain)),
    select('vintage-month-ends', monthEndsSql(scope)),
  ]);
  if (flagged.length > MAX_GROUPS) throw tooMuch(flagged.length, by.length + 5);
  if (cohorts.length * (maxMob + 1) * (by.length + 5) > MAX_CELLS)
    throw tooMuch(cohorts.length * (maxMob + 1), by.length + 5);
  const isWhole = new Set(ends.map(({ day }) => day as LocalDate));
  const lastDay = addDays(calendar.dateOf(knowledge), -1);
  const first = cohorts.map(({ first }) => first as LocalDate).sort()[0] ?? lastDay;
  const window = { from: fromCohort ?? first, to: toCohort ?? '2299-12-31' };
  const groupOf = (row: Row): Group => by.map((_, index) => (row[`g${index}`] ?? null) as string | null);
  const keyOf = (row: Row, mob: unknown): string => JSON.stringify([row.cohort, groupKey(groupOf(row)), Number(mob)]);
  const amounts = new Map(flagged.map((row) => [keyOf(row, row.mob), row.amount as string] as const));
  const months = monthsByCohort(cohorts);

  const order = new Map(sortGroups(cohorts.map(groupOf)).map((group, index) => [groupKey(group), index] as const));
  const placeOf = (row: Row): number => order.get(groupKey(groupOf(row))) ?? 0;
  const sorted = [...cohorts].sort(
    (a, b) => String(a.cohort).localeCompare(String(b.cohort)) || placeOf(a) - placeOf(b),
  );
  const lines = sorted.flatMap((row) => {
    const cohort = row.cohort as LocalDate;
    // Loans of the cohort may still be disbursed up to here.
    const end = grain === 'TOTAL' && toCohort === null ? lastDay : endOf(cohort, grain, window);
    return Array.from({ length: maxMob + 1 }, (_, mob): Line => {
      const isOver = monthEnd(end, mob) <= lastDay && end <= lastDay;
      const reason = !isOver
        ? 'IMMATURE'
        : [...(months.get(cohort) ?? [])].every((month) =>
              // The worst so far is known only where every month end so far is.
              (observed === 'EVER' ? Array.from({ length: mob + 1 }, (_, at) => at) : [mob]).every((at) =>
                isWhole.has(monthEnd(month, at)),
              ),
            )
          ? null
          : 'INCOMPLETE';
      const denominator = new Exact(row.denominator as string);
      const numerator = new Exact(amounts.get(keyOf(row, mob)) ?? 0);
      const rate: Value = reason === null ? rateOf(numerator, denominator) : { value: null, reason };
      const counted = reason === null ? numerator.toFixed() : null;
      return {
        values: [cohort, ...groupOf(row), mob, counted, denominator.toFixed(), rate.value],
        nulls: [
          ...(reason === null ? [] : [['numerator', reason] satisfies Line['nulls'][number]]),
          ...(rate.reason === null ? [] : [['rate', rate.reason] satisfies Line['nulls'][number]]),
        ],
      };
    });
  });
  return {
    columns: columnsOf(request, scope),
    rows: lines.map(({ values }) => values),
    nulls: lines.flatMap(({ nulls }, row) => nulls.map(([column, reason]) => ({ row, column, reason }))),
    dataThrough: [...isWhole].sort().at(-1) ?? null,
    asOf: knowledge,
  };
}

/** The last day of the month so many months after that of a day. */
const monthEnd = (day: LocalDate, months: number): LocalDate =>
  addDays(addMonths(`${day.slice(0, 7)}-01`, months + 1), -1);

/** Months of disbursement of each cohort, by a day in each. */
function monthsByCohort(cohorts: readonly Row[]): ReadonlyMap<LocalDate, ReadonlySet<LocalDate>> {
  const months = new Map<LocalDate, Set<LocalDate>>();
  for (const row of cohorts) {
    const own = months.get(row.cohort as LocalDate) ?? new Set();
    months.set(row.cohort as LocalDate, own);
    for (const month of row.months as LocalDate[]) own.add(month);
  }
  return months;
}

/** `disbursed` within the days asked for, with `cohort` (Date, its first day). */
function cohortLoansSql({ fromCohort, toCohort }: VintageRequest, scope: LoanScope, grain: PeriodGrain): Sql {
  const days = [
    ...(fromCohort === null ? [] : [sql`disbursed_on >= ${param('Date', fromCohort)}`]),
    ...(toCohort === null ? [] : [sql`disbursed_on <= ${param('Date', toCohort)}`]),
  ];
  const where = days.reduce<Sql>((all, one) => sql`${all} AND ${one}`, raw('true'));
  const cohort =
    grain === 'TOTAL'
      ? fromCohort === null
        ? raw('min(disbursed_on) OVER ()')
        : sql`${param('Date', fromCohort)}`
      : periodSql(grain, raw('disbursed_on'));
  return sql`(SELECT *, ${cohort} AS cohort FROM ${loansSql(scope)} WHERE ${where})`;
}

/** One row a cohort and group: `cohort`, `g0`, …, `denominator`, `first` day of a disbursement, `months` of disbursement by their first day. */
const cohortsSql = (request: VintageRequest, scope: LoanScope, grain: PeriodGrain): Sql => sql`
  SELECT toString(cohort) AS cohort${groupKeysSql(request.by)},
    toString(${raw(request.basis === 'BALANCE' ? 'sum(principal)' : 'count()')}) AS denominator,
    toString(min(disbursed_on)) AS first, arrayMap(day -> toString(day), groupUniqArray(toStartOfMonth(disbursed_on))) AS months
  FROM ${cohortLoansSql(request, scope, grain)} GROUP BY cohort${groupKeysSql(request.by)}
  LIMIT ${raw(String(MAX_GROUPS + 1))}`;

/** One row a cohort, group and month on book with a flagged loan: `cohort`, `g0`, …, `mob`, `amount`. */
function flaggedSql(request: VintageRequest, scope: LoanScope, grain: PeriodGrain): Sql {
  const { dpd, basis, observed, by, maxMob } = request;
  const mob = raw("dateDiff('month', toStartOfMonth(l.disbursed_on), toStartOfMonth(s.as_of))");
  const loans = sql`
    SELECT l.cohort AS cohort${groupsSql(by, 'l')}, s.loan_id AS loan_id, ${mob} AS at, s.balance AS balance, s.closed AS closed
    FROM ${loanMonthsSql(scope)} AS s INNER JOIN ${cohortLoansSql(request, scope, grain)} AS l ON s.loan_id = l.loan_id
    WHERE s.dpd >= ${param('UInt32', dpd)}`;
  const last = param('Int64', maxMob);
  // A loan that closed stays as it closed; of the worst up to then, the first month end rules for ever.
  const counted =
    observed === 'CURRENT'
      ? sql`SELECT *, at AS since, if(closed, ${last}, at) AS until FROM (${loans})`
      : sql`SELECT cohort${groupKeysSql(by)}, loan_id, min(at) AS since, argMin(balance, at) AS balance, ${last} AS until
          FROM (${loans}) GROUP BY cohort${groupKeysSql(by)}, loan_id`;
  return sql`
    SELECT toString(cohort) AS cohort${groupKeysSql(by)}, mob, toString(${raw(basis === 'BALANCE' ? 'sum(balance)' : 'count()')}) AS amount
    FROM (SELECT *, arrayJoin(range(toUInt32(since), toUInt32(until + 1))) AS mob FROM (${counted}) WHERE since <= ${last})
    GROUP BY cohort${groupKeysSql(by)}, mob LIMIT ${raw(String(MAX_GROUPS + 1))}${READS_FEW_DAYS}`;
}

function columnsOf({ by, basis, dpd, observed }: VintageRequest, { loans, calendar }: LoanScope): TableColumn[] {
  const unit = basis === 'BALANCE' ? (loans.measures.amount?.unit ?? null) : 'count';
  const counted = observed === 'EVER' ? 'that ever reached' : 'with';
  const what = basis === 'BALANCE' ? 'Principal outstanding of loans' : 'Loans';
  const columns = [
    { name: 'cohort', type: 'DATE' as const, description: `First local day of the cohort, in ${calendar.timezone}` },
    ...by.map((name) => ({ name, type: 'STRING' as const, description: loans.dimensions[name]?.description ?? null })),
    { name: 'mob', type: 'INT32' as const, description: 'Months on book: 0 is the month of the disbursement' },
    {
      name: 'numerator',
      type: 'DECIMAL' as const,
      ...(unit && { unit }),
      description: `${what} ${counted} DPD ${dpd} or more at the month end`,
    },
    {
      name: 'denominator',
      type: 'DECIMAL' as const,
      ...(unit && { unit }),
      description: basis === 'BALANCE' ? 'Principal disbursed' : 'Loans disbursed',
    },
    { name: 'rate', type: 'DECIMAL' as const, unit: 'fraction', description: 'Numerator over denominator' },
  ];
  return columns.map((column) => ({ ...column, masked: false }));
}
