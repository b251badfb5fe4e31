/** The meaning of each failure of ClickHouse, decided once for every path, in two wordings: statements of the platform, and SQL that a caller wrote. */
import { ClickHouseError } from '@clickhouse/client';
import { badInput, type ErrorCode, RiskgraphError } from '../core/errors.js';

/**
 * - TIMEOUT: the statement takes longer than allowed.
 * - OVERLOADED: the server has no memory, disk, thread or place in its queue for the statement now, or the statement reads more than allowed.
 * - VALUE: a value, and nothing else, is at fault.
 * - REFUSED: the statement itself is at fault; every code that is not in the table.
 * - UNREACHABLE: the server does not answer.
 */
export type Meaning = 'TIMEOUT' | 'OVERLOADED' | 'VALUE' | 'REFUSED' | 'UNREACHABLE';

/** The meaning of each error code of ClickHouse. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  159: 'TIMEOUT', // TIMEOUT_EXCEEDED
  160: 'TIMEOUT', // TOO_SLOW
  209: 'TIMEOUT', // SOCKET_TIMEOUT
  202: 'OVERLOADED', // TOO_MANY_SIMULTANEOUS_QUERIES
  241: 'OVERLOADED', // MEMORY_LIMIT_EXCEEDED
  243: 'OVERLOADED', // NOT_ENOUGH_SPACE
  307: 'OVERLOADED', // TOO_MANY_BYTES
  396: 'OVERLOADED', // TOO_MANY_ROWS_OR_BYTES
  439: 'OVERLOADED', // CANNOT_SCHEDULE_TASK
  6: 'VALUE', // CANNOT_PARSE_TEXT
  26: 'VALUE', // CANNOT_PARSE_QUOTED_STRING
  27: 'VALUE', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  36: 'VALUE', // BAD_ARGUMENTS
  38: 'VALUE', // CANNOT_PARSE_DATE
  41: 'VALUE', // CANNOT_PARSE_DATETIME
  43: 'VALUE', // ILLEGAL_TYPE_OF_ARGUMENT
  53: 'VALUE', // TYPE_MISMATCH
  69: 'VALUE', // ARGUMENT_OUT_OF_BOUND
  70: 'VALUE', // CANNOT_CONVERT_TYPE
  72: 'VALUE', // CANNOT_PARSE_NUMBER
  117: 'VALUE', // INCORRECT_DATA
  125: 'VALUE', // INCORRECT_RESULT_OF_SCALAR_SUBQUERY
  128: 'VALUE', // TOO_LARGE_ARRAY_SIZE
  131: 'VALUE', // TOO_LARGE_STRING_SIZE
  153: 'VALUE', // ILLEGAL_DIVISION
  190: 'VALUE', // SIZES_OF_ARRAYS_DONT_MATCH
  321: 'VALUE', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  349: 'VALUE', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  376: 'VALUE', // CANNOT_PARSE_UUID
  395: 'VALUE', // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
  407: 'VALUE', // DECIMAL_OVERFLOW
  427: 'VALUE', // CANNOT_COMPILE_REGEXP
  467: 'VALUE', // CANNOT_PARSE_BOOL
  675: 'VALUE', // CANNOT_PARSE_IPV4
  676: 'VALUE', // CANNOT_PARSE_IPV6
};

/** The error code for the caller. */
const CODES: Readonly<Record<Meaning, ErrorCode>> = {
  TIMEOUT: 'TIMEOUT',
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
    super({ code: CODES[meaning], ...wording, cause });
  }
}

/**
 * The meaning of an error of the stock client, or of `statementFailure`; null where it is no failure of a statement. Other errors of ours have a
 * wording of their own, whatever caused them: SQL of a caller, or Postgres that refuses a connection.
 */
function meaningOf(error: unknown): Meaning | null {
  if (error instanceof StatementFailure) return error.meaning;
  if (error instanceof RiskgraphError) return null;
  if (error instanceof ClickHouseError) return MEANINGS[error.code] ?? 'REFUSED';
  if (!(error instanceof Error)) return null;
  if (error.message === CLIENT_TIMEOUT) return 'TIMEOUT';
  return NETWORK.test((error as NodeJS.ErrnoException).code ?? '') ? 'UNREACHABLE' : null;
}

/** The failure of a statement of the platform, as the caller reads it; the server's message stays in `cause`, for the log. */
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

const PLATFORM: Readonly<Record<Meaning, (label: string) => Wording>> = {
  TIMEOUT: (label) => ({
    message: `the query '${label}' took longer than allowed`,
    hint: 'ask for a shorter period, fewer rows or fewer features',
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
  return new RiskgraphError({ code: CODES[meaning], ...work, cause });
}

/** A failure of SQL that a caller wrote and that runs by itself: the server's words, without its version and the names of our own tables. */
export function userSqlFailure(error: unknown, what: string): unknown {
  const meaning = meaningOf(error);
  const cause = error instanceof RiskgraphError ? error.cause : error;
  if (meaning === 'TIMEOUT' || meaning === 'OVERLOADED') {
    const message =
      meaning === 'TIMEOUT' ? `${what} ran longer than allowed` : `${what} needs more memory than allowed`;
    return new RiskgraphError({ code: CODES[meaning], message, hint: 'make it read less', cause });
  }
  const words = serverWords(error);
  return words === null ? error : badInput(`${what} cannot be run: ${words}`, 'correct the SQL and try again');
}

/** A failure of a statement of the platform around SQL that a caller wrote: BAD_USER_INPUT with the server's words where a value is at fault. */
export function valueFailure(error: unknown, what: string): unknown {
  const words = valueWords(error);
  if (words === null) return error;
  return badInput(
    `${what} fails on a row: ${words}`,
    "leave such rows out, or make NULL of such values by name: nullIf(…, '-')",
  );
}

/**
 * ClickHouse's sentence about a value that a statement cannot work with, without the value, which may be personal and would be kept; null for
 * other failures.
 */
export function valueWords(error: unknown): string | null {
  const sentence = meaningOf(error) === 'VALUE' ? firstSentence(error) : null;
  // Masked before it is cut: a value without its closing quote would stay.
  return (
    sentence
      ?.replace(/'(?:[^'\\]|\\.)*'/g, "'…'")
      .replace(/\b\d{5,}(?:\.\d+)?\b/g, '…')
      .slice(0, 200) ?? null
  );
}

/** ClickHouse's message about a statement that it refuses; null for other failures. */
export const serverWords = (error: unknown): string | null => firstSentence(error)?.slice(0, 300) ?? null;

/** The first sentence of the message: what follows quotes the query that was run, which holds more than the caller wrote. */
function firstSentence(error: unknown): string | null {
  const text = refusal(error);
  if (text === null) return null;
  return text
    .replace(/^.*DB::Exception:\s*/s, '')
    .replace(/\s*\(version [^)]*\).*$/s, '')
    .replace(/(?:[:,] )?\b(?:in scope|while (?:executing|processing|converting))\b.*$/is, '')
    .replace(/`?\b(?:\w+\.)?import_stage_\w+`?/g, 'file')
    .trim();
}

/** The whole message of a refusal, with the query that it quotes: for the log and for the author of a definition. Null for other failures. */
export function refusal(error: unknown): string | null {
  const cause = error instanceof RiskgraphError ? error.cause : error;
  const meaning = meaningOf(error);
  return cause instanceof ClickHouseError && (meaning === 'VALUE' || meaning === 'REFUSED') ? cause.message : null;
}
