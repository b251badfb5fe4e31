/**
 * Bounds the texts that functions look through again and again: `extractAll` of a text of 100,000 characters may take hours of a thread, and the
 * server hears of no limit before the function is done. A text that SQL makes may have any length, also where the SQL is only checked, since
 * what follows from constants is computed then; what a lambda gives is not.
 */
import { callsIn } from './calls.js';

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
const COLUMN = /^(?:(?:\w+|`[^`]+`)\.)?(\w+|`[^`]+`)$/;
/** What the statement itself gives a name: an alias, a column that is replaced, an argument of a lambda. */
const GIVEN = /\bAS (\w+|`[^`]+`)|(\w+|`[^`]+`|\([^()]*\)) ->/g;
/** `(SELECT …) AS t(a, b)` */
const GIVES_COLUMNS = /\bAS (?:\w+|`[^`]+`) ?\(/;

const bare = (name: string): string => name.replaceAll('`', '');

function givenIn(statement: string): ReadonlySet<string> {
  const names = [...statement.matchAll(GIVEN)].flatMap(([, alias, argument = '']) =>
    alias === undefined ? (argument.match(/\w+/g) ?? []) : [bare(alias)],
  );
  return new Set(names);
}

/**
 * A statement in which these functions fail on a longer text, but where it is a column of a table: those came in by an import, which bounds a line.
 * @param statement as ClickHouse printed it
 */
export function boundSearches(statement: string): string {
  const given = givenIn(statement);
  const isBounded = (text: string): boolean => {
    if (LITERAL.test(text)) return text.length <= MOST;
    const column = COLUMN.exec(text)?.[1];
    return column !== undefined && !given.has(bare(column)) && !GIVES_COLUMNS.test(statement);
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
