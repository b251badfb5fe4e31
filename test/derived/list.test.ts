import { expect, test } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { openDerivedTables } from '../../src/derived/list.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { unsharedLeases } from '../support/leases.js';
import { TABLES } from '../support/tables.js';

test('the tables of the list are those that the schema says are derived, each after its inputs', async () => {
  // Nothing listens there: a table is opened without a look at it.
  const clickhouse = openClickHouse({
    url: 'http://127.0.0.1:1',
    database: 'none',
    log: silentLog,
    metrics: noMetrics,
  });
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const derived = Object.values(
    openDerivedTables({
      tables: TABLES,
      clickhouse,
      calendar,
      leases: unsharedLeases(),
      log: silentLog,
      metrics: noMetrics,
    }),
  );
  const names = derived.map(({ name }) => name);
  // Labels are made of definitions that are applied, and so by a job of their own.
  const made = TABLES.all.filter((table) => table.derivationRuns !== null).map(({ name }) => name);
  expect(made.filter((name) => name !== 'labels')).toEqual([...names].sort());
  for (const [index, { inputs }] of derived.entries()) {
    for (const input of inputs) {
      expect(TABLES.find(input)).toBeDefined();
      expect(names.slice(index)).not.toContain(input);
    }
  }
  await clickhouse.close();
});
