import { expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { statementsOf } from '../../src/indicators/try.js';
import { loadRegistry } from '../../src/registry/load.js';
import { openSourceTables, ROOT } from '../support/views.js';

const { facts, indicators } = await loadRegistry({ root: ROOT });
const calendar = new BusinessCalendar('Asia/Shanghai');
const asked = [...facts.values(), ...indicators.values()]
  .map(
    (reported) => [`${'measures' in reported ? 'fact ' : ''}${reported.id}`, statementsOf(reported, calendar)] as const,
  )
  .filter(([, statements]) => statements.length > 0);

it.each(asked)('%s keeps its SQL: a change shows in review', async (name, [report]) => {
  const { query, params } = report?.render() ?? { query: '', params: {} };
  await expect(`${query.trim()}\n\n-- ${JSON.stringify(params)}\n`).toMatchFileSnapshot(
    `sql/${name.replaceAll(/[ @]/g, '_')}.sql`,
  );
});

it('every fact runs with all its measures and dimensions, every indicator that has a query of its own likewise', async () => {
  const tables = await openSourceTables();
  try {
    for (const [name, [report]] of asked) if (report) expect(await tables.clickhouse.rows(name, report)).toEqual([]);
  } finally {
    await tables.close();
  }
});
