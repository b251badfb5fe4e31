import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalDate } from '../../../src/core/helpers/time.js';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

let made = 0;
const seen = (customer: string | null, at: string, more: TableRow = {}): TableRow => ({
  event_id: `H${++made}`,
  customer_id: customer,
  event_type: 'OPEN',
  event_time: at,
  attributes: {},
  latitude: 31,
  longitude: 121,
  datum: 'GCJ02',
  ...more,
});

describe('home_location', () => {
  let tables: SourceTables;
  const of = async (view: string, customer: string, day: LocalDate = '2026-03-10') =>
    (await tables.view(view, day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('events', [
      // 22:00 and 05:59:59.999 local are night, 21:59:59.999 and 06:00 are not; an evening and its morning are one night.
      seen('HOME', '2026-03-05T14:00:00.000Z', { latitude: 31.1 }),
      seen('HOME', '2026-03-05T21:59:59.999Z', { latitude: 31.2 }),
      seen('HOME', '2026-03-06T15:00:00.000Z', { latitude: 31.3 }),
      seen('HOME', '2026-03-06T13:59:59.999Z', { latitude: 40 }),
      seen('HOME', '2026-03-06T22:00:00.000Z', { latitude: 40 }),
      // What cannot be where somebody sleeps: mocked, without a datum, without a position, after the as-of, before the window.
      seen('HOME', '2026-03-07T15:00:00.000Z', { latitude: 50, is_mock_location: 1 }),
      seen('HOME', '2026-03-07T15:00:00.000Z', { latitude: 50, datum: null }),
      seen('HOME', '2026-03-07T15:00:00.000Z', { latitude: null }),
      seen('HOME', '2026-03-09T16:00:00.001Z', { latitude: 50 }),
      seen('HOME', '2025-12-09T16:00:00.000Z', { latitude: 50 }),
      // Two datums: more nights count, however many positions the other has, and they are never averaged.
      seen('TWO', '2026-03-01T15:00:00.000Z', { datum: 'WGS84', latitude: 10 }),
      seen('TWO', '2026-03-02T15:00:00.000Z', { datum: 'WGS84', latitude: 11 }),
      ...[1, 2, 3].map((minute) => seen('TWO', `2026-03-03T15:0${minute}:00.000Z`, { latitude: 60 })),
      seen('DAY', '2026-03-05T04:00:00.000Z'),
      seen(null, '2026-03-05T15:00:00.000Z'),
    ]);
    const person = { registered_at: '2026-03-01T03:00:00.000Z', monthly_income: '8000.50' };
    await tables.insert('customers', [
      { customer_id: 'HOME', ...person },
      { customer_id: 'NONE', ...person, monthly_income: null },
      // Corrected, and known the day after.
      { customer_id: 'HOME', ...person, monthly_income: '9000', ingested_at: '2026-03-10T18:00:00.000Z' },
    ]);
  });
  afterAll(() => tables.close());

  it('is the middle of the positions of nights in 90 days', async () => {
    expect(await of('home_location@1', 'HOME')).toEqual({
      customer_id: 'HOME',
      latitude: 31.2,
      longitude: 121,
      datum: 'GCJ02',
      nights: 2,
    });
    expect(await of('home_location@1', 'DAY')).toBeUndefined();
    expect((await tables.view('home_location@1', '2026-03-10')).map((row) => row.customer_id)).toEqual(['HOME', 'TWO']);
  });

  it('never mixes datums: the one with most nights says where', async () => {
    expect(await of('home_location@1', 'TWO')).toMatchObject({ datum: 'WGS84', nights: 2, longitude: 121 });
    expect([10, 11]).toContain((await of('home_location@1', 'TWO'))?.latitude);
  });

  it('stands beside the stated income, which is what was known of it', async () => {
    expect(await of('customer_profile@1', 'HOME')).toEqual({
      customer_id: 'HOME',
      monthly_income: '8000.5',
      days_since_registration: 9,
    });
    expect(await of('customer_profile@1', 'HOME', '2026-03-11')).toMatchObject({ monthly_income: '9000' });
    expect(await of('customer_profile@1', 'NONE')).toMatchObject({ monthly_income: null });
  });
});
