/** The spine brings what the request of an on-demand feature brings online: inline or by SQL, typed, and masked for whoever sees it masked. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, formatInstant } from '../../src/core/helpers/time.js';
import { onDemandRefs } from '../support/on-demand.js';
import { mask, NOW, objectsOf, openWorld, refusal, spineOf, type World } from './on-demand-world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('a spine', () => {
  const spine = { customer_id: ['F3'], event_timestamp: [formatInstant(NOW)] };

  it.each([
    [{}, /the spine lacks amount DECIMAL \(for afford@1\); factor FLOAT64 \(for afford@1\)/],
    [{ amount: ['1'], factor: ['1'] }, /factor\[0\] is not valid: FLOAT64/],
    [{ amount: ['much'], factor: [1] }, /amount\[0\] is not valid: DECIMAL/],
  ])('of rows that lack or mistake an input %j is refused by both, naming it', async (more, words) => {
    const features = onDemandRefs(world.afford);
    const given = { ...spine, ...more } as Record<string, readonly unknown[]>;
    const historical = world.offline.historicalFeatures({
      features,
      spine: given,
      includeEventTimes: false,
      includeStatuses: false,
    });
    const set = world.sets.check({
      features,
      spine: given,
      label: null,
      entities: new Map(),
      asOf: NOW + DAY,
    });
    for (const { code, message } of await Promise.all([refusal(historical), refusal(set)])) {
      expect(code).toBe('BAD_USER_INPUT');
      expect(message).toMatch(words);
    }
  });

  const select = (amount: string, factor: string) => ({
    sql: `SELECT concat('F', toString(number)) AS customer_id, toDateTime64('2026-06-30 00:00:00', 3, 'UTC') AS event_timestamp, ${amount} AS amount, ${factor} AS factor FROM (SELECT arrayJoin(range(20)) AS number)`,
  });

  it('of SQL gives its columns as inputs, widened where nothing is lost, the same as inline', async () => {
    const features = onDemandRefs(world.afford);
    const { path, manifest, rowCount } = await world.build({
      features,
      spine: select('toDecimal64(number / 8, 3)', 'toFloat32(number) / 7'),
    });
    const ids = Array.from({ length: 20 }, (_, number) => `F${number}`);
    const request = { amount: ids.map((_, n) => (n / 8).toFixed(3)), factor: ids.map((_, n) => n / 7) };
    const inline = await world.build({ features, spine: { ...spineOf({ features, ids, request }) } });
    const computed = (rows: Record<string, unknown>[]) =>
      rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith('afford__'))));
    expect(rowCount).toBe(20);
    const [fromSql, fromRows] = [await objectsOf(path), await objectsOf(inline.path)];
    expect(computed(fromSql)).toEqual(computed(fromRows));
    expect(fromSql.filter((row) => row.afford__share !== null).length).toBeGreaterThan(3);
    expect(manifest.views).toEqual([
      { view: 'profile@1', hash: 'hash of profile@1' },
      { view: 'afford@1', hash: 'hash of afford@1', kind: 'on_demand' },
    ]);
    expect(manifest.features).toContainEqual({ column: 'afford__share', reference: 'afford@1:share' });
  });

  it.each([
    ['toFloat64(number)', 'toFloat64(1)', "the spine's column amount is FLOAT64, and afford@1 requires DECIMAL"],
    ["'12'", 'toFloat64(1)', "the spine's column amount is STRING, and afford@1 requires DECIMAL"],
    ['toInt64(1)', 'toInt64(1)', "the spine's column factor is INT64, and afford@1 requires FLOAT64"],
  ])(
    'of SQL that gives amount as %s and factor as %s is refused, with what is wanted and what it is',
    async (amount, factor, words) => {
      const request = {
        features: onDemandRefs(world.afford),
        spine: select(amount, factor),
        label: null,
        entities: new Map(),
        asOf: NOW + DAY,
      };
      const { code, message } = await refusal(world.sets.check(request));
      expect([code, message]).toEqual(['BAD_USER_INPUT', words]);
    },
  );

  it('of SQL with a coordinate that no place has is refused, with the number of rows', async () => {
    const spine = {
      sql: "SELECT 'F3' AS customer_id, toDateTime64('2026-06-30 00:00:00', 3, 'UTC') AS event_timestamp, arrayJoin([1.5, 95.5, -90.25, NULL]) AS latitude, 'H5' AS channel",
    };
    const { code, message } = await refusal(world.build({ features: onDemandRefs(world.place), spine }));
    expect([code, message]).toEqual([
      'BAD_USER_INPUT',
      '2 rows of the spine have a latitude that is not between -90 and 90',
    ]);
  });

  it('gives a role that sees personal values masked what follows from it, alike in a table and in a file, and nothing personal that is stored', async () => {
    const features = [...onDemandRefs(world.place), ...onDemandRefs(world.echo, ['seen'])];
    const others = { when: [null], moment: [null], yes: [null], word: ['Anna'], count: [null], list: [null] };
    const given = { ...spine, latitude: [-1.5], channel: ['H5'], ...others };
    const historical = await world.offline.historicalFeatures({
      features,
      spine: given,
      includeEventTimes: false,
      includeStatuses: false,
      mask,
    });
    const shown = Object.fromEntries(historical.columns.map(({ name }, index) => [name, historical.rows[0]?.[index]]));
    expect(shown).toMatchObject({
      latitude: -1.5,
      channel: 'H5',
      word: 'Anna',
      place__south: true,
      place__at: '-1.5 by H5',
    });
    expect(JSON.parse(shown.echo__seen as string)).toMatchObject({ word: 'Anna', its_flag: false, its_born: null });
    const { path } = await world.build({ features, spine: given, mask });
    const [row] = await objectsOf(path);
    expect(row).toMatchObject({
      place__south: true,
      place__at: '-1.5 by H5',
      echo__seen: shown.echo__seen,
      word: 'Anna',
    });
  });

  it('of SQL, which such a role sees masked, is refused where a personal input is wanted', async () => {
    const text = `SELECT 'F3' AS customer_id, toDateTime64('2026-06-30 00:00:00', 3, 'UTC') AS event_timestamp, toFloat64(1) AS latitude, 'H5' AS channel`;
    const request = {
      features: onDemandRefs(world.place),
      spine: { sql: text },
      label: null,
      entities: new Map(),
      asOf: NOW + DAY,
    };
    await world.sets.check(request);
    const { code, message } = await refusal(world.sets.check({ ...request, mask }));
    expect(code).toBe('BAD_USER_INPUT');
    expect(message).toBe(
      'latitude FLOAT64 (for place@1) is personal, and spine SQL sees personal values masked for this role',
    );
  });

  it('writes a CSV with the values of the Parquet file, to the last digit', async () => {
    const asked = {
      features: onDemandRefs(world.afford, ['weighted']),
      ids: ['F3', 'F6'],
      request: { amount: [null, null], factor: [3.3, -7.1e-9] },
    };
    const id = 'as_csv';
    const path = join(world.folder, `${id}.csv`);
    await world.build({
      ...asked,
      spine: spineOf(asked),
      id,
      path,
      format: 'CSV',
      includeEventTimes: false,
      includeStatuses: false,
    });
    const [, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
    const online = await world.readOnline(asked);
    expect(lines.map((line) => Number(line.split(',').at(-1)))).toEqual(online.map(([cell]) => cell?.[0]));
  });
});
