/** The one table of ClickHouse's error codes: what each means to every path, and the words of ours that stand for the server's own. */

/**
 * - TIMEOUT: the statement takes longer than allowed.
 * - FULL: the disk of the server is full.
 * - OVERLOADED: the server has no memory, thread, file or place in its queue for the statement now, or the statement reads more than allowed.
 * - VALUE: a value, and nothing else, is at fault.
 * - REFUSED: the statement itself is at fault; every code that is not in the table.
 * - UNREACHABLE: the server does not answer.
 */
export type Meaning = 'TIMEOUT' | 'FULL' | 'OVERLOADED' | 'VALUE' | 'REFUSED' | 'UNREACHABLE';

export interface ServerCode {
  readonly name: string;
  readonly meaning: Meaning;
  /** What is wrong, in place of the server's message: that one quotes values of rows, often without quotation marks. */
  readonly words: string;
}

type Row = readonly [code: number, name: string, words: string];

const TIMEOUTS: readonly Row[] = [
  [159, 'TIMEOUT_EXCEEDED', 'the statement runs longer than allowed'],
  [160, 'TOO_SLOW', 'the statement would run longer than allowed'],
  [209, 'SOCKET_TIMEOUT', 'a connection of the server is silent for too long'],
];

const FULL_DISKS: readonly Row[] = [[243, 'NOT_ENOUGH_SPACE', 'the disk is full']];

const OVERLOADS: readonly Row[] = [
  [76, 'CANNOT_OPEN_FILE', 'the server cannot open a file, mostly since it has as many open as it may (ulimit -n)'],
  [202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 'the server runs as many statements as it may'],
  [241, 'MEMORY_LIMIT_EXCEEDED', 'the statement needs more memory than allowed'],
  [307, 'TOO_MANY_BYTES', 'the statement reads more bytes than allowed'],
  [396, 'TOO_MANY_ROWS_OR_BYTES', 'the statement gives more rows or bytes than allowed'],
  [439, 'CANNOT_SCHEDULE_TASK', 'the server has no free thread'],
];

