/** The views of places: of cells, and of the customers who are in them. */
import { cellArea, cellToChildren, cellToLatLng, cellToParent, gridDisk } from 'h3-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

/** Local midnight of 1 April 2026 is 16:00 UTC of 31 March. */
const DAY = '2026-04-01';
/** The middle of the cell, so that all that is told of it is in its parents too. */
const HOME = '8831aa4283fffff';
const [NEIGHBOUR, ELSEWHERE] = [gridDisk(HOME, 1).find((cell) => cell !== HOME) as string, '88309959d1fffff'];
/** Of the parent of that cell, too. */
const SIBLING = cellToChildren(cellToParent(ELSEWHERE, 7), 8).find((cell) => cell !== ELSEWHERE) as string;
const at = (cell: string): TableRow => {
  const [latitude, longitude] = cellToLatLng(cell);
  return { latitude, longitude, datum: 'WGS84' };
};

let made = 0;
const application = (customer: string, applied: string, more: TableRow = {}): TableRow => ({
  application_id: `A${++made}`,
  customer_id: customer,
  kind: 'LOAN',
  product: 'P',
  applied_at: applied,
  amount: '1.00',
  term_months: 12,
  device_id: `D-${customer}`,
  ...at(HOME),
  ...more,
});
const event = (customer: string, when: string, cell: string, more: TableRow = {}): TableRow => ({
  event_id: `E${++made}`,
  customer_id: customer,
  event_type: 'OPEN',
  event_time: when,
  attributes: {},
  ...at(cell),
  ...more,
});
const loan = (customer: string, dpd: number): TableRow => ({
  loan_id: `L-${customer}`,
  as_of: '2026-03-30',
  customer_id: customer,
  product: 'P',
  status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
  restructured: 0,
  dpd,
  principal_outstanding: '1.00',
  overdue_principal: '1.00',
  disbursed_on: '2025-06-01',
  principal: '1.00',
});
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

let tables: SourceTables;
const row = async (view: string, key: string) =>
  (await tables.view(view, DAY)).find((each) => each.cell === key || each.customer_id === key);

beforeAll(async () => {
  tables = await openSourceTables();
  await tables.insert('applications', [
    // Six of the last 24 hours, five of them within an hour, by two customers on two devices.
    ...range(5).map((minute) => application('C1', `2026-03-31T03:0${minute}:00.000Z`)),
    application('C2', '2026-03-31T05:00:00.000Z'),
    // Seven of the four weeks before: 0.25 a day. The first of them is of the last 7 days.
    application('C3', '2026-03-28T05:00:00.000Z', { device_id: null }),
    ...range(6).map((day) => application('C4', `2026-03-1${day}T05:00:00.000Z`)),
    // A neighbour, and what is in no cell.
    application('C5', '2026-03-30T05:00:00.000Z', at(NEIGHBOUR)),
    application('C6', '2026-03-31T05:00:00.000Z', { latitude: 0, longitude: 0 }),
    application('C7', '2026-03-31T05:00:00.000Z', { latitude: null, longitude: null }),
    // Twenty-four borrowers of a cell elsewhere, six of them bad, and sixteen good ones of its sibling.
    ...range(24).map((index) =>
      application(`B${index}`, '2026-01-20T05:00:00.000Z', {
        ...at(ELSEWHERE),
        decision: index < 18 ? 'APPROVED' : 'DECLINED',
        decided_at: '2026-01-20T06:00:00.000Z',
      }),
    ),
    ...range(16).map((index) => application(`G${index}`, '2026-01-20T05:00:00.000Z', at(SIBLING))),
  ]);
  await tables.insert('loan_snapshots', [
    ...range(24).map((index) => loan(`B${index}`, index < 6 ? 45 : 0)),
    ...range(16).map((index) => loan(`G${index}`, 0)),
    loan('C1', 90),
  ]);
  await tables.insert('customers', [
    { customer_id: 'P', registered_at: '2026-01-01T00:00:00.000Z', province: 'Beijing', city: 'Beijing' },
  ]);
  await tables.insert('places', [{ province: 'Beijing', city: 'Beijing', latitude: 39.9042, longitude: 116.4074 }]);
  await tables.insert('events', [
    // Two nights at home, three days at work, one hour in Shanghai an hour after Beijing.
    event('P', '2026-03-10T15:00:00.000Z', HOME),
    event('P', '2026-03-11T15:00:00.000Z', HOME),
    ...[11, 12, 13].map((day) => event('P', `2026-03-${day}T03:00:00.000Z`, NEIGHBOUR)),
    event('P', '2026-03-13T04:00:00.000Z', ELSEWHERE),
    event('P', '2026-03-13T05:00:00.000Z', HOME, { is_mock_location: 1 }),
    event('P', '2026-03-13T05:00:00.000Z', HOME, { latitude: 0, longitude: 0 }),
    event('Q', '2026-03-13T05:00:00.000Z', HOME, { latitude: 87.6168, longitude: 43.8256 }),
  ]);
});
afterAll(() => tables.close());

