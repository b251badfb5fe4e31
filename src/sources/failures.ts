import { ClickHouseError } from '@clickhouse/client';
import { badInput, RiskgraphError } from '../core/errors.js';

const TOO_LONG = new Set(['159', '160', '209']);
const TOO_BIG = new Set(['202', '241', '243', '307', '396', '439']);

/** What a failure of the store means to who imports; the store's own words stay in `cause`. */
export function importFailure(error: unknown, table: string): Error {
  if (error instanceof RiskgraphError) return error;
  const nothing = 'no row of it counts yet, or those that do count once: send the same file again';
  if (error instanceof ClickHouseError) {
    return new RiskgraphError({
      code: TOO_BIG.has(error.code) ? 'OVERLOADED' : TOO_LONG.has(error.code) ? 'TIMEOUT' : 'INTERNAL',
      message: `the store could not take the import into ${table}`,
      hint: nothing,
      cause: error,
    });
  }
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC') {
    return new RiskgraphError({
      code: 'OVERLOADED',
      message: 'the disk is full',
      hint: 'free some space, then import again',
      cause: error,
    });
  }
  // Node says of an upload that its sender broke off what it says of a store that died, but for the word.
  const sender = error instanceof Error && error.message === 'aborted';
  if (code && !sender && /^E(?:CONNREFUSED|CONNRESET|PIPE|NOTFOUND|HOSTUNREACH|AI_AGAIN)$/.test(code)) {
    return new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `the store did not answer during the import into ${table}`,
      hint: nothing,
      cause: error,
    });
  }
  return new RiskgraphError({
    code: 'INTERNAL',
    message: `the import into ${table} broke off`,
    hint: nothing,
    cause: error,
  });
}

/** A failure of SQL that a caller wrote: ClickHouse's words, without its version and the names of our own tables. */
export function userSqlFailure(error: unknown, what: string): Error {
  if (!(error instanceof ClickHouseError)) return error instanceof Error ? error : new Error(String(error));
  if (TOO_LONG.has(error.code)) {
    return new RiskgraphError({
      code: 'TIMEOUT',
      message: `${what} ran longer than allowed`,
      hint: 'make it read less',
      cause: error,
    });
  }
  if (TOO_BIG.has(error.code)) {
    return new RiskgraphError({
      code: 'OVERLOADED',
      message: `${what} needs more memory than allowed`,
      hint: 'make it read less',
      cause: error,
    });
  }
  return badInput(`${what} cannot be run: ${plainWords(error.message)}`, 'correct the SQL and try again');
}

/** The first sentence: what follows quotes the query that was run, which holds more than the caller wrote. */
export const plainWords = (message: string): string =>
  message
    .replace(/^.*DB::Exception:\s*/s, '')
    .replace(/\s*\(version [^)]*\).*$/s, '')
    .replace(/(?:: )?(?:In scope|While executing|while executing|in scope)\b.*$/s, '')
    .replace(/`?\b(?:\w+\.)?import_stage_\w+`?/g, 'file')
    .trim()
    .slice(0, 300);
