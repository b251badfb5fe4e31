import { instantSql, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { gangLinksSql } from '../../core/helpers/gang-links.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { SourceTables } from '../../core/lending/sources.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { LATE, MEMBERS } from './known.js';

export interface GangReaderOptions {
  readonly clickhouse: Pick<ClickHouse, 'rows' | 'tuples'>;
  readonly tables: SourceTables;
  readonly calendar: BusinessCalendar;
}

/** What is known of gangs at an instant, as SQL: each a `(SELECT …)` but for `links` and `late`, which are a `SELECT`. */
export function knownAt({ tables, calendar }: Pick<GangReaderOptions, 'tables' | 'calendar'>, asOf: Instant) {
  const instant = instantSql(asOf);
  const known = (name: string, more: { readonly keyFilter?: Sql; readonly columns?: readonly string[] } = {}): Sql =>
    sourceSelect(tables.get(name), { asOf: instant, knowledge: instant, timezone: calendar.timezone, ...more });
  const changes = known(MEMBERS);
  return {
    instant,
    known,
    /** Every row of every customer that was in a gang. */
    changes,
    /** The newest row of each customer in a gang. */
    members: sql`(SELECT * FROM (SELECT * FROM ${changes} ORDER BY as_of DESC LIMIT 1 BY customer_id) WHERE gang_id != '')`,
    /** `gang_id` and `verdict` where one is in force. */
    verdicts: sql`(SELECT gang_id, verdict FROM (SELECT * FROM ${known('gang_verdicts')} ORDER BY judged_at DESC LIMIT 1 BY gang_id)
      WHERE until IS NULL OR until > ${instant})`,
    applications: known('applications', { columns: ['application_id', 'customer_id', 'applied_at'] }),
    /** Links that tie customers, of the identifiers that a condition on key columns of `identifier_links` lets through. */
    links: (condition: Sql): Sql =>
      gangLinksSql({
        links: known('identifier_links', { keyFilter: condition }),
        trusted: known('trusted_identifiers'),
        asOf: instant,
      }),
    /** Of the customers those with a loan that was 30 days past due once, or is written off. */
    late: (customers: Sql): Sql =>
      sql`SELECT DISTINCT customer_id FROM ${known('loan_snapshots', {
        keyFilter: sql`v.loan_id IN (SELECT loan_id FROM loan_snapshots WHERE customer_id IN ${customers} AND ${LATE})`,
      })} WHERE customer_id IN ${customers} AND ${LATE}`,
    daysBack: (days: number): Sql => sql`(${instant} - INTERVAL ${raw(String(days))} DAY)`,
  };
}
