import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSourceTables, type SourceTables } from '../../support/views.js';

let tables: SourceTables;
/** As-of 2026-04-01, midnight in Shanghai. */
const DAY = '2026-04-01';
beforeAll(async () => {
  tables = await openSourceTables();
  const member = (customer_id: string, joined_at: string, more: object = {}) => ({
    customer_id,
    as_of: '2026-03-30',
    gang_id: 'G1',
    joined_at: `${joined_at}T00:00:00.000Z`,
    known_bad: 0,
    shared_identifiers: 1,
    neighbours: 2,
    second_neighbours: 0,
    bad_neighbours: 1,
    distance_to_bad: 1,
    core_number: 2,
    propagated_risk: 0.1,
    ...more,
  });
  await tables.insert('gang_members', [
    member('A', '2026-03-01'),
    member('B', '2026-03-01', { known_bad: 1, bad_neighbours: 0, distance_to_bad: null, propagated_risk: 0 }),
    member('C', '2026-03-28'),
    // Left its gang the day after, and one that joins after the as-of.
    member('D', '2026-03-01', { gang_id: 'G2' }),
    { ...member('D', '2026-03-01'), as_of: '2026-03-31', gang_id: '', joined_at: null },
    member('E', '2026-03-01', { as_of: '2026-04-01' }),
  ]);
  const link = (customer_id: string, identifier_type: string, identifier: string) => ({
    customer_id,
    identifier_type,
    identifier,
    seen_at: '2026-03-01T00:00:00.000Z',
  });
  await tables.insert('identifier_links', [
    ...['A', 'B', 'C'].map((who) => link(who, 'DEVICE', 'handset')),
    link('A', 'PHONE', 'one'),
    link('B', 'CONTACT_PHONE', 'one'),
    link('C', 'BANK_CARD', 'of C alone'),
  ]);
  const applied = (application_id: string, customer_id: string, at: string, more: object = {}) => ({
    application_id,
    customer_id,
    kind: 'CREDIT',
    product: 'P',
    applied_at: at,
    amount: '1000.00',
    term_months: 6,
    decision: null,
    ...more,
  });
  await tables.insert('applications', [
    applied('1', 'A', '2026-03-31T10:00:00.000Z'),
    applied('2', 'B', '2026-03-31T09:30:00.000Z', { amount: '500.00' }),
    applied('3', 'C', '2026-03-28T10:00:00.000Z', { decision: 'DECLINED', decided_at: '2026-03-28T11:00:00.000Z' }),
    applied('4', 'D', '2026-03-31T10:00:00.000Z'),
  ]);
  await tables.insert('gang_verdicts', [
    { gang_id: 'G1', judged_at: '2026-03-30T00:00:00.000Z', verdict: 'CONFIRMED', note: 'n', until: null },
    { gang_id: 'G1', judged_at: '2026-03-31T00:00:00.000Z', verdict: 'WATCH', note: 'n', until: null },
  ]);
});
afterAll(() => tables.close());

it('tells a customer its gang without itself: others who joined, applied and are known bad', async () => {
  const rows = await tables.view('gang_membership@1', DAY);
  expect(rows.map(({ customer_id }) => customer_id)).toEqual(['A', 'B', 'C']);
  expect(rows[0]).toEqual({
    customer_id: 'A',
    gang_id: 'G1',
    gang_size: 3,
    days_in_gang: 31,
    gang_age_days: 31,
    neighbours: 2,
    second_neighbours: 0,
    gang_density: 1,
    core_number: 2,
    shared_identifiers: 1,
    shared_devices: 1,
    shared_phones: 1,
    shared_networks: 0,
    shared_addresses: 0,
    shared_accounts: 0,
    customers_on_widest_device: 3,
    other_bad_members: 1,
    other_bad_share: 0.5,
    bad_neighbours: 1,
    distance_to_bad: 1,
    propagated_risk: 0.1,
    other_new_members_1d: 0,
    other_new_members_7d: 1,
    other_new_members_30d: 1,
    other_applications_1d: 1,
    other_applications_7d: 2,
    other_applications_30d: 2,
    gang_verdict: 'WATCH',
  });
  expect(rows[1]).toMatchObject({
    other_bad_members: 0,
    other_bad_share: 0,
    distance_to_bad: null,
    other_applications_1d: 1,
  });
  expect(rows[2]).toMatchObject({
    days_in_gang: 4,
    other_new_members_7d: 0,
    other_applications_7d: 2,
    shared_accounts: 0,
  });
});

it('tells an application what other members of the gang applied for just before', async () => {
  expect(await tables.view('application_gang@1', DAY)).toEqual([
    {
      application_id: '1',
      gang_id: 'G1',
      gang_size: 3,
      other_bad_share: 0.5,
      distance_to_bad: 1,
      other_applications_1h: 1,
      other_applications_1d: 1,
      other_applications_7d: 2,
      other_declined_30d: 1,
      same_amount_7d: 1,
      joined_before_hours: 730,
    },
    expect.objectContaining({
      application_id: '2',
      other_bad_share: 0,
      other_applications_1h: 0,
      other_applications_7d: 1,
      same_amount_7d: 0,
    }),
    expect.objectContaining({ application_id: '3', other_applications_7d: 0, joined_before_hours: 10 }),
  ]);
});
