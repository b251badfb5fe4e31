/** Facts as views for SQL: one row each of the fact, its dimensions and measures as columns. */
import type { Fact } from '../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../core/definitions/sql.js';
import { withLiterals } from '../core/definitions/sql-literals.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import { MIS_SECRET, type MisView } from '../core/ports/mis.js';
import { type RowMeasure, rowMeasure } from './row-measures.js';
import { condition, dimensionSql, knownRows } from './sql.js';

const NOW = raw("now64(3, 'UTC')");
const EVERY_DAY = raw('1');
/** As the platform reads facts, whatever the settings of the reader; of a stock few days are read. */
const settingsOf = ({ stock }: Fact): Sql =>
  raw(`SETTINGS join_use_nulls = 1, compile_expressions = 0, optimize_use_projections = ${stock ? 1 : 0}`);

/** The measures that the rows of a fact have as columns. */
export const rowMeasuresOf = (fact: Fact): readonly RowMeasure[] =>
  Object.entries(fact.measures).flatMap(([name, measure]) => {
    const one = name in fact.dimensions || name === 'date' ? null : rowMeasure(name, measure);
    return one ? [one] : [];
  });

/** The newest version of each fact as a view, by name. `at` is the instant as of which its rows are known: by default that of the read. */
export function misViews(facts: readonly Fact[], calendar: BusinessCalendar, at: Sql = NOW): readonly MisView[] {
  const newest = new Map<string, Fact>();
  for (const fact of facts) {
    if ((newest.get(fact.name)?.version ?? 0) < fact.version) newest.set(fact.name, fact);
  }
  return [...newest.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((fact) => misView(fact, calendar, at));
}

interface Column {
  readonly name: string;
  readonly comment: string;
  readonly value: Sql;
}

function misView(fact: Fact, calendar: BusinessCalendar, at: Sql): MisView {
  const columns = columnsOf(fact);
  const read = { asOf: at, knowledge: at, timezone: calendar.timezone };
  // Two steps: in one, an alias would stand for the column of its name in the expressions beside it.
  const values = columns.map(({ value }, index) => sql`${value} AS ${raw(`__c${index}`)}`);
  const named = columns.map(({ name }, index) => sql`${raw(`__c${index}`)} AS ${ident(name)}`);
  const rows = knownRows(fact, read, () => EVERY_DAY);
  return {
    name: `mis_${fact.name}`,
    comment: `${fact.id}: ${fact.description} A row is ${fact.grain}${fact.stock ? ': choose one day, since a stock is not summed over days' : ''}.`,
    columns: columns.map(({ name, comment }) => ({ name, comment })),
    select: withLiterals(sql`SELECT ${join(named)} FROM (SELECT ${join(values)} FROM ${rows}) ${settingsOf(fact)}`),
    within(rights) {
      if (rights.some(({ dimension }) => !(dimension in fact.dimensions))) return null;
      return join(
        rights.map((right) => condition(fact, { ...right, op: 'IN' }, ident(right.dimension))),
        ' AND ',
      );
    },
  };
}

function columnsOf(fact: Fact): readonly Column[] {
  const dimensions = Object.entries(fact.dimensions).map(([name, { description }]) => ({
    name,
    comment: description,
    value: dimensionSql(fact, name),
  }));
  const measures = rowMeasuresOf(fact).map(({ name, value, isKey, read }) => {
    const { description, unit, matures } = fact.measures[name] as Fact['measures'][string];
    return {
      name,
      comment: `${description}, ${unit}: ${read}`,
      value: isKey ? hashed(value) : raw(value),
      matures,
    };
  });
  const taken = new Set([...dimensions, ...measures].map(({ name }) => name));
  const matures = [...new Set(measures.flatMap((one) => one.matures ?? []))].filter((name) => !taken.has(name));
  return [
    { name: 'date', comment: 'The local day of the row', value: raw('date') },
    ...dimensions,
    ...measures,
    ...matures.map((name) => ({
      name,
      comment: 'The day at whose end the outcome of the row is settled; 2149-06-06 where it was never recorded',
      value: ident(name),
    })),
  ];
}

/** The same number for the same person or thing, which it does not name. */
const hashed = (value: string): Sql =>
  raw(`sipHash64Keyed((SELECT (min(k0), min(k1)) FROM ${MIS_SECRET}), toString(${value}))`);
