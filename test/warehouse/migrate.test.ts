import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineTable, float, instant, opt, text, uint16 } from '../../src/core/definitions/define.js';
import type { TableSpec } from '../../src/core/definitions/define-table.js';
import { instantSql, param, raw, sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { POSITION_COLUMNS } from '../../src/core/lending/position-columns.js';
import { tableOf } from '../../src/core/lending/source-columns.js';
import { sourceSelect } from '../../src/core/lending/source-sql.js';
import { SourceTables, storedType, VERSION_COLUMNS } from '../../src/core/lending/sources.js';
import { planStored, serveStored } from '../../src/core/lending/table-fit.js';
import { createSourceSweep } from '../../src/sources/sweep.js';
import { openClickHouse } from '../../src/warehouse/client.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { compareTables, fitTables, madeTables } from '../../src/warehouse/table-shapes.js';
import { NOW, openSources, quietMetrics, type Sources, sourcesOver } from '../sources/support.js';
import { freshHome, quietLog } from '../support/homes.js';
import { MIGRATIONS } from '../support/migrated.js';
import { freshClickHouseDatabase } from '../support/stores.js';
import { TABLES } from '../support/tables.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
});
afterAll(() => sources.close());

/** Columns of the product's tables that came after the first release: they stand after those of the versions, as any that is added. */
const POSITION = Object.keys(POSITION_COLUMNS);
const ADDED: Readonly<Record<string, readonly string[]>> = {
  labels: ['outcome', 'reason'],
  applications: POSITION,
  events: POSITION,
  places: POSITION,
};

