/** What a failure of ClickHouse means is the same wherever it happens: import, run of a view, training set, report. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ClickHouseError } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { BusinessCalendar, DAY, formatInstant } from '../../src/core/helpers/time.js';
import type { TrainingSetRequest } from '../../src/core/ports/training-sets.js';
import { createIndicators } from '../../src/indicators/indicators.js';
import { createSourceStore } from '../../src/sources/store.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { MEANINGS, type Meaning, statementFailure, valueFailure, workFailure } from '../../src/warehouse/failures.js';
import { createSqlGuard } from '../../src/warehouse/guard/sql-guard.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { offlineOn, quiet, refsOf, unmeasured, viewOf } from '../offline/support.js';
import { MIGRATIONS } from '../sources/support.js';
import { type FailingClickHouse, type Failure, failingClickHouse } from '../support/failing-clickhouse.js';
import { unsharedLeases } from '../support/leases.js';
import { fixtureRegistry } from '../support/registries.js';

const AS_OF = Date.UTC(2026, 0, 10);
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const view = viewOf('limits', 1, {
  entity: customer,
  features: { dpd: int32({ description: 'x' }) },
  query: () => raw("SELECT concat('C', toString(number)) AS customer_id, toInt32(number) AS dpd FROM numbers(4)"),
});
const run = (id: number) => ({ id, view, asOf: AS_OF, knowledge: AS_OF });

/** Work of which one statement fails. */
interface Path {
  readonly label: string;
  begin(): Promise<unknown>;
}

/** Statements that the platform wrote. */
const PLATFORM = ['an import', 'a run of a view', 'a training set', 'a report'] as const;
/** Statements that hold SQL of a caller. */
const CALLER = ['a mapping', 'a spine'] as const;
type Paths = Readonly<Record<(typeof PLATFORM | typeof CALLER)[number], Path>>;

let way: FailingClickHouse;
let clickhouse: ClickHouse;
let folder: string;
let paths: Paths;

async function pathsOver(store: ClickHouse): Promise<Paths> {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const guard = createSqlGuard(store);
  const { writes, sets } = offlineOn(store, calendar, { guard });
  const indicators = createIndicators({ registry: await fixtureRegistry(), query: store, calendar });
  const sources = createSourceStore({
    clickhouse: store,
    guard,
    calendar,
    datum: 'WGS84',
    log: quiet,
    metrics: unmeasured,
    tempDir: folder,
    leases: unsharedLeases(),
  });
  const load = (mapping?: string) =>
    sources.import({
      table: 'customers',
      format: 'csv',
      body: Readable.from([Buffer.from('customer_id,registered_at\nC1,2026-01-01T00:00:00Z\n')]),
      history: false,
      ...(mapping === undefined ? {} : { mapping }),
      clock: () => AS_OF,
      requestId: 'failing',
    });
  let built = 0;
  const build = (spine: TrainingSetRequest['spine']) => {
    const id = `set${++built}`;
    return sets.build({
      id,
      features: refsOf(view),
      spine,
      label: null,
      entities: new Map([['customer', customer]]),
      asOf: AS_OF + 2 * DAY,
      includeEventTimes: false,
      format: 'CSV',
      path: join(folder, id),
      signal: new AbortController().signal,
      onProgress: async () => undefined,
    });
  };
  return {
    'an import': { label: 'import-batch', begin: () => load() },
    'a run of a view': { label: 'stage-compute', begin: () => writes.stageRun(run(2)) },
    'a training set': {
      label: 'training-set-runs',
      begin: () => build({ customer_id: ['C1'], event_timestamp: [formatInstant(AS_OF + DAY)] }),
    },
    'a report': {
      label: 'indicator-customers_registered',
      begin: () =>
        indicators.table({
          names: ['customers_registered'],
          by: [],
          grain: 'MONTH',
          from: '2026-01-01',
          to: '2026-03-31',
          filters: [],
          compare: null,
          components: false,
          orderBy: null,
          limit: null,
          asOf: null,
          now: AS_OF,
        }),
    },
    'a mapping': { label: 'mapping-run', begin: () => load('SELECT customer_id, registered_at FROM file') },
    'a spine': {
      label: 'training-spine-fill',
      begin: () => build({ sql: 'SELECT customer_id, registered_at AS event_timestamp FROM customers' }),
    },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'failures-'));
  way = await failingClickHouse();
  clickhouse = openClickHouse({ ...way, log: quiet, metrics: unmeasured });
  await migrateClickHouse({ clickhouse, directory: MIGRATIONS, clock: () => AS_OF, log: quiet });
  paths = await pathsOver(clickhouse);
  const { writers, writes } = offlineOn(clickhouse, new BusinessCalendar('Asia/Shanghai'));
  await writers.createView(view);
  await writes.stageRun(run(1));
  await writes.commitRuns(view, [{ run: run(1), availableAt: AS_OF + 1 }]);
});
afterAll(async () => {
  await clickhouse.close();
  await way.close();
  await rm(folder, { recursive: true, force: true });
});

