import { describe, expect, it } from 'vitest';
import { comparisonOf, periodsOf } from '../../src/indicators/periods.js';

const window = (from: string, to: string) => ({ from, to });

describe('periods of a report', () => {
  it('are all that the window touches, named by their first day', () => {
    expect(periodsOf(window('2026-01-31', '2026-02-01'), 'DAY')).toEqual(['2026-01-31', '2026-02-01']);
    expect(periodsOf(window('2026-01-31', '2026-03-01'), 'MONTH')).toEqual(['2026-01-01', '2026-02-01', '2026-03-01']);
    expect(periodsOf(window('2025-12-31', '2026-04-01'), 'QUARTER')).toEqual([
      '2025-10-01',
      '2026-01-01',
      '2026-04-01',
    ]);
    expect(periodsOf(window('2025-12-31', '2026-01-01'), 'YEAR')).toEqual(['2025-01-01', '2026-01-01']);
  });

  it('begin on Monday for weeks, and on the first day asked for when there is one alone', () => {
    expect(periodsOf(window('2026-03-01', '2026-03-09'), 'WEEK')).toEqual(['2026-02-23', '2026-03-02', '2026-03-09']);
    expect(periodsOf(window('2026-03-05', '2026-03-09'), 'TOTAL')).toEqual(['2026-03-05']);
  });

  it.each([
    // A whole month stands beside a whole month, whatever their lengths.
    ['MONTH', 'PREVIOUS_PERIOD', '2026-03-01', '2026-03-31', '2026-02-01', '2026-02-28', '2026-03-01', '2026-02-01'],
    ['MONTH', 'PREVIOUS_PERIOD', '2026-02-01', '2026-02-28', '2026-01-01', '2026-01-31', '2026-02-01', '2026-01-01'],
    // A month to date stands beside the same days of the month before.
    ['MONTH', 'PREVIOUS_PERIOD', '2026-03-01', '2026-03-16', '2026-02-01', '2026-02-16', '2026-03-01', '2026-02-01'],
    [
      'MONTH',
      'SAME_PERIOD_LAST_YEAR',
      '2024-02-01',
      '2024-02-29',
      '2023-02-01',
      '2023-02-28',
      '2024-02-01',
      '2023-02-01',
    ],
    ['QUARTER', 'PREVIOUS_PERIOD', '2026-01-01', '2026-06-30', '2025-10-01', '2026-03-31', '2026-04-01', '2026-01-01'],
    ['DAY', 'PREVIOUS_PERIOD', '2026-03-01', '2026-03-02', '2026-02-28', '2026-03-01', '2026-03-01', '2026-02-28'],
    [
      'DAY',
      'SAME_PERIOD_LAST_YEAR',
      // Thursday beside Thursday.
      '2024-02-29',
      '2024-02-29',
      '2023-03-02',
      '2023-03-02',
      '2024-02-29',
      '2023-03-02',
    ],
    [
      'WEEK',
      'SAME_PERIOD_LAST_YEAR',
      '2026-03-02',
      '2026-03-08',
      '2025-03-03',
      '2025-03-09',
      '2026-03-02',
      '2025-03-03',
    ],
    ['TOTAL', 'PREVIOUS_PERIOD', '2026-03-05', '2026-03-09', '2026-02-28', '2026-03-04', '2026-03-05', '2026-02-28'],
    [
      'TOTAL',
      'SAME_PERIOD_LAST_YEAR',
      '2026-03-05',
      '2026-03-31',
      '2025-03-05',
      '2025-03-31',
      '2026-03-05',
      '2025-03-05',
    ],
  ] as const)('by %s, %s of %s to %s is %s to %s', (grain, compare, from, to, before, until, period, previous) => {
    const compared = comparisonOf(window(from, to), grain, compare);
    expect(compared.window).toEqual(window(before, until));
    expect(compared.previous(period)).toBe(previous);
  });
});