describe('the ClickHouse migrations', () => {
  it('make every source table exactly as core describes it', async () => {
    const rows = await sources.rows<{ table: string; name: string; type: string }>(
      'SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position',
    );
    for (const table of TABLES.all) {
      const stored = rows.filter((row) => row.table === table.name).map(({ name, type }) => [name, type]);
      const columns = table.columns.map((column) => [column.name, storedType(column)]);
      const isAdded = ([name = '']: readonly string[]): boolean => ADDED[table.name]?.includes(name) ?? false;
      const [described, added] = [columns.filter((column) => !isAdded(column)), columns.filter(isAdded)];
      // Only the daily job sets it; no file brings it and no reader sees it.
      const derived = table.name === 'loan_snapshots' ? [['derived', 'UInt8']] : [];
      expect(stored, table.name).toEqual([...described, ...Object.entries(VERSION_COLUMNS), ...derived, ...added]);
    }
  });

  it('sort every source table by its key and then by when we knew', async () => {
    const rows = await sources.rows<{ name: string; sorting_key: string }>(
      'SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase()',
    );
    for (const table of TABLES.all) {
      const sorting = rows.find((row) => row.name === table.name)?.sorting_key;
      expect(sorting).toBe([...table.key, 'ingested_at', 'seq'].join(', '));
    }
  });

  it('are what a source table is created as where no file creates it, the index included', async () => {
    const database = await freshClickHouseDatabase();
    const name = database.database;
    const clickhouse = openClickHouse({ url: database.url, database: name, log: quietLog, metrics: quietMetrics });
    const directory = await freshHome();
    await migrateClickHouse({ tables: TABLES.all, clickhouse, directory, clock: () => NOW, log: quietLog });
    const described = async (store: typeof clickhouse) => {
      const names = TABLES.names;
      const inSchema = sql`database = currentDatabase() AND table IN ${param('Array(String)', names)}`;
      const [columns, indices, keys] = await Promise.all([
        store.tuples(
          'test',
          sql`SELECT table, name, type FROM system.columns WHERE ${inSchema} AND name != 'derived' ORDER BY table, name`,
        ),
        store.tuples(
          'test',
          sql`SELECT table, name, type, expr, granularity FROM system.data_skipping_indices WHERE ${inSchema} ORDER BY table`,
        ),
        store.tuples(
          'test',
          sql`SELECT table, sorting_key, engine FROM system.tables WHERE ${inSchema} ORDER BY table`,
        ),
      ]);
      return { columns, indices, keys };
    };
    const created = await described(clickhouse);
    expect(created.keys).toHaveLength(TABLES.all.length);
    expect(created).toEqual(await described(sources.clickhouse));
    await clickhouse.close();
    await database.close();
  });

  it('find a table that is new in the schema, and may change it', async () => {
    const database = await freshClickHouseDatabase();
    const { database: name, url } = database;
    const clickhouse = openClickHouse({ url, database: name, log: quietLog, metrics: quietMetrics });
    const directory = await freshHome();
    await cp(MIGRATIONS, directory, { recursive: true });
    await writeFile(join(directory, '900_shop.sql'), 'ALTER TABLE `shops` ADD COLUMN IF NOT EXISTS `city` String;\n');
    const shops = tableOf(
      'shops',
      defineTable({ description: 'A shop', key: ['shop_id'], columns: { shop_id: text('The shop') } }),
    );
    const run = () => migrateClickHouse({ clickhouse, directory, tables: [shops], clock: () => NOW, log: quietLog });
    await run();
    await run();
    const rows = await clickhouse.tuples('test', sql`DESCRIBE TABLE shops`);
    const names = (rows as [string][]).map(([column]) => column);
    expect(names).toEqual(['shop_id', ...Object.keys(VERSION_COLUMNS), 'city']);
    await clickhouse.close();
    await database.close();
  });

  it('make a table of one’s own, take in a nullable column that it gets later, and refuse every other change by name', async () => {
    const database = await freshClickHouseDatabase();
    const { database: name, url } = database;
    const clickhouse = openClickHouse({ url, database: name, log: quietLog, metrics: quietMetrics });
    /** The process with the file of `shops` as it says now. */
    const started = async (spec: Parameters<typeof tableOf>[1]) => {
      const tables = new SourceTables(new Map([['shops', tableOf('shops', spec)]]));
      await migrateClickHouse({
        clickhouse,
        directory: MIGRATIONS,
        tables: tables.all,
        clock: () => NOW,
        log: quietLog,
      });
      const [fit] = await fitTables(clickhouse, tables.all);
      if (fit) serveStored(tables, [fit]);
      return { tables, fit, ...sourcesOver(clickhouse, tables) };
    };
    const columns = { shop_id: text('The shop'), opened_at: instant('When it opened'), city: opt(text('Its city')) };
    const shops = { description: 'A shop', key: ['shop_id'], eventTime: 'opened_at', columns } as const;
    const file = 'shop_id,opened_at,city\nS1,2024-01-01T00:00:00Z,Wuhan\nS2,2024-01-02T00:00:00Z,\n';
    const first = await started(defineTable(shops));
    expect(await first.load('shops', file)).toMatchObject({ accepted: 2, duplicates: 0, rejected: 0 });
    expect(first.fit).toEqual({ table: 'shops', missing: false, fresh: [], added: [], problems: [] });

    const wider = {
      ...columns,
      area: opt(float('Square metres', { range: [0, 10_000] })),
      owner: opt(text('Who runs it')),
    };
    const second = await started(defineTable({ ...shops, columns: wider }));
    expect(second.fit).toMatchObject({ fresh: [], added: ['area', 'owner'], problems: [] });
    expect(await second.load('shops', file)).toMatchObject({ accepted: 0, duplicates: 2 });
    const measured = 'shop_id,opened_at,city,area\nS1,2024-01-01T00:00:00Z,Wuhan,80.5\nS2,2024-01-02T00:00:00Z,,-1\n';
    expect(await second.load('shops', measured)).toMatchObject({ accepted: 1, rejected: 1 });
    expect(await second.load('shops', measured)).toMatchObject({ accepted: 0, duplicates: 1 });
    const later = NOW + 1;
    const known = sourceSelect(second.tables.get('shops'), {
      asOf: null,
      knowledge: instantSql(later),
      timezone: 'UTC',
    });
    expect(
      await clickhouse.tuples('test', sql`SELECT shop_id, city, area, owner FROM ${known} ORDER BY shop_id`),
    ).toEqual([
      ['S1', 'Wuhan', 80.5, null],
      ['S2', null, null, null],
    ]);

    const placed = {
      ...wider,
      lat: opt(float('Degrees north')),
      lon: opt(float('Degrees east')),
    };
    const position = { latitude: 'lat', longitude: 'lon', datum: 'WGS84' } as const;
    const third = await started(defineTable({ ...shops, columns: placed, position }));
    expect(third.fit).toMatchObject({ added: ['area', 'owner', 'lat', 'lon', ...POSITION], problems: [] });
    expect(await third.load('shops', measured)).toMatchObject({ accepted: 0, duplicates: 1 });
    const located =
      'shop_id,opened_at,city,lat,lon\nS3,2024-01-02T00:00:00Z,,95.5,500\nS4,2024-01-02T00:00:00Z,,30.5,114.3\n';
    expect(await third.load('shops', located)).toMatchObject({ accepted: 2 });
    expect(
      await clickhouse.tuples('test', sql`SELECT DISTINCT shop_id, position_status, h3 FROM shops ORDER BY shop_id`),
    ).toEqual([
      ['S1', 'ABSENT', null],
      ['S2', 'ABSENT', null],
      ['S3', 'OUT_OF_RANGE', null],
      ['S4', 'VALID', '8f40a695458a2aa'],
    ]);

    // Tables of the migrations are the product's.
    expect([...(await madeTables(clickhouse))]).toEqual(['shops']);

    const { city: _, ...withoutCity } = wider;
    const changes: readonly (readonly [Parameters<typeof tableOf>[1], RegExp])[] = [
      [defineTable({ ...shops, columns: placed }), /column 'h3' is stored, and the file lacks it: put it back/],
      [
        defineTable({ ...shops, columns: { ...wider, area: opt(text('As text')) } }),
        /'area' is stored as Nullable\(Float64\).*add a column of another name/,
      ],
      [
        defineTable({ ...shops, columns: { city: columns.city, ...withoutCity } }),
        /its columns are stored in the order shop_id, opened_at, city: put them back in it/,
      ],
      [
        defineTable({ ...shops, columns: { ...columns, owner: wider.owner } }),
        /'area' is stored, and the file lacks it: put it back/,
      ],
      [
        defineTable({ ...shops, columns: { ...columns, area: wider.area, runs: wider.owner } }),
        /'owner' is stored, and the file lacks it: put it back/,
      ],
      [defineTable({ ...shops, columns: withoutCity }), /'city' is stored, and the file lacks it: put it back/],
      [defineTable({ ...shops, columns: { ...wider, floors: uint16('Floors') } }), /'floors' is new.*write opt\(…\)/],
      [
        defineTable({ ...shops, key: ['shop_id', 'opened_at'], columns: wider }),
        /its key is stored as \(shop_id, ingested_at, seq\)/,
      ],
      [
        defineTable({ description: 'A shop', key: ['shop_id'], columns: wider }),
        /event time is the instant opened_at, and the file says event time is none/,
      ],
    ];
    for (const [spec, reason] of changes) {
      const { fit, tables } = await started(spec);
      expect(fit?.problems.join('; ')).toMatch(reason);
      tables.refuse('shops', fit?.problems.join('; ') ?? '');
      expect(() => tables.get('shops')).toThrow(/shops is refused/);
    }
    const [described] = await clickhouse.tuples<readonly [string]>(
      'test',
      sql`SELECT count() FROM system.columns WHERE database = ${name} AND table = 'shops'`,
    );
    expect(Number(described?.[0])).toBe(7 + POSITION.length + Object.keys(VERSION_COLUMNS).length);
    await clickhouse.close();
    await database.close();
  });

  it('cut a table of one’s own by month, and remove what is past its retention without a row that was corrected coming back', async () => {
    const database = await freshClickHouseDatabase();
    const { database: name, url } = database;
    const clickhouse = openClickHouse({ url, database: name, log: quietLog, metrics: quietMetrics });
    const spec = {
      description: 'A visit',
      key: ['visit_id'],
      eventTime: 'at',
      partition: 'month',
      retention: { months: 120 },
      columns: { visit_id: text('The visit'), at: instant('When') },
    } as const;
    const tablesOf = (more: Partial<Pick<TableSpec, 'partition' | 'retention'>> = {}) =>
      new SourceTables(new Map([['visits', tableOf('visits', { ...defineTable(spec), ...more })]]));
    const tables = tablesOf();
    await migrateClickHouse({ clickhouse, directory: MIGRATIONS, tables: tables.all, clock: () => NOW, log: quietLog });
    await fitTables(clickhouse, tables.all);
    const { load } = sourcesOver(clickhouse, tables, { timezone: 'UTC' });
    // The retention ends on 1 March 2016, and a week before it rows are removed.
    const rows = [
      'kept,2017-01-01T00:00:00Z',
      'expired,2016-02-25T00:00:00Z',
      'removed,2016-02-22T00:00:00Z',
      'twice,2016-01-05T00:00:00Z',
    ];
    const moved = ['back,2025-06-01T00:00:00Z', 'forth,2016-01-01T00:00:00Z'];
    const header = 'visit_id,at';
    const file = [header, ...rows, ...moved, ''].join('\n');
    expect(await load('visits', file, { now: NOW - 2 })).toMatchObject({ accepted: 6 });
    const corrected = ['back,2016-01-01T00:00:00Z', 'forth,2025-06-01T00:00:00Z', 'twice,2015-12-05T00:00:00Z'];
    await load('visits', [header, ...corrected, ''].join('\n'), { now: NOW - 1 });
    const stored = () =>
      clickhouse.tuples(
        'test',
        sql`SELECT visit_id, toString(count()) FROM visits GROUP BY visit_id ORDER BY visit_id`,
      );
    const read = async () => {
      const known = { asOf: instantSql(NOW), knowledge: instantSql(NOW), timezone: 'UTC' };
      const source = sourceSelect(tables.get('visits'), known);
      const found = await clickhouse.tuples<readonly [string]>('test', sql`SELECT visit_id FROM ${source}`);
      return found.map(([id]) => id).sort();
    };
    expect(await read()).toEqual(['forth', 'kept']);

    // A correction that comes while the rows to remove are put aside brings its key back within the retention.
    const late = async (statement: Parameters<typeof clickhouse.run>[1]) => {
      if (!statement.render().query.includes(' DELETE')) return;
      await load('visits', [header, 'twice,2025-07-01T00:00:00Z', ''].join('\n'), { now: NOW });
    };
    const { sweep } = createSourceSweep({
      clickhouse: {
        ...clickhouse,
        run: async (label, statement, options) => {
          await late(statement);
          await clickhouse.run(label, statement, options);
        },
      },
      tables,
      calendar: new BusinessCalendar('UTC'),
      clock: async () => NOW,
    });
    const { signal } = new AbortController();
    expect(await sweep(signal)).toEqual({ tables: [{ table: 'visits', keys: 2 }] });
    // Of a row that was moved back in time both versions stay, as long as the earlier one would show.
    expect(await stored()).toEqual([
      ['back', '2'],
      ['expired', '1'],
      ['forth', '2'],
      ['kept', '1'],
      ['twice', '1'],
    ]);
    expect(await read()).toEqual(['forth', 'kept', 'twice']);
    expect(await sweep(signal)).toEqual({ tables: [{ table: 'visits', keys: 0 }] });

    const planned = async (more: Parameters<typeof tablesOf>[0]) => {
      const next = tablesOf(more);
      const { problems } = planStored(next, await compareTables(clickhouse, next.all), tables);
      return [next.get('visits').notes ?? [], problems.get('visits') ?? []];
    };
    const lost = 'rows that are removed already do not come back';
    expect(await planned({})).toEqual([[], []]);
    expect(await planned({ retention: { months: 240 } })).toEqual([
      [`keeps its rows for 240 months, until now for 120 months: ${lost}`],
      [],
    ]);
    expect(await planned({ retention: { days: 90 } })).toEqual([
      ['keeps its rows for 90 days, until now for 120 months: older rows are read no more, and removed for good'],
      [],
    ]);
    expect(await planned({ partition: 'year' })).toEqual([
      [],
      [
        'its partition is stored as toYYYYMM(at), and the file says toYear(at): put the file back as it was, or define a table under another name',
      ],
    ]);
    // Years of months come in one file.
    const months = Array.from(
      { length: 110 },
      (_, month) => `M${month},${new Date(Date.UTC(2017, month)).toISOString()}`,
    );
    expect(await load('visits', [header, ...months, ''].join('\n'))).toMatchObject({ accepted: 110 });
    // A process that starts with the new file keeps to what was applied, until an apply takes it up.
    const next = tablesOf({ retention: { months: 240 } });
    serveStored(next, await compareTables(clickhouse, next.all));
    expect(next.get('visits').retention).toEqual({ months: 120 });
    const longer = tablesOf({ retention: { months: 240 } });
    serveStored(longer, await fitTables(clickhouse, longer.all));
    expect(longer.get('visits').retention).toEqual({ months: 240 });
    expect(await compareTables(clickhouse, longer.all)).toEqual([
      { table: 'visits', missing: false, fresh: [], added: [], problems: [] },
    ]);
    await clickhouse.close();
    await database.close();
  });

  it('are applied once when several processes start together', async () => {
    const database = await freshClickHouseDatabase();
    const clickhouse = openClickHouse({
      url: database.url,
      database: database.database,
      log: quietLog,
      metrics: quietMetrics,
    });
    const run = () =>
      migrateClickHouse({ tables: TABLES.all, clickhouse, directory: MIGRATIONS, clock: () => NOW, log: quietLog });
    await Promise.all([run(), run(), run()]);
    await run();
    // A table of the product that no migration made would be taken for one of a project.
    expect(await madeTables(clickhouse)).toEqual(new Set());
    const applied = await clickhouse.rows<{ name: string }>('test', raw('SELECT name FROM schema_migrations FINAL'));
    const names = applied.map(({ name }) => name);
    expect(names).toContain('001_source_tables.sql');
    expect(new Set(names).size).toBe(names.length);
    await clickhouse.close();
    await database.close();
  });

  it('refuse to go on, with the reason, when an applied file was edited or removed', async () => {
    const directory = await freshHome();
    await cp(MIGRATIONS, directory, { recursive: true });
    await writeFile(
      join(directory, '900_extra.sql'),
      'CREATE TABLE IF NOT EXISTS extra (a UInt8) ENGINE = MergeTree ORDER BY a;\n',
    );
    const { clickhouse } = sources;
    const run = (folder: string) =>
      migrateClickHouse({ tables: TABLES.all, clickhouse, directory: folder, clock: () => NOW, log: quietLog });
    await run(directory);
    await writeFile(
      join(directory, '900_extra.sql'),
      'CREATE TABLE IF NOT EXISTS extra (a UInt16) ENGINE = MergeTree ORDER BY a;\n',
    );
    await expect(run(directory)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('900_extra.sql was changed after it was applied'),
      hint: expect.stringContaining('new migration'),
    });
    await writeFile(join(directory, '901_more.sql'), '');
    await rm(join(directory, '900_extra.sql'));
    await expect(run(directory)).rejects.toMatchObject({
      message: expect.stringContaining('900_extra.sql was applied to this database and its file is gone'),
    });
  });

  it('of a newer release stay beside the release before it, which says so and goes on', async () => {
    const directory = await freshHome();
    await cp(MIGRATIONS, directory, { recursive: true });
    await writeFile(
      join(directory, '990_newer.sql'),
      'CREATE TABLE IF NOT EXISTS newer (a UInt8) ENGINE = MergeTree ORDER BY a;\n',
    );
    const warned: object[] = [];
    const { database, url, close } = await freshClickHouseDatabase();
    const clickhouse = openClickHouse({ url, database, log: quietLog, metrics: quietMetrics });
    const run = (folder: string) =>
      migrateClickHouse({
        tables: TABLES.all,
        clickhouse,
        directory: folder,
        clock: () => NOW,
        log: { ...quietLog, warn: (fields) => void warned.push(fields) },
      });
    await run(directory);
    expect(warned).toEqual([]);
    await run(MIGRATIONS);
    expect(warned).toEqual([{ migrations: ['990_newer.sql'] }]);
    await clickhouse.close();
    await close();
  });

  it('refuse two files of one number', async () => {
    const directory = await freshHome();
    await writeFile(join(directory, '001_a.sql'), '');
    await writeFile(join(directory, '001_b.sql'), '');
    await expect(
      migrateClickHouse({
        tables: TABLES.all,
        clickhouse: sources.clickhouse,
        directory,
        clock: () => NOW,
        log: quietLog,
      }),
    ).rejects.toMatchObject({ message: expect.stringContaining('number 001') });
  });
});
