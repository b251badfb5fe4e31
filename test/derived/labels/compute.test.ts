import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelSql } from '../../../src/core/compute/labels/label-sql.js';
import {
  defineLabel,
  dpdReaches,
  eachApplication,
  entersDpd,
  firstDueDate,
  type LabelSpec,
  monthEnds,
  monthsOnBook,
  observedBy,
  outcomeBy,
  statusReaches,
} from '../../../src/core/definitions/define.js';
import { defineEntity } from '../../../src/core/definitions/define-entity.js';
import type { Label } from '../../../src/core/definitions/definitions.js';
import { sql } from '../../../src/core/definitions/sql.js';
import { BusinessCalendar, type Instant } from '../../../src/core/helpers/time.js';
import type { LabelComputer } from '../../../src/core/ports/labels.js';
import { createLabelComputer, type LabelComputerOptions } from '../../../src/derived/labels/compute.js';
import { createLabelEvidence } from '../../../src/derived/labels/evidence.js';
import { checkLabel } from '../../../src/registry/labels.js';
import { loadRegistry } from '../../../src/registry/load.js';
import { openSources, quietMetrics, type Sources } from '../../sources/support.js';
import { quietLog } from '../../support/homes.js';
import { insertRows } from '../../support/insert-rows.js';
import { unsharedLeases } from '../../support/leases.js';
import { TABLES } from '../../support/tables.js';
import { bookOf, store } from './books.js';
import { reachedByMonth, rolls } from './evidence-oracle.js';
import { type Book, CONDITION_SQL, dayOf, isMonthEnd, judge, monthsOn, type Outcome } from './oracle.js';

const ZONE = 'America/New_York';
const calendar = new BusinessCalendar(ZONE);
const at = (day: string, time = '03:10'): Instant => calendar.at(day, time);

const entity = (name: string) => defineEntity({ name, joinKeys: [`${name}_id`], description: name });
const [customer, loan, application] = [entity('customer'), entity('loan'), entity('application')];
const ENTITIES = new Map([customer, loan, application].map((one) => [one.name, one]));

type Part = Omit<LabelSpec, 'description' | 'owner'>;

/** A label as the registry loads it. */
function labelOf(name: string, part: Part): Label {
  const problems: string[] = [];
  const file = {
    kind: 'label',
    name,
    version: 1,
    id: `${name}@1`,
    file: `labels/${name}.label.ts`,
    path: '',
    code: '',
  };
  const spec = defineLabel({ ...part, description: name, owner: 'test' });
  const label = checkLabel(
    { ...file, exported: spec } as Parameters<typeof checkLabel>[0],
    spec,
    { entities: ENTITIES, tables: TABLES },
    (problem) => problems.push(problem),
  );
  expect(problems).toEqual([]);
  return { ...(label as Label), hash: '' };
}

const exclude = {
  'past due already': CONDITION_SQL['past due already'],
  'written off before': CONDITION_SQL['written off before'],
};
const indeterminate = { 'rolled a little': CONDITION_SQL['rolled a little'] };
const days = (length: number) => ({ days: length });
const months = (length: number) => ({ months: length });

/** Every kind of observation, of outcome and of closure, of every entity that it can be of. */
const PARTS: Readonly<Record<string, Part>> = {
  month_any: {
    entity: customer,
    observation: monthEnds({ at: '06:00' }),
    window: months(2),
    outcome: dpdReaches(15, { on: 'any' }),
    exclude,
  },
  month_loan: {
    entity: loan,
    observation: monthEnds(),
    window: days(31),
    outcome: dpdReaches(10, { when: 'at_end' }),
    indeterminate,
    sold: 'excluded',
  },
  mob0: { entity: loan, observation: monthsOnBook(0), window: months(2), outcome: dpdReaches(20), sold: 'good' },
  mob1: {
    entity: loan,
    observation: monthsOnBook(1),
    window: days(40),
    outcome: dpdReaches(20, { on: 'any' }),
    exclude,
    closed: 'indeterminate',
  },
  first_due: { entity: loan, observation: firstDueDate(), window: days(7), outcome: dpdReaches(7), indeterminate },
  applied: {
    entity: application,
    observation: eachApplication({ kinds: ['LOAN'] }),
    window: months(3),
    outcome: dpdReaches(10),
  },
  applied_any: {
    entity: application,
    observation: eachApplication(),
    window: days(60),
    outcome: dpdReaches(10, { on: 'any' }),
  },
  paid: { entity: loan, observation: entersDpd(1), window: days(14), outcome: statusReaches(['CURRENT', 'SETTLED']) },
  deeper: {
    entity: customer,
    observation: entersDpd(10),
    window: days(10),
    outcome: statusReaches(['OVERDUE'], { when: 'at_end' }),
    closed: 'excluded',
  },
};
const LABELS = Object.entries(PARTS).map(([name, part]) => labelOf(name, part));

