import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSourceTables, type SourceTables } from '../../support/views.js';

let tables: SourceTables;
/** As-of 2026-04-01, midnight in Shanghai. */
const DAY = '2026-04-01';
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
const link = (customer_id: string, identifier_type: string, identifier: string) => ({
  customer_id,
  identifier_type,
  identifier,
  seen_at: '2026-03-01T00:00:00.000Z',
});

beforeAll(async () => {
  tables = await openSourceTables();
  await tables.insert('gang_members', [
    member('A', '2026-03-01'),
    member('B', '2026-03-01', { known_bad: 1, bad_neighbours: 0, distance_to_bad: null, propagated_risk: 0 }),
    member('C', '2026-03-28'),
    // Left its gang the day after, and one that joins after the as-of.
    member('D', '2026-03-01', { gang_id: 'G2' }),
    { ...member('D', '2026-03-01'), as_of: '2026-03-31', gang_id: '', joined_at: null },
    member('E', '2026-03-01', { as_of: '2026-04-01' }),
  ]);
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
    applied('1', 'A', '2026-03-31T10:00:00.000Z', { latitude: 31.23, longitude: 121.47, datum: 'WGS84' }),
    applied('2', 'B', '2026-03-31T09:30:00.000Z', {
      amount: '500.00',
      latitude: 39.9,
      longitude: 116.4,
      datum: 'WGS84',
    }),
    applied('3', 'C', '2026-03-28T10:00:00.000Z', {
      decision: 'DECLINED',
      decided_at: '2026-03-28T11:00:00.000Z',
      latitude: 31.23,
      longitude: 121.47,
      datum: 'WGS84',
    }),
    applied('4', 'D', '2026-03-31T10:00:00.000Z'),
  ]);
  const owing = (customer_id: string, as_of: string, more: object = {}) => ({
    loan_id: `L${customer_id}`,
    as_of,
    customer_id,
    product: 'P',
    status: 'CURRENT',
    restructured: 0,
    dpd: 0,
    principal_outstanding: '100.00',
    overdue_principal: '0.00',
    disbursed_on: '2026-02-01',
    principal: '200.00',
    ...more,
  });
  await tables.insert('loan_snapshots', [
    // B missed the first instalment, and paid it since; A paid; that of C is due for five days.
    owing('A', '2026-03-08'),
    owing('B', '2026-03-08', { dpd: 7, status: 'OVERDUE' }),
    owing('A', '2026-03-31', { dpd: 2, status: 'OVERDUE', principal_outstanding: '70.25' }),
    owing('B', '2026-03-31', { principal_outstanding: '30.50' }),
    owing('C', '2026-03-31', { dpd: 5, status: 'OVERDUE', principal_outstanding: '0.00' }),
    owing('D', '2026-03-31'),
  ]);
  await tables.insert(
    'installments',
    ['A', 'B', 'C'].map((customer_id) => ({
      loan_id: `L${customer_id}`,
      installment_no: 1,
      effective_at: '2026-02-01T00:00:00.000Z',
      customer_id,
      due_date: customer_id === 'C' ? '2026-03-26' : '2026-03-01',
      principal_due: '10.00',
      interest_due: '1.00',
    })),
  );
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

it('tells what a gang is as a whole: who is in it, what ties them, and how they apply and repay', async () => {
  expect(await tables.view('gang_profile@1', DAY)).toEqual([
    {
      gang_id: 'G1',
      members: 3,
      known_bad_members: 1,
      bad_share: 1 / 3,
      age_days: 31,
      new_members_1d: 0,
      new_members_7d: 1,
      new_members_30d: 1,
      density: 1,
      core_number: 2,
      mean_propagated_risk: 0.2 / 3,
      // The handset of all three, and the number that A owns and B names.
      shared_identifiers: 2,
      shared_devices: 1,
      shared_phones: 1,
      shared_networks: 0,
      shared_addresses: 0,
      shared_accounts: 0,
      customers_on_widest_identifier: 3,
      applications_1d: 2,
      applications_7d: 3,
      applications_30d: 3,
      decided_90d: 1,
      approval_rate_90d: 0,
      // A and C applied in one cell, B in another.
      same_cell_share: 2 / 3,
      borrowers: 3,
      exposure: '100.75',
      overdue_exposure: '70.25',
      matured_members: 2,
      fpd7_members: 1,
      fpd7_rate: 0.5,
      verdict: 'WATCH',
    },
  ]);
});

it('tells of an identifier whom one more customer would be tied to, so that an applicant without a history is judged', async () => {
  await tables.insert('gang_members', [
    member('H', '2026-02-01', { gang_id: 'G3', known_bad: 1 }),
    member('I', '2026-02-01', { gang_id: 'G3' }),
  ]);
  await tables.insert('identifier_links', [
    // Of a customer in no gang yet, and of two who are in one each.
    link('F', 'PHONE', 'one'),
    link('F', 'DEVICE', 'of F alone'),
    link('C', 'ADDRESS', 'flat'),
    link('H', 'ADDRESS', 'flat'),
    // Five customers are the most that a card ties.
    ...['A', 'B', 'C', 'H', 'I'].map((who) => link(who, 'BANK_CARD', 'full')),
    link('A', 'WIFI', '00:00'),
    link('A', 'WIFI', 'shop'),
  ]);
  await tables.insert('trusted_identifiers', [
    { identifier_type: 'WIFI', identifier: 'shop', trusted_at: '2026-03-02T00:00:00.000Z', reason: 'r', until: null },
  ]);
  const rows = await tables.view('identifier_gangs@1', DAY);
  expect(rows.map(({ identifier_type, identifier }) => `${identifier_type} ${identifier}`)).toEqual([
    'ADDRESS flat',
    'BANK_CARD of C alone',
    'DEVICE handset',
    'PHONE one',
  ]);
  expect(rows[0]).toEqual({
    identifier_type: 'ADDRESS',
    identifier: 'flat',
    customers: 2,
    days_since_seen: 31,
    known_bad_customers: 1,
    // C of three, H of two: B and H are known bad.
    gangs: 2,
    gang_id: 'G1',
    gang_customers: 5,
    gang_known_bad: 2,
    gang_bad_share: 0.4,
    gang_age_days: 59,
    gang_new_members_7d: 1,
    gang_new_members_30d: 1,
    gang_verdict: 'WATCH',
  });
  expect(rows[1]).toMatchObject({ customers: 1, known_bad_customers: 0, gangs: 1, gang_customers: 3 });
  // A, who owns the number, B, who names it, and F, who is in no gang.
  expect(rows[3]).toMatchObject({ customers: 3, known_bad_customers: 1, gang_customers: 4, gang_bad_share: 0.25 });
});
