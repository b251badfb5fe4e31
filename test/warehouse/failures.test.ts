/** What a failure of ClickHouse means is the same wherever it happens: import, run of a view, training set, report. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineEntity, int32, raw } from '../../src/core/definitions/define.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { BusinessCalendar, DAY, formatInstant } from '../../src/core/helpers/time.js';
import type { TrainingSetRequest } from '../../src/core/ports/training-sets.js';
import { createIndicators } from '../../src/indicators/indicators.js';
import { createSourceStore } from '../../src/sources/store.js';
import { createTelemetry } from '../../src/telemetry/telemetry.js';
import { CODES, type Meaning } from '../../src/warehouse/clickhouse-codes.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { userSqlFailure, valueFailure, workFailure } from '../../src/warehouse/failures.js';
import { createSqlGuard } from '../../src/warehouse/guard/sql-guard.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { createUserSql } from '../../src/warehouse/user-sql.js';
import { offlineOn, quiet, refsOf, unmeasured, viewOf } from '../offline/support.js';
import { type FailingClickHouse, type Failure, failingClickHouse } from '../support/failing-clickhouse.js';
import { namedIn } from '../support/indicators.js';
import { insertRows } from '../support/insert-rows.js';
import { unsharedLeases } from '../support/leases.js';
import { MIGRATIONS } from '../support/migrated.js';
import { fixtureRegistry } from '../support/registries.js';
import { TABLES } from '../support/tables.js';

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

/** Stands for a value of a row. */
const CANARY = 'Zhang 13800138000';
/** As ClickHouse quotes a value: within and without quotation marks, where a name might stand, and in the query. */
const QUOTING = `Cannot parse ${CANARY} '${CANARY}' "${CANARY}" column ${CANARY}: while executing 'FUNCTION ${CANARY}(x)': In scope SELECT '${CANARY}'`;
const HAS_CANARY = /zhang|13800138/i;

/** What is kept of the failures: all lines of the log, of every level. */
const lines: string[] = [];
const { log } = createTelemetry({
  level: 'debug',
  pretty: false,
  destination: { write: (line) => void lines.push(line) },
});

let way: FailingClickHouse;
let clickhouse: ClickHouse;
let folder: string;
let paths: Paths;

async function pathsOver(store: ClickHouse): Promise<Paths> {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const userSql = createUserSql(store);
  const { writes, sets } = offlineOn(store, calendar, { userSql });
  const indicators = createIndicators({ catalogue: namedIn(await fixtureRegistry()), query: store, calendar });
  const sources = createSourceStore({
    tables: TABLES,
    clickhouse: store,
    userSql,
    calendar,
    datum: 'WGS84',
    log,
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
          rights: [],
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
  clickhouse = openClickHouse({ ...way, log, metrics: unmeasured });
  await migrateClickHouse({ tables: TABLES.all, clickhouse, directory: MIGRATIONS, clock: () => AS_OF, log: quiet });
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
    expect(inspect(error, { depth: 9 }), name).not.toMatch(HAS_CANARY);
    return [name, error.code] as const;
  });
  return Object.fromEntries(await Promise.all(failures));
}

const all = (names: readonly (keyof Paths)[], code: string) => Object.fromEntries(names.map((name) => [name, code]));

const OF_PLATFORM: Readonly<Record<Meaning, string>> = {
  TIMEOUT: 'TIMEOUT',
  FULL: 'OVERLOADED',
  OVERLOADED: 'OVERLOADED',
  VALUE: 'INTERNAL',
  REFUSED: 'INTERNAL',
  UNREACHABLE: 'STORE_UNAVAILABLE',
};

/** The codes of the table, of which those of a refusal all take one way, and one that it does not list. */
const EVERY_CODE = [
  ...[...CODES].flatMap(([code, { meaning }]) => (meaning === 'REFUSED' ? [] : [[code, meaning] as const])),
  ...(['47', '999'] as const).map((code) => [code, 'REFUSED'] as const),
];

