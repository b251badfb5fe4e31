/** What the loans of an observation did until the end of its window: the columns that conditions of a label name. */
import type { LabelLoans, LabelQueryContext } from '../../definitions/define-label.js';
import { raw, type Sql, sql } from '../../definitions/sql.js';

/** The loan-days of an observation `o`: a condition on `s`, and what is joined for it. */
interface Link {
  readonly key: string;
  readonly loans: (context: LabelQueryContext) => Sql;
}

const APPLICATION_LOANS = ({ source }: LabelQueryContext): Sql => sql`(
    SELECT application_id, loan_id FROM ${source('loans')} WHERE application_id IS NOT NULL
    UNION DISTINCT
    SELECT c.application_id, l.loan_id FROM ${source('loans')} AS l
      INNER JOIN (SELECT DISTINCT line_id, application_id FROM ${source('credit_lines')} WHERE application_id IS NOT NULL) AS c ON l.line_id = c.line_id
  )`;

/** By entity and loans: rows of entity_id and `key`, the column of loan_snapshots that it has in common with them; null: they are the same. */
const LINKS: Readonly<
  Record<string, Readonly<Record<LabelLoans, Link | { readonly key: string; readonly loans: null }>>>
> = {
  customer: {
    any: { key: 'customer_id', loans: null },
    observed: { key: 'customer_id', loans: null },
  },
  loan: {
    any: {
      key: 'customer_id',
      loans: ({ source }) => sql`(SELECT loan_id AS entity_id, customer_id AS link FROM ${source('loans')})`,
    },
    observed: { key: 'loan_id', loans: null },
  },
  application: {
    any: {
      key: 'customer_id',
      loans: ({ source }) =>
        sql`(SELECT application_id AS entity_id, customer_id AS link FROM ${source('applications')})`,
    },
    observed: {
      key: 'loan_id',
      loans: (context) =>
        sql`(SELECT assumeNotNull(application_id) AS entity_id, loan_id AS link FROM ${APPLICATION_LOANS(context)})`,
    },
  },
};

/** Entities whose loans are known. */
export const LOAN_ENTITIES: readonly string[] = Object.keys(LINKS);

/** Columns of what happens in the window; `dpd`, `open_loans` and `written_off_before` are known at the observation. */
export const IN_WINDOW = ['max_dpd', 'settled', 'sold', 'open_at_end'] as const;

export interface LoanRead {
  readonly entity: string;
  readonly on: LabelLoans;
  /** In parentheses, with entity_id, observed_on, observed_at, opens_after and ends_on. */
  readonly observations: Sql;
  /** Date: no window of these observations ends later; null: not known. */
  readonly last: Sql | null;
  /** Aggregates over loan-days `s` of an observation `o`. */
  readonly outcome: Sql;
}

/** Rows with entity_id, in parentheses, each with the `link` of its loans: what they have in common with `key` of loan_snapshots. */
export function linkedLoans(
  entity: string,
  on: LabelLoans,
  rows: Sql,
  context: LabelQueryContext,
): { readonly key: string; readonly linked: Sql } {
  const { key, loans } = (LINKS[entity] as (typeof LINKS)[string])[on];
  const linked =
    loans === null
      ? sql`(SELECT *, entity_id AS link FROM ${rows})`
      : sql`(SELECT o.*, k.link AS link FROM ${rows} AS o INNER JOIN ${loans(context)} AS k ON o.entity_id = k.entity_id)`;
  return { key, linked };
}

/**
 * A SELECT of entity_id, observed_at, `reached` (the outcome) and the columns above, of the observations that have a loan-day or a written-off loan.
 */
export function loanStates(read: LoanRead, context: LabelQueryContext): Sql {
  const { observations, last, outcome } = read;
  const { from, source } = context;
  const { key, linked } = linkedLoans(read.entity, read.on, observations, context);
  const where = last === null ? sql`as_of >= ${from}` : sql`as_of >= ${from} AND as_of <= ${last}`;
  const before = sql`SELECT ${raw(key === 'loan_id' ? 'w.loan_id' : 'l.customer_id')} AS link, toNullable(min(toDate(w.occurred_at, ${context.timezone}))) AS written_off_on
      FROM ${source('loan_events')} AS w ${raw(key === 'loan_id' ? '' : 'INNER JOIN ')}${key === 'loan_id' ? raw('') : sql`${source('loans')} AS l ON w.loan_id = l.loan_id`}
      WHERE w.event_type = 'WRITTEN_OFF' GROUP BY link`;
  return sql`SELECT d.entity_id AS entity_id, d.observed_at AS observed_at,
      max(ifNull(d.written_off_on <= d.observed_on, 0)) AS written_off_before,
      maxIf(d.dpd, d.as_of = d.observed_on AND d.on_book) AS dpd,
      uniqExactIf(d.loan_id, d.as_of = d.observed_on AND d.on_book) AS open_loans,
      maxIf(d.dpd, d.in_window) AS max_dpd,
      max(d.in_window AND d.status = 'SETTLED') AS settled,
      max(d.in_window AND d.status = 'SOLD') AS sold,
      uniqExactIf(d.loan_id, d.as_of = d.ends_on AND d.on_book) AS open_at_end,
      ${outcome} AS reached
    FROM (
      SELECT o.entity_id AS entity_id, o.observed_at AS observed_at, o.observed_on AS observed_on, o.ends_on AS ends_on, w.written_off_on AS written_off_on,
        s.loan_id AS loan_id, s.as_of AS as_of, s.dpd AS dpd, s.status AS status, s.status IN ('CURRENT', 'OVERDUE') AS on_book,
        s.as_of > o.opens_after AND s.as_of <= o.ends_on AS in_window
      FROM ${source('loan_snapshots', { where })} AS s
      INNER JOIN ${linked} AS o ON s.${raw(key)} = o.link
      LEFT JOIN (${before}) AS w ON o.link = w.link
      WHERE s.as_of >= o.observed_on AND s.as_of <= o.ends_on
    ) AS d GROUP BY entity_id, observed_at`;
}
