import { describe, expect, it } from 'vitest';
import type { DerivedTable } from '../../src/core/ports/derived.js';
import { type DerivedUntil, deriveInputs } from '../../src/materialize/derive-inputs.js';

const NOW = Date.UTC(2026, 2, 1, 3);

const HOUR = 3_600_000;

const asked = async (
  sources: readonly string[],
  until: Omit<DerivedUntil, 'now'> = {},
  delayMs = 2 * HOUR,
): Promise<unknown[]> => {
  const requests: unknown[] = [];
  const table: DerivedTable = {
    name: 'loan_snapshots',
    inputs: ['loans'],
    derivedBy: (asOf) => asOf,
    derivedUntil: (asOf) => asOf,
    derive: async (request) => {
      requests.push(request);
    },
  };
  const { signal } = new AbortController();
  const views = [
    { sources: ['events'], delayMs: 90 * HOUR },
    { sources, delayMs },
  ];
  await deriveInputs([table], views, { ...until, now: NOW }, signal);
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
