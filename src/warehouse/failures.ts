import { ClickHouseError } from '@clickhouse/client';
import { badInput, RiskgraphError } from '../core/errors.js';

const TIMEOUTS = new Set(['159', '160', '209']);
const OVERLOADS = new Set(['202', '241', '243', '439']);
const UNREACHABLE =
  /ECONN|ENOTFOUND|EPIPE|EHOSTUNREACH|ENOENT|EAI_AGAIN|socket hang up|aborted|terminated|other side closed/i;

/** What a failed query means to the caller; the store's own words stay in `cause`. */
export function offlineFailure(error: unknown, label: string): Error {
  if (error instanceof RiskgraphError) return error;
  if (error instanceof ClickHouseError) {
    if (TIMEOUTS.has(error.code)) return timedOut(label, error);
    if (OVERLOADS.has(error.code)) {
      return new RiskgraphError({
        code: 'OVERLOADED',
        message: `the offline store has no room for the query '${label}' now`,
        hint: 'ask for fewer rows or features, or try again later',
        cause: error,
      });
    }
    return new RiskgraphError({
      code: 'INTERNAL',
      message: `the offline store refused the query '${label}'`,
      hint: 'the log of this request holds the reason',
      cause: error,
    });
  }
  const text = error instanceof Error ? `${error.message} ${(error as { code?: string }).code ?? ''}` : String(error);
  if (/timeout/i.test(text) && !UNREACHABLE.test(text)) return timedOut(label, error);
  return new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `the offline store did not answer the query '${label}'`,
    hint: 'check that ClickHouse runs and that CLICKHOUSE_URL names it',
    cause: error,
  });
}

/**
 * What ClickHouse says where a value, and nothing else, is at fault: text that is no number or date, a number beyond its type, a division by zero,
 * arrays of two lengths, more than one row of a scalar subquery, a pattern that is none.
 */
const VALUES = new Set(
  '6 26 27 36 38 41 43 53 69 70 72 117 125 128 131 153 190 321 349 376 407 427 467 675 676'.split(' '),
);

/** A failure of SQL that a caller wrote, once it runs: BAD_USER_INPUT with the store's words where a value of it is at fault. */
export function valueFailure(error: unknown, what: string): unknown {
  const cause = error instanceof RiskgraphError ? error.cause : null;
  if (!(cause instanceof ClickHouseError) || !VALUES.has(cause.code)) return error;
  const words = cause.message
    .replace(/^.*DB::Exception:\s*/s, '')
    .replace(/\s*\(version [^)]*\).*$/s, '')
    .replace(/(?:[:,] )?\b(?:in scope|while (?:executing|processing|converting))\b.*$/is, '')
    // A job's error is kept, and the value may be personal.
    .replace(/'(?:[^'\\]|\\.)*'/g, "'…'")
    .slice(0, 200);
  return badInput(`${what} fails on a row: ${words}`, 'convert or leave out such values, as toInt32OrNull(…) does');
}

const timedOut = (label: string, cause: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `the query '${label}' took longer than allowed`,
    hint: 'ask for a shorter period, fewer rows or fewer features',
    cause,
  });
