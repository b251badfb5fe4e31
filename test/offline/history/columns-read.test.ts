/** Which columns a feature's value can depend on, told from SQL as ClickHouse resolves it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineEntity, int32, sql } from '../../../src/core/definitions/define.js';
import type { FeatureViewSpec } from '../../../src/core/definitions/define-view.js';
import type { ColumnRead, ColumnsRead } from '../../../src/core/ports/columns-read.js';
import { createColumnsRead } from '../../../src/offline/history/columns-read.js';
import { loadRegistry } from '../../../src/registry/load.js';
import { TABLES } from '../../support/tables.js';
import { openSourceTables, ROOT, type SourceTables } from '../../support/views.js';
import { viewOf } from '../support.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer.' });
let tables: SourceTables;
let columns: ColumnsRead;
let number = 0;

beforeAll(async () => {
  tables = await openSourceTables();
  columns = createColumnsRead(tables.clickhouse);
});

afterAll(() => tables.close());

const read = async (query: FeatureViewSpec['query'], feature = 'x'): Promise<string[] | null> => {
  const view = viewOf(`columns_${++number}`, 1, {
    entity: customer,
    features: { [feature]: int32({ description: '' }) },
    query,
  });
  const told = await columns.of(view);
  return told
    ? (told.get(feature) as readonly ColumnRead[]).map((one) => `${one.use} ${one.table}.${one.column}`)
    : null;
};

it.each<[string, FeatureViewSpec['query'], readonly string[]]>([
  [
    'a value and what chooses its rows',
    ({ source }) =>
      sql`SELECT customer_id, max(dpd) AS x FROM ${source('loan_snapshots')} WHERE status != 'SOLD' GROUP BY customer_id`,
    ['ROWS loan_snapshots.customer_id', 'VALUE loan_snapshots.dpd', 'ROWS loan_snapshots.status'],
  ],
  [
    'nothing that another feature alone reads',
    ({ source }) => sql`SELECT customer_id, segment AS y, length(city) AS x FROM ${source('customers')}`,
    ['VALUE customers.city'],
  ],
  [
    'an alias of the same query',
    ({ source }) => sql`SELECT customer_id, principal * 2 AS twice, toInt32(twice > 1) AS x FROM ${source('loans')}`,
    ['VALUE loans.principal'],
  ],
  [
    'subqueries, unions by position, and both sides of a join',
    ({ source }) => sql`
    SELECT c.customer_id AS customer_id, sum(a.amount) AS x FROM (
      SELECT customer_id, principal AS amount FROM ${source('loans')} UNION ALL SELECT customer_id, statement_balance AS other FROM ${source('statements')}) AS a
    JOIN (SELECT customer_id, city FROM ${source('customers')}) AS c ON c.customer_id = a.customer_id GROUP BY customer_id`,
    [
      'ROWS customers.customer_id',
      'ROWS loans.customer_id',
      'VALUE loans.principal',
      'ROWS statements.customer_id',
      'VALUE statements.statement_balance',
    ],
  ],
  [
    'the order of a window and a lambda over an array',
    ({ source }) => sql`
    SELECT customer_id, arrayCount(d -> d > 30, groupArray(dpd)) AS x FROM (
      SELECT customer_id, lagInFrame(dpd) OVER (PARTITION BY loan_id ORDER BY as_of) AS dpd FROM ${source('loan_snapshots')}) GROUP BY customer_id`,
    [
      'VALUE loan_snapshots.as_of',
      'ROWS loan_snapshots.customer_id',
      'VALUE loan_snapshots.dpd',
      'VALUE loan_snapshots.loan_id',
    ],
  ],
  [
    'the event time as the column that it is, and what a source is filtered by',
    ({ source, asOf }) => sql`
    SELECT customer_id, toInt32(max(event_time) > ${asOf.instant}) AS x FROM ${source('statements', { where: sql`month > ${asOf.date} - 31` })} GROUP BY customer_id`,
    ['ROWS statements.customer_id', 'VALUE statements.month'],
  ],
  [
    'a list after IN, and a WITH that is used',
    ({ source }) => sql`
    WITH late AS (SELECT loan_id FROM ${source('loan_snapshots')} WHERE dpd > 30), unused AS (SELECT gender FROM ${source('customers')})
    SELECT customer_id, toInt32(count()) AS x FROM ${source('loans')} WHERE loan_id IN (SELECT loan_id FROM late) GROUP BY customer_id`,
    ['ROWS loan_snapshots.dpd', 'ROWS loan_snapshots.loan_id', 'ROWS loans.customer_id', 'ROWS loans.loan_id'],
  ],
])('tells %s', async (_, query, expected) => {
  expect([...((await read(query)) ?? [])].sort()).toEqual([...expected].sort());
});

it('tells of every feature of the product columns of the very tables that its view reads', async () => {
  const { views } = await loadRegistry({ root: ROOT });
  for (const view of views.values()) {
    if (view.origin.kind !== 'query') continue;
    const told = await columns.of(view);
    expect(told, view.id).not.toBeNull();
    for (const { name } of view.features)
      expect((told?.get(name) ?? []).length, `${view.id}:${name}`).toBeGreaterThan(0);
    const all = [...(told?.values() ?? [])].flat();
    expect([...new Set(all.map(({ table }) => table))].sort(), view.id).toEqual([...view.sources]);
    for (const { table, column } of all) {
      const known = TABLES.find(table)?.columns.map((one) => one.name) ?? [];
      expect([...known, 'ingested_at'], `${view.id} ${table}`).toContain(column);
    }
  }
});