describe('a failure of ClickHouse', () => {
  it.each(EVERY_CODE)('with code %s is %s to every path', async (code, meaning) => {
    const isRefused = meaning === 'VALUE' || meaning === 'REFUSED';
    expect(await told(PLATFORM, { code, message: QUOTING })).toEqual({
      ...all(PLATFORM, OF_PLATFORM[meaning]),
      // The query is of a definition: another version of it would run.
      ...(isRefused && { 'a run of a view': 'CONFLICT' }),
    });
  });

  // One code of each meaning: the others take the same way.
  it.each([
    ['159', 'TIMEOUT'],
    ['243', 'FULL'],
    ['307', 'OVERLOADED'],
    ['6', 'VALUE'],
    ['47', 'REFUSED'],
  ])('with code %s is %s where the SQL is a caller’s', async (code, meaning) => {
    const isValue = meaning === 'VALUE';
    expect(await told(CALLER, { code, message: QUOTING })).toEqual({
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
    const hasty = openClickHouse({ ...way, log, metrics: unmeasured, patienceMs: 2_000 });
    expect(await told(every, 'silent', await pathsOver(hasty))).toEqual(all(every, 'TIMEOUT'));
    await hasty.close();
  });

  it('says what to do, in the words of the work', async () => {
    const failing = (name: keyof Paths, code: string) => way.failing(paths[name].label, { code }, paths[name].begin);
    expect(await failing('an import', '241')).toMatchObject({
      message: 'the store could not take the import into customers',
      hint: expect.stringContaining('send the same file again'),
    });
    expect(await failing('an import', '243')).toMatchObject({
      message: 'the store could not take the import into customers: its disk is full',
      hint: expect.stringMatching(
        /^free space on the disk of ClickHouse, .*; .* send the same file again, before the next one of its table$/,
      ),
    });
    expect(await failing('a report', '243')).toMatchObject({
      message: "the disk of the offline store is full: it could not run 'indicator-customers_registered'",
    });
    expect(await failing('a report', '241')).toMatchObject({
      message: "the offline store has no room for the query 'indicator-customers_registered' now",
      hint: expect.stringContaining('try again later'),
    });
    expect(await failing('a mapping', '6')).toMatchObject({
      message:
        'the mapping cannot be run: a text is not written as the type that it is converted to (ClickHouse 6 CANNOT_PARSE_TEXT)',
      hint: 'correct the SQL and try again',
    });
    expect(await failing('a mapping', '241')).toMatchObject({
      code: 'OVERLOADED',
      message: 'the mapping cannot be run: the statement needs more memory than allowed',
      hint: 'make it read less',
    });
    expect(await failing('a mapping', '439')).toMatchObject({
      code: 'OVERLOADED',
      message: 'the mapping cannot be run now: the server has no free thread',
      hint: 'try again later',
    });
    const { label, begin } = paths['a mapping'];
    const message = '(total) memory limit exceeded: would use 7 GiB';
    expect(await way.failing(label, { code: '241', message }, begin)).toMatchObject({
      code: 'OVERLOADED',
      message: 'the mapping cannot be run now: the server has no memory left',
    });
  });

  it('is told from a failure of Postgres, which has a wording of its own', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const noLease = new RiskgraphError({ code: 'STORE_UNAVAILABLE', message: 'no lease', cause: refused });
    expect(workFailure(noLease, { message: 'the import failed', hint: 'send it again' })).toBe(noLease);
  });

  it('leaves no value in the log, which holds the code, the words and the id of each', () => {
    expect(lines.filter((line) => HAS_CANARY.test(line))).toEqual([]);
    expect(lines.join('')).toMatch(
      /"queryId":"stage-compute-[-\da-f]+".*an argument is outside of what the function takes \(ClickHouse 69 ARGUMENT_OUT_OF_BOUND\)/,
    );
  });
});

/** Values of their own for the personal columns of each source table, by the kind of column. */
const canaryOf = (name: string): unknown =>
  name === 'birth_date'
    ? '1987-06-05'
    : /itude$/.test(name)
      ? 31.2304567
      : name === 'attributes'
        ? { n: CANARY }
        : CANARY;
const PERSONAL = TABLES.all
  .map(({ name, columns }) => ({ name, columns: columns.filter(({ pii }) => pii).map((column) => column.name) }))
  .filter(({ columns }) => columns.length > 0);

/** Statements that fail with a code because of a text `v` of a row. */
const PROVOKED: readonly (readonly [code: number, expression: string])[] = [
  [6, 'toInt32(v)'],
  [6, 'toDecimal64(v, 2)'],
  [27, "CAST(v, 'Tuple(Int32, Int32)')"],
  [36, "replaceRegexpAll('x', concat(v, '('), '')"],
  [36, 'toTimeZone(now(), (SELECT max(v) FROM rows))'],
  [36, 'dateTrunc((SELECT max(v) FROM rows), now())'],
  [38, 'toDate(v)'],
  [41, 'toDateTime(v)'],
  [41, "parseDateTime(v, '%Y')"],
  [43, 'v + 1'],
  [47, 'nothing_of_this_name'],
  [53, "toInt32(length(v)) = 'some text'"],
  [62, 'JSONExtract(v, (SELECT max(v) FROM rows))'],
  [69, 'range(1000000000 + length(v))'],
  [70, "accurateCast(1000 + length(v), 'Int8')"],
  [72, 'toFloat64(v)'],
  [115, 'getSetting((SELECT max(v) FROM rows))'],
  [117, "CAST(v, 'JSON')"],
  [125, '(SELECT arrayJoin([v, v]) FROM rows)'],
  [128, 'arrayWithConstant(1000000000000 + length(v), 1)'],
  [130, "CAST(v, 'Array(Int32)')"],
  [131, 'toFixedString(v, 2)'],
  [153, 'intDiv(length(v), 0)'],
  [190, 'arrayMap((x, y) -> x, [v], [v, v])'],
  [349, "CAST(nullIf(length(v), length(v)), 'Int32')"],
  [376, 'toUUID(v)'],
  [395, 'throwIf(1, (SELECT max(v) FROM rows))'],
  [407, 'toDecimal32(length(v) + 1000000000, 2)'],
  [427, "match('x', concat('(', (SELECT max(v) FROM rows)))"],
  [467, 'toBool(v)'],
  [675, 'toIPv4(v)'],
  [676, 'toIPv6(v)'],
  [691, `CAST(v, 'Enum8(\\'a\\' = 1)')`],
];

describe('what ClickHouse itself says of a value', () => {
  const refused = async (statement: string): Promise<string> => {
    const error = await clickhouse.rows('probe', raw(statement)).catch((cause: unknown) => cause);
    expect(inspect(error, { depth: 9 }), statement).not.toMatch(/zhang|13800138|1987-06-05|31\.2304/i);
    return String((userSqlFailure(error, 'the SQL') as Error).message);
  };

  it.each(PROVOKED)('with code %s for %s is told in words of ours', async (code, expression) => {
    const message = await refused(`WITH rows AS (SELECT materialize('${CANARY}') AS v) SELECT ${expression} FROM rows`);
    expect(message).toMatch(
      new RegExp(`^the SQL cannot be run: .*\\(ClickHouse ${code} ${CODES.get(String(code))?.name}\\)$`),
    );
    expect(message).not.toMatch(HAS_CANARY);
  });

  it('names no value of any personal column', async () => {
    for (const { name, columns } of PERSONAL) {
      await insertRows(clickhouse, name, [Object.fromEntries(columns.map((column) => [column, canaryOf(column)]))]);
      for (const column of columns) {
        const value = `concat('x', assumeNotNull(toString(${column})))`;
        expect(await refused(`SELECT toInt64(${value}) FROM ${name}`), column).toMatch(
          /^the SQL cannot be run: a text is not written as the type that it is converted to, at .*`toInt64`.* \(ClickHouse 6 /,
        );
        await refused(`SELECT throwIf(1, (SELECT max(toString(${column})) FROM ${name}))`);
      }
    }
    expect(PERSONAL.flatMap(({ columns }) => columns).length).toBeGreaterThan(8);
    expect(lines.filter((line) => /zhang|13800138|1987-06-05|31\.2304/i.test(line))).toEqual([]);
  });

  it.each([
    [
      'SELECT count(nope), dpd FROM (SELECT 1 AS dpd)',
      'there is no such column, alias or function, at `nope` (ClickHouse 47 UNKNOWN_IDENTIFIER)',
    ],
    ["SELECT throwIf(number = 1, 'two loans with one id') FROM numbers(3)", 'two loans with one id'],
    [
      "SELECT toInt8(s) FROM (SELECT materialize('x') AS s)",
      'a text is not written as the type that it is converted to, at `toInt8`, `s`, `Int8` (ClickHouse 6 CANNOT_PARSE_TEXT)',
    ],
  ])('keeps the names of the statement: %s', async (statement, words) => {
    expect(await refused(statement)).toBe(`the SQL cannot be run: ${words}`);
  });

  it('says where SQL is not well formed', async () => {
    const checked = createSqlGuard(clickhouse).check("SELECT 1,\n  FROM WHERE 'x'", { tables: [] });
    await expect(checked).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message:
        'the SQL cannot be run: the SQL is not one well-formed statement, at line 2, column 14 (ClickHouse 62 SYNTAX_ERROR)',
    });
  });

  it('is what a caller whose SQL fails on a row reads', async () => {
    const failing = clickhouse.rows('probe', raw("SELECT toInt32(s) FROM (SELECT materialize('x') AS s)"));
    const error = await failing.catch((cause: unknown) => valueFailure(cause, 'the spine SQL'));
    expect(error).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^the spine SQL fails on a row: /),
    });
  });
});
