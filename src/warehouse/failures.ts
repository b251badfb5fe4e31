/** What a failure of ClickHouse means to its caller, decided once for every path, in two wordings: statements of the platform, and SQL that a caller wrote. */
import { ClickHouseError } from '@clickhouse/client';
import type { RenderedSql } from '../core/definitions/sql.js';
import { badInput, type ErrorCode, RiskgraphError } from '../core/errors.js';
import { CODES, type Meaning } from './clickhouse-codes.js';
import { Refusal } from './refusal.js';

/** The error code for the caller. */
const CODE_OF: Readonly<Record<Meaning, ErrorCode>> = {
  TIMEOUT: 'TIMEOUT',
  FULL: 'OVERLOADED',
  OVERLOADED: 'OVERLOADED',
  VALUE: 'INTERNAL',
  REFUSED: 'INTERNAL',
  UNREACHABLE: 'STORE_UNAVAILABLE',
};

/** The message of the stock client when no bytes of an answer arrive within its time-out. */
const CLIENT_TIMEOUT = 'Timeout error.';
const NETWORK = /^E(?:CONN\w+|PIPE|NOTFOUND|HOSTUNREACH|NETUNREACH|TIMEDOUT|AI_AGAIN)$/;

/** The failure of one statement of the platform. */
class StatementFailure extends RiskgraphError {
  constructor(
    readonly meaning: Meaning,
    wording: Wording,
    cause: unknown,
  ) {
    super({ code: CODE_OF[meaning], ...wording, cause });
  }
}

/** Messages of the stock client and of Node that hold no text of the server. */
const PLAIN = new Set([CLIENT_TIMEOUT, 'socket hang up', 'aborted', 'Premature close', 'The user aborted a request.']);

/**
 * An error of the stock client as the platform keeps it: without text of the server, which quotes values of rows.
 * @param statement the SQL, whose own names a refusal may give
 */
export function withoutServerText(error: unknown, statement: () => RenderedSql): unknown {
  if (error instanceof ClickHouseError) return new Refusal(error, statement());
  if (!(error instanceof Error) || error instanceof RiskgraphError) return error;
  if (PLAIN.has(error.message) || typeof (error as NodeJS.ErrnoException).code === 'string') return error;
  // An answer that is no ClickHouse error, or whose rows are no JSON: the message quotes it.
  const unread = new Error('the answer of the server cannot be read');
  unread.stack = `${unread.message}\n${error.stack?.slice(error.stack.search(/^ {4}at /m)) ?? ''}`;
  return unread;
}

/**
 * The meaning of what `withoutServerText` gives, or `statementFailure`; null where it is no failure of a statement. Other errors of ours have a
 * wording of their own, whatever caused them: SQL of a caller, or Postgres that refuses a connection.
 */
function meaningOf(error: unknown): Meaning | null {
  if (error instanceof StatementFailure || error instanceof Refusal) return error.meaning;
  if (error instanceof RiskgraphError || !(error instanceof Error)) return null;
  if (error.message === CLIENT_TIMEOUT) return 'TIMEOUT';
  return NETWORK.test((error as NodeJS.ErrnoException).code ?? '') ? 'UNREACHABLE' : null;
}

/** The failure of a statement of the platform, as the caller reads it; what the server refused stays in `cause`, for the log. */
export function statementFailure(error: unknown, label: string): RiskgraphError {
  if (error instanceof RiskgraphError) return error;
  const meaning = meaningOf(error) ?? 'UNREACHABLE';
  return new StatementFailure(meaning, PLATFORM[meaning](label), error);
}

interface Wording {
  readonly message: string;
  readonly hint: string;
}

const refused = (label: string): Wording => ({
  message: `the offline store refused the query '${label}'`,
  hint: 'the log of this request holds the reason',
});

const FREE_SPACE = 'free space on the disk of ClickHouse, which embedded is that of RISKGRAPH_HOME';

