import { describe, expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { latestTick } from '../../src/queue/ticks.js';

const utc = (text: string): number => Date.parse(`${text}Z`);
const shanghai = new BusinessCalendar('Asia/Shanghai');
const newYork = new BusinessCalendar('America/New_York');

describe('the latest scheduled time', () => {
  it('is the minute of this hour, or of the last one while it is still to come', () => {
    const hourly = { every: 'hour', minute: 31 } as const;
    expect(latestTick(hourly, utc('2026-03-01T10:31:00.000'), shanghai)).toBe(utc('2026-03-01T10:31:00'));
    expect(latestTick(hourly, utc('2026-03-01T10:30:59.999'), shanghai)).toBe(utc('2026-03-01T09:31:00'));
  });

  it('is the wall-clock time of the portfolio', () => {
    const daily = { every: 'day', at: '04:30' } as const;
    expect(latestTick(daily, utc('2026-02-28T20:30:00.000'), shanghai)).toBe(utc('2026-02-28T20:30:00'));
    expect(latestTick(daily, utc('2026-02-28T20:29:59.999'), shanghai)).toBe(utc('2026-02-27T20:30:00'));
  });

  it('keeps to the wall clock over days of 23 and 25 hours', () => {
    const daily = { every: 'day', at: '04:30' } as const;
    expect(latestTick(daily, utc('2026-03-08T12:00:00'), newYork)).toBe(utc('2026-03-08T08:30:00'));
    expect(latestTick(daily, utc('2026-03-07T12:00:00'), newYork)).toBe(utc('2026-03-07T09:30:00'));
    expect(latestTick(daily, utc('2026-11-01T12:00:00'), newYork)).toBe(utc('2026-11-01T09:30:00'));
  });
});
