import { readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { versionedKinds } from '../../src/core/definitions/definition-kinds.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { FreshDefinition } from '../../src/core/ports/serving.js';
import { walkChain as checkIn } from '../../src/ledgers/audit-check.js';
import { createAuditLog } from '../../src/ledgers/audit-journal.js';
import { createCompletenessLedger } from '../../src/ledgers/completeness-ledger.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { createKeyStore } from '../../src/ledgers/key-store.js';
import { sharedSecret } from '../../src/ledgers/platform-secret.js';
import { createTrainingSetLedger } from '../../src/ledgers/training-set-ledger.js';
import { quietLog } from '../support/homes.js';
import { stallingProxy } from '../support/stalling-proxy.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';

let postgres: FreshStore;
let database: Database;

beforeAll(async () => {
  postgres = await freshPostgresDatabase();
  const open = () => openDatabase({ url: postgres.url, log: quietLog });
  // Three processes start at once: one migrates, the others wait and find nothing to do.
  const [first, ...others] = await Promise.all([open(), open(), open()]);
  await Promise.all(others.map((other) => other.close()));
  database = first;
});

afterAll(async () => {
  await database.close();
  await postgres.close();
});

const definition = (id: string, appliedAt = 1_000): FreshDefinition => ({
  kind: 'view',
  name: id.split('@')[0] as string,
  version: Number(id.split('@')[1]),
  id,
  hash: `hash of ${id}`,
  snapshot: { description: `what ${id} is`, requires: [] },
  appliedAt,
});

describe('ledger of definitions', () => {
  it('keeps what was published as it was, with milliseconds', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('kept@1', 1_767_225_600_123)]);
    const kept = (await ledger.all()).find(({ id }) => id === 'kept@1');
    expect(kept).toMatchObject({ ...definition('kept@1', 1_767_225_600_123), retiredAt: null, formerHashes: [] });
  });

  it('takes in every kind that has versions', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish(versionedKinds.map((kind) => ({ ...definition('each@1'), kind })));
    const taken = (await ledger.all()).filter(({ id }) => id === 'each@1');
    expect(taken.map(({ kind }) => kind).sort()).toEqual([...versionedKinds].sort());
  });

  it('leaves out what a later release has applied of a kind that this one does not know', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('later@1')]);
    await database.dataSource.query('ALTER TABLE published_definition DROP CONSTRAINT published_definition_kind_check');
    await database.dataSource.query("UPDATE published_definition SET kind = 'decision' WHERE id = 'later@1'");
    expect((await ledger.all()).map(({ id }) => id)).not.toContain('later@1');
  });

  it('has one champion a model: the first that was applied, until another is promoted or the last one goes', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    const model = (id: string) => ({ ...definition(id), kind: 'model' as const });
    const champions = async () =>
      (await ledger.all())
        .filter(({ name, championSince, retiredAt }) => name === 'risk' && championSince !== null && retiredAt === null)
        .map(({ id }) => id);
    await ledger.publish([model('risk@2'), model('risk@1'), definition('risk@1')]);
    expect(await champions()).toEqual(['risk@1']);
    await ledger.publish([model('risk@3')]);
    expect(await champions()).toEqual(['risk@1']);
    await ledger.promote({ name: 'risk', id: 'risk@3' }, 5_000);
    expect(await champions()).toEqual(['risk@3']);
    await ledger.retire(
      [1, 2, 3].map((version) => ({ kind: 'model', id: `risk@${version}` })),
      6_000,
    );
    await ledger.publish([model('risk@4')]);
    expect(await champions()).toEqual(['risk@4']);
  });

  it('keeps the hashes that a definition had, oldest first, and all else of it', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('hashed@1'), { ...definition('hashed@1'), kind: 'service' }]);
    const named = { kind: 'view', id: 'hashed@1' } as const;
    await ledger.rehash([{ ...named, hash: 'second', snapshot: { description: 'anew' } }]);
    await ledger.rehash([{ ...named, hash: 'third', snapshot: { description: 'once more' } }]);
    const [service, view] = (await ledger.all()).filter(({ id }) => id === 'hashed@1');
    expect(service).toMatchObject({ ...definition('hashed@1'), kind: 'service', formerHashes: [] });
    expect(view).toMatchObject({
      ...definition('hashed@1'),
      hash: 'third',
      snapshot: { description: 'once more' },
      formerHashes: ['hash of hashed@1', 'second'],
    });
  });

  it('publishes all or none where one id is already there', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('there@1')]);
    await expect(ledger.publish([definition('new@1'), definition('there@1')])).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect((await ledger.all()).map(({ id }) => id)).not.toContain('new@1');
  });

  it('retires the kind that is named and no other of the same id', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('twin@1'), { ...definition('twin@1'), kind: 'service' }]);
    await ledger.retire([{ kind: 'service', id: 'twin@1' }], 5_000);
    const twins = (await ledger.all()).filter(({ id }) => id === 'twin@1');
    expect(twins.map(({ kind, retiredAt }) => [kind, retiredAt])).toEqual([
      ['service', 5_000],
      ['view', null],
    ]);
  });

  it('knows which of the retired are pruned, and definitions that are computed on demand', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    await ledger.publish([definition('ended@1'), { ...definition('ended@1'), kind: 'on_demand' }]);
    await ledger.retire([{ kind: 'view', id: 'ended@1' }], 5_000);
    await ledger.prune({ kind: 'view', id: 'ended@1' }, 6_000);
    const ended = (await ledger.all()).filter(({ id }) => id === 'ended@1');
    expect(ended.map(({ kind, retiredAt, prunedAt }) => [kind, retiredAt, prunedAt])).toEqual([
      ['on_demand', null, null],
      ['view', 5_000, 6_000],
    ]);
  });

  it('lets one process apply at a time', async () => {
    const ledger = createDefinitionLedger(database.dataSource);
    const order: string[] = [];
    const apply = (name: string) =>
      ledger.withApplyLock(async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push(`${name} ends`);
      });
    await Promise.all([apply('one'), apply('other')]);
    expect(order).toHaveLength(4);
    expect(order[1]).toBe(order[0]?.replace('begins', 'ends'));
  });
});

