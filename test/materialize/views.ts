import { array, defineEntity, float64, int32, sql, string } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Arrivals } from '../../src/core/ports/arrivals.js';
import type { WholeDays } from '../../src/core/ports/completeness.js';
import type { PortfolioScores } from '../../src/core/ports/materialize.js';
import { viewOf } from '../offline/support.js';

export const TIMEZONE = 'Asia/Shanghai';
/** Of the online store's keys. */
export const PREFIX = 'm';
export const HOUR = 3_600_000;
/** Local midnight of 2026-03-01 in Shanghai. */
export const MIDNIGHT = Date.UTC(2026, 1, 28, 16);

const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });

/** What was known of customers on days: the view shows the newest row of each customer up to its as-of. */
export const FACTS = `CREATE TABLE facts (customer_id Nullable(String), at DateTime64(3, 'UTC'), amount Float64, label Nullable(String))
  ENGINE = MergeTree ORDER BY at`;

export const factsView = (change: Partial<Parameters<typeof viewOf>[2]> = {}, name = 'facts_of_customer'): View =>
  viewOf(name, 1, {
    entity: customer,
    features: {
      amount: float64({ description: 'The newest amount' }),
      label: string({ description: 'The newest label' }),
      seen: int32({ description: 'Facts so far' }),
      history: array(float64({ description: 'An amount' }), { description: 'All amounts, oldest first' }),
    },
    query: ({ asOf }) => sql`
      SELECT customer_id, argMax(f.amount, f.at) AS amount, argMax(tuple(f.label), f.at).1 AS label, toInt32(count()) AS seen,
        arrayMap(x -> x.2, arraySort(groupArray((f.at, f.amount)))) AS history
      FROM facts AS f WHERE f.at < ${asOf.instant} GROUP BY customer_id`,
    ...change,
  });

/** Of tests into whose sources no file is imported. */
export const noArrivals: Arrivals = { newest: async () => ({}), since: async () => [] };

/** Of tests whose tables promise nothing. */
export const noWholeDays: WholeDays = { wholeSince: async () => new Map() };

/** Of tests without a model. */
export const noScores: PortfolioScores = {
  rows: () => {
    throw new Error('no view here shows scores');
  },
  record: async () => {
    throw new Error('no view here shows scores');
  },
};

/** The parts of a ClickHouse URL whose path names the database. */
export function clickhouseAt(text: string): { readonly url: string; readonly database: string } {
  const url = new URL(text);
  const database = url.pathname.slice(1);
  url.pathname = '';
  return { url: url.href, database };
}
