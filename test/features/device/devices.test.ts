import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

/** The as-of is 1 April 2026 in Shanghai, 31 March 16:00 UTC: 1, 7, 30 and 90 days begin at that hour of 30, 24 and 1 March and 31 December. */
const DAY = '2026-04-01';
const IMEI = '490154203237518';

/**
 * A and B share the phone P, A and C the phone Q; R has the IMEI of P, as an IMEISV, and Q one whose serial number is 3 away. P and Q are on
 * one WiFi, at 01:00 and at 00:00 UTC in the same ten minutes.
 */
const SIGHTINGS: readonly TableRow[] = [
  {
    customer_id: 'A',
    device_id: 'P',
    seen_at: '2025-12-01T02:00:00.000Z',
    brand: 'HONOR',
    model: 'M5',
    os_version: '12',
    imei: IMEI,
    android_id: 'd1b766bfa18f2ed5',
    oaid: 'a1b2c3d4e5f60718',
    fingerprint: 'F',
    account_hash: 'a',
    sim_hash: 's1',
    wifi_bssid: 'W',
    ip: 'i1',
    flags: [],
  },
  {
    customer_id: 'B',
    device_id: 'P',
    seen_at: '2026-03-20T04:00:00.000Z',
    brand: 'HONOR',
    model: 'M5',
    os_version: '12',
    account_hash: 'b',
    sim_hash: 's3',
    wifi_bssid: 'W',
    ip: 'i1',
    flags: ['hook', 'vpn'],
    is_rooted: 1,
    reset_at: '2026-03-19T10:00:00.000Z',
  },
  {
    customer_id: 'A',
    device_id: 'P',
    seen_at: '2026-03-26T01:03:00.000Z',
    account_hash: 'a',
    sim_hash: 's2',
    wifi_bssid: 'W',
    flags: [],
  },
  {
    customer_id: 'B',
    device_id: 'P',
    seen_at: '2026-03-28T00:05:00.000Z',
    account_hash: 'b',
    sim_hash: 's3',
    wifi_bssid: 'W',
    flags: [],
  },
  {
    customer_id: 'A',
    device_id: 'P',
    seen_at: '2026-03-30T18:00:00.000Z',
    brand: 'HONOR',
    model: 'M6',
    os_version: '11',
    account_hash: 'a',
    sim_hash: 's2',
    wifi_bssid: 'W',
    ip: 'i2',
    flags: ['vpn'],
    is_rooted: 0,
  },
  {
    customer_id: 'C',
    device_id: 'Q',
    seen_at: '2026-03-26T01:00:00.000Z',
    brand: 'OPPO',
    os_version: '13',
    imei: '49-015420-323754',
    oaid: 'A1B2C3D4E5F60718',
    fingerprint: 'F',
    wifi_bssid: 'W',
    flags: [],
  },
  {
    customer_id: 'A',
    device_id: 'Q',
    seen_at: '2026-03-28T00:00:00.000Z',
    brand: 'OPPO',
    os_version: '13',
    account_hash: 'a',
    sim_hash: 's2',
    wifi_bssid: 'W',
    flags: [],
  },
  {
    customer_id: 'D',
    device_id: 'R',
    seen_at: '2026-02-20T00:00:00.000Z',
    imei: '4901542032375101',
    flags: [],
    android_id: 'a1b766bfa18f2ed5',
    reset_at: '2026-02-19T23:00:00.000Z',
  },
];

let tables: SourceTables;
beforeAll(async () => {
  tables = await openSourceTables();
  const application = (id: string, customer: string, at: string, decision: string | null) => ({
    application_id: id,
    customer_id: customer,
    device_id: 'P',
    kind: 'LOAN',
    product: 'P',
    applied_at: at,
    amount: '1.00',
    term_months: 1,
    decision,
    decided_at: decision === null ? null : at,
  });
  await tables.insert('device_sightings', SIGHTINGS);
  await tables.insert('tac_brands', [{ tac: '49015420', brand: 'Honor', price_band: 'MIDDLE' }]);
  await tables.insert('applications', [
    application('1', 'A', '2026-01-15T03:00:00.000Z', 'APPROVED'),
    application('2', 'B', '2026-03-20T05:00:00.000Z', 'DECLINED'),
    application('3', 'A', '2026-03-31T01:00:00.000Z', null),
  ]);
  const loan = { loan_id: 'L', customer_id: 'B', product: 'P', status: 'OVERDUE', restructured: 0, dpd: 35 };
  const amounts = { principal_outstanding: '1.00', overdue_principal: '1.00', principal: '1.00' };
  await tables.insert('loan_snapshots', [{ ...loan, ...amounts, as_of: '2026-03-25', disbursed_on: '2026-01-01' }]);
});
afterAll(() => tables.close());

const rowOf = async (view: string, keys: TableRow) =>
  (await tables.view(view, DAY)).find((row) => Object.entries(keys).every(([key, value]) => row[key] === value));