const unwatched = { signal: new AbortController().signal, report: async () => undefined };

interface Row {
  readonly id: string;
  readonly observed: string;
  readonly from: string;
  readonly to: string;
  readonly known: string;
  readonly value: number | null;
  readonly outcome: string | null;
}

const outcomeOf = (row: Row): Outcome => ({
  id: row.id,
  observedAt: Number(row.observed),
  windowFrom: Number(row.from),
  windowTo: Number(row.to),
  knownAt: Number(row.known),
  value: (row.outcome as Outcome['value'] | null) ?? (row.value as number),
});

const sorted = (outcomes: readonly Outcome[]): string[] => outcomes.map((one) => JSON.stringify(one)).sort();

let sources: Sources;
beforeAll(async () => {
  sources = await openSources(ZONE);
});
afterAll(() => sources.close());

const READ = `toUnixTimestamp64Milli(observed_at) AS observed, toUnixTimestamp64Milli(window_from) AS from,
  toUnixTimestamp64Milli(window_to) AS to, toUnixTimestamp64Milli(known_at) AS known, value, outcome`;

/** The rows of a label in the versions that were known at an instant. */
const knownRows = async (label: Label, knowledge: Instant): Promise<readonly Outcome[]> => {
  const rows = await sources.rows<Row>(
    `SELECT entity_id AS id, ${READ} FROM (
       SELECT * FROM labels WHERE name = '${label.id}' AND ingested_at <= fromUnixTimestamp64Milli(${knowledge})
       ORDER BY entity_id, observed_at, ingested_at DESC, seq DESC LIMIT 1 BY entity_id, observed_at
     ) WHERE deleted = 0`,
  );
  return rows.map(outcomeOf);
};

const computerAt = (clock: Instant, more: Partial<LabelComputerOptions> = {}): LabelComputer =>
  createLabelComputer({
    clickhouse: sources.clickhouse,
    calendar,
    leases: unsharedLeases(),
    derived: [],
    clock: () => clock,
    log: quietLog,
    metrics: quietMetrics,
    ...more,
  });

const compute = (now: Instant, labels: readonly Label[] = LABELS) =>
  computerAt(now).compute(labels, { now }, unwatched);

