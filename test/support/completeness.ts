/** Marks for tests that have no Postgres. */
import { BusinessCalendar, type Instant } from '../../src/core/helpers/time.js';
import type { SourceTables } from '../../src/core/lending/sources.js';
import type { Completeness, CompletenessLedger, CompletenessMark } from '../../src/core/ports/completeness.js';
import { createCompleteness } from '../../src/sources/completeness.js';
import type { ClickHouse } from '../../src/warehouse/client.js';
import { quietLog } from './homes.js';
import { TABLES } from './tables.js';

/** Keeps marks as Postgres does, as long as the process lives. */
function marksInMemory(): CompletenessLedger {
  const marks: CompletenessMark[] = [];
  const newest = (): ReadonlyMap<string, CompletenessMark> => new Map(marks.map((mark) => [mark.table, mark]));
  return {
    marks: async () => [...newest().values()],
    async advance(mark) {
      const standing = newest().get(mark.table);
      if (!standing || standing.through < mark.through) marks.push(mark);
    },
    since: async (table, from) => marks.filter((mark) => mark.table === table && mark.through >= from),
  };
}

export const completenessInMemory = (
  clickhouse: Pick<ClickHouse, 'rows'>,
  now: () => Instant,
  tables: SourceTables = TABLES,
): Completeness =>
  createCompleteness({
    ledger: marksInMemory(),
    clickhouse,
    tables,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    storeClock: async () => now(),
    log: quietLog,
  });
