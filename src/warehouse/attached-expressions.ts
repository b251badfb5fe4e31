/** The expressions of attached tables: each makes one value of one row, and none loses a part of it. */

import { raw, type Sql, sql } from '../core/definitions/sql.js';
import type { ClickHouse } from './client.js';
import { everyLine, field, type Line, namesGiven, parseTree } from './guard/query-tree.js';

/** Projected columns of a parsed SELECT, in their order. */
const projected = (root: Line): readonly Line[] =>
  root.children
    .flatMap(({ children }) => children)
    .filter(({ label }) => label === 'PROJECTION')
    .flatMap(({ children }) => children.flatMap((list) => list.children));

/**
 * What is wrong with each expression of a SELECT, an empty list where nothing is. Rejects where the statement does not parse or a name in it is not there.
 * @param select whose columns are named `__…`
 */
export async function expressionProblems(clickhouse: ClickHouse, select: Sql): Promise<readonly (readonly string[])[]> {
  const tree = async (passes: string): Promise<readonly Line[]> => {
    const explain = sql`SELECT explain FROM (EXPLAIN QUERY TREE ${raw(passes)} ${select})`;
    const lines = await clickhouse.tuples<readonly [string]>('attached-explain', explain, { refusalIsAnswer: true });
    return projected(parseTree(lines.map(([line]) => line)));
  };
  const written = await tree('run_passes = 0');
  const resolved = await tree('run_passes = 1');
  return written.map((line, index) => [...writtenProblems(line), ...resolvedProblems(resolved[index] as Line)]);
}

const isOwn = (alias: string): boolean => alias.startsWith('__');

function writtenProblems(line: Line): readonly string[] {
  const { tables, values } = namesGiven(line);
  const [alias] = [...tables, ...values].filter((name) => !isOwn(name));
  return alias === undefined
    ? []
    : [`it names a part of itself '${alias}', which other columns would read: write that part out`];
}

const DECIMAL = /\bDecimal\(/;
const FLOAT = /\bFloat(?:32|64)\b/;
const CONVERTS = /^(?:_?cast|accuratecast|todecimal)/i;

/** The type of a resolved function, column or constant: types hold commas. */
const typeOf = ({ text }: Line): string => /\b(?:result|constant_value)_type: (.*)$/.exec(text)?.[1] ?? '';

function resolvedProblems(line: Line): readonly string[] {
  const lines = [...everyLine(line)];
  const problems: string[] = [];
  if (lines.some(({ label }) => label === 'QUERY' || label === 'UNION')) {
    problems.push('it reads another table: join it in a view of yours, and attach that');
    return problems;
  }
  for (const each of lines.filter(({ label }) => label === 'FUNCTION')) {
    const name = field(each, 'function_name') ?? '';
    const kind = field(each, 'function_type');
    if (kind === 'aggregate' || kind === 'window' || name.toLowerCase() === 'arrayjoin') {
      problems.push(
        `it calls ${name}, and a value is that of one row: combine rows in a view of yours, and attach that`,
      );
    }
    const [from] = each.children.find(({ label }) => label === 'ARGUMENTS')?.children[0]?.children ?? [];
    if (from && CONVERTS.test(name) && DECIMAL.test(typeOf(each)) && FLOAT.test(typeOf(from))) {
      problems.push(
        `it converts a ${typeOf(from)} to a decimal, which cuts 0.29 to 0.28: write toDecimal64(toString(round(…, 2)), 2)`,
      );
    }
  }
  return problems;
}
