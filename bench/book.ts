/**
 * Measures books that end on different days, and says which measures are outside their range:
 * `node --import ./bin/typescript.js bench/book.ts [customers] [end date…]`, 50,000 and four days by default: an ordinary one, one within and one
 * soon after a Spring Festival, and a leap day. Exits 1 where a measure is outside. Some 40 s of processor a day.
 */
import { BusinessCalendar } from '../src/core/helpers/time.js';
import { Book } from '../synthetic/book.js';
import { measureBook } from '../synthetic/measures/book-measures.js';

const END_DATES = ['2026-11-22', '2027-02-12', '2027-03-15', '2028-02-29'];
/** Of the demo. */
const SEED = 20_240_229;

const [customers = '50000', ...days] = process.argv.slice(2);
const calendar = new BusinessCalendar('Asia/Shanghai');

for (const endDate of days.length > 0 ? days : END_DATES) {
  const started = performance.now();
  const results = measureBook(new Book({ seed: SEED, endDate, customers: Number(customers), calendar }));
  const outside = results.filter(({ pass }) => !pass);
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(`${endDate}: ${outside.length} of ${results.length} measures outside their range, ${seconds} s`);
  for (const { title, value, low, high } of outside) console.log(`  ${title}: ${value} (${low} to ${high})`);
  if (outside.length > 0) process.exitCode = 1;
}
