import type { View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { columnsRead, eventTimeSql } from '../../core/lending/source-sql.js';
import { keyFilterOf } from '../../core/lending/source-where.js';
import type { ColumnRead, ColumnsRead } from '../../core/ports/columns-read.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { everyLine, type Line, parseTree } from '../../warehouse/guard/query-tree.js';

const SECONDS = 60;
/** Sections of a query that say nothing of its rows: what is taken of them, and definitions that are printed where they are used, too. */
const NOT_ROWS = new Set(['PROJECTION COLUMNS', 'PROJECTION', 'WITH']);
const SUBQUERIES = new Set(['QUERY', 'UNION']);

/** Any as-of gives the same columns. */
const INSTANT = raw("toDateTime64('2026-01-01 00:00:00', 3, 'UTC')");

/** The view's query over its tables as they are: with every version and every day, on which no column depends. */
function plainQuery(view: View): Sql | null {
  const { origin } = view;
  if (origin.kind !== 'query') return null;
  return origin.query({
    source: (name, { where, columns: names } = {}) => {
      const table = origin.tables.get(name);
      const columns = columnsRead(table, names).map((column) => sql`v.${ident(column.name)} AS ${ident(column.name)}`);
      if (!table.columns.some((column) => column.name === 'event_time')) {
        columns.push(sql`${eventTimeSql(table, 'UTC')} AS event_time`);
      }
      const filter = where ? sql` WHERE ${keyFilterOf(table, where)}` : raw('');
      return sql`(SELECT ${join(columns)}, v.ingested_at AS ingested_at FROM ${ident(name)} AS v${filter})`;
    },
    asOf: { instant: INSTANT, date: raw("toDate('2026-01-01')"), minusDays: () => INSTANT, minusMonths: () => INSTANT },
    timezone: raw("'UTC'"),
  });
}

/** Traces each view once per process: the answer never changes, since a version does not. */
export function createColumnsRead(store: ClickHouse): ColumnsRead {
  const answers = new Map<string, Promise<ReadonlyMap<string, readonly ColumnRead[]> | null>>();

  async function tell(view: View): Promise<ReadonlyMap<string, readonly ColumnRead[]> | null> {
    const plain = plainQuery(view);
    if (!plain) return null;
    const lines = await store.rows<{ explain: string }>(
      'columns-read',
      sql`SELECT explain FROM (EXPLAIN QUERY TREE run_passes = 1, passes = 1 ${plain})`,
      { settings: { max_execution_time: SECONDS } },
    );
    return columnsOf(
      parseTree(lines.map(({ explain }) => explain)),
      view.features.map(({ name }) => name),
    );
  }

  return {
    of(view) {
      const key = `${view.id} ${view.hash}`;
      const known = answers.get(key);
      if (known) return known;
      const fresh = tell(view);
      answers.set(key, fresh);
      // A store that was away may answer the next time.
      fresh.catch(() => answers.delete(key));
      return fresh;
    },
  };
}

const field = (line: Line, name: string): string =>
  new RegExp(`\\b${name}: ([^,]*)`).exec(line.text)?.[1]?.trim() ?? '';
const idOf = (line: Line): string => / id: (\d+)/.exec(line.text)?.[1] ?? '';
const section = (query: Line, label: string): Line | undefined => query.children.find((child) => child.label === label);

/** A form of query that is not supported; its columns are left open rather than guessed. */
class Untold extends Error {}

/**
 * Traces each output column to the source columns that its value is computed from, and to those that only filter, join, group or order its
 * rows. Null where the tree holds a form that is not supported.
 */
export function columnsOf(root: Line, outputs: readonly string[]): ReadonlyMap<string, readonly ColumnRead[]> | null {
  const query = root.children.find(({ label }) => SUBQUERIES.has(label));
  if (!query) return null;
  try {
    const tracer = new Tracer(root);
    return new Map(outputs.map((name) => [name, tracer.output(query, name)] as const));
  } catch (error) {
    if (error instanceof Untold) return null;
    throw error;
  }
}

type Columns = ReadonlySet<string>;

class Tracer {
  private readonly sources = new Map<string, Line>();
  private readonly memo = new Map<string, Columns>();

  constructor(root: Line) {
    for (const line of everyLine(root)) {
      const id = idOf(line);
      const there = this.sources.get(id);
      if (id !== '' && (!there || (there.children.length === 0 && line.children.length > 0)))
        this.sources.set(id, line);
    }
  }

  output(query: Line, name: string): readonly ColumnRead[] {
    const values = this.valueOf(query, this.position(query, name));
    const rows = this.rowsOf(query);
    const columns = [...new Set([...values, ...rows])].sort();
    return columns.map((each) => {
      const [table = '', column = ''] = each.split('.');
      return { table, column, use: values.has(each) ? 'VALUE' : 'ROWS' };
    });
  }

  private once(key: string, make: () => Iterable<string>): Columns {
    const known = this.memo.get(key);
    if (known) return known;
    const made = new Set(make());
    this.memo.set(key, made);
    return made;
  }

  /** Queries of a union, or the one. */
  private branches(query: Line): readonly Line[] {
    if (query.label === 'QUERY') return [query];
    const list = section(query, 'QUERIES')?.children[0];
    if (!list || list.children.some(({ label }) => !SUBQUERIES.has(label))) throw new Untold();
    return list.children;
  }

  private position(query: Line, name: string): number {
    const [first] = this.branches(query);
    if (first && first.label === 'UNION') return this.position(first, name);
    const index = first
      ? (section(first, 'PROJECTION COLUMNS')?.children.findIndex(({ text }) => text.split(' ')[0] === name) ?? -1)
      : -1;
    if (index < 0) throw new Untold();
    return index;
  }

  /** The source columns from which the column at a position is computed. */
  private valueOf(query: Line, index: number): Columns {
    return this.once(`value ${idOf(query)} ${index}`, () =>
      this.branches(query).flatMap((branch) => {
        if (branch.label === 'UNION') return [...this.valueOf(branch, index)];
        const expression = section(branch, 'PROJECTION')?.children[0]?.children[index];
        if (!expression) throw new Untold();
        return [...this.expression(expression)];
      }),
    );
  }

  /** The source columns that filter, join, group and order the rows of a query and of the queries that it reads. */
  private rowsOf(query: Line): Columns {
    return this.once(`rows ${idOf(query)}`, () =>
      this.branches(query).flatMap((branch) => {
        if (branch.label === 'UNION') return [...this.rowsOf(branch)];
        return branch.children.flatMap((part) => (NOT_ROWS.has(part.label) ? [] : [...this.expression(part)]));
      }),
    );
  }

  private *expression(line: Line): Iterable<string> {
    if (line.label === 'COLUMN') yield* this.column(line);
    else if (SUBQUERIES.has(line.label)) {
      yield* this.rowsOf(line);
      // In a join tree its columns are asked for by name; elsewhere, as a value or after IN, it is all of them.
      if (!this.joined.has(line)) yield* this.all(line);
    } else {
      if (line.label === 'JOIN TREE' || line.label.endsWith('TABLE EXPRESSION')) this.mark(line);
      for (const child of line.children) yield* this.expression(child);
    }
  }

  private readonly joined = new Set<Line>();

  private mark(tree: Line): void {
    for (const child of tree.children) if (SUBQUERIES.has(child.label)) this.joined.add(child);
  }

  private *all(query: Line): Iterable<string> {
    for (const branch of this.branches(query)) {
      if (branch.label === 'UNION') yield* this.all(branch);
      else for (const part of section(branch, 'PROJECTION')?.children ?? []) yield* this.expression(part);
    }
  }

  private *column(line: Line): Iterable<string> {
    if (line.children.length > 0) {
      for (const child of line.children) yield* this.expression(child);
      return;
    }
    const [name, source] = [field(line, 'column_name'), this.sources.get(field(line, 'source_id'))];
    switch (source?.label) {
      case 'TABLE':
        yield `${field(source, 'table_name').split('.').at(-1)}.${name}`;
        return;
      case 'QUERY':
      case 'UNION':
        yield* this.valueOf(source, this.position(source, name));
        return;
      case 'LAMBDA':
        // Its values come from an argument beside it, which is walked as well.
        return;
      default:
        throw new Untold();
    }
  }
}
