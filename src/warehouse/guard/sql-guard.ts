import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import type { SqlGuard } from '../../core/ports/sources.js';
import type { ClickHouse } from '../client.js';
import { refusalOf, userSqlFailure } from '../failures.js';
import { CHECK_LIMITS, refuseCosts } from './costs.js';
import {
  aggregatesByText,
  everyLine,
  functionsUsed,
  type GivenNames,
  namesBehindIn,
  namesGiven,
  parseTree,
  tablesNamed,
  tablesRead,
} from './query-tree.js';
import { boundSearches } from './searches.js';
import { isAllowedAggregate, isAllowedFunction } from './sql-functions.js';

/** Characters; a spine or a mapping is a page of SQL at most. */
const MAX_SQL = 100_000;

const WHAT_MAY = 'write one SELECT over the tables named for it, without FORMAT, INTO OUTFILE or SETTINGS';

/** Nodes of a plain SELECT. A node that is not listed is refused: SETTINGS, parameters, functions applied by name, other statements. */
const NODES = new Set([
  ...['SelectWithUnionQuery', 'SelectIntersectExceptQuery', 'SelectQuery', 'ExpressionList', 'Subquery', 'WithElement'],
  ...[
    'TablesInSelectQuery',
    'TablesInSelectQueryElement',
    'TableExpression',
    'TableIdentifier',
    'TableJoin',
    'ArrayJoin',
  ],
  ...['Identifier', 'Literal', 'Function', 'Asterisk', 'QualifiedAsterisk', 'ColumnsListMatcher', 'OrderByElement'],
  ...[
    'WindowDefinition',
    'WindowListElement',
    'ColumnsTransformerList',
    'ColumnsExceptTransformer',
    'ColumnsReplaceTransformer',
  ],
  ...['ColumnsReplaceTransformer::Replacement'],
]);

/**
 * The gate for SQL that a caller wrote. The statement is printed back by ClickHouse's own parser, which drops comments and refuses a second
 * statement; only that text is looked at further, and only that text may be run. Then every node, function and table of it must be allowed.
 */
export function createSqlGuard(clickhouse: ClickHouse): SqlGuard {
  return {
    async check(text, { tables, views = {}, functions = [] }) {
      const statement = await printed(clickhouse, text);
      refuseSpelling(statement);
      const isAllowed = allowedWith(functions);
      refuseNodes(await explained(clickhouse, 'AST', raw(statement)), isAllowed);
      const tree = parseTree(await explained(clickhouse, 'QUERY TREE run_passes = 0', raw(statement)));
      refuseFunctions(functionsUsed(tree), isAllowed);
      refuseAggregates(aggregatesByText(tree));
      await refuseNames(clickhouse, namesGiven(tree), [...tables, ...Object.keys(views)]);
      refuseCosts(statement, tree);
      refuseTables({ named: tablesNamed(tree), allowed: [...tables, ...Object.keys(views)] });
      const behindIn = namesBehindIn(tree)[0];
      if (behindIn !== undefined) {
        throw badInput(
          `'IN ${behindIn}' could name a table`,
          'write IN (SELECT … FROM …) for a table, a list in parentheses, or has(array, value)',
        );
      }
      const bounded = boundSearches(statement, tree);
      await refuseOtherTables(clickhouse, bounded, { tables, views });
      return bounded;
    },
  };
}

/**
 * The SELECT that a text is, as one line without comments; nothing else of it is checked.
 * @throws BAD_USER_INPUT where it is none
 */