/** Repeatable numbers from 0 to below 1. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const book: Book = bookOf({
  calendar,
  customers: 16,
  random: sequence(7),
  from: '2024-01-20',
  through: '2024-06-10',
});

describe('a label whose computation is disturbed', () => {
  /** One month of a campaign: whether a contact was answered. */
  const label = labelOf('answered', {
    entity: customer,
    observation: observedBy(
      ({
        source,
        from,
        to,
      }) => sql`SELECT customer_id AS entity_id, sent_at AS observed_at FROM ${source('campaign_contacts')}
        WHERE campaign = 'autumn' AND toDate(sent_at) >= ${from} AND toDate(sent_at) <= ${to}`,
    ),
    window: days(5),
    outcome: outcomeBy(
      ({ source }) => sql`SELECT customer_id AS entity_id, sent_at AS observed_at,
        if(channel = 'CALL', 1 / 0., toFloat64(responded_at IS NOT NULL)) AS value FROM ${source('campaign_contacts')} WHERE campaign = 'autumn'`,
    ),
  });
  const SENT = at('2024-02-05', '12:00');
  /** A version of a contact, known since the noon of a day. */
  const say = (customer: string, day: string, more: { responded?: boolean; channel?: string; deleted?: 1 }) => {
    const { responded = false, channel = 'SMS', deleted = 0 } = more;
    const known = at(day, '12:00');
    return insertRows(sources.clickhouse, 'campaign_contacts', [
      {
        contact_id: customer,
        campaign: 'autumn',
        customer_id: customer,
        channel,
        sent_at: new Date(SENT).toISOString(),
        responded_at: responded ? new Date(SENT + 3_600_000).toISOString() : null,
        ingested_at: new Date(known).toISOString(),
        deleted,
        seq: String(BigInt(known) << 20n),
      },
    ]);
  };
  const said = async (now: Instant) => (await knownRows(label, now)).map(({ id, value }) => [id, value]).sort();
  const run = (now: Instant, computer: LabelComputer) => computer.compute([label], { now }, unwatched);

  it('a job that dies between what was known of a month and what is known of it leaves the second to the next', async () => {
    await say('K1', '2024-02-06', {});
    await say('K1', '2024-02-20', { responded: true });
    const staged: unknown[] = [];
    const now = at('2024-03-01');
    const dies = computerAt(now, {
      storeClock: async () => {
        staged.push(
          ...(await sources.rows("SELECT total_rows FROM system.tables WHERE startsWith(name, 'label_stage')")),
        );
        throw new Error('killed');
      },
    });
    await expect(run(now, dies)).rejects.toThrow('killed');
    // A version counts as known when it is written, not when its computation begins.
    expect(staged).toEqual([{ total_rows: '1' }]);
    expect(await said(now)).toEqual([['K1', 0]]);
    expect(await compute(now, [label])).toMatchObject([{ months: 1, changed: 1 }]);
    expect(await said(now)).toEqual([['K1', 1]]);
    expect(await compute(now + 1, [label])).toMatchObject([{ months: 0 }]);
  });

  it('a job that waited for its lease does not write what was known before over what another has written since', async () => {
    await say('K1', '2024-03-05', { responded: false });
    const later = at('2024-03-20');
    let held = 0;
    const leases = unsharedLeases();
    const slow = computerAt(later + 1, {
      leases: {
        hold: async (resource, signal, body) => {
          held += 1;
          // Under the first it drops what others left; by the second the months are planned.
          if (held === 2) {
            await say('K1', '2024-03-10', { responded: true });
            await compute(later, [label]);
          }
          return leases.hold(resource, signal, body);
        },
      },
    });
    expect(await run(at('2024-03-08'), slow)).toMatchObject([{ changed: 0 }]);
    expect(await said(later + 1)).toEqual([['K1', 1]]);
  });

  it('an outcome that is no finite number is INDETERMINATE, and neither good nor bad', async () => {
    await say('K2', '2024-03-22', { channel: 'CALL' });
    const now = at('2024-03-23');
    await compute(now, [label]);
    expect(await said(now)).toEqual([
      ['K1', 1],
      ['K2', 'INDETERMINATE'],
    ]);
  });

  it('a month that loses its observations loses its rows, once', async () => {
    await say('K1', '2024-03-25', { deleted: 1 });
    await say('K2', '2024-03-25', { deleted: 1 });
    const now = at('2024-03-26');
    expect(await compute(now, [label])).toMatchObject([{ months: 1, rows: 0, changed: 2 }]);
    expect(await said(now)).toEqual([]);
    expect(await compute(now + 1, [label])).toMatchObject([{ months: 0 }]);
  });

  it('an import that is writing is waited for, and the rows that it writes later are news, whatever other tables have', async () => {
    const reached = labelOf('reached', {
      entity: customer,
      observation: observedBy(
        ({ source, from, to }) => sql`SELECT customer_id AS entity_id, sent_at AS observed_at
          FROM ${source('campaign_contacts')} WHERE campaign = 'winter' AND toDate(sent_at) >= ${from} AND toDate(sent_at) <= ${to}`,
      ),
      window: days(5),
      outcome: outcomeBy(
        ({
          source,
          observations,
        }) => sql`SELECT o.entity_id AS entity_id, o.observed_at AS observed_at, countIf(c.result = 'PAID') AS value
          FROM ${observations} AS o LEFT JOIN ${source('collections')} AS c ON o.entity_id = c.customer_id GROUP BY entity_id, observed_at`,
      ),
    });
    const sent = new Date(at('2024-02-05', '12:00')).toISOString();
    const known = (seq: number) => ({ ingested_at: new Date(at('2024-02-15')).toISOString(), deleted: 0, seq });
    const contact = (id: string) => ({
      contact_id: id,
      campaign: 'winter',
      customer_id: id,
      channel: 'SMS',
      sent_at: sent,
    });
    const paid = (id: string) =>
      insertRows(sources.clickhouse, 'collections', [
        { ...known(10), action_id: id, loan_id: id, customer_id: id, acted_at: sent, action: 'CALL', result: 'PAID' },
      ]);
    const imported = (table: string, seq: number) =>
      insertRows(sources.clickhouse, 'source_imports', [{ table, import_id: `${table}-${seq}`, seq, at: sent }]);
    await insertRows(
      sources.clickhouse,
      'campaign_contacts',
      ['W1', 'W2'].map((id) => ({ ...known(20), ...contact(id) })),
    );
    await imported('campaign_contacts', 20);
    await insertRows(sources.clickhouse, 'source_turns', [{ table: 'collections', turn: 1 }]);
    const leases = unsharedLeases();
    const waiting = computerAt(at('2024-03-30'), {
      leases: {
        hold: async (resource, signal, body) => {
          if (resource.name === 'collections') await paid('W1');
          return leases.hold(resource, signal, body);
        },
      },
    });
    const now = at('2024-03-30');
    expect(await waiting.compute([reached], { now }, unwatched)).toMatchObject([{ months: 1, changed: 2 }]);
    const values = async () => (await knownRows(reached, now + 9)).map(({ id, value }) => [id, value]).sort();
    expect(await values()).toEqual([
      ['W1', 1],
      ['W2', 0],
    ]);
    // What it writes from now on has the sequence, and the instant, of what was there.
    await paid('W2');
    await imported('collections', 10);
    expect(await compute(now + 1, [reached])).toMatchObject([{ months: 1, changed: 1 }]);
    expect(await values()).toEqual([
      ['W1', 1],
      ['W2', 1],
    ]);
    expect(await compute(now + 2, [reached])).toMatchObject([{ months: 0 }]);
  });
});

