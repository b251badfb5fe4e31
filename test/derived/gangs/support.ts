import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import type { GangsResult } from '../../../src/core/ports/gangs.js';
import { createGangs, type GangsOptions } from '../../../src/derived/gangs/derivation.js';
import { openSources, quietMetrics, type Sources } from '../../sources/support.js';
import { quietLog } from '../../support/homes.js';
import { unsharedLeases } from '../../support/leases.js';
import { TABLES } from '../../support/tables.js';

export const ZONE = 'Asia/Shanghai';
const calendar = new BusinessCalendar(ZONE);
/** Long after all that the tests tell. */
const LATER = Date.UTC(2026, 6, 1);

export const unwatched = { signal: new AbortController().signal, report: async () => undefined };

/** A link: customer, kind, identifier and the local time at which it was seen. */
export type Link = readonly [customer: string, type: string, identifier: string, seen: string];

export interface Graph {
  readonly sources: Sources;
  /** Links that were known when they were seen. */
  link(links: readonly Link[]): Promise<void>;
  load(table: string, rows: readonly object[]): Promise<void>;
  derive(through: string, from?: string): Promise<GangsResult>;
  /** Members of each gang on a day, by the gang of their first member in the order of their ids. */
  gangsOn(day: string): Promise<readonly (readonly string[])[]>;
  rows<Row>(query: string): Promise<Row[]>;
  close(): Promise<void>;
}

export const at = (seen: string): string => {
  const [day, time] = seen.split(' ');
  return new Date(calendar.at(day as string, time ?? '12:00')).toISOString();
};

export async function openGraph(options: Partial<GangsOptions> = {}): Promise<Graph> {
  const sources = await openSources(ZONE);
  const gangs = createGangs({
    tables: TABLES,
    clickhouse: sources.clickhouse,
    calendar,
    log: quietLog,
    metrics: quietMetrics,
    leases: unsharedLeases(),
    ...options,
  });
  const load = async (table: string, rows: readonly object[]): Promise<void> => {
    const body = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`;
    const { rejected, quarantine } = await sources.load(table, body, { format: 'ndjson', history: true, now: LATER });
    if (rejected > 0) throw new Error(JSON.stringify(quarantine));
  };
  return {
    sources,
    load,
    link: (links) =>
      load(
        'identifier_links',
        links.map(([customer_id, identifier_type, identifier, seen]) => ({
          customer_id,
          identifier_type,
          identifier,
          seen_at: at(seen),
        })),
      ),
    derive: (through, from) => gangs.derive({ from, through, now: LATER }, unwatched),
    async gangsOn(day) {
      const rows = await sources.rows<{ members: string[] }>(
        `SELECT arraySort(groupArray(customer_id)) AS members FROM (
          SELECT customer_id, gang_id FROM gang_members WHERE as_of <= {day:Date} ORDER BY as_of DESC, seq DESC LIMIT 1 BY customer_id)
        WHERE gang_id != '' GROUP BY gang_id ORDER BY members`,
        { day },
      );
      return rows.map(({ members }) => members);
    },
    rows: (query) => sources.rows(query),
    close: () => sources.close(),
  };
}
