import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEVICE_IDENTIFIERS, identifierStatus } from '../../../src/core/helpers/device-ids.js';
import {
  DEVICE_IDENTIFIER_KINDS,
  type DeviceIdentifierKind,
  readDeviceIdentifier,
} from '../../../src/core/lending/device-identifier.js';

/**
 * Normal forms and parts by hand. 49015420323751: every second digit from the right, doubled, gives 2 5 4 0 8 2 9, 30 in all; the others
 * 22; 52 lacks 8 to the next ten, the check digit.
 * MEID A10000009296F2: 0xA1000000 = 2701131776 and 0x9296F2 = 9606898.
 */
const VALID: readonly (readonly [DeviceIdentifierKind, string, string, Record<string, string>])[] = [
  ['IMEI', '49-015420-323751-8', '490154203237518', { typeAllocationCode: '49015420', serialNumber: '323751' }],
  ['IMEI', '49015420323751', '490154203237518', { checkDigit: '8' }],
  ['IMEI', '4901542032375101', '490154203237518', { softwareVersion: '01' }],
  ['IMEISV', '4901542032375101', '4901542032375101', { imei: '490154203237518', softwareVersion: '01' }],
  ['MEID', 'a10000009296f2', 'A10000009296F2', { regionCode: 'A1', decimal: '270113177609606898' }],
  ['MEID', '270113177609606898', 'A10000009296F2', { serialNumber: '9296F2' }],
  ['MEID', 'AF0123450ABCDEC', 'AF0123450ABCDE', { checkDigit: 'C' }],
  [
    'IDFA',
    '6d92078a-8246-4ba4-ae5b-76104861e7dc',
    '6D92078A-8246-4BA4-AE5B-76104861E7DC',
    { form: 'UUID', uuidVersion: '4' },
  ],
  ['GAID', '38400000-8CF0-11BD-B23E-10B96E40000D', '38400000-8cf0-11bd-b23e-10b96e40000d', { uuidVersion: '1' }],
  ['OAID', 'A1B2C3D4E5F60718', 'a1b2c3d4e5f60718', { form: '16 hex digits, as Xiaomi writes it' }],
  ['UDID', '00008020-001A2B3C4D5E6F70', '00008020-001A2B3C4D5E6F70', { chip: '00008020', ecid: '001A2B3C4D5E6F70' }],
  ['ANDROID_ID', '1b766bfa18f2e', '0001b766bfa18f2e', {}],
];

const REASONS: readonly (readonly [DeviceIdentifierKind, string, string, RegExp])[] = [
  ['IMEI', '490154203237517', 'INVALID', /check digit after 49015420323751 is 8 and not 7/],
  ['IMEI', '4901542032375', 'INVALID', /15 digits, or 14 without the check digit, and this has 13/],
  ['IMEI', '000000000000000', 'NULL_LIKE', /one digit again and again/],
  ['IMEI', '358240051111110', 'NULL_LIKE', /Very many phones/],
  ['IMEI', '001010123456789', 'NULL_LIKE', /begins with 00 is for tests/],
  ['IMEI', ' ', 'ABSENT', /reported nothing/],
  ['IMEISV', '490154203237518', 'INVALID', /15 digits of an IMEI/],
  ['MEID', '49015420323751', 'INVALID', /digits of an IMEI/],
  ['MEID', '999999999999999999', 'INVALID', /above 4294967295/],
  ['IDFA', '6D92078A82464BA4AE5B76104861E7DC', 'INVALID', /UUID of 8-4-4-4-12/],
  ['OAID', 'NO', 'NULL_LIKE', /word for nothing/],
  ['ANDROID_ID', '9774d56d682e549c', 'NULL_LIKE', /Very many phones/],
  ['ANDROID_ID', 'D1B766BFA18F2ED5', 'INVALID', /lower case/],
];

describe('a device identifier', () => {
  it.each(VALID)('%s %s is %s, with its parts', (kind, value, normalized, parts) => {
    expect(readDeviceIdentifier(kind, value)).toMatchObject({ kind, status: 'VALID', normalized, parts });
  });

  it.each(REASONS)('%s %j is %s, and the reason says why', (kind, value, status, reason) => {
    const read = readDeviceIdentifier(kind, value);
    expect(read).toMatchObject({ status, normalized: null, parts: null });
    expect(read.reason).toMatch(reason);
  });

  const anything = fc.oneof(
    fc.stringMatching(/^[0-9-]{13,19}$/),
    fc.stringMatching(/^[A-F9][0-9A-F]{13}[0-9A-F]?$/),
    fc.stringMatching(/^[0-9a-fA-F]{13,17}$/),
    fc.uuid(),
    fc.string({ unit: 'grapheme' }),
  );

  it('has the status by which views judge it', () => {
    const judged = DEVICE_IDENTIFIER_KINDS.filter((kind) => kind !== 'IMEISV');
    expect(judged.map((kind) => kind.toLowerCase()).sort()).toEqual([...DEVICE_IDENTIFIERS].sort());
    fc.assert(
      fc.property(anything, fc.constantFrom(...DEVICE_IDENTIFIERS), (value, name) => {
        const kind = name.toUpperCase() as DeviceIdentifierKind;
        expect(readDeviceIdentifier(kind, value).status).toBe(identifierStatus(name, value));
      }),
      { numRuns: 3_000 },
    );
  });

  it('in its normal form is its own normal form', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...DEVICE_IDENTIFIER_KINDS), (value, kind) => {
        const { normalized } = readDeviceIdentifier(kind, value);
        if (normalized) expect(readDeviceIdentifier(kind, normalized).normalized).toBe(normalized);
      }),
      { numRuns: 3_000 },
    );
  });
});
