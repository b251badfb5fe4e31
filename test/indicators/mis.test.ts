import { createHash } from 'node:crypto';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/core/definitions/definitions.js';
import { instantSql, raw, sql } from '../../src/core/definitions/sql.js';
import type { RowRight } from '../../src/core/ports/access.js';
import type { TimeGrain } from '../../src/core/ports/indicators.js';
import type { MisReader } from '../../src/core/ports/mis.js';
import { misViews, rowMeasuresOf } from '../../src/indicators/mis-views.js';
import { readingSql } from '../../src/indicators/sql.js';
import { createMisReader } from '../../src/warehouse/mis/reader.js';
import { createMisViews } from '../../src/warehouse/mis/views.js';
import { createUserSql } from '../../src/warehouse/user-sql.js';
import { quietLog } from '../support/homes.js';
import { openLenders, YEAR } from './oracle/store.js';
import type { BookTables } from './support.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const YEAR_OF_LEDGER = { from: '2028-01-01', to: YEAR } as const;
const secret = createHash('sha256').update('mis').digest().subarray(0, 16);

let tables: BookTables;
let facts: readonly Fact[];
let mis: MisReader;
const inForce = () => misViews(facts, tables.calendar, sql`${instantSql(NOW)}`);
const open = () => createMisViews({ store: tables.clickhouse, views: inForce, secret, log: quietLog });

beforeAll(async () => {
  tables = await openLenders();
  facts = [...tables.registry.facts.values()];
  mis = createMisReader({ views: open(), userSql: createUserSql(tables.clickhouse) });
}, 120_000);
afterAll(() => tables.close());

/** Rows as a client reads them; `rights` are those of its key. */
async function read(text: string, rights: readonly RowRight[] = [], settings: Readonly<Record<string, string>> = {}) {
  const caller = { keyId: 'bi', rights };
  const signal = new AbortController().signal;
  const answer = await mis.read({ text, format: 'JSONCompactEachRow', settings, caller, signal });
  const lines = (await textOf(answer.body)).trim();
  return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as unknown[]);
}

const HAND: readonly RowRight[] = [{ dimension: 'product', values: ['HAND'] }];

