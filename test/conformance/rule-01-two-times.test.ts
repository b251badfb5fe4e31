import { expect } from 'vitest';
import { int32, raw } from '../../src/core/definitions/define.js';
import { ident, instantSql, sql } from '../../src/core/definitions/sql.js';
import { formatInstant, parseInstant } from '../../src/core/helpers/time.js';
import { sourceSelect } from '../../src/core/lending/source-sql.js';
import { refsOf, viewOf } from '../offline/support.js';
import { TABLES } from '../support/tables.js';
import { type Case, defineRule, shared } from './conformance.js';
import { customer } from './scheduled-world.js';
import { LATER, openSourceWorld, type SourceWorld } from './source-world.js';

interface RowCase extends Case {
  readonly table: string;
  /** Imported one after another; `now` is the import's own time, 1 June 2026 where it is not said. */
  readonly imports: readonly {
    readonly row: Readonly<Record<string, unknown>>;
    readonly now?: string;
    readonly history?: true;
    /** The row is refused, for this column. */
    readonly refused?: string;
  }[];
  /** What names the case's rows. */
  readonly where: readonly [column: string, value: string];
  /** As known at an instant: the two times of the row, null where there is none. */
  readonly known: readonly { readonly at?: string; readonly event: string | null; readonly ingested?: string }[];
}

const customerRow = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  customer_id: id,
  registered_at: '2026-01-05T08:00:00+08:00',
  ...more,
});
const snapshot = (id: string, day: string) => ({
  loan_id: id,
  as_of: day,
  customer_id: 'C',
  product: 'P',
  status: 'CURRENT',
  restructured: 0,
  dpd: 0,
  principal_outstanding: '1.00',
  overdue_principal: '0.00',
  disbursed_on: '2026-01-01',
  principal: '1.00',
});
const label = (id: string) => ({
  entity: 'customer',
  entity_id: id,
  name: 'bad',
  observed_at: '2026-01-01T00:00:00Z',
  value: 1,
  window_from: '2026-01-01T00:00:00Z',
  window_to: '2026-04-01T00:00:00Z',
  known_at: '2026-04-02T00:00:00.500Z',
});

const CASES: readonly RowCase[] = [
  {
    name: 'a row happened at the instant it says and was known at the instant it says',
    table: 'customers',
    imports: [{ row: customerRow('R1', { ingested_at: '2026-02-01T00:00:00Z' }) }],
    where: ['customer_id', 'R1'],
    known: [{ event: '2026-01-05T00:00:00.000Z', ingested: '2026-02-01T00:00:00.000Z' }],
  },
  {
    name: 'a row that does not say when it was known was known when it came in',
    table: 'customers',
    imports: [{ row: customerRow('R2'), now: '2026-03-07T09:10:11.012Z' }],
    where: ['customer_id', 'R2'],
    known: [{ event: '2026-01-05T00:00:00.000Z', ingested: '2026-03-07T09:10:11.012Z' }],
  },
  {
    name: 'in a first load of the past it was known when it happened',
    table: 'customers',
    imports: [{ row: customerRow('R3'), history: true }],
    where: ['customer_id', 'R3'],
    known: [{ event: '2026-01-05T00:00:00.000Z', ingested: '2026-01-05T00:00:00.000Z' }],
  },
  {
    name: 'milliseconds of both times are kept',
    table: 'customers',
    imports: [
      {
        row: customerRow('R4', { registered_at: '2026-01-05T00:00:00.001Z', ingested_at: '2026-01-05T00:00:00.002Z' }),
      },
    ],
    where: ['customer_id', 'R4'],
    known: [{ event: '2026-01-05T00:00:00.001Z', ingested: '2026-01-05T00:00:00.002Z' }],
  },
  {
    name: 'a row about a day happened in the last millisecond of that local day',
    table: 'loan_snapshots',
    imports: [{ row: snapshot('R5', '2026-03-01') }],
    where: ['loan_id', 'R5'],
    known: [{ event: '2026-03-01T15:59:59.999Z', ingested: '2026-06-01T00:00:00.000Z' }],
  },
  {
    name: 'in a first load of the past a row about a day was known when that day ended',
    table: 'loan_snapshots',
    imports: [{ row: snapshot('R6', '2026-03-01'), history: true }],
    where: ['loan_id', 'R6'],
    known: [{ event: '2026-03-01T15:59:59.999Z', ingested: '2026-03-01T15:59:59.999Z' }],
  },
  {
    name: 'a row about a month happened in the last millisecond of that local month',
    table: 'statements',
    imports: [
      {
        row: {
          customer_id: 'R7',
          product: '',
          month: '2026-02-01',
          credit_limit: '1.00',
          statement_balance: '0.00',
          amount_paid: '0.00',
          delinquency: 0,
        },
        history: true,
      },
    ],
    where: ['customer_id', 'R7'],
    known: [{ event: '2026-02-28T15:59:59.999Z', ingested: '2026-02-28T15:59:59.999Z' }],
  },
  {
    name: 'an outcome is about its observation point and, in a first load, was known when it says it was',
    table: 'labels',
    imports: [{ row: label('R8'), history: true }],
    where: ['entity_id', 'R8'],
    known: [{ event: '2026-01-01T00:00:00.000Z', ingested: '2026-04-02T00:00:00.500Z' }],
  },
  {
    name: 'a corrected row has each version’s own time of knowledge, and one time at which it happened',
    table: 'customers',
    imports: [
      { row: customerRow('R9', { city: 'Wuhan', ingested_at: '2026-02-01T00:00:00Z' }) },
      { row: customerRow('R9', { city: 'Harbin', ingested_at: '2026-03-01T00:00:00Z' }) },
    ],
    where: ['customer_id', 'R9'],
    known: [
      { at: '2026-01-31T23:59:59.999Z', event: null },
      { at: '2026-02-01T00:00:00.000Z', event: '2026-01-05T00:00:00.000Z', ingested: '2026-02-01T00:00:00.000Z' },
      { at: '2026-02-28T23:59:59.999Z', event: '2026-01-05T00:00:00.000Z', ingested: '2026-02-01T00:00:00.000Z' },
      { at: '2026-03-01T00:00:00.000Z', event: '2026-01-05T00:00:00.000Z', ingested: '2026-03-01T00:00:00.000Z' },
    ],
  },
  {
    name: 'a deleted row was there until its deletion was known',
    table: 'customers',
    imports: [
      { row: customerRow('R10', { ingested_at: '2026-02-01T00:00:00Z' }) },
      { row: customerRow('R10', { deleted: 1, ingested_at: '2026-03-01T00:00:00Z' }) },
    ],
    where: ['customer_id', 'R10'],
    known: [
      { at: '2026-02-28T23:59:59.999Z', event: '2026-01-05T00:00:00.000Z', ingested: '2026-02-01T00:00:00.000Z' },
      { at: '2026-03-01T00:00:00.000Z', event: null },
    ],
  },
  {
    name: 'nothing can be known in the future: such a row is refused',
    table: 'customers',
    imports: [{ row: customerRow('R11', { ingested_at: '2026-06-01T00:00:00.001Z' }), refused: 'ingested_at' }],
    where: ['customer_id', 'R11'],
    known: [{ event: null }],
  },
  {
    name: 'a row without the time at which it happened is refused',
    table: 'customers',
    imports: [{ row: { customer_id: 'R12' }, refused: 'registered_at' }],
    where: ['customer_id', 'R12'],
    known: [{ event: null }],
  },
];

