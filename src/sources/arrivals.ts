import { instantSql, param, sql } from '../core/definitions/sql.js';
import type { Arrivals } from '../core/ports/arrivals.js';
import type { ClickHouse } from '../warehouse/client.js';

/** Reads the record of imports. */
export function createArrivals(clickhouse: Pick<ClickHouse, 'rows'>): Arrivals {
  return {
    async newest(tables) {
      if (tables.length === 0) return {};
      const rows = await clickhouse.rows<{ name: string; seq: string }>(
        'arrivals-newest',
        sql`SELECT toString(table) AS name, toString(max(seq)) AS seq FROM source_imports
          WHERE table IN ${param('Array(String)', tables)} GROUP BY table`,
      );
      return Object.fromEntries(rows.map(({ name, seq }) => [name, seq]));
    },

    async since(tables, instant) {
      if (tables.length === 0) return [];
      const rows = await clickhouse.rows<{ name: string; number: string; first: string; last: string }>(
        'arrivals-since',
        sql`SELECT toString(table) AS name, toString(seq) AS number, toUnixTimestamp64Milli(assumeNotNull(first_event)) AS first,
            toUnixTimestamp64Milli(assumeNotNull(last_known)) AS last
          FROM source_imports
          WHERE table IN ${param('Array(String)', tables)} AND at > ${instantSql(instant)} AND first_event IS NOT NULL ORDER BY seq`,
      );
      return rows.map(({ name, number, first, last }) => ({
        table: name,
        seq: number,
        firstEvent: Number(first),
        lastKnown: Number(last),
      }));
    },
  };
}