/** The code that the caller of each path is told. */
async function told<Name extends keyof Paths>(names: readonly Name[], failure: Failure, among = paths) {
  const failures = names.map(async (name) => {
    const { label, begin } = among[name];
    const error = (await way.failing(label, failure, begin)) as { readonly code?: string };
    return [name, error.code] as const;
  });
  return Object.fromEntries(await Promise.all(failures));
}

const all = (names: readonly (keyof Paths)[], code: string) => Object.fromEntries(names.map((name) => [name, code]));

const OF_PLATFORM: Readonly<Record<Meaning, string>> = {
  TIMEOUT: 'TIMEOUT',
  OVERLOADED: 'OVERLOADED',
  VALUE: 'INTERNAL',
  REFUSED: 'INTERNAL',
  UNREACHABLE: 'STORE_UNAVAILABLE',
};

/** A code of the table, and two that it does not list: UNKNOWN_IDENTIFIER and NOT_IMPLEMENTED. */
const CODES = [...Object.entries(MEANINGS), ['47', 'REFUSED'], ['48', 'REFUSED']] as const;

describe('a failure of ClickHouse', () => {
  it.each(CODES)('with code %s is %s to every path', async (code, meaning) => {
    expect(await told(PLATFORM, { code })).toEqual(all(PLATFORM, OF_PLATFORM[meaning as Meaning]));
  });

  // One code of each meaning: the others take the same way.
  it.each([
    ['159', 'TIMEOUT'],
    ['307', 'OVERLOADED'],
    ['6', 'VALUE'],
    ['47', 'REFUSED'],
  ])('with code %s is %s where the SQL is a caller’s', async (code, meaning) => {
    const isValue = meaning === 'VALUE';
    expect(await told(CALLER, { code })).toEqual({
      'a mapping': isValue || meaning === 'REFUSED' ? 'BAD_USER_INPUT' : OF_PLATFORM[meaning as Meaning],
      // The statement around a spine is the platform's: only a value is the caller's fault.
      'a spine': isValue ? 'BAD_USER_INPUT' : OF_PLATFORM[meaning as Meaning],
    });
  });

  it('that cuts the connection is STORE_UNAVAILABLE to every path', async () => {
    const every = [...PLATFORM, ...CALLER];
    expect(await told(every, 'cut')).toEqual(all(every, 'STORE_UNAVAILABLE'));
  });

  it('to answer in time is TIMEOUT to every path', async () => {
    const every = [...PLATFORM, ...CALLER];
    const hasty = openClickHouse({ ...way, log: quiet, metrics: unmeasured, patienceMs: 2_000 });
    expect(await told(every, 'silent', await pathsOver(hasty))).toEqual(all(every, 'TIMEOUT'));
    await hasty.close();
  });

  it('says what to do, in the words of the work', async () => {
    const failing = (name: keyof Paths, code: string) => way.failing(paths[name].label, { code }, paths[name].begin);
    expect(await failing('an import', '241')).toMatchObject({
      message: 'the store could not take the import into customers',
      hint: expect.stringContaining('send the same file again'),
    });
    expect(await failing('a report', '241')).toMatchObject({
      message: "the offline store has no room for the query 'indicator-customers_registered' now",
      hint: expect.stringContaining('try again later'),
    });
    expect(await failing('a mapping', '6')).toMatchObject({
      message: 'the mapping cannot be run: planted failure 6.',
      hint: 'correct the SQL and try again',
    });
    expect(await failing('a mapping', '241')).toMatchObject({
      code: 'OVERLOADED',
      message: 'the mapping needs more memory than allowed',
      hint: 'make it read less',
    });
  });

  it('is told from a failure of Postgres, which has a wording of its own', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const noLease = new RiskgraphError({ code: 'STORE_UNAVAILABLE', message: 'no lease', cause: refused });
    expect(workFailure(noLease, { message: 'the import failed', hint: 'send it again' })).toBe(noLease);
  });

  it('names no value of a row, however long it is', () => {
    const message = `Cannot parse string '${'6222020000000000000'.repeat(30)}' as Int32: while executing`;
    const refused = statementFailure(new ClickHouseError({ message, code: '6', type: 'CANNOT_PARSE_TEXT' }), 'any');
    expect(valueFailure(refused, 'the spine SQL')).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: "the spine SQL fails on a row: Cannot parse string '…' as Int32",
    });
  });
});