describe('the views of facts', () => {
  it('are there for every fact in its newest version, with a type and a comment for each column', async () => {
    const names = [...new Set(facts.map(({ name }) => `mis_${name}`))].sort();
    expect((await read('SHOW TABLES')).flat()).toEqual(names);
    const columns = (await read('DESCRIBE TABLE mis_loan_days')) as string[][];
    const typed = new Map(columns.map(([name, type, , , comment]) => [name, { type, comment }]));
    expect(typed.get('date')).toEqual({ type: 'Date', comment: 'The local day of the row' });
    expect(typed.get('mob')?.type).toBe('Nullable(Int64)');
    expect(typed.get('balance')).toEqual({
      type: 'Decimal(18, 2)',
      comment: 'Principal outstanding, due or not, CNY: sum(balance)',
    });
    expect(typed.get('customers')).toEqual({
      type: 'Nullable(UInt64)',
      comment: 'Customers with a loan on book, count: uniqExact(customers)',
    });
    const about = "SELECT comment FROM system.tables WHERE name = 'mis_loan_days' AND database = currentDatabase()";
    expect((await read(about)).flat()).toEqual([expect.stringMatching(/^loan_days@1: Loans at .* choose one day/)]);
  });

  it('hold no name of a person: whoever is counted once is a keyed hash', async () => {
    const columns = (await read('SELECT table, name FROM system.columns')) as [string, string][];
    const personal = columns.filter(([, name]) => /_id$/.test(name));
    expect(personal).toEqual([]);
    const [[hash] = []] = await read('SELECT min(customers) FROM mis_loan_days');
    expect(String(hash)).toMatch(/^\d{10,20}$/);
  });

  it('every measure that a row has, read as its comment says, is what the indicators read, by every month', async () => {
    const newest = facts.filter((fact) =>
      facts.every(({ name, version }) => name !== fact.name || version <= fact.version),
    );
    for (const fact of newest) {
      const measures = rowMeasuresOf(fact);
      const expressions = measures.map(({ name }) => fact.measures[name]?.expression ?? '');
      const { stock, name } = fact;
      const reading = { label: name, rows: fact, cumulative: false, spread: null, measures: expressions, matures: [] };
      const scope = { by: [], grain: 'MONTH', window: YEAR_OF_LEDGER, filters: [], knowledge: NOW } as const;
      const expected = await tables.clickhouse.tuples<string[]>('t', readingSql(reading, scope, tables.calendar));
      const days = stock
        ? `date IN (SELECT max(date) FROM mis_${name} WHERE date <= '${YEAR}' GROUP BY toStartOfMonth(date))`
        : `date <= '${YEAR}'`;
      const found = await tables.clickhouse.tuples<string[]>(
        't',
        raw(
          `SELECT toString(toStartOfMonth(date) AS month)${measures.map((one) => `, toString(${one.read})`).join('')}
           FROM mis_${name} WHERE date >= '2028-01-01' AND ${days} GROUP BY month`,
        ),
      );
      expect([...found].sort(), fact.id).toEqual([...expected].sort());
    }
  }, 60_000);

  const balance = 'toFloat64(sum(balance))';
  it.each<[view: string, asked: Readonly<Record<string, string>>]>([
    [
      'mis_loan_days',
      {
        loan_balance: balance,
        loans_on_book: 'sum(loans)',
        customers_on_book: 'count(DISTINCT customers)',
        overdue_balance_rate_30: `toFloat64(sum(overdue_balance_30)) / ${balance}`,
        npl_ratio: `toFloat64(sum(npl_balance)) / ${balance}`,
        restructured_balance_rate: `toFloat64(sum(restructured_balance)) / ${balance}`,
      },
    ],
    [
      'mis_loans',
      { new_loans: 'sum(loans)', new_loan_amount: 'sum(amount)', first_loan_share: 'sum(first_loans) / sum(loans)' },
    ],
    ['mis_repayments', { cash_received: 'sum(cash)' }],
    ['mis_loan_closings', { written_off_amount: 'sum(written_off_amount)', settled_loans: 'sum(settled_loans)' }],
  ])('%s answers what indicators answer, by a plain SELECT of every grain and product', async (view, asked) => {
    const names = Object.keys(asked);
    for (const [grain, period] of Object.entries({
      MONTH: 'toStartOfMonth',
      QUARTER: 'toStartOfQuarter',
      YEAR: 'toStartOfYear',
    })) {
      const request = { ...YEAR_OF_LEDGER, names, grain: grain as TimeGrain, by: ['product'], components: false };
      const { rows } = await tables.table('', request);
      const newest = `date IN (SELECT max(date) FROM ${view} WHERE date <= '${YEAR}' GROUP BY ${period}(date))`;
      const found = await read(
        `SELECT toString(${period}(date)) AS period, product, ${Object.values(asked).join(', ')} FROM ${view}
         WHERE date BETWEEN '2028-01-01' AND '${YEAR}'${view === 'mis_loan_days' ? ` AND ${newest}` : ''} GROUP BY period, product`,
      );
      const cells = new Map(found.map(([day, product, ...values]) => [`${day} ${product}`, values.map(Number)]));
      for (const [day, product, ...values] of rows) {
        const own = cells.get(`${day} ${product}`) ?? [];
        for (const [index, value] of values.entries()) {
          // What has no rows, or an empty denominator, is NULL with a reason in the one, and no number in the other.
          if (value !== null)
            expect(own[index] ?? 0, `${names[index]} ${day} ${product}`).toBeCloseTo(Number(value), 5);
        }
      }
    }
  });

  it('follow what is in force: a retired fact has no view, and a table of such a name stays as it is', async () => {
    const all = facts;
    await tables.clickhouse.run('t', raw('CREATE TABLE mis_mine (a UInt8) ENGINE = Memory'));
    try {
      facts = all.filter(({ name }) => name !== 'costs');
      await mis.keepInStep();
      const names = (await read('SHOW TABLES')).flat();
      expect(names).not.toContain('mis_costs');
      expect(names).toContain('mis_loans');
    } finally {
      facts = all;
      await mis.keepInStep();
    }
    // Of another process, that has made none itself.
    expect(await open().made()).toBe(true);
    expect((await read('EXISTS mis_costs')).flat()).toEqual([1]);
    await expect(read('SELECT * FROM mis_mine')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await tables.clickhouse.tuples('t', raw('SELECT count() FROM mis_mine'))).toEqual([['0']]);
  });
});

it('a fact that the store refuses as a view leaves the others as they are, and is tried again once it is another', async () => {
  const all = facts;
  const [costs] = all.filter(({ name }) => name === 'costs') as [Fact];
  try {
    facts = [...all, { ...costs, id: 'costs@9', version: 9, from: () => raw('SELECT no_such_column AS date') }];
    expect((await read('SHOW TABLES')).flat()).not.toContain('mis_costs');
    expect(await read('SELECT count() > 0 FROM mis_loans')).toEqual([[1]]);
  } finally {
    facts = all;
  }
  expect((await read('SHOW TABLES')).flat()).toContain('mis_costs');
});

