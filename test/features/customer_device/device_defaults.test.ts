import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSourceTables, type SourceTables } from '../../support/views.js';

let tables: SourceTables;
beforeAll(async () => {
  tables = await openSourceTables();
  const seen = (customer: string, device: string, at = '2026-03-20T00:00:00.000Z') => ({
    device_id: device,
    customer_id: customer,
    seen_at: at,
    flags: [],
  });
  await tables.insert('device_sightings', [
    seen('PAYS', 'D'),
    seen('LATE', 'D'),
    seen('DEFAULTED', 'D'),
    seen('DEFAULTED', 'OTHER'),
    seen('LONG-AGO', 'D', '2025-01-10T00:00:00.000Z'),
  ]);
  const loan = (customer: string, dpd: number, status = 'OVERDUE') => ({
    loan_id: `L-${customer}`,
    as_of: '2026-03-30',
    customer_id: customer,
    product: 'P',
    status,
    restructured: 0,
    dpd,
    principal_outstanding: '1.00',
    overdue_principal: '1.00',
    disbursed_on: '2025-01-01',
    principal: '1.00',
  });
  await tables.insert('loan_snapshots', [
    loan('PAYS', 0, 'CURRENT'),
    loan('LATE', 45),
    loan('DEFAULTED', 120),
    loan('LONG-AGO', 400, 'WRITTEN_OFF'),
  ]);
});
afterAll(() => tables.close());

it('counts how the others on the device repaid, and leaves the subject and long-gone users out', async () => {
  const row = (customer_id: string, device_id: string, late: number, defaulted: number) => ({
    customer_id,
    device_id,
    other_late_customers_400d: late,
    other_defaulted_customers_400d: defaulted,
  });
  expect(await tables.view('device_defaults@1', '2026-04-01')).toEqual([
    row('DEFAULTED', 'D', 1, 0),
    row('DEFAULTED', 'OTHER', 0, 0),
    row('LATE', 'D', 1, 1),
    row('PAYS', 'D', 2, 1),
  ]);
});
