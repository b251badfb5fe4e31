import { describe, expect, it } from 'vitest';
import { deriveSources } from '../../../src/core/lending/derived-sources.js';
import type { JobServices } from '../../../src/core/ports/jobs.js';

const NOW = Date.UTC(2026, 2, 1, 3);

const HOUR = 3_600_000;

const asked = async (
  sources: readonly string[],
  until?: Parameters<typeof deriveSources>[2],
  delayMs = 2 * HOUR,
): Promise<unknown[]> => {
  const requests: unknown[] = [];
  const loanSnapshots: JobServices['loanSnapshots'] = {
    derive: async (request) => {
      requests.push(request);
      return { loans: 0, rows: 0, changed: 0, through: null };
    },
  };
  const services = { loanSnapshots } as JobServices;
  const { signal } = new AbortController();
  const views = [
    { sources: ['events'], delayMs: 90 * HOUR },
    { sources, delayMs },
  ];
  await deriveSources(views, { services, scheduledFor: NOW, signal }, until);
  return requests;
};

describe('the sources of views', () => {
  it('are derived once, up to the newest day due, where a view reads loan snapshots', async () => {
    expect(await asked(['customers', 'loan_snapshots'])).toEqual([{ now: NOW }]);
  });

  it('are derived up to what the last run of a backfill or of an as-of reads, its delay included, and no further', async () => {
    const snapshots = ['loan_snapshots'];
    expect(await asked(snapshots, { lastDay: '2026-02-01' })).toEqual([{ through: '2026-02-02', now: NOW }]);
    expect(await asked(snapshots, { lastDay: '2026-02-01' }, 26 * HOUR)).toEqual([{ through: '2026-02-03', now: NOW }]);
    expect(await asked(snapshots, { asOf: NOW - 9 * HOUR })).toEqual([{ asOf: NOW - 7 * HOUR, now: NOW }]);
  });

  it('are left as they are where no view reads loan snapshots', async () => {
    expect(await asked(['customers', 'repayments'])).toEqual([]);
  });
});