it('a mark of a table moves forward only: of two at once the later day stands, and what stands keeps its time and sender', async () => {
  const ledger = createCompletenessLedger(database.dataSource);
  const mark = (through: string, at: number, by = 'core banking') =>
    ledger.advance({ table: 'repayments', through, at, by });
  await Promise.all([mark('2026-03-02', 1_000), mark('2026-03-04', 2_000), mark('2026-03-03', 3_000)]);
  await mark('2026-03-04', 9_000, 'someone else');
  await ledger.advance({ table: 'loans', through: '2026-02-28', at: 5_000, by: 'core banking' });
  const marks = [...(await ledger.marks())].sort((a, b) => (a.table < b.table ? -1 : 1));
  expect(marks).toEqual([
    { table: 'loans', through: '2026-02-28', at: 5_000, by: 'core banking' },
    { table: 'repayments', through: '2026-03-04', at: 2_000, by: 'core banking' },
  ]);
  await mark('2026-03-06', 11_000);
  // Each day to which the mark was moved, and when: of those that come at once some are overtaken.
  const since = await ledger.since('repayments', '2026-03-04');
  expect(since).toEqual([
    { through: '2026-03-04', at: 2_000 },
    { through: '2026-03-06', at: 11_000 },
  ]);
});

describe('keys and secrets', () => {
  it('a shared secret is the first one that any process brought', async () => {
    const [one, other] = await Promise.all([
      sharedSecret(database.dataSource, 'test', Buffer.alloc(32, 1)),
      sharedSecret(database.dataSource, 'test', Buffer.alloc(32, 2)),
    ]);
    expect(one.equals(other)).toBe(true);
    expect(await sharedSecret(database.dataSource, 'test', Buffer.alloc(32, 3))).toEqual(one);
  });

  it('holds hashes of keys with their role and name', async () => {
    const keys = createKeyStore(database.dataSource);
    await keys.add({ sha256: 'ab'.repeat(32), role: 'bi', name: 'tableau', rows: 'product=CASH', createdAt: 0 });
    expect(await keys.all()).toMatchObject([
      { sha256: 'ab'.repeat(32), role: 'bi', name: 'tableau', rows: 'product=CASH' },
    ]);
  });
});

