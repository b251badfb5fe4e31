/** Where a label's outcomes are looked for from: one record for each kind of observation. A kind that lacks one does not compile. */
import type { LabelObservation, LabelQueryContext } from '../../definitions/define-label.js';
import { param, raw, type Sql, sql } from '../../definitions/sql.js';
import { endOfDay } from './context.js';

type Kind = LabelObservation['kind'];
type Of<K extends Kind> = Extract<LabelObservation, { readonly kind: K }>;

interface ObservationKind<K extends Kind> {
  /** Entities that it can be of; null: any with one join key. */
  readonly entities: readonly string[] | null;
  /** What is wrong with its values; null where nothing is. */
  problem(observation: Of<K>): string | null;
  /** A SELECT of entity_id, observed_on, observed_at and opens_after, the day after which the window opens. */
  query(observation: Of<K>, entity: string, context: LabelQueryContext): Sql;
}

const whole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;

const ON_BOOK = raw("status IN ('CURRENT', 'OVERDUE')");

/** What identifies an entity in a loan-day. */
const keyOf = (entity: string): Sql => raw(entity === 'loan' ? 'loan_id' : 'customer_id');

const snapshots = ({ source, from, to }: LabelQueryContext): Sql =>
  source('loan_snapshots', { where: sql`as_of >= ${from} AND as_of <= ${to}` });

/** The local day of an instant column. */
const localDay = (column: Sql, { timezone }: LabelQueryContext): Sql => sql`toDate(${column}, ${timezone})`;

export const OBSERVATION_KINDS: { readonly [K in Kind]: ObservationKind<K> } = {
  month_end: {
    entities: ['customer', 'loan'],
    problem: ({ at }) =>
      at === null || /^([01]\d|2[0-3]):[0-5]\d$/.test(at) ? null : `at '${at}' is not a time HH:mm, such as '06:00'`,
    query({ at }, entity, context) {
      const { source, from, to, timezone } = context;
      const days = sql`as_of >= ${from} AND as_of <= ${to} AND as_of = toLastDayOfMonth(as_of)`;
      const observed =
        at === null
          ? endOfDay(raw('as_of'), timezone)
          : sql`toTimeZone(toDateTime64(concat(toString(as_of + 1), ${` ${at}:00.000`}), 3, ${timezone}), 'UTC')`;
      return sql`SELECT ${keyOf(entity)} AS entity_id, as_of AS observed_on, ${observed} AS observed_at, as_of AS opens_after
        FROM ${source('loan_snapshots', { where: days })} WHERE ${ON_BOOK} GROUP BY entity_id, as_of`;
    },
  },

  application: {
    entities: ['application'],
    problem: ({ kinds }) => (kinds?.length === 0 ? '`kinds` is empty' : null),
    query({ kinds }, _entity, context) {
      const { source, from, to } = context;
      const day = localDay(raw('applied_at'), context);
      const chosen = kinds === null ? raw('1') : sql`kind IN ${param('Array(String)', kinds)}`;
      return sql`SELECT application_id AS entity_id, ${day} AS observed_on, applied_at AS observed_at, ${day} AS opens_after
        FROM ${source('applications')} WHERE ${day} >= ${from} AND ${day} <= ${to} AND ${chosen}`;
    },
  },

  months_on_book: {
    entities: ['loan'],
    problem: ({ months }) => (whole(months, 0) ? null : `monthsOnBook(${months}): give a whole number of months`),
    query({ months }, _entity, context) {
      if (months === 0) return disbursements(context, raw('disbursed_on'), raw(''));
      return sql`SELECT loan_id AS entity_id, as_of AS observed_on, ${endOfDay(raw('as_of'), context.timezone)} AS observed_at, as_of AS opens_after
        FROM ${snapshots(context)} WHERE ${ON_BOOK} AND as_of = addMonths(disbursed_on, ${months})`;
    },
  },

  first_due: {
    entities: ['loan'],
    problem: () => null,
    query(_observation, _entity, context) {
      const first = sql`INNER JOIN (
          SELECT loan_id, argMin(due_date, effective_at) AS first_due FROM ${context.source('installments', { where: sql`installment_no = 1` })} GROUP BY loan_id
        ) AS d USING (loan_id)`;
      return disbursements(context, raw('first_due'), first);
    },
  },

  enters_dpd: {
    entities: ['customer', 'loan'],
    problem: ({ dpd }) => (whole(dpd, 1) ? null : `entersDpd(${dpd}): give a whole number of days from 1`),
    query({ dpd }, entity, context) {
      const { source, from, to, timezone } = context;
      const days = source('loan_snapshots', { where: sql`as_of >= ${from} - 1 AND as_of <= ${to}` });
      return sql`SELECT entity_id, as_of AS observed_on, ${endOfDay(raw('as_of'), timezone)} AS observed_at, as_of AS opens_after
        FROM (
          SELECT ${keyOf(entity)} AS entity_id, as_of, max(dpd) AS worst,
            lagInFrame(max(dpd)) OVER (PARTITION BY entity_id ORDER BY as_of ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
            lagInFrame(as_of) OVER (PARTITION BY entity_id ORDER BY as_of ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS day_before
          FROM ${days} WHERE ${ON_BOOK} GROUP BY entity_id, as_of
        ) WHERE as_of >= ${from} AND worst >= ${dpd} AND (before < ${dpd} OR day_before != as_of - 1)`;
    },
  },

  sql: {
    entities: null,
    problem: () => null,
    query({ query }, _entity, context) {
      const day = localDay(raw('o.observed_at'), context);
      return sql`SELECT toString(o.entity_id) AS entity_id, ${day} AS observed_on, toDateTime64(o.observed_at, 3, 'UTC') AS observed_at, ${day} AS opens_after
        FROM (${query(context)}) AS o WHERE ${day} >= ${context.from} AND ${day} <= ${context.to}`;
    },
  },
};

