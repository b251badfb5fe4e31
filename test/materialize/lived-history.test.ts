/** Views that live through a schedule with late, missed and repeated runs, late files, deletions, republications and backfills, beside an oracle of their history. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decimal, defineEntity, int32 } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { sql } from '../../src/core/definitions/sql.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import {
  livedRows,
  type OracleFault,
  type OracleOperation,
  type OracleSchedule,
  rowInForce,
} from '../offline/oracle.js';
import { viewOf } from '../offline/support.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { openSourceRows } from './sources.js';
import { HOUR, MIDNIGHT } from './views.js';

const DAY = 24 * HOUR;
const DELAY = 2 * HOUR;
const WINDOW_DAYS = 2;
const KEYS = 100;
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });

/** Payments of the last two days: a customer without one is absent. */
const recentView = (absent: 'ends' | 'keeps'): View =>
  viewOf(`recent_${absent}`, 1, {
    entity: customer,
    sources: ['repayments'],
    ...(absent === 'ends' && { absent }),
    features: { paid: decimal({ description: 'Principal paid' }), times: int32({ description: 'Payments' }) },
    query: ({ source, asOf }) => sql`SELECT customer_id, sum(principal_paid) AS paid, toInt32(count()) AS times
      FROM ${source('repayments')} WHERE paid_at > ${asOf.minusDays(WINDOW_DAYS)} GROUP BY customer_id`,
  });
const VIEWS = { keeps: recentView('keeps'), ends: recentView('ends') };

const day = (number: number, hours = 0): number => MIDNIGHT + number * DAY + hours * HOUR;
const days = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => day(from + index));
const live = (asOf: number, at: number): OracleOperation => ({ kind: 'live', at, asOfs: [day(asOf)] });
const backfill = (from: number, to: number, at: number): OracleOperation => ({
  kind: 'backfill',
  at,
  asOfs: days(from, to),
});

const republication = (asOf: number, at: number): OracleOperation => ({
  kind: 'republication',
  at,
  asOfs: [day(asOf)],
});

const OPERATIONS: readonly OracleOperation[] = [
  live(0, day(0) + DELAY),
  republication(0, day(0, 14)),
  live(1, day(1, 9)),
  live(5, day(5) + DELAY),
  republication(5, day(5, 4)),
  live(3, day(5, 5)),
  live(5, day(5, 6)),
  backfill(-1, 4, day(5, 12)),
  republication(2, day(5, 14)),
  live(6, day(6, 20)),
  republication(6, day(6, 21)),
  backfill(6, 6, day(6, 22)),
];
const STARTS = OPERATIONS.map(({ at }) => at);

interface Version {
  readonly payment: string;
  readonly customer: string;
  readonly paidAt: number;
  /** Null: the payment is deleted. */
  readonly amount: number | null;
  readonly known: number;
  /** When a file brought it: at once, or later as history. */
  readonly brought: number;
}

const versions: fc.Arbitrary<Version[]> = fc
  .array(
    fc.record({
      paidAt: fc.integer({ min: -60, max: 150 }),
      customer: fc.integer({ min: 0, max: KEYS - 1 }),
      versions: fc.array(
        fc.record({
          amount: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 3 }),
          after: fc.integer({ min: 0, max: 50 }),
          late: fc.oneof(
            { weight: 2, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }) },
          ),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 4 * KEYS, maxLength: 4 * KEYS },
  )
  .map((payments) =>
    payments.flatMap((payment, number) => {
      let known = MIDNIGHT + payment.paidAt * HOUR;
      return payment.versions.map(({ amount, after, late }): Version => {
        // Off the hour: no version is known in the very instant of a run.
        known += after * HOUR + 1_000;
        const paidAt = MIDNIGHT + payment.paidAt * HOUR + 7;
        const own = { payment: `P${number}`, customer: `C${payment.customer}`, paidAt };
        return { ...own, amount, known, brought: known + late * HOUR };
      });
    }),
  );

