/** What time it is in a test: midday, whatever the hour is at which the suite runs. */

import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { Clock } from '../../src/core/ports/process.js';

/**
 * How far it is from now to 12:35 of the same local day. By then every daily view of the day is due, no scheduled job
 * is for half an hour, and midnight is half a day away.
 */
const shiftMs = ((): number => {
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const now = Date.now();
  return calendar.at(calendar.dateOf(now), '12:35') - now;
})();

/** Goes on from midday as the real one does. */
export const middayClock: Clock = () => Date.now() + shiftMs;

/** Makes the same time of day of every Node process that is started with it, and of those that it starts. */
export const MIDDAY_ENV: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=${new URL('./preload.mjs', import.meta.url).href}`,
  TEST_CLOCK_SHIFT_MS: String(shiftMs),
};

/** A process started with it is asked to end, as by Ctrl-C, by what it writes: at that line and not when a test has read it. */
export const interruptedAt = (pattern: RegExp): Readonly<Record<string, string>> => ({
  TEST_INTERRUPT_AT: pattern.source,
});
