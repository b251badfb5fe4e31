import { describe, expect, it } from 'vitest';
import { deriveSources } from '../../src/core/derived-sources.js';
import type { JobServices } from '../../src/core/ports.js';

const NOW = Date.UTC(2026, 2, 1, 3);

const asked = async (sources: readonly string[], until?: Parameters<typeof deriveSources>[2]): Promise<unknown[]> => {
  const requests: unknown[] = [];
  const loanSnapshots: JobServices['loanSnapshots'] = {
    derive: async (request) => {
      requests.push(request);
      return { loans: 0, rows: 0, changed: 0, through: null };
    },
  };
  const services = { loanSnapshots } as JobServices;
  const { signal } = new AbortController();
  await deriveSources([{ sources: ['events'] }, { sources }], { services, scheduledFor: NOW, signal }, until);
  return requests;
};

describe('the sources of views', () => {
  it('are derived once, up to the newest day due, where a view reads loan snapshots', async () => {
    expect(await asked(['customers', 'loan_snapshots'])).toEqual([{ now: NOW }]);
  });

  it('are derived up to the day that a backfill or an as-of needs, and no further', async () => {
    expect(await asked(['loan_snapshots'], { through: '2026-02-01' })).toEqual([{ through: '2026-02-01', now: NOW }]);
    expect(await asked(['loan_snapshots'], { asOf: NOW - 1 })).toEqual([{ asOf: NOW - 1, now: NOW }]);
  });

  it('are left as they are where no view reads loan snapshots', async () => {
    expect(await asked(['customers', 'repayments'])).toEqual([]);
  });
});
