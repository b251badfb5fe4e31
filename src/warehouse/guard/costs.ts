/** Refuses SQL that may cost far more than what it reads: the server hears of a limit only between the blocks that one function works on. */
import { badInput } from '../../core/errors.js';
import { type Call, callsIn, namesIn } from './calls.js';
import { everyLine, type Line } from './query-tree.js';

/** Elements of a range that is a constant. */
const MAX_RANGE = 100_000;

/**
 * What one statement may take that only looks at SQL. A range at this time is a constant, the elements of which another function may pass once
 * for each of its own.
 */
export const CHECK_LIMITS = {
  max_execution_time: 5,
  max_memory_usage: '1000000000',
  max_threads: 1,
  function_range_max_elements_in_block: String(MAX_RANGE),
} as const;

/**
 * What one statement of a caller's SQL may take beside its limits of time and memory: small blocks, since each is worked on to its end; and so much disk
 * for what it sorts or groups, where the server does that on disk. The embedded one does it in memory.
 */
export const RUN_LIMITS = {
  max_threads: 1,
  max_block_size: '8192',
  function_range_max_elements_in_block: '50000000',
  max_temporary_data_on_disk_size_for_query: String(16 * 2 ** 30),
} as const;

/** Elements of an array that is made by its length. */
const MAX_MADE = 10_000;

/** Functions that compare each element of a list with each of another. */
const LISTS = new Set(['hasall', 'hasany', 'hassubstr']);

/** Functions that look through a list, the first argument, for one value. */
const SCANS = new Set(['has', 'indexof', 'countequal']);
/** `x -> …` or `(x, y) -> …`. */
const LAMBDA = /^(?:[`\w]+|\([^()']*\)) -> /;
/** A list of so many elements is looked through in no time. */
const SHORT = 1_000;

/** Functions that make an array of a length, and which argument that is. */
const LENGTHS: ReadonlyMap<string, number> = new Map([
  ['arraywithconstant', 0],
  ['arrayresize', 1],
]);

/**
 * @param statement as ClickHouse printed it
 * @param tree of the statement, unresolved
 * @throws BAD_USER_INPUT that says what to write instead
 */
export function refuseCosts(statement: string, tree: Line): void {
  if ([...everyLine(tree)].some(({ label, text }) => label === 'SORT' && /\bwith_fill: 1\b/.test(text))) {
    throw badInput(
      'WITH FILL is not allowed: it makes rows without a bound',
      'join a list of the days that are wanted: arrayJoin(range(…))',
    );
  }
  for (const call of callsIn(statement)) {
    const name = call.name.toLowerCase();
    if (LISTS.has(name)) refuseTwoLists(call);
    if (name === 'range') refuseRange(call);
    refuseScans(call);
    const length = LENGTHS.get(name);
    if (length !== undefined) refuseLength(call, call.args[length] ?? '');
  }
}

function refuseTwoLists({ name, args }: Call): void {
  if (args.some(isLiteral)) return;
  throw badInput(
    `${name} of two lists that are both computed is not allowed: it compares each element with each`,
    'write one of them out, as in [1, 2]; or compare the length of arrayIntersect(a, b), which looks at each element once',
  );
}

/** `arrayCount(x -> has(a, x), b)` is hasAll by other words. */
function refuseScans({ name, args: [lambda = '', ...lists] }: Call): void {
  if (!LAMBDA.test(lambda) || lists.every(isShort)) return;
  const scan = callsIn(lambda).find(
    ({ name: inner, args }) => SCANS.has(inner.toLowerCase()) && !isShort(args[0] ?? ''),
  );
  if (!scan) return;
  throw badInput(
    `${scan.name} of a computed list in ${name} of another is not allowed: it compares each element with each`,
    'write one of them out, as in [1, 2]; or use arrayIntersect(a, b), which looks at each element once',
  );
}

/** A longer one that is computed from constants is refused by the limit of the check. */
function refuseRange({ args }: Call): void {
  if ((lengthOfRange(args) ?? 0) <= MAX_RANGE) return;
  throw badInput(
    `a range of more than ${MAX_RANGE} elements is not allowed`,
    'take the rows from a table, or make ranges of ranges',
  );
}

/** Null where it is computed. */
function lengthOfRange(args: readonly string[]): number | null {
  if (!args.every((text) => /^\d+$/.test(text))) return null;
  const [from, to] = args.length === 1 ? [0, Number(args[0])] : args.map(Number);
  return (to ?? 0) - (from ?? 0);
}

function isShort(list: string): boolean {
  const [call] = callsIn(list);
  if (call?.name.toLowerCase() !== 'range' || call.end !== list.length) return isLiteral(list);
  return (lengthOfRange(call.args) ?? Number.POSITIVE_INFINITY) <= SHORT;
}

function refuseLength({ name }: Call, length: string): void {
  if (/^\d+$/.test(length) && Number(length) <= MAX_MADE) return;
  throw badInput(
    `${name} needs its length as a number of at most ${MAX_MADE}`,
    'write the number itself; an array that grows with the data is groupArray(…)',
  );
}

const CONSTRUCTORS = new Set(['array', 'tuple', 'cast']);
const WORDS = new Set(['null', 'true', 'false']);

/** Written out in the statement, whose length is bounded. */
const isLiteral = (text: string): boolean =>
  callsIn(text).every(({ name }) => CONSTRUCTORS.has(name.toLowerCase())) &&
  [...namesIn(text)].every((name) => WORDS.has(name.toLowerCase()));
