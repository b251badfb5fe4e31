/** Parses the output of EXPLAIN: the tables that a statement names, and those that it reads once names are resolved. */

export interface Line {
  /** The words before ` id:`, or the whole line of a section such as JOIN TREE. */
  readonly label: string;
  readonly text: string;
  readonly children: Line[];
}

/** Two spaces per level. */
export function parseTree(lines: readonly string[]): Line {
  const root: Line = { label: '', text: '', children: [] };
  const open: Line[] = [root];
  for (const raw of lines) {
    const text = raw.trim();
    const depth = (raw.length - raw.trimStart().length) / 2 + 1;
    const line: Line = { label: text.replace(/ id: \d.*$/, ''), text, children: [] };
    open.length = Math.min(open.length, depth);
    open.at(-1)?.children.push(line);
    open.push(line);
  }
  return root;
}

export function* everyLine(line: Line): Iterable<Line> {
  yield line;
  for (const child of line.children) yield* everyLine(child);
}

export const field = (line: Line, name: string): string | null =>
  new RegExp(`\\b${name}: ([^,]*)`).exec(line.text)?.[1]?.trim() ?? null;

/** Sections whose names are tables; elsewhere a name is a column. */
const TABLE_SECTIONS = new Set(['JOIN TREE', 'TABLE EXPRESSION', 'LEFT TABLE EXPRESSION', 'RIGHT TABLE EXPRESSION']);

/** Only of them are fields other than those of their own kind looked for: a constant's value may read like any field. */
const QUERIES = new Set(['QUERY', 'UNION']);

/** The table that a SELECT without FROM reads. */
const ONE_ROW = 'system.one';

/**
 * Tables that a parsed but unresolved statement names and no WITH around them defines. A name in the body of a WITH's query stands for
 * those defined before it alone: in its own body it is the table.
 */
export function tablesNamed(root: Line): string[] {
  const tables = new Set<string>();
  const visit = (line: Line, section: string, visible: ReadonlySet<string>): void => {
    if (TABLE_SECTIONS.has(section) && line.label === 'IDENTIFIER') {
      const name = field(line, 'identifier') ?? '';
      if (!visible.has(name) && name !== ONE_ROW) tables.add(name);
    }
    const names = new Set(visible);
    const withs = line.children.find((child) => child.label === 'WITH');
    for (const definition of withs?.children.flatMap((list) => list.children) ?? []) {
      visit(definition, 'WITH', new Set(names));
      const name = QUERIES.has(definition.label) ? field(definition, 'cte_name') : null;
      if (name !== null) names.add(name);
    }
    for (const child of line.children) if (child !== withs) visit(child, line.label, names);
  };
  visit(root, '', new Set());
  return [...tables];
}

/** Names that a statement gives: to a WITH or to what it reads, and to values. */
export interface GivenNames {
  readonly tables: readonly string[];
  readonly values: readonly string[];
}

/** The alias stands before every field that a constant could imitate. */
const ALIAS = /^[A-Z_ ]+ id: \d+, alias: ([^,]*)/;

/** Names that a parsed but unresolved statement gives. */
export function namesGiven(root: Line): GivenNames {
  const tables: string[] = [];
  const values: string[] = [];
  const visit = (line: Line, section: string): void => {
    const cte = QUERIES.has(line.label) ? field(line, 'cte_name') : null;
    if (cte !== null) tables.push(cte);
    const alias = ALIAS.exec(line.text)?.[1];
    if (alias !== undefined) (TABLE_SECTIONS.has(section) ? tables : values).push(alias);
    for (const child of line.children) visit(child, line.label);
  };
  visit(root, '');
  return { tables, values };
}

/** Names of the arguments of lambdas, however these are written: `x -> …`, or `lambda(tuple(x), …)`. */
export const argumentsOfLambdas = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => {
    if (line.label !== 'LAMBDA') return [];
    const names = line.children.find((child) => child.label === 'ARGUMENTS')?.children[0]?.children ?? [];
    return names.map((name) => field(name, 'identifier') ?? '');
  });

/** Tables of a resolved statement that it reads past these definitions of a WITH, as `database.table`. */
export function tablesRead(root: Line, definitions: ReadonlySet<string>): string[] {
  if (QUERIES.has(root.label) && definitions.has(field(root, 'cte_name') ?? '')) return [];
  const name = root.label === 'TABLE' ? field(root, 'table_name') : null;
  const own = name === null || name === ONE_ROW ? [] : [name];
  return [...own, ...root.children.flatMap((child) => tablesRead(child, definitions))];
}

export const functionsUsed = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => (line.label === 'FUNCTION' ? [field(line, 'function_name') ?? ''] : []));

/** Functions that take the name of an aggregate function as a text. */
const REDUCES = /^arrayReduce/i;
const AGGREGATE = /^CONSTANT id: \d+, constant_value: '([A-Za-z]\w*)(?:\([\d., ]*\))?', constant_value_type: String$/;

/** Aggregate functions that a parsed but unresolved statement names as texts; null for a name that is no plain text. */
export const aggregatesByText = (root: Line): (string | null)[] =>
  [...everyLine(root)].flatMap((line) => {
    if (line.label !== 'FUNCTION' || !REDUCES.test(field(line, 'function_name') ?? '')) return [];
    const first = line.children.find((child) => child.label === 'ARGUMENTS')?.children[0]?.children[0];
    return [AGGREGATE.exec(first?.text ?? '')?.[1] ?? null];
  });

/** The list of `x IN name`, where a bare name may be a table. */
export const namesBehindIn = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => {
    if (line.label !== 'FUNCTION' || !/in$/i.test(field(line, 'function_name') ?? '')) return [];
    const right = line.children.find((child) => child.label === 'ARGUMENTS')?.children[0]?.children[1];
    if (right?.label === 'IDENTIFIER') return [field(right, 'identifier') ?? ''];
    return right?.label === 'MATCHER' ? ['*'] : [];
  });
