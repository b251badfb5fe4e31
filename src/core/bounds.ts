/** Bounds of a request that several operations share, each checked in one place and in the same words. */
import { badInput } from './errors.js';
import type { LocalDate } from './helpers/time.js';

/** Most rows of one page of a list, or of a report that is cut. */
const MAX_LIMIT = 500;

/** @throws BAD_USER_INPUT where a `limit` is not 1 to 500. */
export function boundedLimit(limit: number): number {
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw badInput(`\`limit\` is ${limit}`, `ask for 1 to ${MAX_LIMIT}`);
}

/** @throws BAD_USER_INPUT where the first of two local days, both included, is after the last. */
export function checkDays({ from, to }: { readonly from: LocalDate; readonly to: LocalDate }): void {
  if (from <= to) return;
  throw badInput(`\`from\` ${from} is after \`to\` ${to}`, 'both days are included; give the earlier day first');
}