describe('statements over the views', () => {
  it('answer what clients of ClickHouse ask first', async () => {
    expect(await read('SELECT version(), timezone()')).toEqual([[expect.stringMatching(/^\d+\./), 'UTC']]);
    const [[database] = []] = (await read('SHOW DATABASES')) as string[][];
    expect(await read('SELECT currentDatabase()')).toEqual([[database]]);
    expect(await read(`EXISTS DATABASE \`${database}\``)).toEqual([[1]]);
    expect(await read('EXISTS TABLE system.users')).toEqual([[0]]);
    expect(await read("SELECT readonly FROM system.settings WHERE name = 'max_threads'")).toEqual([[1]]);
    const quoted = `SELECT \`${database}\`.\`mis_loans\`.\`date\` FROM \`${database}\`.\`mis_loans\` LIMIT 0; `;
    expect(await read(quoted)).toEqual([]);
    // Superset lists tables, and after them what has the engine of a view: each is one of the two.
    expect(await read("SELECT count() FROM system.tables WHERE engine IN ('View', 'MaterializedView')")).toEqual([[0]]);
    expect(await read("SELECT 'system.tables' AS text")).toEqual([['system.tables']]);
    expect((await read('SELECT today() >= max(date) FROM mis_loans')).flat()).toHaveLength(1);
  });

  it.each([
    ['another table', 'SELECT * FROM loans'],
    ['the key of the hashes', 'SELECT * FROM mis_secret'],
    ['another database', 'SELECT * FROM system.query_log'],
    ['other rows of a system table', 'SELECT * FROM information_schema.tables'],
    ['a table by UNION', 'SELECT 1 UNION ALL SELECT count() FROM loans'],
    ['a table in a subquery', 'SELECT (SELECT count() FROM loans)'],
    ['a table behind IN', "SELECT count() FROM mis_loans WHERE 'L01' IN loans"],
    ['a table behind a comment', 'SELECT * FROM /* mis_loans */ loans -- mis_loans'],
    ['a table by merge', "SELECT * FROM merge('.*')"],
    ['a table function', "SELECT * FROM url('http://127.0.0.1/', 'CSV')"],
    ['a file', "SELECT * FROM file('/etc/passwd', 'LineAsString')"],
    ['a function that reads', "SELECT joinGet('loans', 'a', 1)"],
    ['two statements', 'SELECT 1; DROP TABLE loans'],
    ['an INSERT', 'INSERT INTO mis_secret VALUES (1, 2)'],
    ['a DROP', 'DROP VIEW mis_loans'],
    ['the text of a view', 'SHOW CREATE TABLE mis_loans'],
    ['how it runs', 'EXPLAIN SELECT * FROM mis_loans'],
    ['SETTINGS', 'SELECT * FROM mis_loans SETTINGS max_threads = 64'],
    ['OUTFILE', "SELECT 1 INTO OUTFILE '/tmp/mis-try'"],
    ['OUTFILE with a format', "SELECT 1 INTO OUTFILE '/tmp/mis-try' FORMAT CSV"],
    ['a parameter', 'SELECT {a:String}'],
    ['a name that stands for a view', 'WITH mis_loans AS (SELECT 1) SELECT * FROM mis_loans'],
    ['a format that reads files', 'SELECT 1 FORMAT Template'],
    ['hours of work', 'SELECT count() FROM mis_loans AS a, mis_loans AS b WHERE sleepEachRow(3) = 0'],
  ])('refuse %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('wait for those before them: a dashboard asks for all its charts at once', async () => {
    const charts = Array.from({ length: 12 }, (_, chart) => read(`SELECT count() + ${chart} FROM mis_loans`));
    const numbers = (await Promise.all(charts)).flat(2).map(Number);
    expect(numbers).toEqual(numbers.map((_, chart) => (numbers[0] as number) + chart));
  });

  it('take settings of the output, limits that are lower, and no other', async () => {
    const all = 'SELECT date FROM mis_loan_days';
    await expect(read(all, [], { max_result_rows: '1' })).rejects.toMatchObject({ hint: 'make it read less' });
    await expect(read('SELECT 1', [], { max_threads: '64' })).rejects.toThrow("the setting 'max_threads' is not taken");
    await expect(read('SELECT 1', [], { additional_table_filters: '{}' })).rejects.toThrow('is not taken here');
    expect(await read('SELECT count() FROM mis_loans', [], { max_execution_time: '0' })).toHaveLength(1);
  });
});