/** What the payments that were brought by `at` say of an as-of. */
function knownOf(all: readonly Version[]): OracleSchedule['known'] {
  return (asOf, knowledge, at) => {
    const answer = (deletions: boolean) => {
      const newest = new Map<string, Version>();
      for (const version of all) {
        if (version.brought > at || version.known > knowledge || (!deletions && version.amount === null)) continue;
        const found = newest.get(version.payment);
        if (!found || version.known > found.known) newest.set(version.payment, version);
      }
      const values = new Map<string, { paid: string; times: number }>();
      for (const { customer: key, paidAt, amount } of newest.values()) {
        if (amount === null || paidAt > asOf || paidAt <= asOf - WINDOW_DAYS * DAY) continue;
        const { paid, times } = values.get(key) ?? { paid: '0', times: 0 };
        values.set(key, { paid: String(Number(paid) + amount), times: times + 1 });
      }
      return values;
    };
    return { values: answer(true), undeleted: new Set(answer(false).keys()) };
  };
}

let fixture: MaterializeFixture;
let payments: readonly Version[];

beforeAll(async () => {
  fixture = await materializeFixture();
  const sources = await openSourceRows(fixture.clickhouse);
  [payments] = fc.sample(versions, { numRuns: 1, seed: 26 }) as [Version[]];
  let loaded = Number.NEGATIVE_INFINITY;
  for (const { kind, at, asOfs } of OPERATIONS) {
    const brought = payments.filter((each) => each.brought > loaded && each.brought <= at);
    await sources.add(
      'repayments',
      brought.map(({ payment, customer: key, paidAt, amount, known }) => ({
        repayment_id: payment,
        customer_id: key,
        loan_id: 'L',
        paid_at: paidAt,
        principal_paid: amount ?? 0,
        interest_paid: 0,
        method: 'SELF',
        deleted: amount === null ? 1 : 0,
        ingested_at: known,
      })),
    );
    loaded = at;
    fixture.clock.now = at;
    for (const view of Object.values(VIEWS)) {
      const request = { jobId: newUuid(Date.now()), views: [view], now: at };
      const materializer = fixture.materializer({ asOfsACommit: 3 });
      const dateOf = (instant: number) => new Date(instant + DAY / 2).toISOString().slice(0, 10);
      const [from, to] = [asOfs[0] as number, asOfs.at(-1) as number];
      if (kind === 'live') await materializer.materialize({ ...request, asOf: from }, unwatched());
      else if (kind === 'republication') await materializer.republish({ ...request, asOf: from }, unwatched());
      else await materializer.backfill({ ...request, from: dateOf(from), to: dateOf(to) }, unwatched());
      const { offline, online } = await fixture.newest(view);
      expect(online).toEqual(offline);
    }
  }
});
afterAll(() => fixture?.close());

const keys = Array.from({ length: KEYS }, (_, index) => [`C${index}`]);
/** The edges of every as-of and operation. */
const INSTANTS = [...new Set([...days(-1, 6).map((asOf) => asOf + DELAY), ...STARTS])]
  .sort((a, b) => a - b)
  .flatMap((at) => [at - 1, at]);

/** What the stores say of each key at each instant; null where it has no value. */
const lived = async (view: View): Promise<unknown[]> => {
  const said: unknown[] = [];
  for (const at of INSTANTS) {
    const rows = await fixture.offline.rowsAt(view, at, keys);
    for (const [index, row] of rows.entries()) {
      said.push([keys[index]?.[0], at, row && !row.tombstone ? [row.eventTime, row.availableAt, row.values] : null]);
    }
  }
  return said;
};

const expected = (absent: 'ends' | 'keeps', fault?: OracleFault): unknown[] => {
  const rows = livedRows({ operations: OPERATIONS, delay: DELAY, absent, known: knownOf(payments) }, fault);
  return INSTANTS.flatMap((at) =>
    keys.map((key) => {
      const row = rowInForce(rows, { ttl: null, maxAge: null, lastKnown: [] }, key, at);
      return [
        key[0],
        at,
        row && !row.tombstone ? [row.event, row.available, [row.values.paid, row.values.times]] : null,
      ];
    }),
  );
};

test.each(['keeps', 'ends'] as const)(
  'absent keys that a view %s, deletions, late and repeated runs, republications and backfills leave the history of the oracle, which catches planted faults (rules 26, 27)',
  async (absent) => {
    const said = await lived(VIEWS[absent]);
    expect(said).toEqual(expected(absent));
    const faults: OracleFault[] = [
      ...(['restamps', 'drops what it knows better', 'keeps deleted'] as const),
      'takes back what a republication knew',
    ];
    if (absent === 'ends') faults.push('forgets the next as-of');
    for (const fault of faults) expect(expected(absent, fault), fault).not.toEqual(said);
    expect(expected(absent === 'ends' ? 'keeps' : 'ends')).not.toEqual(said);
  },
);
