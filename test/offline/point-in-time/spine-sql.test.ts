/** SQL that a caller wrote, through the guard that the application uses: what it reads of a table is what was known, masked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mask } from '../../../src/core/compute/masking.js';
import { defineEntity } from '../../../src/core/definitions/define.js';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { planSpineSql } from '../../../src/offline/point-in-time/spine-sql.js';
import { type ClickHouse, openClickHouse } from '../../../src/warehouse/client.js';
import { openSources, type Sources } from '../../sources/support.js';
import { TABLES } from '../../support/tables.js';
import { quiet, unmeasured } from '../support.js';

const mask = new Mask(Buffer.alloc(32, 5), TABLES.personalColumns);
const entities = new Map(
  (['customer', 'device'] as const).map((name) => [
    name as string,
    defineEntity({ name, joinKeys: [`${name}_id`], description: 'x' }),
  ]),
);
const AS_OF = Date.UTC(2026, 0, 15);
const known = { customer_id: 'C1', phone_hash: mask.text('secret-phone'), city: 'Wuhan' };

let sources: Sources;
let store: ClickHouse;

beforeAll(async () => {
  sources = await openSources();
  store = openClickHouse({ url: sources.url, database: databaseOf(sources.url), log: quiet, metrics: unmeasured });
  const customer = (id: string, city: string, at: string, ingested: string): string =>
    `('${id}', '2026-01-01 00:00:00', 'secret-phone', '${city}', '${ingested}', ${at})`;
  await sources.run(`INSERT INTO customers (customer_id, registered_at, phone_hash, city, ingested_at, seq) VALUES
      ${customer('C1', 'Wuhan', '1', '2026-01-02 00:00:00')}, ${customer('C1', 'Later', '2', '2026-01-20 00:00:00')}`);
});

afterAll(async () => {
  await store.close();
  await sources.close();
});

const databaseOf = (url: string): string => new URL(url).pathname.slice(1);

async function read(text: string, column?: string): Promise<unknown> {
  const { select } = await planSpineSql(
    { tables: TABLES, userSql: sources.userSql, calendar: new BusinessCalendar('Asia/Shanghai') },
    { text, joinKeys: ['customer_id'], asOf: AS_OF, mask, entities },
  );
  const rows = await store.rows<Record<string, unknown>>('test', select);
  if (column) return rows.map((row) => row[column]);
  return rows.map(({ customer_id, phone_hash, city }) => ({ customer_id, phone_hash, city }));
}

const COLUMNS = 'customer_id, phone_hash, city, registered_at AS event_timestamp';
const ALL = '*, registered_at AS event_timestamp';
/** A name as ClickHouse takes it between quotes, one letter of it escaped. */
const hex = (name: string, at: number): string =>
  `${name.slice(0, at)}\\x${name.charCodeAt(at).toString(16)}${name.slice(at + 1)}`;
const [first, fourth, seventh] = [0, 3, 6].map((at) => hex('customers', at));

describe('a table of the spine SQL is read as known and masked', () => {
  it.each([
    ['by its name', `SELECT ${COLUMNS} FROM customers`],
    ['between backticks', `SELECT ${COLUMNS} FROM \`customers\``],
    ['under a WITH of another name', `WITH known AS (SELECT * FROM customers) SELECT ${COLUMNS} FROM known`],
    [
      'spelled with an escape and plainly',
      `SELECT ${COLUMNS} FROM "${first}" WHERE 0 < (SELECT count() FROM customers)`,
    ],
    [
      'spelled with an escape',
      `SELECT * FROM (SELECT * FROM \`${seventh}\`) AS t, (SELECT toDateTime64('2026-01-01 00:00:00', 3, 'UTC') AS event_timestamp) AS e`,
    ],
  ])('%s', async (_, text) => {
    expect(await read(text)).toEqual([known]);
  });

  it.each([
    ['in double quotes', `SELECT ${ALL} FROM "${first}"`],
    ['by its columns', `SELECT ${COLUMNS} FROM \`${seventh}\``],
    ['under a WITH of its own name', `WITH "${first}" AS (SELECT * FROM "${fourth}") SELECT * FROM "${seventh}"`],
    ['as the prefix of a column', `SELECT "${fourth}".* FROM "${seventh}"`],
  ])('or refused, spelled with an escape %s', async (_, text) => {
    const answer = await read(text).catch((error: unknown) => error);
    if (answer instanceof Error) expect(answer).toMatchObject({ code: 'BAD_USER_INPUT' });
    else expect(answer).toEqual([known]);
  });

  it('and an outcome that was not known yet stays out of it, whose key is masked where its entity has a personal one', async () => {
    const label = (id: string, ingested: string, entity = 'customer'): string =>
      `('${entity}', '${id}', 'bad', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-02 00:00:00', '2026-01-02 00:00:00', 1, '${ingested}', 1)`;
    await sources.run(`INSERT INTO labels (entity, entity_id, name, observed_at, window_from, window_to, known_at, value, ingested_at, seq)
        VALUES ${label('C1', '2026-01-03 00:00:00')}, ${label('C2', '2026-01-20 00:00:00')},
          ${label('D1', '2026-01-03 00:00:00', 'device')}, ${label('P1', '2026-01-03 00:00:00', 'phone')}`);
    const text = `SELECT * FROM (SELECT * FROM "${hex('labels', 1)}") AS t, (SELECT 'any' AS customer_id, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') AS event_timestamp) AS e`;
    const ids = (await read(text, 'entity_id')) as readonly string[];
    // The key of a device is personal; that of an entity that is not registered may be.
    expect(ids.toSorted()).toEqual(['C1', mask.text('D1'), mask.text('P1')].toSorted());
  });

  it('and so is the key of a score', async () => {
    const score = (entity: string, id: string): string =>
      `('m@1', '${entity}', '${id}', '2026-01-01 00:00:00', 1, '2026-01-02 00:00:00', 1)`;
    await sources.run(`INSERT INTO scores (model, entity, entity_id, scored_at, points, ingested_at, seq)
        VALUES ${score('customer', 'C1')}, ${score('device', 'D1')}`);
    const text = "SELECT *, 'any' AS customer_id, scored_at AS event_timestamp FROM scores ORDER BY entity";
    expect(await read(text, 'entity_id')).toEqual(['C1', mask.text('D1')]);
  });

  it.each([
    ['under a WITH of its own name', `WITH customers AS (SELECT * FROM customers) SELECT ${COLUMNS} FROM customers`],
    [
      'under a WITH of its name in a database',
      `WITH \`riskgraph.customers\` AS (SELECT * FROM customers) SELECT ${COLUMNS} FROM \`riskgraph.customers\``,
    ],
    ['of another database', `SELECT ${COLUMNS} FROM system.\`${hex('customers', 6)}\``],
    ['that is no source table', `SELECT 'a' AS customer_id FROM "${hex('api_key', 1)}"`],
  ])('never one %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