export async function printed(clickhouse: ClickHouse, text: string): Promise<string> {
  if (text.trim() === '') throw badInput('the SQL is empty', WHAT_MAY);
  if (text.length > MAX_SQL) throw badInput(`the SQL is longer than ${MAX_SQL} characters`, WHAT_MAY);
  const [row] = await clickhouse
    .rows<{ statement: string }>('sql-print', sql`SELECT formatQuerySingleLine(${text}) AS statement`, {
      settings: CHECK_LIMITS,
      refusalIsAnswer: true,
    })
    .catch((cause: unknown) => {
      throw userSqlFailure(cause, 'the SQL');
    });
  const statement = row?.statement ?? '';
  if (!/^(?:SELECT|WITH|\()/.test(statement)) {
    throw badInput(`the SQL is a ${/^\w+/.exec(statement)?.[0] ?? 'statement'} and not a SELECT`, WHAT_MAY);
  }
  return statement;
}

const QUOTED = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"/gs;
/** Refuses names that could pass for lines or fields in the output of EXPLAIN. */
const PLAIN_NAME = /^[`"][\p{L}\p{N} _.$%()#&/+?!-]*[`"]$/u;

function refuseSpelling(statement: string): void {
  for (const [quoted] of statement.matchAll(QUOTED)) {
    if (!quoted.startsWith("'") && !PLAIN_NAME.test(quoted)) {
      throw badInput(
        'a quoted name holds characters that are not allowed',
        'use letters, digits, spaces and _ . - in names',
      );
    }
  }
  const bare = statement.replace(QUOTED, (quoted) => (quoted.startsWith("'") ? "''" : quoted.slice(1, -1)));
  if (bare.includes('{')) throw badInput('the SQL has a parameter', 'write the value itself');
  const schema = /\b(?:system|information_schema)\s*\./i.exec(bare)?.[0];
  if (schema) throw badInput(`the SQL names '${schema}…', which is not allowed`, WHAT_MAY);
}

/** The lines of an EXPLAIN. As a subquery it takes no FORMAT and no INTO OUTFILE, so a statement with either fails here. */
async function explained(clickhouse: ClickHouse, what: string, statement: Sql): Promise<string[]> {
  try {
    const lines = await clickhouse.rows<{ explain: string }>(
      'sql-explain',
      sql`SELECT explain FROM (EXPLAIN ${raw(what)} ${statement})`,
      { settings: CHECK_LIMITS, refusalIsAnswer: true },
    );
    return lines.map(({ explain }) => explain);
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal?.matches(/output options|not served/i)) {
      throw badInput(`the SQL is not allowed: ${refusal.message}`, WHAT_MAY);
    }
    throw userSqlFailure(cause, 'the SQL');
  }
}

type IsAllowed = typeof isAllowedFunction;

function allowedWith(functions: readonly string[]): IsAllowed {
  const more = new Set(functions.map((name) => name.toLowerCase()));
  return (name) => more.has(name.toLowerCase()) || isAllowedFunction(name);
}

function refuseNodes(lines: readonly string[], isAllowed: IsAllowed): void {
  lines.forEach((line, index) => {
    const [kind = '', name = ''] = line.trim().split(' ');
    if (!NODES.has(kind)) {
      const words = kind === 'Set' ? 'SETTINGS' : kind;
      throw badInput(`the SQL has ${words}, which is not allowed`, WHAT_MAY);
    }
    if (kind === 'Function') {
      if (lines[index - 1]?.trim().startsWith('TableExpression')) {
        throw badInput(`the table function '${name}' is not allowed`, WHAT_MAY);
      }
      refuseFunctions([name], isAllowed);
    }
    if (kind === 'ColumnsExceptTransformer' && !/\(children \d+\)$/.test(line)) {
      throw badInput('EXCEPT with a pattern is not allowed', 'name the columns');
    }
  });
}

function refuseFunctions(names: readonly string[], isAllowed: IsAllowed): void {
  const name = names.find((each) => each !== '' && !isAllowed(each));
  if (name === undefined) return;
  throw badInput(
    `the function '${name.slice(0, 64)}' is not allowed`,
    'use functions of values alone: arithmetic, text, dates, arrays, conditions, conversions and aggregates',
  );
}

function refuseAggregates(names: readonly (string | null)[]): void {
  if (names.includes(null)) {
    throw badInput('arrayReduce takes a function that is no plain text', "write its name: arrayReduce('sum', …)");
  }
  const name = names.find((each) => each !== null && !isAllowedAggregate(each));
  if (name == null) return;
  throw badInput(
    `the function '${name.slice(0, 64)}' of arrayReduce is not allowed`,
    'name an aggregate of values alone: sum, max, quantile(0.5)',
  );
}

/**
 * Refuses names that another part of the statement could read as a table: the caller's SQL runs behind a WITH that defines the tables which it may
 * read, and what stands for one of them must be that definition.
 */
async function refuseNames(
  clickhouse: ClickHouse,
  { tables: given, values }: GivenNames,
  allowed: readonly string[],
): Promise<void> {
  const dotted = [...given, ...values].find((name) => name.includes('.'));
  if (dotted !== undefined) {
    throw badInput(
      `the name '${dotted.slice(0, 64)}' has a dot`,
      'a name with a dot reads like a database and its table: write _',
    );
  }
  const stored = await storedAmong(clickhouse, given);
  const taken = [...given, ...values].find((name) => allowed.includes(name)) ?? stored[0];
  if (taken === undefined) return;
  throw badInput(`'${taken.slice(0, 64)}' is the name of a table`, 'give the alias, or the WITH, another name');
}

async function storedAmong(clickhouse: ClickHouse, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const rows = await clickhouse.rows<{ name: string }>(
    'sql-names',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN (${join(names.map((name) => sql`${name}`))})`,
  );
  return rows.map(({ name }) => name);
}

function refuseTables({ named, allowed }: { named: readonly string[]; allowed: readonly string[] }): void {
  const refused = named.find((name) => !allowed.includes(name));
  if (refused === undefined) return;
  throw badInput(
    `the table '${refused.slice(0, 64)}' is not allowed`,
    `the tables are ${allowed.join(', ') || 'none'}`,
  );
}

/**
 * Checks the tables once more after ClickHouse's analyzer has resolved the names: each that is read is one of `tables`, or is read by the definition of
 * a view. So it does not hang on the analyzer's order of names that a view stands for the stored table of its name.
 * The analyzer computes scalar subqueries, so the views are without rows here.
 */
async function refuseOtherTables(
  clickhouse: ClickHouse,
  statement: string,
  { tables, views }: { tables: readonly string[]; views: Readonly<Record<string, Sql>> },
): Promise<void> {
  const database = await currentDatabase(clickhouse);
  const allowed = new Set(tables.map((name) => `${database}.${name}`));
  const withs = join(
    Object.entries(views).map(([name, view]) => sql`${ident(name)} AS (SELECT * FROM (${view}) WHERE 0)`),
  );
  const prefix = Object.keys(views).length > 0 ? sql`WITH ${withs} ` : raw('');
  const tree = parseTree(await explained(clickhouse, 'QUERY TREE', sql`${prefix}SELECT * FROM (${raw(statement)})`));
  const refused = tablesRead(tree, new Set(Object.keys(views))).find((name) => !allowed.has(name));
  if (refused !== undefined) throw badInput('the SQL reads a table that is not allowed', WHAT_MAY);
  if ([...everyLine(tree)].some(({ label }) => label === 'TABLE_FUNCTION')) {
    throw badInput('table functions are not allowed', WHAT_MAY);
  }
}

async function currentDatabase(clickhouse: ClickHouse): Promise<string> {
  const [row] = await clickhouse.rows<{ name: string }>('sql-database', raw('SELECT currentDatabase() AS name'));
  return row?.name ?? '';
}