describe('the computed rows of labels', () => {
  const first = at('2024-05-02');
  const later = at('2024-06-11');
  /** One of month ends, one of days. */
  const again = LABELS.filter(({ name }) => ['month_any', 'first_due'].includes(name));

  beforeAll(async () => {
    await store(sources.clickhouse, book, calendar);
  });

  it('are those of a brute-force oracle after each run, for every kind of observation and outcome', async () => {
    for (const [now, labels] of [
      [first, LABELS],
      [later, again],
    ] as const) {
      await compute(now, labels);
      for (const label of labels) {
        const expected = judge(label, book, calendar, now);
        expect(sorted(await knownRows(label, now)), `${label.id} at ${new Date(now).toISOString()}`).toEqual(
          sorted(expected),
        );
      }
    }
    // No kind passes for want of cases.
    for (const label of LABELS) {
      const values = new Set(judge(label, book, calendar, later).map(({ value }) => value));
      expect([label.id, values.size > 1]).toEqual([label.id, true]);
    }
  });

  it('show at any instant of the past what was known of whole months then, restatements left out', async () => {
    const label = LABELS[0] as Label;
    for (const now of ['2024-04-01', '2024-04-20', '2024-05-01']) {
      const knowledge = at(now);
      const rows = await knownRows(label, knowledge);
      // A month end's outcomes are known together: each is as it was at that very moment.
      const expected = [...new Set(rows.map(({ knownAt }) => knownAt))].flatMap((known) =>
        judge(label, book, calendar, known).filter((one) => one.knownAt === known),
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(sorted(rows)).toEqual(sorted(expected));
    }
  });

  it('keep what was said: a correction is a version of its own, and a run without news adds none', async () => {
    const versions = await sources.rows<{ versions: string }>(
      "SELECT count() AS versions FROM labels WHERE name != 'answered@1' GROUP BY name, entity_id, observed_at HAVING versions > 1",
    );
    expect(versions.length).toBeGreaterThan(0);
    const added = await compute(later + 1, again);
    expect(added.map(({ changed }) => changed)).toEqual([0, 0]);
  });
});

describe('the bad rates of a label', () => {
  it('count what the rows say, month by month, with those that are not known yet', async () => {
    const [label] = LABELS as [Label];
    const asOf = at('2024-06-11');
    const table = await createLabelEvidence({ query: sources.clickhouse, calendar }).badRates(label, {
      from: null,
      to: '2024-05-31',
      asOf,
    });
    const rows = await knownRows(label, asOf);
    const month = (at: Instant): string => `${calendar.dateOf(at - 24 * 3_600_000).slice(0, 7)}-01`;
    const of = (value: Outcome['value'], day: unknown): string =>
      String(rows.filter((row) => row.value === value && month(row.observedAt) === day).length);
    const seen = table.rows.map(([day, , , excluded, indeterminate, goods, bads]) => [
      day,
      excluded,
      indeterminate,
      goods,
      bads,
    ]);
    expect(seen).toEqual(
      table.rows.map(([day]) => [day, of('EXCLUDED', day), of('INDETERMINATE', day), of(0, day), of(1, day)]),
    );
    expect(table.rows.map(([day]) => day)).toEqual(
      ['2024-01', '2024-02', '2024-03', '2024-04', '2024-05'].map((one) => `${one}-01`).slice(-table.rows.length),
    );
    // Two months after April and May are not over.
    expect(table.rows.slice(-2).map(([, observations, immature]) => observations === immature)).toEqual([true, true]);
    expect(table.nulls.slice(-2).map(({ reason }) => reason)).toEqual(['IMMATURE', 'IMMATURE']);
    expect(table.dataThrough).toBe('2024-03-01');
  });
});

describe('the evidence of a label', () => {
  const asOf = at('2024-06-11');
  const [label] = LABELS as [Label];
  const observedOn = ({ observedAt }: Outcome): number => dayOf(calendar.dateOf(observedAt)) - 1;
  const request = async () => {
    return { spec: label, book, calendar, knowledge: asOf, outcomes: await knownRows(label, asOf) };
  };
  const evidence = () => createLabelEvidence({ query: sources.clickhouse, calendar });
  const all = { from: null, to: null, asOf };

  it('is by which month of the window its bads had come, as loops over days say, and ends with the bad rate', async () => {
    const asked = await request();
    const curve = await evidence().maturityCurve(label, all);
    const decided = asked.outcomes.filter(({ value }) => typeof value === 'number').length;
    const expected = reachedByMonth(asked, {
      months: 2,
      atLeast: 15,
      opensAfter: observedOn,
      endOf: (opens, month) => {
        let day = monthsOn(opens, month);
        while (!isMonthEnd(day)) day++;
        return day;
      },
    });
    expect(curve.rows.map(([month, observations, reached]) => [month, observations, reached])).toEqual(
      expected.map((reached, index) => [String(index + 1), String(decided), String(reached)]),
    );
    expect(expected[0]).toBeLessThan(expected[1] as number);
    expect(expected[0]).toBeGreaterThan(0);
  });

  it('is what those have become that went past due within a window, as loops over days say', async () => {
    const found = await evidence().rollRates(label, all);
    const expected = rolls(await request(), {
      depths: [1, 15, 30, 60, 90],
      after: [1, 3, 6, 12],
      observedOn,
      opensAfter: observedOn,
    });
    const rate = (cell: unknown): string => (cell === null ? 'none' : Number(cell).toFixed(6));
    expect(found.rows.map((row) => [...row.slice(0, 12), ...row.slice(12).map(rate)])).toEqual(expected);
    expect(expected.filter(([, , , followed]) => Number(followed) > 0).length).toBeGreaterThan(2);
    expect(new Set(found.nulls.map(({ reason }) => reason))).toEqual(new Set(['IMMATURE', 'ZERO_DENOMINATOR']));
  });

  it('says nothing of a month where only the end of the window tells, and rolls no label without loans', async () => {
    const end = LABELS.find(({ name }) => name === 'deeper') as Label;
    const other = { ...end, window: { months: 2 } };
    const curve = await evidence().maturityCurve(other, all);
    expect(curve.nulls[0]).toEqual({ row: 0, column: 'reached', reason: 'NO_DATA' });
    expect(curve.rows.at(-1)?.[3]).not.toBeNull();
    const device = { ...end, entity: entity('device') };
    expect((await evidence().rollRates(device, all)).rows).toEqual([]);
  });
});

describe('the shipped labels of customers who come and go', () => {
  const registry = loadRegistry({ root: fileURLToPath(new URL('../../../', import.meta.url)) });
  const outcomes = async (id: string) => {
    const label = (await registry).labels.get(id) as Label;
    const range = { from: '2024-01-01', to: '2024-01-31', knowledge: at('2025-01-01'), timezone: ZONE };
    return sources.clickhouse.tuples<readonly [string, number | null]>(
      'test',
      sql`SELECT entity_id, value FROM (${labelSql(label, range, null)}) WHERE startsWith(entity_id, 'S') ORDER BY entity_id`,
    );
  };
  const version = { ingested_at: '2024-12-01T00:00:00Z', deleted: 0, seq: 1 };

  it('churn_90d: none who takes a loan on the 90th day, and none who still owes', async () => {
    const day = (customer: string, of: string, as_of: string, status: string) => ({
      ...version,
      loan_id: of,
      as_of,
      customer_id: customer,
      product: 'CASH',
      status,
      dpd: 0,
      disbursed_on: '2023-06-01',
    });
    const taken = (customer: string, date: string) => ({
      ...version,
      loan_id: `${customer}-${date}`,
      customer_id: customer,
      product: 'CASH',
      disbursed_at: new Date(at(date, '23:59')).toISOString(),
    });
    await insertRows(sources.clickhouse, 'loan_snapshots', [
      ...['S-gone', 'S-back', 'S-late'].map((one) => day(one, `${one}-1`, '2024-01-10', 'SETTLED')),
      day('S-owes', 'S-owes-1', '2024-01-10', 'SETTLED'),
      day('S-owes', 'S-owes-2', '2024-01-10', 'CURRENT'),
      day('S-lost', 'S-lost-1', '2024-01-10', 'WRITTEN_OFF'),
    ]);
    // The 90th day after 10 January of a leap year is 9 April.
    await insertRows(sources.clickhouse, 'loans', [
      taken('S-gone', '2024-01-10'),
      taken('S-back', '2024-04-09'),
      taken('S-late', '2024-04-10'),
    ]);
    expect(await outcomes('churn_90d@1')).toEqual([
      ['S-back', 0],
      ['S-gone', 1],
      ['S-late', 1],
    ]);
  });

  it('responded_30d: a response on the 30th day counts, and contacts of one instant are one observation', async () => {
    const sent = at('2024-01-10', '09:00');
    const contact = (customer: string, number: number, responded: string | null) => ({
      ...version,
      contact_id: `${customer}-${number}`,
      campaign: 'spring',
      customer_id: customer,
      channel: 'SMS',
      sent_at: new Date(sent).toISOString(),
      responded_at: responded === null ? null : new Date(at(responded, '23:59')).toISOString(),
    });
    await insertRows(sources.clickhouse, 'campaign_contacts', [
      contact('S-never', 1, null),
      contact('S-slow', 1, '2024-02-10'),
      contact('S-yes', 1, null),
      contact('S-yes', 2, '2024-02-09'),
    ]);
    expect(await outcomes('responded_30d@1')).toEqual([
      ['S-never', 0],
      ['S-slow', 0],
      ['S-yes', 1],
    ]);
  });
});
