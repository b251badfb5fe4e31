import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalDate } from '../../../src/core/helpers/time.js';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

/** 10 March 2026 begins at 16:00 UTC the day before. */
const AS_OF = '2026-03-09T16:00:00.000Z';

let made = 0;
const application = (customer: string, appliedAt: string, more: TableRow = {}): TableRow => ({
  application_id: `A${++made}`,
  customer_id: customer,
  kind: 'DRAWDOWN',
  product: 'CASH_LINE',
  applied_at: appliedAt,
  amount: '100.00',
  term_months: 6,
  decision: 'APPROVED',
  decided_at: appliedAt,
  ...more,
});

const report = (customer: string, requestedAt: string, values: TableRow, more: TableRow = {}): TableRow => ({
  report_id: `E${++made}`,
  customer_id: customer,
  provider: 'BUREAU',
  product: 'SCORE',
  requested_at: requestedAt,
  status: 'OK',
  values,
  ...more,
});

describe('application_history', () => {
  let tables: SourceTables;
  const of = async (customer: string, day: LocalDate = '2026-03-10') =>
    (await tables.view('application_history@1', day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('applications', [
      // At the as-of, just inside 90 days, just outside, just inside 365 days, just outside, and outside 400.
      application('ASKS', AS_OF),
      application('ASKS', '2025-12-09T16:00:00.001Z', { kind: 'CREDIT', decision: 'DECLINED' }),
      application('ASKS', '2025-12-09T16:00:00.000Z', { decision: 'DECLINED' }),
      application('ASKS', '2025-03-09T16:00:00.001Z', { decision: 'CANCELLED' }),
      application('ASKS', '2025-03-09T16:00:00.000Z', { decision: 'DECLINED' }),
      application('ASKS', '2025-02-02T16:00:00.000Z'),
      // After the as-of.
      application('ASKS', '2026-03-09T16:00:00.001Z'),
      application('OLD', '2025-02-02T16:00:00.000Z'),
      // Declined an hour after the as-of, and known within the run's delay.
      application('OPEN', '2026-03-09T15:00:00.000Z', { decision: 'DECLINED', decided_at: '2026-03-09T17:00:00.000Z' }),
      // Recorded after the run.
      application('SLOW', '2026-03-01T00:00:00.000Z'),
      application('SLOW', '2026-03-05T00:00:00.000Z', { ingested_at: '2026-03-09T18:00:00.001Z' }),
      application('UNSEEN', '2026-03-01T00:00:00.000Z'),
    ]);
    await tables.insert('external_reports', [
      report('SEEN', '2026-03-01T00:00:00.000Z', { bureau_score: 610.5 }),
      report('SEEN', '2026-02-01T00:00:00.000Z', { bureau_score: 640, multi_lender_count: 3 }),
      report('SEEN', '2026-01-01T00:00:00.000Z', { bureau_score: 700, multi_lender_count: 1 }),
      // No answers: not found, an answer that is no answer, and what is asked tomorrow.
      report('SEEN', '2026-03-05T00:00:00.000Z', {}, { status: 'NO_HIT' }),
      report('SEEN', '2026-03-06T00:00:00.000Z', { bureau_score: 1, multi_lender_count: 99 }, { status: 'ERROR' }),
      report('SEEN', '2026-03-10T00:00:00.000Z', { bureau_score: 2 }),
      report('ONCE', '2025-12-09T16:00:00.000Z', { multi_lender_count: 0 }),
    ]);
  });
  afterAll(() => tables.close());

  it('counts applications and refusals of windows that begin after their first instant', async () => {
    expect(await of('ASKS')).toEqual({
      customer_id: 'ASKS',
      applications_90d: 2,
      applications_365d: 4,
      drawdowns_90d: 1,
      declined_90d: 1,
      declined_365d: 2,
      days_since_application: 0,
      bureau_score: null,
      bureau_score_change: null,
      multi_lender_count: null,
      reports_90d: 0,
    });
    expect(await of('OLD')).toBeUndefined();
  });

  it('knows a decision once it was made, and an application once it was recorded', async () => {
    expect(await of('OPEN')).toMatchObject({ applications_90d: 1, declined_90d: 0 });
    expect(await of('OPEN', '2026-03-11')).toMatchObject({ declined_90d: 1 });
    expect(await of('SLOW')).toMatchObject({ applications_90d: 1, days_since_application: 9 });
    expect(await of('SLOW', '2026-03-11')).toMatchObject({ applications_90d: 2, days_since_application: 6 });
  });

  it('takes each value from the newest good report that has it', async () => {
    expect(await of('SEEN')).toMatchObject({
      bureau_score: 610.5,
      bureau_score_change: -29.5,
      multi_lender_count: 3,
      reports_90d: 5,
      applications_90d: 0,
    });
    expect(await of('ONCE')).toMatchObject({
      bureau_score: null,
      bureau_score_change: null,
      multi_lender_count: 0,
      reports_90d: 0,
    });
  });
});
