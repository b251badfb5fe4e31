import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalDate } from '../../../src/core/helpers/time.js';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

let made = 0;
const event = (customer: string | null, at: string, more: TableRow = {}): TableRow => ({
  event_id: `V${++made}`,
  customer_id: customer,
  event_type: 'OPEN',
  event_time: at,
  attributes: {},
  ...more,
});

describe('app_activity', () => {
  let tables: SourceTables;
  const of = async (customer: string, day: LocalDate = '2026-03-10') =>
    (await tables.view('app_activity@1', day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    const view = { event_type: 'PAGE_VIEW' };
    await tables.insert('events', [
      // 10 March 2026 begins at 16:00 UTC on the 9th. One session across the beginning of 7 days counts; the instant itself does not.
      event('USER', '2026-03-09T16:00:00.000Z', { session_id: 's1', event_type: 'LOGIN' }),
      event('USER', '2026-03-02T16:00:00.001Z', { session_id: 's2' }),
      event('USER', '2026-03-02T16:00:00.000Z', { session_id: 's3', ...view, page: 'REPAYMENT' }),
      event('USER', '2026-03-02T16:00:00.000Z', { session_id: 's3', ...view, page: 'CREDIT' }),
      event('USER', '2026-02-07T16:00:00.001Z', { session_id: 's4', ...view, page: 'CREDIT' }),
      // Exactly 30 days: of the spells before.
      event('USER', '2026-02-07T16:00:00.000Z', { session_id: 's5', ...view, page: 'CREDIT' }),
      event('USER', '2026-01-15T16:00:00.000Z', { session_id: 's6', event_type: 'LOGIN' }),
      event('USER', '2025-12-09T16:00:00.001Z', { session_id: 's7' }),
      event('USER', '2025-12-09T16:00:00.000Z', { session_id: 's8' }),
      // A page of another event is no view; nor is tomorrow's.
      event('USER', '2026-03-05T03:00:00.000Z', { event_type: 'FILL', page: 'CREDIT' }),
      event('USER', '2026-03-09T16:00:00.001Z', { session_id: 's9', ...view, page: 'CREDIT' }),
      // 00:00 and 05:59:59.999 are night, 06:00 and 23:59:59.999 are not.
      event('NIGHT', '2026-03-04T16:00:00.000Z'),
      event('NIGHT', '2026-03-04T21:59:59.999Z'),
      event('NIGHT', '2026-03-04T22:00:00.000Z'),
      event('NIGHT', '2026-03-04T15:59:59.999Z'),
      event('NIGHT', '2026-03-04T04:00:00.000Z'),
      event(null, '2026-03-05T03:00:00.000Z', { session_id: 's10' }),
      event('GONE', '2025-12-09T16:00:00.000Z'),
      // The same id twice, corrected; and one that came after the run.
      event('TWICE', '2026-03-01T03:00:00.000Z', { event_id: 'same', event_type: 'LOGIN' }),
      event('TWICE', '2026-03-01T03:00:00.000Z', { event_id: 'same', event_type: 'LOGIN', session_id: 'x' }),
      event('TWICE', '2026-03-08T03:00:00.000Z', { event_type: 'LOGIN', ingested_at: '2026-03-09T18:00:00.001Z' }),
    ]);
  });
  afterAll(() => tables.close());

  it('counts sessions, logins and views in windows that begin after their first instant', async () => {
    expect(await of('USER')).toEqual({
      customer_id: 'USER',
      sessions_7d: 2,
      sessions_30d: 4,
      sessions_change: 4 - 3 / 2,
      logins_30d: 1,
      days_since_login: 0,
      // 16:00 UTC is midnight: all but the form filled in at noon.
      night_share_90d: 8 / 9,
      credit_views_30d: 2,
      credit_view_share_90d: 3 / 4,
      repayment_view_share_90d: 1 / 4,
    });
    expect(await of('GONE')).toBeUndefined();
    expect(await of('')).toBeUndefined();
  });

  it('calls 0:00 to 5:59 local time the night', async () => {
    expect(await of('NIGHT')).toMatchObject({
      night_share_90d: 2 / 5,
      days_since_login: null,
      sessions_30d: 0,
      credit_view_share_90d: null,
    });
  });

  it('counts an event once, and not before it was known', async () => {
    expect(await of('TWICE')).toMatchObject({ logins_30d: 1, sessions_30d: 1, days_since_login: 9 });
    expect(await of('TWICE', '2026-03-11')).toMatchObject({ logins_30d: 2, days_since_login: 3 });
  });
});
