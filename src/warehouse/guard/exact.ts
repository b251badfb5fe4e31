/** Makes the conversions of a caller's SQL exact, so that none changes a value without a word. */
import { ident, join, type Sql, sql } from '../../core/definitions/sql.js';
import type { ClickHouse } from '../client.js';
import { userSqlFailure } from '../failures.js';
import { callsIn, operandsIn, withoutAliases } from './calls.js';
import { type Conversion, conversionOf, LITERAL, movedTime } from './conversions.js';
import { CHECK_LIMITS } from './costs.js';

export interface ExactSql {
  /** The statement, each conversion of which fails on a value that it would change. */
  readonly statement: string;
  readonly conversions: readonly Conversion[];
}

/** SQL that is true for a value that a conversion would change; NULL stays NULL and is no loss. */
export const lossOf = ({ value, exact }: Conversion): string => `(isNotNull(${value}) AND NOT ifNull(${exact}, 0))`;

interface PlacedConversion extends Conversion {
  readonly start: number;
  readonly end: number;
}

/**
 * @param statement as ClickHouse printed it
 * @throws BAD_USER_INPUT that names a conversion that is always unsafe, with the safe one
 */
export function exactSql(statement: string): ExactSql {
  const called = callsIn(statement).flatMap((call) => {
    const conversion = conversionOf(call);
    return conversion ? [{ ...conversion, start: call.start, end: call.end }] : [];
  });
  const conversions = [...called, ...movedIn(statement)];
  // An inner call is not rewritten within the condition of an outer one: it is checked where it stands.
  let rewritten = '';
  let at = 0;
  const edges = conversions
    .flatMap((each) => [
      { at: each.start, text: 'tupleElement((' },
      { at: each.end, text: `, throwIf(${lossOf(each)}, ${messageOf(each)})), 1)` },
    ])
    .sort((a, b) => a.at - b.at);
  for (const edge of edges) {
    rewritten += statement.slice(at, edge.at) + edge.text;
    at = edge.at;
  }
  return { statement: rewritten + statement.slice(at), conversions };
}

/**
 * What `+` and `-` take in a statement that has an interval: it may stand on either side, in a tuple, or under an alias. A text is there for nothing
 * but a time that an interval moves.
 */
function movedIn(statement: string): readonly PlacedConversion[] {
  if (!/\btoInterval\w+\(/.test(statement)) return [];
  return operandsIn(statement).flatMap(({ start, end }) => {
    const value = withoutAliases(statement.slice(start, end));
    return LITERAL.test(value) ? [] : [{ ...movedTime([value]), start, end }];
  });
}

const messageOf = ({ name, reason }: Conversion): string =>
  `'${`${name} meets a value that ${reason}`.replace(/['\\]/g, '\\$&')}'`;

/** A SELECT over a caller's statement, made exact, whose columns have the names and types of the statement as the caller wrote it. */
export interface ExactSelect {
  readonly select: Sql;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly conversions: readonly Conversion[];
}

/**
 * @param around puts the definitions of the tables before a statement, as `WITH … SELECT * FROM (statement)`
 * @param what names the statement in a failure
 */
export async function exactSelect(
  clickhouse: ClickHouse,
  { statement, around, what }: { readonly statement: string; around(statement: string): Sql; readonly what: string },
): Promise<ExactSelect> {
  // As a view's, the columns of a statement are found out without computing its scalar subqueries.
  const describe = (select: Sql) =>
    clickhouse
      .rows<{ name: string; type: string }>('sql-describe', sql`DESCRIBE TABLE view(${select})`, {
        settings: CHECK_LIMITS,
        refusalIsAnswer: true,
      })
      .catch((cause: unknown) => {
        throw userSqlFailure(cause, what);
      });
  const columns = await describe(around(statement));
  const { statement: exact, conversions } = exactSql(statement);
  const select = around(exact);
  if (conversions.length === 0) return { select, columns, conversions };
  // A conversion without an alias names its column by its text, which is another now.
  const renamed = (await describe(select)).map(
    ({ name }, at) => sql`${ident(name)} AS ${ident(columns[at]?.name ?? name)}`,
  );
  return { select: sql`SELECT ${join(renamed)} FROM (${select})`, columns, conversions };
}