const PLATFORM: Readonly<Record<Meaning, (label: string) => Wording>> = {
  TIMEOUT: (label) => ({
    message: `the query '${label}' took longer than allowed`,
    hint: 'ask for a shorter period, fewer rows or fewer features',
  }),
  FULL: (label) => ({
    message: `the disk of the offline store is full: it could not run '${label}'`,
    hint: `${FREE_SPACE}, then try again`,
  }),
  OVERLOADED: (label) => ({
    message: `the offline store has no room for the query '${label}' now`,
    hint: 'ask for fewer rows or features, or try again later',
  }),
  VALUE: refused,
  REFUSED: refused,
  UNREACHABLE: (label) => ({
    message: `the offline store did not answer the query '${label}'`,
    hint: 'check that ClickHouse runs and that CLICKHOUSE_URL names it',
  }),
};

/** The failure of work that consists of many statements, as a failure of the work; an error that is no failure of a statement stays as it is. */
export function workFailure(error: unknown, work: Wording): unknown {
  const meaning = meaningOf(error);
  if (!meaning) return error;
  const cause = error instanceof RiskgraphError ? error.cause : error;
  const { message, hint } = work;
  const said = meaning === 'FULL' ? { message: `${message}: its disk is full`, hint: `${FREE_SPACE}; ${hint}` } : work;
  return new RiskgraphError({ code: CODE_OF[meaning], ...said, cause });
}

/** A failure of SQL that a caller wrote and that runs by itself. */
export function userSqlFailure(error: unknown, what: string): unknown {
  const meaning = meaningOf(error);
  const cause = error instanceof RiskgraphError ? error.cause : error;
  if (meaning === 'FULL')
    return workFailure(error, { message: `${what} cannot be run by the store`, hint: 'then try again' });
  if (meaning === 'TIMEOUT') {
    const message = `${what} ran longer than allowed`;
    return new RiskgraphError({ code: CODE_OF[meaning], message, hint: 'make it read less', cause });
  }
  if (meaning === 'OVERLOADED') {
    return new RiskgraphError({ code: CODE_OF[meaning], ...shortageOf(cause, what), cause });
  }
  const refused = refusalOf(error);
  if (refused === null) return error;
  return badInput(`${what} cannot be run: ${refused.message}`, 'correct the SQL and try again');
}

/** MEMORY_LIMIT_EXCEEDED, TOO_MANY_BYTES and TOO_MANY_ROWS_OR_BYTES: the statement asks for more than it may. */
const OWN_LIMITS = new Set(['241', '307', '396']);
/** The limit of the server, and not of the statement. */
const OF_ALL = /\(total\) memory limit|memory limit \(total\)/i;

/** What is short, and whether the caller's SQL or the server is to blame for it. */
function shortageOf(cause: unknown, what: string): Wording {
  const refusal = cause instanceof Refusal ? cause : null;
  if (refusal?.matches(OF_ALL)) {
    return { message: `${what} cannot be run now: the server has no memory left`, hint: 'try again later' };
  }
  const words = CODES.get(refusal?.code ?? '')?.words ?? 'the server has no room for it';
  return OWN_LIMITS.has(refusal?.code ?? '')
    ? { message: `${what} cannot be run: ${words}`, hint: 'make it read less' }
    : { message: `${what} cannot be run now: ${words}`, hint: 'try again later' };
}

/** A failure of a statement of the platform around SQL that a caller wrote: BAD_USER_INPUT where a value is at fault. */
export function valueFailure(error: unknown, what: string): unknown {
  const refused = valueRefusal(error);
  if (refused === null) return error;
  return badInput(
    `${what} fails on a row: ${refused.message}`,
    "leave such rows out, or make NULL of such values by name: nullIf(…, '-')",
  );
}

/** The refusal of a value that a statement cannot work with; null for other failures. */
export function valueRefusal(error: unknown): Refusal | null {
  return meaningOf(error) === 'VALUE' ? refusalOf(error) : null;
}

/** ClickHouse's TOO_MANY_ROWS_OR_BYTES. */
const TOO_MUCH = '396';

/** Whether a statement gave more than its bound of rows or bytes in the result. */
export function givesTooMuch(error: unknown): boolean {
  const cause = error instanceof StatementFailure ? error.cause : error;
  return cause instanceof Refusal && cause.code === TOO_MUCH;
}

/** The refusal of a value or of the statement itself; null for other failures. */
export function refusalOf(error: unknown): Refusal | null {
  const cause = error instanceof StatementFailure ? error.cause : error;
  return cause instanceof Refusal && (cause.meaning === 'VALUE' || cause.meaning === 'REFUSED') ? cause : null;
}
