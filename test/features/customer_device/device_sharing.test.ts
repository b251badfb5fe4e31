import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSourceTables, type SourceTables } from '../../support/views.js';

let tables: SourceTables;
beforeAll(async () => {
  tables = await openSourceTables();
  const seen = (customer: string, at: string) => ({ device_id: 'D', customer_id: customer, seen_at: at, flags: [] });
  await tables.insert('device_sightings', [
    seen('A', '2026-03-20T00:00:00.000Z'),
    seen('A', '2026-03-21T00:00:00.000Z'),
    seen('B', '2026-03-10T00:00:00.000Z'),
    seen('LONG-AGO', '2026-01-10T00:00:00.000Z'),
  ]);
});
afterAll(() => tables.close());

it('leaves the subject out of its own count, whether it was seen within the window or not', async () => {
  expect(await tables.view('device_sharing@1', '2026-04-01')).toEqual([
    {
      customer_id: 'A',
      device_id: 'D',
      other_customers_30d: 1,
      other_customers_400d: 2,
      sightings_30d: 2,
      days_since_first_seen: 12,
    },
    {
      customer_id: 'B',
      device_id: 'D',
      other_customers_30d: 1,
      other_customers_400d: 2,
      sightings_30d: 1,
      days_since_first_seen: 22,
    },
    {
      customer_id: 'LONG-AGO',
      device_id: 'D',
      other_customers_30d: 2,
      other_customers_400d: 2,
      sightings_30d: 0,
      days_since_first_seen: 81,
    },
  ]);
});
