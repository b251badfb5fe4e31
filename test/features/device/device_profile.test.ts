import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables } from '../../support/views.js';

describe('device_profile', () => {
  let tables: SourceTables;
  const of = async (device: string, day: string) =>
    (await tables.view('device_profile@1', day)).find((row) => row.device_id === device);

  beforeAll(async () => {
    tables = await openSourceTables();
    const seen = (device: string, customer: string, at: string, more = {}) => ({
      device_id: device,
      customer_id: customer,
      seen_at: at,
      flags: [],
      ...more,
    });
    await tables.insert('device_sightings', [
      // The window of 1 April (local) is (2 March 00:00, 1 April 00:00] in Shanghai.
      seen('D', 'TOO-OLD', '2026-03-01T16:00:00.000Z', { flags: ['old'], brand: 'x', model: 'y' }),
      seen('D', 'A', '2026-03-01T16:00:00.001Z', { flags: ['vpn', 'hook'], is_rooted: 1, brand: 'HONOR', model: 'M5' }),
      seen('D', 'B', '2026-03-20T00:00:00.000Z', { flags: ['vpn'], is_rooted: 0, brand: 'HONOR', model: 'M6' }),
      seen('D', 'A', '2026-03-31T16:00:00.000Z', { brand: 'HONOR', model: 'M6' }),
      seen('D', 'TOO-NEW', '2026-03-31T16:00:00.001Z'),
      seen('ALONE', 'C', '2026-03-20T00:00:00.000Z'),
      seen('IDS', 'C', '2026-02-01T00:00:00.000Z', {
        imei: '49015420-323751-8',
        os: 'Android',
        os_version: '9',
        idfa: '00000000-0000-0000-0000-000000000000',
      }),
      seen('IDS', 'C', '2026-03-20T00:00:00.000Z', {
        android_id: '9774D56D682E549C',
        oaid: 'a1b2c3d4e5f60718',
        udid: 'not-one',
      }),
      seen('TAMPERED', 'C', '2026-03-20T00:00:00.000Z', {
        imei: '490154203237510',
        os: 'android',
        os_version: '12.0.1',
      }),
    ]);
  });
  afterAll(() => tables.close());

  it('counts the customers of 30 local days, both ends to the millisecond, and those beside the one seen last', async () => {
    expect(await of('D', '2026-04-01')).toMatchObject({
      customers_30d: 2,
      other_customers_30d: 1,
      sightings_30d: 3,
      models_30d: 2,
      risk_flags_30d: 2,
      is_rooted: true,
      is_emulator: null,
      days_since_first_seen: 30,
    });
    expect(await of('ALONE', '2026-04-01')).toMatchObject({ customers_30d: 1, other_customers_30d: 0 });
  });

  it('still knows a device that was not seen for 30 days, with nobody on it', async () => {
    expect(await of('ALONE', '2026-06-01')).toMatchObject({
      customers_30d: 0,
      other_customers_30d: 0,
      sightings_30d: 0,
    });
  });

  it('judges the newest identifier of each kind and does not take null-like ones for present', async () => {
    expect(await of('IDS', '2026-04-01')).toMatchObject({
      imei_present: true,
      imei_valid: true,
      idfa_present: false,
      idfa_valid: null,
      android_id_present: false,
      oaid_present: true,
      oaid_valid: true,
      udid_present: true,
      udid_valid: false,
      identifiers_present: 3,
      identifiers_valid: 2,
      imei_on_new_android: false,
    });
  });

  it('flags an IMEI that comes from a system on which no app can read one', async () => {
    expect(await of('TAMPERED', '2026-04-01')).toMatchObject({
      imei_on_new_android: true,
      imei_present: true,
      imei_valid: false,
    });
  });
});