describe('device_identity', () => {
  it('finds an IMEI that was copied, its brand by allocation, and a phone whose system went back', async () => {
    // P, by time: versions 12, 12, 11; models M5, M5, M6. Its IMEI is that of R too, whose Android id is another.
    expect(await rowOf('device_identity@1', { device_id: 'P' })).toEqual({
      device_id: 'P',
      brand: 'HONOR',
      price_band: 'MIDDLE',
      tac_brand_differs: false,
      os_major: 11,
      os_downgrades_400d: 1,
      models_400d: 2,
      imeis_400d: 1,
      android_ids_400d: 1,
      imei_devices_400d: 2,
      imei_android_ids_400d: 2,
      oaid_devices_400d: 2,
      fingerprint_devices_400d: 2,
      linking_identifiers: 4,
    });
    expect(await rowOf('device_identity@1', { device_id: 'Q' })).toMatchObject({
      tac_brand_differs: true,
      imei_devices_400d: 1,
      imei_android_ids_400d: 0,
      os_downgrades_400d: 0,
    });
    expect(await rowOf('device_identity@1', { device_id: 'R' })).toMatchObject({
      brand: null,
      tac_brand_differs: null,
      price_band: 'MIDDLE',
      imei_devices_400d: 2,
      oaid_devices_400d: null,
      fingerprint_devices_400d: null,
      linking_identifiers: 0,
    });
  });
});

describe('device_tampering', () => {
  it('tells the signs of 30 days, and who came to a phone that was just set back', async () => {
    // P has 4 sightings in 30 days, 2 through a VPN. B came 18 hours after the reset of 19 March, 13 local days before the as-of.
    expect(await rowOf('device_tampering@1', { device_id: 'P' })).toEqual({
      device_id: 'P',
      hooked_30d: true,
      cloned_30d: false,
      mock_location_30d: false,
      clock_skew_30d: false,
      emulator_30d: null,
      rooted_30d: true,
      vpn_share_30d: 0.5,
      tampering_signs_30d: 2,
      resets_400d: 1,
      days_since_reset: 13,
      fresh_customers_90d: 1,
      first_seen_fresh: false,
    });
    // R was last seen on 20 February, an hour after a reset that was on the same day in Shanghai.
    expect(await rowOf('device_tampering@1', { device_id: 'R' })).toMatchObject({
      hooked_30d: null,
      vpn_share_30d: null,
      tampering_signs_30d: 0,
      days_since_reset: 40,
      fresh_customers_90d: 1,
      first_seen_fresh: true,
    });
  });
});

describe('device_usage', () => {
  it('counts customers and applications by window, and the signs of a farm', async () => {
    // Of 4 sightings in 30 days one was at 2:00 in Shanghai. Q and R lie within 5 serial numbers, Q acts at the same times.
    expect(await rowOf('device_usage@1', { device_id: 'P' })).toEqual({
      device_id: 'P',
      customers_1d: 1,
      customers_7d: 2,
      customers_30d: 2,
      customers_90d: 2,
      applications_1d: 1,
      applications_7d: 1,
      applications_30d: 2,
      applications_90d: 3,
      applicants_90d: 2,
      approved_share_90d: 0.5,
      days_since_first_application: 76,
      accounts_30d: 2,
      sims_30d: 2,
      wifis_30d: 1,
      addresses_30d: 2,
      night_share_30d: 0.25,
      wifi_devices_7d: 2,
      same_rhythm_devices_7d: 1,
      serial_neighbours_400d: 2,
    });
    expect(await rowOf('device_usage@1', { device_id: 'R' })).toMatchObject({
      customers_30d: 0,
      customers_90d: 1,
      applications_90d: 0,
      approved_share_90d: null,
      wifi_devices_7d: null,
      days_since_first_application: null,
      night_share_30d: null,
      same_rhythm_devices_7d: 0,
      serial_neighbours_400d: 2,
    });
  });
});

describe('customer_devices', () => {
  it('counts devices and switches, and since when the phone and the SIM card are in use', async () => {
    // A in 90 days: P, Q, P. The card s2 came on 26 March, s1 was before; P is in use since 1 December, 121 local days.
    expect(await rowOf('customer_devices@1', { customer_id: 'A' })).toEqual({
      customer_id: 'A',
      devices_1d: 1,
      devices_7d: 2,
      devices_30d: 2,
      devices_90d: 2,
      device_switches_90d: 2,
      days_on_newest_device: 121,
      is_newest_device_new: false,
      newest_device_others_90d: 1,
      shared_devices_90d: 2,
      tampered_devices_90d: 0,
      brands_90d: 2,
      accounts_90d: 1,
      sims_90d: 1,
      days_since_sim_change: 6,
    });
    expect(await rowOf('customer_devices@1', { customer_id: 'B' })).toMatchObject({
      devices_1d: 0,
      devices_7d: 1,
      device_switches_90d: 0,
      tampered_devices_90d: 1,
      days_since_sim_change: null,
    });
  });
});

describe('device_others', () => {
  it('leaves the subject out, and says who came first', async () => {
    const of = (customer: string, device: string) =>
      rowOf('device_others@1', { customer_id: customer, device_id: device });
    // B was on P until 28 March, applied on the 20th, and is 35 days past due since the 25th.
    expect(await of('A', 'P')).toMatchObject({
      other_customers_1d: 0,
      other_customers_7d: 1,
      other_customers_30d: 1,
      other_customers_90d: 1,
      other_applications_7d: 0,
      other_applications_30d: 1,
      other_applications_90d: 1,
      other_bad_customers_400d: 1,
      other_bad_share_400d: 1,
      is_first_customer: true,
      is_first_applicant: true,
    });
    expect(await of('B', 'P')).toMatchObject({
      other_customers_1d: 1,
      other_applications_1d: 1,
      other_applications_30d: 1,
      other_applications_90d: 2,
      other_bad_customers_400d: 0,
      other_bad_share_400d: 0,
      is_first_customer: false,
      is_first_applicant: false,
    });
    expect(await of('D', 'R')).toMatchObject({
      other_customers_90d: 0,
      other_bad_share_400d: null,
      is_first_customer: true,
      is_first_applicant: null,
    });
  });
});
