/**
 * Bounds the texts that functions look through again and again: `extractAll` of a text of 100,000 characters may take hours of a thread, and the
 * server hears of no limit before the function is done. A text that SQL makes may have any length, also where the SQL is only checked, since
 * what follows from constants is computed then; what a lambda gives is not.
 */
import { callsIn } from './calls.js';
import { argumentsOfLambdas, type Line, namesGiven } from './query-tree.js';

/** Bytes; half a second of a thread at worst. */
const MOST = 10_000;

const FIRST = [0] as const;
const SECOND = [1] as const;

/** Functions that begin anew at many places of a text, and which arguments are such texts. */
const SEARCHED = new Map<string, readonly number[]>([
  ...[
    ...['position', 'positionutf8', 'positioncaseinsensitive', 'positioncaseinsensitiveutf8', 'instr'],
    ...['countsubstrings', 'countsubstringscaseinsensitive', 'countmatches', 'multisearchany', 'hastoken'],
    ...['extractall', 'extractgroups', 'replace', 'replaceall', 'replaceone', 'replaceregexpall', 'replaceregexpone'],
  ].map((name) => [name, FIRST] as const),
  ['splitbystring', SECOND],
  ['splitbyregexp', SECOND],
  // The order of its arguments is a setting of the server.
  ['locate', [0, 1]],
]);

const LITERAL = /^'(?:[^'\\]|\\.|'')*'$/s;
const LITERALS = /'(?:[^'\\]|\\.|'')*'/gs;
/** A name, or one of a table. What has a parenthesis or a dot in it is what ClickHouse calls an expression that has no alias. */
const COLUMN = /^(?:(\w+|`[^`.()]+`)\.)?(\w+|`[^`.()]+`)$/;
/** An element of a tuple: `t.1`. */
const PLACE = /^\d+$/;
/** Any alias; of those of a column that REPLACE computes the tree tells nothing. */
const ALIAS = /\bAS (\w+|`[^`]+`)/g;
/** A column by its place: `(SELECT …) AS t(a, b)`, or the later part of a UNION, whose columns have the names of the first. */
const BY_PLACE = /\bAS (?:\w+|`[^`]+`) ?\(|\bUNION\b/;

const bare = (name: string): string => name.replaceAll('`', '');

/**
 * A statement in which these functions fail on a longer text, but where it is a column of a table: those came in by an import, which bounds a line.
 * @param statement as ClickHouse printed it
 * @param tree of the same statement, unresolved
 */
export function boundSearches(statement: string, tree: Line): string {
  const words = statement.replace(LITERALS, "''");
  const { tables, values } = namesGiven(tree);
  const made = new Set([...values, ...argumentsOfLambdas(tree)]);
  const given = new Set([...made, ...tables, ...[...words.matchAll(ALIAS)].map(([, alias = '']) => bare(alias))]);
  const isByPlace = BY_PLACE.test(words);
  const isBounded = (text: string): boolean => {
    if (LITERAL.test(text)) return text.length <= MOST;
    const [, of, column] = COLUMN.exec(text) ?? [];
    if (column === undefined || isByPlace || PLACE.test(column)) return false;
    // What stands before the dot may be a tuple that the statement makes.
    return !given.has(bare(column)) && (of === undefined || !made.has(bare(of)));
  };
  const edges = callsIn(statement).flatMap(({ name, start, args }) => {
    const searched = SEARCHED.get(name.toLowerCase()) ?? [];
    let from = start + name.length + 1;
    return args.flatMap((text, index) => {
      const at = statement.indexOf(text, from);
      from = at + text.length;
      if (!searched.includes(index) || isBounded(text)) return [];
      return [
        { at, text: `arrayElement(arrayMap(searched -> tupleElement((searched, ${failsOn(name)}), 1), [` },
        { at: from, text: ']), 1)' },
      ];
    });
  });
  let bounded = '';
  let at = 0;
  for (const edge of edges.sort((a, b) => a.at - b.at)) {
    bounded += statement.slice(at, edge.at) + edge.text;
    at = edge.at;
  }
  return bounded + statement.slice(at);
}

const failsOn = (name: string): string =>
  `throwIf(ifNull(length(searched) > ${MOST}, 0), '${name} looks through a text of more than ${MOST} bytes: cut it first, as substring(text, 1, ${MOST}) does')`;