const world = shared(() => openSourceWorld());

const JUNE = Date.UTC(2026, 5, 1);

defineRule(
  {
    rule: 1,
    open: world,
    async check({ table, imports, where: [column, value], known }: RowCase, { sources, store }: SourceWorld) {
      // Each case has a time of its own: what the one before knew does not come before it.
      await sources.run('TRUNCATE TABLE source_clock');
      for (const { row, now, history = false, refused } of imports) {
        const result = await sources.load(table, Buffer.from(JSON.stringify(row)), {
          format: 'ndjson',
          history,
          now: now === undefined ? JUNE : parseInstant(now),
        });
        expect(result).toMatchObject({ accepted: refused ? 0 : 1 });
        if (refused) expect(result.quarantine.map((each) => each.column)).toEqual([refused]);
      }
      for (const { at, event, ingested } of known) {
        const knowledge = instantSql(at === undefined ? LATER : parseInstant(at));
        const from = sourceSelect(TABLES.get(table), { asOf: null, knowledge, timezone: 'Asia/Shanghai' });
        const rows = await store.rows<{ event: string; ingested: string }>(
          'conformance',
          sql`SELECT toString(toUnixTimestamp64Milli(event_time)) AS event, toString(toUnixTimestamp64Milli(ingested_at)) AS ingested
            FROM ${from} WHERE ${ident(column)} = ${value}`,
        );
        expect(
          rows.map((row) => [formatInstant(Number(row.event)), formatInstant(Number(row.ingested))]),
          `as known at ${at ?? 'the end'}`,
        ).toEqual(event === null ? [] : [[event, ingested]]);
      }
    },
  },
  CASES,
);

interface WholeCase extends Case {
  readonly check: (world: SourceWorld) => Promise<void>;
}

const WHOLE: readonly WholeCase[] = [
  {
    name: 'every source table, as a view reads it, has both times',
    async check({ store }) {
      for (const table of TABLES.names) {
        const from = sourceSelect(TABLES.get(table), {
          asOf: null,
          knowledge: instantSql(LATER),
          timezone: 'Asia/Shanghai',
        });
        const rows = await store.rows<{ name: string; type: string }>(
          'conformance',
          sql`DESCRIBE TABLE (SELECT event_time, ingested_at FROM ${from})`,
        );
        expect(
          rows.map(({ name, type }) => `${name} ${type}`),
          table,
        ).toEqual(["event_time DateTime64(3, 'UTC')", "ingested_at DateTime64(3, 'UTC')"]);
      }
    },
  },
  {
    name: 'every feature value has the instant that it describes and the instant from which a decision could use it',
    async check({ offline, writers, writes }) {
      const view = viewOf('stamped', 1, {
        entity: customer,
        features: { amount: int32({ description: 'x' }) },
        query: () => raw("SELECT 'C' AS customer_id, 5 AS amount"),
      });
      await writers.createView(view);
      const run = { id: 1, view, asOf: JUNE, knowledge: JUNE + view.delayMs };
      await writes.stageRun(run);
      await writes.commitRuns(view, [{ run, availableAt: JUNE + view.delayMs }]);
      expect(await offline.rowsAt(view, LATER, [['C']])).toMatchObject([
        { eventTime: JUNE, availableAt: Date.UTC(2026, 5, 1, 2), values: [5] },
      ]);
      const { rows } = await offline.historicalFeatures({
        features: refsOf(view),
        includeEventTimes: true,
        includeStatuses: false,
        spine: { customer_id: ['C', 'C'], event_timestamp: ['2026-06-01T01:59:59.999Z', '2026-06-01T02:00:00.000Z'] },
      });
      expect(rows.map((row) => row.slice(2))).toEqual([
        [null, null],
        [5, '2026-06-01T00:00:00.000Z'],
      ]);
    },
  },
];

defineRule({ rule: 1, open: world, check: (each, opened) => each.check(opened) }, WHOLE);
