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

const field = (line: Line, name: string): string | null =>
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

/** Tables of a resolved statement, as `database.table`. */
export const tablesRead = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => {
    const name = line.label === 'TABLE' ? field(line, 'table_name') : null;
    return name === null || name === ONE_ROW ? [] : [name];
  });

export const functionsUsed = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => (line.label === 'FUNCTION' ? [field(line, 'function_name') ?? ''] : []));

/** The list of `x IN name`, where a bare name may be a table. */
export const namesBehindIn = (root: Line): string[] =>
  [...everyLine(root)].flatMap((line) => {
    if (line.label !== 'FUNCTION' || !/in$/i.test(field(line, 'function_name') ?? '')) return [];
    const right = line.children.find((child) => child.label === 'ARGUMENTS')?.children[0]?.children[1];
    if (right?.label === 'IDENTIFIER') return [field(right, 'identifier') ?? ''];
    return right?.label === 'MATCHER' ? ['*'] : [];
  });
