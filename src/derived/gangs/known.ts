/** What a day's derivation knows: links, who is bad, and the gangs of the day before. */
import { instantSql, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { gangLinksSql } from '../../core/helpers/gang-links.js';
import type { DayNumber, LocalDays } from '../../core/helpers/local-days.js';
import { type Instant, MINUTE } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { SourceTables } from '../../core/lending/sources.js';

export const MEMBERS = 'gang_members';
export const INPUT_TABLES = ['identifier_links', 'loan_snapshots', 'gang_verdicts', 'trusted_identifiers'] as const;

/** How long the derivation of a day waits after the midnight that ends it: the loan snapshots, which it reads, are there by then. */
const WAIT = 60 * MINUTE;

/** The scheduled time of a day's derivation, which knows what came in by then. */
export const derivedAt = (days: LocalDays, day: DayNumber): Instant => days.startOf(day + 1) + WAIT;

export interface KnownOn {
  readonly tables: SourceTables;
  readonly days: LocalDays;
  readonly timezone: string;
  readonly day: DayNumber;
}

/** A source table at the end of the day, as its derivation knows it. */
function knownOf({ tables, days, timezone, day }: KnownOn, name: string, keyFilter?: Sql): Sql {
  return sourceSelect(tables.get(name), {
    asOf: instantSql(days.startOf(day + 1) - 1),
    knowledge: instantSql(derivedAt(days, day)),
    timezone,
    ...(keyFilter && { keyFilter }),
  });
}

export const linksOn = (on: KnownOn): Sql =>
  gangLinksSql({
    links: knownOf(on, 'identifier_links'),
    trusted: knownOf(on, 'trusted_identifiers'),
    asOf: instantSql(on.days.startOf(on.day + 1) - 1),
  });

export const LATE = raw("(dpd >= 30 OR status = 'WRITTEN_OFF')");

/** `SELECT DISTINCT customer_id` of those known bad: 30 days past due once, written off, or a member of a gang when it was judged CONFIRMED. */
export function badOn(on: KnownOn): Sql {
  // Only loans with a late row in some version are read whole.
  const late = knownOf(on, 'loan_snapshots', sql`v.loan_id IN (SELECT loan_id FROM loan_snapshots WHERE ${LATE})`);
  const asOf = instantSql(on.days.startOf(on.day + 1) - 1);
  const confirmed = sql`(SELECT gang_id, tupleElement(newest, 1) AS judged_at FROM (
      SELECT gang_id, argMax(tuple(judged_at, verdict, until), judged_at) AS newest FROM ${knownOf(on, 'gang_verdicts')} GROUP BY gang_id)
    WHERE tupleElement(newest, 2) = 'CONFIRMED' AND (tupleElement(newest, 3) IS NULL OR tupleElement(newest, 3) > ${asOf}))`;
  const members = knownOf(on, MEMBERS);
  return sql`SELECT DISTINCT customer_id FROM (
    SELECT customer_id FROM ${late} WHERE ${LATE}
    UNION ALL
    SELECT customer_id FROM (
      SELECT m.customer_id AS customer_id, m.gang_id AS gang_id, c.gang_id AS judged FROM ${members} AS m CROSS JOIN ${confirmed} AS c
      WHERE m.as_of < toDate(c.judged_at, ${on.timezone})
        AND m.customer_id IN (SELECT customer_id FROM ${members} WHERE gang_id IN (SELECT gang_id FROM ${confirmed}))
      ORDER BY m.as_of DESC LIMIT 1 BY m.customer_id, c.gang_id)
    WHERE gang_id = judged)`;
}

/** Columns of a member that a derivation compares with those of the day before; `as_of` says since when they hold. */
export const CONTENT = [
  'gang_id',
  'joined_at',
  'known_bad',
  'shared_identifiers',
  'neighbours',
  'second_neighbours',
  'bad_neighbours',
  'distance_to_bad',
  'core_number',
  'propagated_risk',
] as const;

/** `SELECT customer_id` and the content of its newest row by the end of a day; of a customer who left its gang too. */
export const membersOn = (on: KnownOn): Sql =>
  sql`SELECT customer_id, ${raw(CONTENT.join(', '))} FROM ${knownOf(on, MEMBERS)} ORDER BY as_of DESC LIMIT 1 BY customer_id`;