it('a cell counts its applications, customers and devices, and compares a day with the four weeks before', async () => {
  expect(await row('cell_activity@1', HOME)).toMatchObject({
    applications_1d: 6,
    customers_1d: 2,
    devices_1d: 2,
    applications_7d: 7,
    customers_7d: 3,
    devices_7d: 2,
    applications_30d: 13,
    customers_30d: 4,
    devices_30d: 3,
    peak_hour_applications_1d: 5,
    baseline_applications: 0.25,
    burst_ratio: 24,
    // (6 - 0.25) / 1, for the root of 0.25 is below 1.
    burst_deviations: 5.75,
    hot: 1,
    ring_applications_7d: 8,
  });
  // A hexagon there has 0.53 km²: 8 applications in seven of them.
  expect((await row('cell_activity@1', HOME))?.ring_density_7d).toBeCloseTo(8 / (7 * cellArea(HOME, 'km2')), 6);
  expect(await row('cell_activity@1', 'wx4g0b')).toMatchObject({ ring_applications_7d: null, ring_density_7d: null });
  expect(await row('cell_activity@1', NEIGHBOUR)).toMatchObject({
    applications_1d: 0,
    applications_7d: 1,
    burst_ratio: 0,
    hot: 0,
    ring_applications_7d: 8,
  });
});

it('what is no position is in no cell', async () => {
  const cells = (await tables.view('cell_activity@1', DAY)).map(({ cell }) => cell);
  expect(cells).not.toContain('s00000');
  expect(cells.filter((cell) => String(cell).length === 15).sort()).toEqual([HOME, NEIGHBOUR].sort());
});

it('a cell says how its applications were decided, and its bad rate as far as it and its parent know one', async () => {
  const outcomes = await row('cell_outcomes@1', ELSEWHERE);
  expect(outcomes).toMatchObject({
    decided_90d: 24,
    approval_rate_90d: 0.75,
    borrowers_400d: 24,
    bad_borrowers_400d: 6,
    // 6 of 40.
    parent_bad_rate_400d: 0.15,
  });
  expect(outcomes?.bad_rate_400d).toBeCloseTo((6 + 20 * 0.15) / (24 + 20), 12);
  // One borrower, who is bad: no share of one is told.
  expect(await row('cell_outcomes@1', HOME)).toMatchObject({
    decided_90d: 0,
    approval_rate_90d: null,
    borrowers_400d: 1,
    bad_borrowers_400d: 1,
    bad_rate_400d: null,
    parent_bad_rate_400d: null,
  });
});

it('a customer has a home, a work and how far they are apart, and goes where nobody can', async () => {
  const places = await row('customer_places@1', 'P');
  expect(places).toMatchObject({
    home_cell: HOME,
    home_nights_90d: 2,
    work_cell: NEIGHBOUR,
    work_days_90d: 3,
    city_latitude: 39.9042,
    cells_visited_30d: 3,
    cells_visited_90d: 3,
    // Six positions, 2, 3 and 1 of a cell: -(1/3 log2 1/3 + 1/2 log2 1/2 + 1/6 log2 1/6).
    top_cell_share_90d: 0.5,
    impossible_travels_30d: 1,
    has_impossible_travel_30d: 1,
    mocked_positions_30d: 1,
    invalid_positions_30d: 1,
  });
  expect(places?.cell_entropy_90d).toBeCloseTo(1.459, 3);
  // The middles of two hexagons side by side are 0.92 km apart, by h3-js: √3 times the edge of 0.53.
  expect(places?.home_to_work_km).toBeCloseTo(0.9, 0);
  // Some 1,070 km from Beijing to Shanghai, in one hour.
  expect(Number(places?.farthest_km_90d) / 1_070).toBeCloseTo(1, 1);
  expect(Number(places?.top_speed_kmh_30d) / 1_070).toBeCloseTo(1, 1);
  expect(await row('customer_places@1', 'Q')).toMatchObject({
    home_cell: null,
    work_cell: null,
    home_to_work_km: null,
    cells_visited_90d: 0,
    cell_entropy_90d: null,
    farthest_km_90d: null,
    invalid_positions_30d: 1,
    impossible_travels_30d: 0,
  });
});
