/** Views over the real source tables, whose rows say when they happened and when they were known. */
import { fileURLToPath } from 'node:url';
import { decimal, defineEntity, int32, sql, string } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { ClickHouse } from '../../src/warehouse/client.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { viewOf } from '../offline/support.js';
import { silentLog } from '../online/definitions.js';
import { insertRows } from '../support/insert-rows.js';
import { TABLES } from '../support/tables.js';

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });

type Change = Partial<Parameters<typeof viewOf>[2]>;

/** What a customer has paid so far; a waiver ends the customer, and a payment without a fee says nothing of the fee. */
export const paidView = (name: string, change: Change = {}): View =>
  viewOf(name, 1, {
    entity: customer,
    sources: ['repayments'],
    tombstone: 'gone',
    features: {
      paid: decimal({ description: 'Principal paid' }),
      times: int32({ description: 'Payments' }),
      fee: decimal({ description: 'The newest fee', fill: 'last_known' }),
    },
    query: ({ source }) => sql`
      SELECT customer_id, sum(principal_paid) AS paid, toInt32(count()) AS times, argMax(tuple(fee_paid), paid_at).1 AS fee,
        argMax(tuple(method), paid_at).1 = 'WAIVER' AS gone
      FROM ${source('repayments')} GROUP BY customer_id`,
    ...change,
  });

/** The days past due of a customer at the end of the last day. */
export const dpdView = (name: string): View =>
  viewOf(name, 1, {
    entity: customer,
    sources: ['loan_snapshots'],
    features: {
      dpd: int32({ description: 'Days past due' }),
      day: string({ description: 'Of which day' }),
    },
    query: ({ source, asOf }) => sql`
      SELECT customer_id, toInt32(max(dpd)) AS dpd, toString(max(as_of)) AS day
      FROM ${source('loan_snapshots')} AS s WHERE as_of = ${asOf.date} - 1 GROUP BY customer_id`,
  });

export interface SourceRows {
  /** Rows of one import; instants as UTC ms. */
  add(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

const instants = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && value > 1e11 ? new Date(value).toISOString() : value,
    ]),
  );

/** Makes the source tables; each call of `add` is an import with a number of its own. */
export async function openSourceRows(clickhouse: ClickHouse): Promise<SourceRows> {
  const directory = fileURLToPath(new URL('../../migrations/clickhouse', import.meta.url));
  await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: () => 0, log: silentLog });
  let seq = 0;
  return {
    async add(table, rows) {
      seq++;
      const versions = rows.map((row) => ({ deleted: 0, seq, ...instants(row) }));
      await insertRows(clickhouse, table, versions);
    },
  };
}
