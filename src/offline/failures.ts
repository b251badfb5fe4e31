import { ClickHouseError } from '@clickhouse/client';
import { RiskgraphError } from '../core/errors.js';

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

const timedOut = (label: string, cause: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `the query '${label}' took longer than allowed`,
    hint: 'ask for a shorter period, fewer rows or fewer features',
    cause,
  });