describe('audit log', () => {
  const caller = { role: 'admin', name: 'ops', keyId: '0123456789abcdef' } as const;
  const entry = { at: 1_000, requestId: 'r1', caller, action: 'Mutation.materialize', address: '10.0.0.1' } as const;
  const failed: string[] = [];
  const journal = (
    run: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
    mostWaiting = 300,
    { dataSource, lostMs }: { readonly dataSource?: DataSource; readonly lostMs?: number } = {},
  ) =>
    createAuditLog({
      dataSource: dataSource ?? database.dataSource,
      lostMs,
      key: Buffer.alloc(32, 7),
      clock: () => 5_000,
      breaker: { run },
      mostWaiting,
      metrics: {
        count: (name, labels, by = 1) => by > 0 && void failed.push(`${name} ${JSON.stringify(labels)}`),
        observe: () => undefined,
        gauge: () => undefined,
      },
      log: { ...quietLog, error: () => undefined },
    });

  it('answers newest first with who, what, when and from where', async () => {
    const audit = journal();
    await audit.record({ ...entry, outcome: 'DONE', details: { views: ['a@1'] } });
    await audit.record({
      ...entry,
      requestId: 'r2',
      caller: null,
      outcome: 'REFUSED',
      details: { code: 'UNAUTHENTICATED' },
    });
    const [newest, before] = await audit.list(2);
    expect(newest).toMatchObject({ requestId: 'r2', caller: null, outcome: 'REFUSED' });
    expect(before).toMatchObject({
      requestId: 'r1',
      caller,
      at: 1_000,
      address: '10.0.0.1',
      details: { views: ['a@1'] },
    });
  });

  it.each([
    ['NUL', 'a\0b', 'a\ufffdb'],
    ['half a character', 'a\ud83d', 'a\ufffd'],
    ['an end in the middle of a character', `${'x'.repeat(999)}😀`, `${'x'.repeat(999)}\ufffd… (1001 characters)`],
    ['100 kB', 'y'.repeat(100_000), `${'y'.repeat(1_000)}… (100000 characters)`],
  ])('stores text with %s in every place, as near to it as Postgres can', async (_, text, stored) => {
    const audit = journal();
    const deep = (levels: number): unknown => (levels === 0 ? text : { in: deep(levels - 1) });
    await audit.record({
      ...entry,
      requestId: text,
      caller: { ...caller, name: text },
      action: text,
      address: text,
      outcome: 'DONE',
      details: { [text]: text, list: Array(500).fill(text), deep: deep(2_000), big: 10n },
    });
    const [newest] = await audit.list(1);
    expect(newest).toMatchObject({ requestId: stored, caller: { ...caller, name: stored }, action: stored });
    expect(JSON.stringify(newest?.details).length).toBeLessThan(60_000);
    if (text.length < 100) {
      expect(newest?.details[stored]).toBe(stored);
      expect(newest?.details.list).toEqual([...Array(50).fill(stored), '… (500 values)']);
      expect(newest?.details.big).toBe('10');
    }
  });

  it('keeps reads while Postgres is away, counts those that are too many, and says the gap where it is', async () => {
    let away = true;
    failed.length = 0;
    const audit = journal((work) => (away ? Promise.reject(new Error('away')) : work()));
    const read = (id: string) =>
      audit.noteReads({
        at: 2_000,
        requestId: id,
        caller,
        address: '10.0.0.1',
        calls: [{ operation: 'Query.score', of: { model: 'pd' }, entities: { customer_id: ['C1'] } }],
      });
    for (let i = 0; i < 302; i += 1) read(`read-${i}`);
    await expect(audit.flush()).rejects.toThrow('away');
    expect(failed).toEqual(Array(2).fill('audit_entries_lost {}'));
    away = false;
    await audit.flush();
    await audit.close();
    const [row] = await database.dataSource.query(
      "SELECT count(*)::int AS rows, count(DISTINCT request_id)::int AS requests FROM audit_log WHERE request_id LIKE 'read-%'",
    );
    expect(row).toEqual({ rows: 300, requests: 300 });
    const gaps = (await audit.list(500)).filter(({ action }) => action === 'entries lost');
    expect(gaps).toMatchObject([{ at: 5_000, caller: null, outcome: 'FAILED', details: { entries: 2 } }]);
  });

  it('goes on after an answer of Postgres that never comes, and keeps no connection that waits for one', async () => {
    const proxy = await stallingProxy(postgres.url);
    const { dataSource, close } = await openDatabase({ url: proxy.url, log: quietLog });
    const audit = journal(undefined, 300, { dataSource, lostMs: 200 });
    const sessions = [1, 2, 3].map(() => dataSource.createQueryRunner());
    await Promise.all(sessions.map((session) => session.connect()));
    await Promise.all(sessions.map((session) => session.release()));
    // The journal tries again on its own: how many connections there are at a moment says nothing.
    let ended = 0;
    (dataSource.driver as PostgresDriver).master.on('remove', () => ended++);
    proxy.stall();
    audit.noteReads({
      at: 2_000,
      requestId: 'kept',
      caller,
      address: '',
      calls: [{ operation: 'Query.score', of: {} }],
    });
    const answers = [
      audit.flush(),
      audit.record({ ...entry, requestId: 'begun', outcome: 'BEGUN', details: {} }),
      audit.record({ ...entry, requestId: 'begun', outcome: 'BEGUN', details: {} }),
    ];
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    await vi.waitFor(() => expect(ended).toBeGreaterThanOrEqual(3), { timeout: 60_000 });
    proxy.resume();
    // A write that a busy Postgres answers too late is given up as well; what it held waits for the next.
    await vi.waitFor(() => audit.flush(), { timeout: 60_000 });
    expect((await audit.list(10)).map(({ requestId }) => requestId)).toContain('kept');
    await audit.close();
    await close();
    await proxy.close();
  });

  it('has an entry for each 10,000 entities of a request', async () => {
    const audit = journal();
    const ids = Array.from({ length: 20_001 }, (_, index) => `many-${index}`);
    const calls = [{ operation: 'Query.score', of: { model: 'pd' }, entities: { customer_id: ids } }];
    audit.noteReads({ at: 2_000, requestId: 'many', caller, address: '', calls });
    await audit.flush();
    const entries = (await audit.list(10)).filter(({ requestId }) => requestId === 'many');
    expect(entries.map(({ details }) => details.entities).sort()).toEqual([1, 10_000, 10_000]);
    expect(new Set(entries.flatMap(({ details }) => details.hashes)).size).toBe(20_001);
    const part = calls.map((call) => ({ ...call, total: 50_000 }));
    await audit.recordReads({ at: 2_000, requestId: 'part', caller, address: '', calls: part });
    const parts = (await audit.list(10)).filter(({ requestId }) => requestId === 'part');
    expect(parts.map(({ details: { calls } }) => (calls as { total: number }[])[0]?.total)).toEqual([
      50_000, 50_000, 50_000,
    ]);
    expect(new Set(parts.flatMap(({ details }) => details.hashes)).size).toBe(20_001);
    await audit.close();
  });

  it('tells an auditor who looked up a customer, by the statement that docs/audit.md gives', async () => {
    const audit = journal();
    await sharedSecret(database.dataSource, 'audit', Buffer.alloc(32, 7));
    for (const [requestId, customer] of [
      ['of-her', 'C0000001'],
      ['of-him', 'C0000002'],
    ] as const) {
      const calls = [{ operation: 'Query.score', of: { model: 'pd' }, entities: { customer_id: [customer, null] } }];
      audit.noteReads({ at: 2_000, requestId, caller, address: '', calls });
    }
    await audit.flush();
    const page = await readFile('docs/audit.md', 'utf8');
    const statement = /```sql\n(SELECT at[\s\S]*?);\n```/.exec(page)?.[1] as string;
    expect(await database.dataSource.query(statement)).toEqual([
      { at: new Date(2_000), caller: 'ops', action: 'Query.score', entities: 2, request_id: 'of-her' },
    ]);
    await audit.close();
  });

  it('counts calls without a key by minute and address, in an entry each, however many strangers there are', async () => {
    const audit = journal(undefined, 2_000);
    for (let call = 0; call < 500; call += 1) {
      audit.noteStranger({ at: 60_000 * (1 + (call % 2)) + call, address: '10.0.0.9', action: 'POST /graphql' });
    }
    audit.noteStranger({ at: 60_000, address: '10.0.0.9', action: 'GET /metrics' });
    for (let i = 0; i < 1_500; i += 1) {
      audit.noteStranger({ at: 600_000, address: `10.1.${i >> 8}.${i & 255}`, action: 'POST /graphql' });
    }
    await expect(audit.flush()).resolves.toBeUndefined();
    const entries = (await audit.list(2_000)).filter(({ action }) => action === 'unauthenticated');
    expect(entries.filter(({ address }) => address === '10.0.0.9').map(({ at, details }) => [at, details])).toEqual([
      [120_000, { calls: 250, actions: { 'POST /graphql': 250 } }],
      [60_000, { calls: 251, actions: { 'POST /graphql': 250, 'GET /metrics': 1 } }],
    ]);
    expect(entries.filter(({ at }) => at === 600_000).length).toBeLessThan(1_001);
    expect(entries.find(({ address }) => address === 'other addresses')?.details.calls).toBe(1_500 - 998);
  });

  it('loses what cannot be written by the end of the process, and counts it', async () => {
    failed.length = 0;
    const audit = journal(() => Promise.reject(new Error('away')));
    audit.noteReads({ at: 2_000, requestId: 'r', caller, address: '', calls: [{ operation: 'Query.score', of: {} }] });
    await audit.close();
    expect(failed).toEqual(['audit_entries_lost {}']);
  });

  it('is one chain, whoever writes: several processes at once, and the release before', async () => {
    const [first, second] = [journal(), journal()];
    const write = (audit: typeof first) => audit.record({ ...entry, outcome: 'DONE', details: {} });
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 ? first : second)));
    await database.dataSource.query(
      `INSERT INTO audit_log (at, request_id, action, outcome, address, details)
       SELECT now(), 'by hand', 'x', 'DONE', '', '{}' FROM generate_series(1, 3)`,
    );
    const { entries, faults, newest } = await first.check();
    expect({ faults, newest }).toEqual({ faults: [], newest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(entries).toBeGreaterThan(320);
  });

  it('moves the head of its chain once a statement, also inside a savepoint', async () => {
    const session = database.dataSource.createQueryRunner();
    const insert = `INSERT INTO audit_log (at, request_id, action, outcome, address, details)
      SELECT now(), 'many', 'x', 'DONE', '', '{}' FROM generate_series(1, 100)`;
    const moves = async (): Promise<number> => {
      const [row] = await session.query(
        "SELECT n_tup_upd::int AS updates FROM pg_stat_xact_user_tables WHERE relname = 'audit_head'",
      );
      return row.updates;
    };
    await session.startTransaction();
    const before = await moves();
    await session.query(insert);
    await session.query(insert);
    await session.query('SAVEPOINT inside');
    await session.query(insert);
    await session.query('ROLLBACK TO inside');
    await session.query(insert);
    expect((await moves()) - before).toBe(4);
    expect(await checkIn(session)).toMatchObject({ faults: [] });
    await session.rollbackTransaction();
    await session.release();
  });

  it('names what was changed, deleted or put in, and nothing else', async () => {
    const { dataSource } = database;
    const audit = journal();
    const [{ newest }] = (await dataSource.query('SELECT max(seq)::int AS newest FROM audit_log')) as [
      { newest: number },
    ];
    const faultsAfter = async (...statements: string[]): Promise<readonly string[]> => {
      const session = dataSource.createQueryRunner();
      await session.startTransaction();
      try {
        for (const statement of statements) await session.query(statement);
        return (await checkIn(session)).faults;
      } finally {
        await session.rollbackTransaction();
        await session.release();
      }
    };
    expect(await faultsAfter(`UPDATE audit_log SET details = '{"views":[]}' WHERE seq = 1`)).toEqual([
      'entry 1 (Mutation.materialize, 1970-01-01T00:00:01.000Z) was changed',
    ]);
    for (const column of ['at = now()', "caller = '{}'", "address = 'x'", "request_id = 'x'", "outcome = 'DONE'"]) {
      expect(await faultsAfter(`UPDATE audit_log SET ${column} WHERE seq = 2`)).toEqual([
        expect.stringMatching(/^entry 2 \(.*\) was changed$/),
      ]);
    }
    expect(await faultsAfter('DELETE FROM audit_log WHERE seq = 200')).toEqual(['entry 200 is missing']);
    expect(await faultsAfter('DELETE FROM audit_log WHERE seq BETWEEN 9 AND 11')).toEqual([
      'entries 9 to 11 are missing',
    ]);
    expect(await faultsAfter(`DELETE FROM audit_log WHERE seq >= ${newest - 1}`)).toEqual([
      `entries ${newest - 1} to ${newest} are missing`,
    ]);
    // One who computes the hash anew is betrayed by the entry after.
    expect(
      await faultsAfter(
        `UPDATE audit_log SET address = 'x' WHERE seq = 7`,
        `UPDATE audit_log AS a SET hash = audit_hash((SELECT hash FROM audit_log WHERE seq = 6), a) WHERE seq = 7`,
      ),
    ).toEqual([expect.stringMatching(/^entry 8 /)]);
    expect(
      await faultsAfter('UPDATE audit_head SET seq = seq - 1', `DELETE FROM audit_log WHERE seq = ${newest}`),
    ).toEqual([`entry ${newest - 1} is not the one that the chain ended with`]);
    expect((await audit.check()).faults).toEqual([]);
  });

  it('is pruned from its oldest entry on, and its chain stays whole, also to a check that has begun', async () => {
    const audit = journal();
    const before = (await audit.check()).entries;
    expect(await audit.prune(1_500)).toBeLessThan(10);
    let statements = 0;
    let pruned = 0;
    const session = {
      async query(statement: string, parameters?: unknown[]): Promise<unknown> {
        // The head and the first page are read. What is older than its age, and after what is younger, stays.
        if (++statements === 3) pruned = await audit.prune(Date.now() - 31 * 86_400_000);
        return database.dataSource.query(statement, parameters);
      },
    };
    expect(await checkIn(session, 100)).toMatchObject({ faults: [] });
    expect(pruned).toBeGreaterThan(300);
    const { faults, entries } = await audit.check();
    expect(faults).toEqual([]);
    expect(entries).toBeGreaterThan(0);
    expect(entries).toBeLessThan(before - pruned + 3);
    expect((await audit.list(1))[0]).toMatchObject({ action: 'entries pruned', details: { entries: pruned } });
    await expect(audit.prune(Date.now() - 29 * 86_400_000)).rejects.toThrow('entries of the last 30 days are kept');
  });

  it('says what the role of the server may do to it beyond appending', async () => {
    expect(await journal().check()).toMatchObject({ excess: expect.stringMatching(/ is a superuser$/) });
  });

  it('says that an entry was not written, and counts it', async () => {
    failed.length = 0;
    const audit = journal(() => Promise.reject(new Error('away')));
    await expect(audit.record({ ...entry, outcome: 'BEGUN', details: {} })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'the audit log cannot be written, so nothing was done',
    });
    expect(failed).toEqual(['audit_failures {"outcome":"BEGUN"}']);
  });
});

