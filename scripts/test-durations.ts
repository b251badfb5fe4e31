/** Takes the seconds of the last test run into the checked-in list that orders the files, and shows the slowest. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { LAST_RUN } from '../test/support/durations-reporter.js';
import { DURATIONS } from '../test/support/longest-first.js';

/** Below it the order of files changes nothing. */
const WORTH_A_LINE = 2;
const SLOWEST = 20;

const read = (path: string): Record<string, number> =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>) : {};

const seconds = Object.entries({ ...read(DURATIONS), ...read(LAST_RUN) })
  .filter(([path, took]) => existsSync(path) && took >= WORTH_A_LINE)
  .sort(([a, first], [b, second]) => second - first || a.localeCompare(b));
writeFileSync(DURATIONS, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`);
for (const [path, took] of seconds.slice(0, SLOWEST))
  process.stdout.write(`${took.toFixed(1).padStart(6)} s  ${path}\n`);