describe('a key that is bound to rows', () => {
  it('reads those rows alone, however it asks', async () => {
    const [[own] = []] = await read("SELECT count() FROM mis_loans WHERE product = 'HAND'");
    expect(Number(own)).toBeGreaterThan(0);
    const [[all] = []] = await read('SELECT count() FROM mis_loans');
    expect(Number(all)).toBeGreaterThan(Number(own));
    for (const text of [
      'SELECT count() FROM mis_loans',
      'SELECT count() FROM (SELECT * FROM mis_loans)',
      'SELECT (SELECT count() FROM mis_loans)',
      'WITH all AS (SELECT * FROM mis_loans) SELECT count() FROM all',
      'SELECT a FROM (SELECT 0 AS a WHERE 0 UNION ALL SELECT count() FROM mis_loans)',
      'SELECT count() FROM mis_loans AS m LEFT JOIN mis_loan_days AS d ON 0',
      "SELECT countIf(product = 'HAND' OR 1) FROM mis_loans WHERE 1 OR product != 'HAND'",
      'SELECT count() FROM mis_loans -- ) WHERE 1',
    ]) {
      expect([text, ...(await read(text, HAND)).flat().map(String)]).toEqual([text, String(own)]);
    }
    expect(await read('SELECT DISTINCT product FROM mis_loan_days ORDER BY product', HAND)).toEqual([['HAND']]);
    // The other branch of a UNION is bound as the first.
    expect(await read('SELECT product FROM mis_loans UNION DISTINCT SELECT product FROM mis_loan_days', HAND)).toEqual([
      ['HAND'],
    ]);
  });

  it.each([
    'SELECT * FROM loans',
    'SELECT 1 UNION ALL SELECT count() FROM loans',
    'WITH mis_loans AS (SELECT 1) SELECT * FROM mis_loans',
  ])('is refused what every key is refused: %s', async (text) => {
    await expect(read(text, HAND)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('keeps the order that it asks for', async () => {
    const days = (await read('SELECT date FROM mis_loan_days ORDER BY date DESC', HAND)).flat();
    expect(days.length).toBeGreaterThan(100);
    expect(days).toEqual([...days].sort().reverse());
  });

  const fails = "accurateCast(if(product != 'HAND', 'no number', '1'), 'UInt8') = 1";
  it.each([
    `SELECT count() FROM mis_loans WHERE ${fails}`,
    `SELECT count() FROM mis_loans AS a INNER JOIN mis_loans AS b ON a.date = b.date AND ${fails.replaceAll('product', 'a.product')} WHERE ${fails.replaceAll('product', 'b.product')}`,
    `SELECT countIf(${fails}) FROM mis_loans`,
    `SELECT count() FROM (SELECT product, date FROM mis_loans ORDER BY date LIMIT 10) WHERE ${fails}`,
    `SELECT date, count() FROM mis_loan_days WHERE date = '2028-03-31' AND ${fails} GROUP BY date HAVING min(${fails}) = 1`,
  ])('cannot tell by a failure what the other rows hold: %s', async (text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await read(text, HAND)).toHaveLength(1);
  });

  it('cannot tell by a failure on which days others have rows, where its rights are on what is joined', async () => {
    const [[province] = []] = await read(
      'SELECT province FROM mis_loan_days WHERE province IS NOT NULL GROUP BY province ORDER BY uniqExact(date) LIMIT 1',
    );
    const bound: readonly RowRight[] = [{ dimension: 'province', values: [String(province)] }];
    const [[day] = []] = await read(
      `SELECT date FROM mis_loan_days GROUP BY date HAVING countIf(province = '${province}') = 0 ORDER BY date LIMIT 1`,
    );
    const text = `SELECT count() FROM mis_loan_days WHERE accurateCast(if(date = '${day}', 'no number', '1'), 'UInt8') = 1`;
    await expect(read(text)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await read(text, bound)).toHaveLength(1);
  });

  it('sees no view whose rows lack the dimension', async () => {
    const shown = (await read('SHOW TABLES', HAND)).flat();
    expect(shown).toContain('mis_loans');
    expect(shown).not.toContain('mis_campaign_contacts');
    expect(await read('EXISTS mis_campaign_contacts', HAND)).toEqual([[0]]);
    expect(await read("SELECT name FROM system.columns WHERE table = 'mis_campaign_contacts'", HAND)).toEqual([]);
    await expect(read('SELECT * FROM mis_campaign_contacts', HAND)).rejects.toThrow('is not allowed');
  });
});