/** Loans on the days of their disbursement. */
function disbursements(context: LabelQueryContext, opensAfter: Sql, joined: Sql): Sql {
  const { source, from, to } = context;
  const day = localDay(raw('l.disbursed_at'), context);
  return sql`SELECT loan_id AS entity_id, ${day} AS disbursed_on, disbursed_on AS observed_on, l.disbursed_at AS observed_at, ${opensAfter} AS opens_after
    FROM ${source('loans')} AS l ${joined} WHERE disbursed_on >= ${from} AND disbursed_on <= ${to}`;
}

const kindOf = <K extends Kind>(observation: Of<K>): ObservationKind<K> =>
  OBSERVATION_KINDS[observation.kind as K] as unknown as ObservationKind<K>;

export const entitiesOf = (observation: LabelObservation): readonly string[] | null => kindOf(observation).entities;
export const observationProblem = (observation: LabelObservation): string | null =>
  kindOf(observation).problem(observation);
export const observationQuery = (observation: LabelObservation, entity: string, context: LabelQueryContext): Sql =>
  kindOf(observation).query(observation, entity, context);

/** Date: the local day of an observation, told by its instant. */
export const observedOn = (observation: LabelObservation, observedAt: Sql, timezone: Sql): Sql => {
  const day = sql`toDate(${observedAt}, ${timezone})`;
  return observation.kind === 'month_end' && observation.at !== null ? sql`(${day} - 1)` : day;
};

/** Date: the last day of a window that opens after a day. */
export function windowEnd(
  { observation, window }: { readonly observation: LabelObservation; readonly window: LabelWindow },
  opensAfter: Sql,
): Sql {
  if ('days' in window) return sql`(${opensAfter} + ${param('UInt16', window.days)})`;
  return monthsAfter(observation, opensAfter, sql`${param('UInt16', window.months)}`);
}

/** Date: so many months after a day that a window opens after. */
export function monthsAfter({ kind }: LabelObservation, opensAfter: Sql, months: Sql): Sql {
  const moved = sql`addMonths(${opensAfter}, ${months})`;
  return kind === 'month_end' ? sql`toLastDayOfMonth(${moved})` : moved;
}

export type LabelWindow = { readonly days: number } | { readonly months: number };

/** The most days that a window spans. */
export const longestWindow = (window: LabelWindow): number =>
  'days' in window ? window.days : Math.max(...Array.from({ length: 48 }, (_, month) => daysOf(month, window.months)));

/** Days of so many calendar months that begin with a month of four years. */
const daysOf = (month: number, months: number): number =>
  (Date.UTC(2000, month + months, 1) - Date.UTC(2000, month, 1)) / 86_400_000;
