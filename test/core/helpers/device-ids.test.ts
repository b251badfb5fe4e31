import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ident, join, raw, sql } from '../../../src/core/definitions/sql.js';
import {
  DEVICE_IDENTIFIERS,
  type DeviceIdentifier,
  identifierStatus,
  identifierStatusSql,
  luhnValid,
} from '../../../src/core/helpers/device-ids.js';
import { openSourceTables, type SourceTables } from '../../support/views.js';

/** Published examples and the traps of each kind. */
const GOLDEN: readonly (readonly [DeviceIdentifier, string | null, string])[] = [
  ['imei', '490154203237518', 'VALID'],
  ['imei', '35-209900-176148-1', 'VALID'],
  ['imei', ' 49015420 323751 8 ', 'VALID'],
  ['imei', '490154203237517', 'INVALID'],
  ['imei', '49015420323751', 'VALID'],
  ['imei', '4901542032375101', 'VALID'],
  ['imei', '49015420323751x', 'INVALID'],
  ['imei', '000000000000000', 'NULL_LIKE'],
  ['imei', '111111111111111', 'NULL_LIKE'],
  ['imei', '358240051111110', 'NULL_LIKE'],
  ['imei', '123456789012347', 'NULL_LIKE'],
  ['imei', '001010123456789', 'NULL_LIKE'],
  ['imei', 'Unknown', 'NULL_LIKE'],
  ['imei', '', 'ABSENT'],
  ['imei', null, 'ABSENT'],
  ['meid', 'A10000009296F2', 'VALID'],
  ['meid', 'AF0123450ABCDEC', 'VALID'],
  ['meid', 'AF0123450ABCDED', 'INVALID'],
  ['meid', '270113177609606898', 'VALID'],
  ['meid', '999999999999999999', 'INVALID'],
  ['meid', '90000000000000', 'INVALID'],
  ['meid', '99000028000000', 'VALID'],
  ['meid', 'FFFFFFFFFFFFFF', 'NULL_LIKE'],
  ['idfa', '6D92078A-8246-4BA4-AE5B-76104861E7DC', 'VALID'],
  ['idfa', '00000000-0000-0000-0000-000000000000', 'NULL_LIKE'],
  ['idfa', '6D92078A82464BA4AE5B76104861E7DC', 'INVALID'],
  ['gaid', '38400000-8cf0-11bd-b23e-10b96e40000d', 'VALID'],
  ['oaid', 'a1b2c3d4e5f60718', 'VALID'],
  ['oaid', '00000000000000000000000000000000', 'NULL_LIKE'],
  ['oaid', 'NO', 'NULL_LIKE'],
  ['oaid', 'a1b2c3d4', 'INVALID'],
  ['android_id', '9774d56d682e549c', 'NULL_LIKE'],
  ['android_id', 'd1b766bfa18f2ed5', 'VALID'],
  ['android_id', 'D1B766BFA18F2ED5', 'INVALID'],
  ['udid', '00008020-001A2B3C4D5E6F70', 'VALID'],
  ['udid', '2b6f0cc904d137be2e1730235f5664094b831186', 'VALID'],
  ['idfv', '599F9C00-92DC-4B5C-9464-7971F01F8370', 'VALID'],
];

describe('device identifiers', () => {
  it.each(GOLDEN)('%s %j is %s', (type, value, status) => {
    expect(identifierStatus(type, value)).toBe(status);
  });

  it('finds every single wrong digit by the Luhn check, in base 10 and 16', () => {
    for (const [digits, base] of [
      ['490154203237518', 10],
      ['AF0123450ABCDEC', 16],
    ] as const) {
      for (let at = 0; at < digits.length; at++) {
        for (let digit = 0; digit < base; digit++) {
          const changed = digits.slice(0, at) + digit.toString(base).toUpperCase() + digits.slice(at + 1);
          expect(luhnValid(changed, base)).toBe(changed === digits);
        }
      }
    }
  });

  describe('in ClickHouse', () => {
    let tables: SourceTables;
    beforeAll(async () => {
      tables = await openSourceTables();
    });
    afterAll(() => tables.close());

    it('are judged as here, whatever is reported', async () => {
      const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));
      const anything = fc.oneof(
        digits(13, 19),
        digits(14, 15).map((text) => `${text.slice(0, 8)}-${text.slice(8)}`),
        fc.stringMatching(/^[0-9a-fA-F]{13,17}$/),
        fc.stringMatching(/^[A-F9][0-9A-F]{13}[0-9A-F]?$/),
        fc.stringMatching(/^[0-9a-f]{40}$/),
        fc.uuid(),
        fc.uuid().map((text) => text.toUpperCase()),
        fc.stringMatching(/^[0fF-]{1,36}$/),
        fc.stringMatching(/^(null|None|UNKNOWN|n\/a|NO|0|1)$/),
        fc.string({ unit: 'grapheme' }),
      );
      const values = [...GOLDEN.map(([, value]) => value ?? ''), ...fc.sample(anything, { numRuns: 3_000, seed: 11 })];
      const statuses = join(
        DEVICE_IDENTIFIERS.map((type) => sql`${identifierStatusSql(type, raw('brand'))} AS ${ident(type)}`),
      );
      await tables.insert(
        'device_sightings',
        values.map((value, index) => ({
          customer_id: 'C',
          device_id: String(index),
          seen_at: '2026-01-01T00:00:00.000Z',
          brand: value,
        })),
      );
      const rows = await tables.clickhouse.rows<Record<string, string>>(
        'device-ids-test',
        sql`SELECT ${statuses} FROM device_sightings ORDER BY toUInt32(device_id)`,
      );
      const different = values.flatMap((value, index) =>
        DEVICE_IDENTIFIERS.filter((type) => rows[index]?.[type] !== identifierStatus(type, value)).map((type) => ({
          type,
          value,
          here: identifierStatus(type, value),
          there: rows[index]?.[type],
        })),
      );
      expect(different).toEqual([]);
      for (const status of ['VALID', 'INVALID', 'NULL_LIKE', 'ABSENT']) {
        expect(rows.some((row) => Object.values(row).includes(status))).toBe(true);
      }
    });
  });
});
