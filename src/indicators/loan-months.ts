/** Loans month by month, as cohorts and transitions read them: month ends, and the days on which loans closed. */
import type { Fact } from '../core/definitions/definitions.js';
import { ident, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { didYouMean } from '../core/helpers/suggestions.js';
import type { BusinessCalendar, Instant, LocalDate } from '../core/helpers/time.js';
import { dayOfKey, sourceDays } from '../core/lending/source-days.js';
import { storedRows } from '../core/lending/source-ddl.js';
import { sourceSelect } from '../core/lending/source-sql.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import type { ReportScope } from '../core/ports/indicators.js';
import { asKnown, condition, dimensionSql, knownRows, READS_FEW_DAYS } from './sql.js';

/** The fact whose rows are loans by disbursement, with loan_id, disbursed_on and principal. */
export const LOANS = 'loans';
const SNAPSHOTS = 'loan_snapshots';

/** Days past due of a loan that is written off: worse than any. */
export const WRITTEN_OFF_DPD = 65_535;

export interface LoanScope {
  readonly loans: Fact;
  readonly knowledge: Instant;
  readonly calendar: BusinessCalendar;
  readonly by: readonly string[];
  readonly filters: ReportScope['filters'];
}

/** @throws BAD_USER_INPUT for a dimension that loans lack */
export function loanScope(
  { by, filters, asOf, now }: ReportScope,
  { catalogue, calendar }: { readonly catalogue: Pick<Catalogue, 'facts'>; readonly calendar: BusinessCalendar },
): LoanScope {
  const loans = catalogue.facts().find(({ name }) => name === LOANS);
  if (!loans) throw badInput(`there is no fact '${LOANS}' in force`, 'look at the plan and apply it: riskgraph plan');
  const known = Object.keys(loans.dimensions);
  for (const name of [...by, ...filters.map(({ dimension }) => dimension)]) {
    if (known.includes(name)) continue;
    throw badInput(
      `'${name}' is not a dimension of loans`,
      `${didYouMean(name, known)}the dimensions here are ${known.join(', ')}`,
    );
  }
  const twice = by.find((name, index) => by.indexOf(name) !== index);
  if (twice !== undefined) throw badInput(`\`by\` holds '${twice}' twice`, 'name each once');
  return { loans, knowledge: asOf ?? now, calendar, by, filters };
}

/** Loans that pass the filters: `(SELECT loan_id, disbursed_on, principal, g0, g1, …)`. */
export function loansSql({ loans, knowledge, calendar, by, filters }: LoanScope): Sql {
  const rows = knownRows(loans, asKnown(knowledge, calendar), () => raw('true'));
  const groups = by.map((name, index) => sql`, toString(${dimensionSql(loans, name)}) AS ${raw(`g${index}`)}`);
  const kept = filters.map((filter) => condition(loans, filter, dimensionSql(loans, filter.dimension)));
  const where = kept.length > 0 ? sql` WHERE ${join(kept, ' AND ')}` : raw('');
  return sql`(SELECT loan_id, disbursed_on, principal${join(groups, '')} FROM ${rows}${where})`;
}

/**
 * `(SELECT loan_id, as_of, status, dpd, balance, closed)`: a loan at each month end at which it is on book, and the day on which it closed. Of all other
 * days nothing is sorted: those on which some version says that the loan closed are found by themselves.
 */
export function loanMonthsSql(
  { loans, knowledge, calendar }: LoanScope,
  window?: { readonly from: LocalDate; readonly to: LocalDate },
): Sql {
  const table = loans.tables.get(SNAPSHOTS);
  const read = asKnown(knowledge, calendar);
  const closed = "status IN ('SETTLED', 'WRITTEN_OFF', 'SOLD')";
  const closings = sql`(v.loan_id, v.as_of) IN (SELECT w.loan_id, w.as_of FROM ${storedRows(table)} AS w WHERE ${raw(`w.${closed}`)} AND w.ingested_at <= ${read.knowledge})`;
  const days = sql`(v.as_of = toLastDayOfMonth(v.as_of) OR ${closings})`;
  const within = window
    ? sql` AND v.as_of >= ${param('Date', window.from)} AND v.as_of <= ${param('Date', window.to)}`
    : raw('');
  const rows = sourceSelect(table, { ...read, keyFilter: sql`${days}${within}` });
  // Rows after the first closing one say nothing new.
  const first = sql`(SELECT *, ${raw(`minIf(as_of, ${closed}) OVER (PARTITION BY loan_id)`)} AS first_closed, ${raw(`countIf(${closed}) OVER (PARTITION BY loan_id)`)} AS closings FROM ${rows})`;
  return sql`(
    SELECT loan_id, as_of, status, ${raw(`multiIf(status = 'WRITTEN_OFF', ${WRITTEN_OFF_DPD}, status = 'SETTLED', 0, dpd)`)} AS dpd,
      if(status = 'SETTLED', 0, principal_outstanding) AS balance, ${raw(closed)} AS closed
    FROM ${first} WHERE (as_of = toLastDayOfMonth(as_of) OR ${raw(closed)}) AND (closings = 0 OR as_of <= first_closed))`;
}

/** Month ends with snapshots: one column `day`, as text. */
export function monthEndsSql({ loans, knowledge, calendar }: LoanScope): Sql {
  const table = loans.tables.get(SNAPSHOTS);
  const ends = sql`${dayOfKey(table)} = toLastDayOfMonth(${dayOfKey(table)})`;
  return sql`SELECT DISTINCT toString(date) AS day FROM ${sourceDays(table, { ...asKnown(knowledge, calendar), keyFilter: ends })}${READS_FEW_DAYS}`;
}

export const groupsSql = (by: readonly string[], of: string): Sql =>
  join(
    by.map((_, index) => sql`, ${raw(of)}.${ident(`g${index}`)} AS ${ident(`g${index}`)}`),
    '',
  );

export const groupKeysSql = (by: readonly string[]): Sql =>
  join(
    by.map((_, index) => sql`, ${ident(`g${index}`)}`),
    '',
  );
