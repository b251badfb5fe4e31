import { afterAll, beforeAll, expect, test } from 'vitest';
import { raw, sql } from '../../../src/core/definitions/sql.js';
import { sourceSelect } from '../../../src/core/lending/source-sql.js';
import { loadRegistry } from '../../../src/registry/load.js';
import { TABLES } from '../../support/tables.js';
import { openSourceTables, ROOT, type SourceTables } from '../../support/views.js';
import { offlineOn } from '../support.js';

const INSTANT = "DateTime64(3, 'UTC')";

let tables: SourceTables;
beforeAll(async () => {
  tables = await openSourceTables();
});
afterAll(() => tables.close());

const typesOf = async (select: ReturnType<typeof sql>): Promise<Record<string, string>> => {
  const rows = await tables.clickhouse.rows<{ name: string; type: string }>('describe', sql`DESCRIBE (${select})`);
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
};

test('every source row has the instant it happened and the instant it was known, and neither can be NULL (rule 1)', async () => {
  expect(TABLES.all.length).toBeGreaterThan(20);
  for (const name of TABLES.names) {
    const knowledge = raw("toDateTime64('2026-01-01 00:00:00', 3, 'UTC')");
    const select = sql`SELECT * FROM ${sourceSelect(TABLES.get(name), { asOf: null, knowledge, timezone: 'Asia/Shanghai' })}`;
    expect(await typesOf(select), name).toMatchObject({ event_time: INSTANT, ingested_at: INSTANT });
  }
});

test('every feature value has the instant it describes and the instant it became available, and neither can be NULL (rule 1)', async () => {
  const { writers } = offlineOn(tables.clickhouse, tables.calendar);
  const { views } = await loadRegistry({ root: ROOT });
  expect(views.size).toBeGreaterThan(0);
  for (const view of views.values()) {
    await writers.createView(view);
    for (const kind of ['history', 'state']) {
      const types = await typesOf(sql`SELECT * FROM ${raw(`${kind}_${view.name}_v${view.version}`)}`);
      expect(types, `${kind} of ${view.id}`).toMatchObject({ _event_time: INSTANT, _available_at: INSTANT });
      expect(Object.keys(types)).toEqual(expect.arrayContaining(view.features.map(({ name }) => name)));
    }
  }
});