describe('ledger of training sets', () => {
  it('pages by id, newest first, and keeps the result', async () => {
    const ledger = createTrainingSetLedger(database.dataSource);
    const ids = [1_000, 2_000, 3_000].map(newUuid);
    for (const id of ids) {
      await ledger.create({
        id,
        name: 'set',
        jobId: id,
        request: { spine: { sql: 'SELECT 1' }, label: null, asOf: 5, includeEventTimes: false, format: 'CSV' },
        features: ['view@1:feature'],
        createdAt: 1_000,
      });
    }
    const [newest, second] = await ledger.list({ limit: 2 });
    expect([newest?.id, second?.id]).toEqual([ids[2], ids[1]]);
    expect((await ledger.list({ limit: 2, before: ids[1] as string })).map(({ id }) => id)).toEqual([ids[0]]);
    const updated = await ledger.update(ids[0] as string, {
      result: { rowCount: 3, columns: [], manifest: { hash: 'x' } },
    });
    expect(updated.result).toEqual({ rowCount: 3, columns: [], manifest: { hash: 'x' } });
    expect(updated.request.spine).toEqual({ sql: 'SELECT 1' });
  });

  it('keeps the columns of a spine in the order given, and every character of them', async () => {
    const ledger = createTrainingSetLedger(database.dataSource);
    const id = newUuid(4_000);
    const spine = { event_timestamp: ['2026-01-01T00:00:00.000Z'], customer_id: ['C1'], tag: ['a\u0000b'], a: [1] };
    const request = { spine, label: null, asOf: 5, includeEventTimes: false, format: 'CSV' } as const;
    await ledger.create({ id, name: 'set', jobId: id, request, features: [], createdAt: 1_000 });
    expect(JSON.stringify((await ledger.get(id))?.request.spine)).toBe(JSON.stringify(spine));
  });
});
