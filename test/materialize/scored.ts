/** The product's worked model over a view of facts, and all that scores a portfolio by it. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import worked from '../../models/uci_default/uci_default.v1.model.js';
import { scoreViewOf } from '../../src/core/compute/score-view.js';
import { array, decimal, float64, int32, sql } from '../../src/core/definitions/define.js';
import type { FeatureRef, Model, StoredModel, View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { Scorer } from '../../src/core/ports/indicators.js';
import type { Leases } from '../../src/core/ports/leases.js';
import type { PortfolioScores } from '../../src/core/ports/materialize.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { Clock } from '../../src/core/ports/process.js';
import type { SourceStore } from '../../src/core/ports/sources.js';
import { createPortfolioScores } from '../../src/materialize/portfolio-scores.js';
import { createScorer } from '../../src/scoring/onnx-scorer.js';
import { createSourceStore } from '../../src/sources/store.js';
import type { ClickHouse } from '../../src/warehouse/client.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { createUserSql } from '../../src/warehouse/user-sql.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { TABLES } from '../support/tables.js';
import { onnxHashOf } from '../support/tiny-onnx.js';
import { factsView, TIMEZONE } from './views.js';

const FILE = 'models/uci_default/uci_default.v1.model.ts';

const monthly = { length: 6, pad: null };
/** Six months made of one amount. */
const months = (element: string) => sql`arrayMap(i -> ${raw(element)}, range(6))`;

/**
 * What the model asks of a customer, made of the newest amount: 'holes' as the label leaves one feature out, 'gone' ends the customer. The
 * view's facts are known when they happened, so that a late run sees what a scheduled one would have.
 */
export const statementsView = (name: string): View =>
  factsView(
    {
      tombstone: 'gone',
      maxAge: '2d',
      ttl: '30d',
      features: {
        credit_limit: decimal({ description: 'A limit' }),
        utilization: float64({ description: 'Use of it' }),
        delinquency: array(int32(), { ...monthly, description: 'Months late' }),
        statement_balance: array(decimal(), { ...monthly, description: 'Balances' }),
        amount_paid: array(decimal(), { ...monthly, description: 'Payments' }),
      },
      query: ({ asOf }) => sql`
        SELECT customer_id, l = 'gone' AS gone, a * 1000 AS credit_limit, if(l = 'holes', NULL, (toInt64(a) % 97) / 70) AS utilization,
          ${months('toInt32(intDiv(toInt64(a) * (i + 3), 7) % 4 - 1)')} AS delinquency,
          ${months('a * 500 - i * 10')} AS statement_balance, ${months('(toInt64(a) % 11) * 100')} AS amount_paid
        FROM (SELECT customer_id, argMax(f.amount, f.at) AS a, ifNull(argMax(tuple(f.label), f.at).1, '') AS l
          FROM facts AS f WHERE f.at < ${asOf.instant} GROUP BY customer_id)`,
    },
    name,
  );

export interface Scored {
  readonly inputs: View;
  readonly model: StoredModel;
  readonly view: View;
}

/** The model over a view of its own, with the view of its scores; a row with a hole is refused, unless `change` says otherwise. */
export async function scoredViews(
  name: string,
  {
    references = worked.inputs,
    inputs = statementsView(`${name}_inputs`),
    ...change
  }: Omit<Partial<StoredModel>, 'inputs'> & { readonly references?: readonly string[]; readonly inputs?: View } = {},
): Promise<Scored> {
  const features = references.map((reference): FeatureRef => {
    const [, wanted] = reference.split(':') as [string, string];
    const index = inputs.features.findIndex((feature) => feature.name === wanted);
    const feature = inputs.features[index] as View['features'][number];
    return { view: inputs, feature, index, reference: `${inputs.id}:${wanted}` };
  });
  const model: StoredModel = {
    ...worked,
    name,
    version: 1,
    id: `${name}@1`,
    file: FILE,
    hash: 'h',
    onnxPath: resolve(dirname(FILE), worked.onnx),
    onnxHash: onnxHashOf(await readFile(resolve(dirname(FILE), worked.onnx))),
    entity: inputs.entity,
    features,
    missing: 'refuse',
    card: JSON.parse(await readFile(resolve(dirname(FILE), 'card.json'), 'utf8')),
    ...change,
  };
  return { inputs, model, view: { ...scoreViewOf(model), hash: 'h' } };
}

/** The source tables, where `scores` is. */
export const migrateSources = (clickhouse: ClickHouse): Promise<unknown> =>
  migrateClickHouse({
    tables: TABLES.all,
    clickhouse,
    directory: resolve('migrations/clickhouse'),
    clock: () => 0,
    log: silentLog,
  });

/** Imports into the source tables. */
export const openImports = (clickhouse: ClickHouse, leases: Leases): SourceStore =>
  createSourceStore({
    tables: TABLES,
    clickhouse,
    userSql: createUserSql(clickhouse),
    calendar: new BusinessCalendar(TIMEZONE),
    datum: 'WGS84',
    log: silentLog,
    metrics: noMetrics,
    tempDir: resolve('.'),
    leases,
  });

export interface Scoring {
  readonly scorer: Scorer;
  readonly sources: SourceStore;
  readonly scores: PortfolioScores;
}

export async function openScoring(
  options: {
    readonly clickhouse: ClickHouse;
    readonly offline: OfflineReader;
    readonly leases: Leases;
    readonly clock: Clock;
  },
  models: readonly Model[],
): Promise<Scoring> {
  const { clickhouse, offline, leases, clock } = options;
  const scorer = createScorer({ executionProvider: 'cpu' });
  await scorer.open(models);
  const sources = openImports(clickhouse, leases);
  return { scorer, sources, scores: createPortfolioScores({ offline, scorer, sources, clock }) };
}
