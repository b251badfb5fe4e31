import { expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { indicatorSql } from '../../src/indicators/sql.js';
import { loadRegistry } from '../../src/registry/load.js';
import { openSourceTables, ROOT } from '../support/views.js';

const { indicators } = await loadRegistry({ root: ROOT });
const calendar = new BusinessCalendar('Asia/Shanghai');
const window = { from: '2026-01-01', to: '2026-03-31' };
const queryOf = (name: string) => {
  const indicator = indicators.get(name);
  if (!indicator) throw new Error(`no indicator ${name}`);
  const by = Object.keys(indicator.dimensions);
  return indicatorSql({ indicator, by, grain: 'MONTH', window, filters: [], knowledge: 0 }, calendar);
};

it.each([...indicators.keys()])('%s keeps its SQL: a change shows in review', async (name) => {
  const { query, params } = queryOf(name).render();
  await expect(`${query.trim()}\n\n-- ${JSON.stringify(params)}\n`).toMatchFileSnapshot(`${name}.sql`);
});

it('every indicator runs with all its dimensions', async () => {
  const tables = await openSourceTables();
  try {
    for (const name of indicators.keys()) expect(await tables.clickhouse.rows(name, queryOf(name))).toEqual([]);
  } finally {
    await tables.close();
  }
});