const VALUES: readonly Row[] = [
  [6, 'CANNOT_PARSE_TEXT', 'a text is not written as the type that it is converted to'],
  [26, 'CANNOT_PARSE_QUOTED_STRING', 'a quoted text is not complete'],
  [27, 'CANNOT_PARSE_INPUT_ASSERTION_FAILED', 'a text is not written as the type that it is converted to'],
  [33, 'CANNOT_READ_ALL_DATA', 'a text ends too early'],
  [36, 'BAD_ARGUMENTS', 'a function does not take this argument'],
  [38, 'CANNOT_PARSE_DATE', 'a text is not a date'],
  [41, 'CANNOT_PARSE_DATETIME', 'a text is not a date with a time'],
  [43, 'ILLEGAL_TYPE_OF_ARGUMENT', 'a function does not take an argument of this type'],
  [53, 'TYPE_MISMATCH', 'a value is not of the type that it is converted to, or compared with'],
  [69, 'ARGUMENT_OUT_OF_BOUND', 'an argument is outside of what the function takes'],
  [70, 'CANNOT_CONVERT_TYPE', 'a value cannot be converted to the type'],
  [72, 'CANNOT_PARSE_NUMBER', 'a text is not a number'],
  [117, 'INCORRECT_DATA', 'a value is not in the form that the function reads'],
  [125, 'INCORRECT_RESULT_OF_SCALAR_SUBQUERY', 'a subquery that stands for one value gives several rows'],
  [128, 'TOO_LARGE_ARRAY_SIZE', 'an array would be too long'],
  [130, 'CANNOT_READ_ARRAY_FROM_TEXT', 'a text is not a list'],
  [131, 'TOO_LARGE_STRING_SIZE', 'a text would be too long'],
  [153, 'ILLEGAL_DIVISION', 'a number is divided by zero'],
  [190, 'SIZES_OF_ARRAYS_DONT_MATCH', 'arrays that are read together differ in length'],
  [321, 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE', 'a value is out of the range of its type'],
  [349, 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN', 'a value is NULL where the type has no NULL'],
  [376, 'CANNOT_PARSE_UUID', 'a text is not a UUID'],
  [395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO', 'a condition of throwIf is true'],
  [407, 'DECIMAL_OVERFLOW', 'a number is too large for the type'],
  [427, 'CANNOT_COMPILE_REGEXP', 'a pattern is not a regular expression'],
  [467, 'CANNOT_PARSE_BOOL', 'a text is not true or false'],
  [675, 'CANNOT_PARSE_IPV4', 'a text is not an IPv4 address'],
  [676, 'CANNOT_PARSE_IPV6', 'a text is not an IPv6 address'],
  [691, 'UNKNOWN_ELEMENT_OF_ENUM', 'a value is not one of its enum'],
];

const REFUSALS: readonly Row[] = [
  [8, 'THERE_IS_NO_COLUMN', 'a column is missing'],
  [10, 'NOT_FOUND_COLUMN_IN_BLOCK', 'a column is missing'],
  [12, 'PARAMETER_OUT_OF_BOUND', 'a parameter of an aggregate function is out of its range'],
  [16, 'NO_SUCH_COLUMN_IN_TABLE', 'the table has no such column'],
  [20, 'NUMBER_OF_COLUMNS_DOESNT_MATCH', 'the numbers of columns differ'],
  [42, 'NUMBER_OF_ARGUMENTS_DOESNT_MATCH', 'a function has too many or too few arguments'],
  [44, 'ILLEGAL_COLUMN', 'an argument must be a constant, or of another type'],
  [46, 'UNKNOWN_FUNCTION', 'there is no such function'],
  [47, 'UNKNOWN_IDENTIFIER', 'there is no such column, alias or function'],
  [48, 'NOT_IMPLEMENTED', 'the server does not implement this'],
  [49, 'LOGICAL_ERROR', 'the server finds an error of its own'],
  [50, 'UNKNOWN_TYPE', 'there is no such type'],
  [57, 'TABLE_ALREADY_EXISTS', 'the table is already there'],
  [59, 'ILLEGAL_TYPE_OF_COLUMN_FOR_FILTER', 'a condition is not true or false'],
  [60, 'UNKNOWN_TABLE', 'there is no such table'],
  [62, 'SYNTAX_ERROR', 'the SQL is not one well-formed statement'],
  [63, 'UNKNOWN_AGGREGATE_FUNCTION', 'there is no such aggregate function'],
  [81, 'UNKNOWN_DATABASE', 'there is no such database'],
  [115, 'UNKNOWN_SETTING', 'there is no such setting'],
  [164, 'READONLY', 'the account may only read'],
  [167, 'TOO_DEEP_AST', 'the SQL is nested too deeply'],
  [168, 'TOO_BIG_AST', 'the SQL is too long'],
  [179, 'MULTIPLE_EXPRESSIONS_FOR_ALIAS', 'an alias stands for two expressions'],
  [184, 'ILLEGAL_AGGREGATION', 'an aggregate function stands where none may'],
  [206, 'ALIAS_REQUIRED', 'a subquery of a join needs an alias'],
  [207, 'AMBIGUOUS_IDENTIFIER', 'a name stands for two columns'],
  [215, 'NOT_AN_AGGREGATE', 'a column is neither aggregated nor in GROUP BY'],
  [258, 'UNION_ALL_RESULT_STRUCTURES_MISMATCH', 'the parts of a UNION have different columns'],
  [306, 'TOO_DEEP_RECURSION', 'the SQL is nested too deeply'],
  [344, 'SUPPORT_IS_DISABLED', 'the server does not serve this'],
  [352, 'AMBIGUOUS_COLUMN_NAME', 'a name stands for two columns'],
  [386, 'NO_COMMON_TYPE', 'values of types that have no common type meet'],
  [403, 'INVALID_JOIN_ON_EXPRESSION', 'the condition of a join cannot be used'],
  [497, 'ACCESS_DENIED', 'the account lacks a right'],
  [516, 'AUTHENTICATION_FAILED', 'the account or its password is wrong'],
];

const listed = (meaning: Meaning, rows: readonly Row[]): [string, ServerCode][] =>
  rows.map(([code, name, words]) => [String(code), { name, meaning, words }]);

/** Every code that the platform knows. */
export const CODES: ReadonlyMap<string, ServerCode> = new Map([
  ...listed('TIMEOUT', TIMEOUTS),
  ...listed('FULL', FULL_DISKS),
  ...listed('OVERLOADED', OVERLOADS),
  ...listed('VALUE', VALUES),
  ...listed('REFUSED', REFUSALS),
]);

export const UNLISTED: Omit<ServerCode, 'name'> = { meaning: 'REFUSED', words: 'the server refuses the statement' };
