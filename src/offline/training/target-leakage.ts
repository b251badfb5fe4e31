/** Detects target leakage: columns that equal the label, or encode it one-to-one or linearly. */

import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type FeatureType, isArrayType } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { examples, rowsInWords } from './future-rows.js';
import type { Working } from './join.js';
import type { ProfiledColumn } from './profile.js';

/** Types of columns that may equal the label, as a number or as text. */
const COMPARED = new Set<FeatureType>(['STRING', 'BOOLEAN', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);
const NUMBERS = new Set<FeatureType>(['BOOLEAN', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);
/** Rows with an outcome below which a column may equal it by chance. */
const MIN_EQUAL = 5;
/**
 * The same for a column that only goes with it, value by value: so many rows, and so many of each outcome. A column of as many of each kind that has
 * nothing to do with the label matches it in one of 142,506 cases.
 */
const MIN_PAIRED = 30;
const MIN_OF_EACH = 5;
/** Up to so many values of the label are its classes; a label of more is an amount, of which a copy can only be scaled or shifted. */
const MAX_CLASSES = 10;
/** How far a scaled copy may be off for rounding, as a share of the label's range. */
const ROUNDING = 1e-9;
/** Columns per query. */
const COLUMNS_A_QUERY = 40;

/** The manifest's warning about a feature that goes with the label, where that may be chance or has a reason. */
export interface LabelHint {
  readonly column: string;
  readonly message: string;
}

/** Where rows are counted. */
interface Counting {
  readonly store: ClickHouse;
  readonly checkpoints: Pick<Working['checkpoints'], 'options'>;
}

interface Columns {
  readonly spine: readonly ProfiledColumn[];
  readonly features: readonly ProfiledColumn[];
}

interface Measured {
  readonly column: ProfiledColumn;
  /** Rows that have an outcome and a value. */
  readonly paired: number;
  /** Rows that have an outcome which the value, read as a number, equals. */
  readonly same: number;
  /** Numbers of distinct values, outcomes and pairs of both among the paired rows; MAX_CLASSES + 1 stands for more. */
  readonly values: number;
  readonly outcomes: number;
  readonly pairs: number;
  /** Different pairs of an outcome and whether there is a value, among all rows that have an outcome. */
  readonly gaps: number;
}

/**
 * Refuses a column that gives the label in every row in which both are known. BAD_USER_INPUT names the first one, how it gives the label, and
 * rows. A column that misses in a single row passes, however strong, and so do fewer rows than make chance unlikely. Returns warnings about less
 * certain cases: a feature that equals the label in a handful of rows, and one that has values for one outcome only.
 */
export async function refuseLabelCopies(
  working: Counting,
  from: Sql,
  { spine, features }: Columns,
): Promise<readonly LabelHint[]> {
  const columns = [...spine, ...features].filter(({ explains }) => explains);
  const whole = await outcomesOf(working, from);
  if (whole.known < MIN_EQUAL || whole.classes < 2 || columns.length === 0) return [];
  const measured = await measure(working, from, columns);
  const hints: LabelHint[] = [];
  for (const each of measured) {
    const { column, same, paired } = each;
    const { name } = column;
    const said = spine.includes(column) ? `the spine's column '${name}'` : `the feature '${name}'`;
    const reason = 'leave the column out: it is the outcome under another name';
    if (same === whole.known && (spine.includes(column) || isNoChance(whole))) {
      const rows = await examples(working.store, from, sql`label IS NOT NULL`, working.checkpoints.options);
      throw badInput(
        `${said} equals the label in all ${same} rows that have one: ${rowsInWords(rows.rows, same)}`,
        reason,
      );
    }
    const how = await encodingOf(working, from, each);
    if (how !== null) {
      const both = sql`label IS NOT NULL AND ${hasValue(column)}`;
      const rows = await examples(working.store, from, both, working.checkpoints.options);
      throw badInput(
        `${said} says the label in all ${paired} rows that have both, ${how}: ${rowsInWords(rows.rows, paired)}`,
        `${reason}, or is made of it`,
      );
    }
    if (same === whole.known) {
      const message = `${name} equals the label in every row that has one: see what it is made of before a model learns from it`;
      hints.push({ column: name, message });
    } else if (each.gaps === 2 && whole.classes === 2 && isNoChance(whole) && paired > 0 && paired < whole.known) {
      const message = `${name} has a value in ${paired} of ${whole.known} rows that have a label, and these are all of one outcome: see why before a model learns from it`;
      hints.push({ column: name, message });
    }
  }
  return hints;
}

interface Outcomes {
  /** Rows that have one. */
  readonly known: number;
  /** Different ones; MAX_CLASSES + 1 stands for more. */
  readonly classes: number;
  /** Rows of the rarer of two outcomes. */
  readonly fewest: number;
}

/** Whether chance is excluded: a rare flag easily meets the one bad row of a small set. */
const isNoChance = ({ known, classes, fewest }: Outcomes): boolean =>
  known >= MIN_PAIRED && (classes > 2 || fewest >= MIN_OF_EACH);

const hasValue = ({ type, value }: ProfiledColumn): Sql =>
  isArrayType(type) ? sql`notEmpty(${value})` : sql`${value} IS NOT NULL`;

async function outcomesOf({ store, checkpoints }: Counting, from: Sql): Promise<Outcomes> {
  const [answer] = await store.rows<{ known: string; classes: string; least: string }>(
    'training-set-copies',
    sql`SELECT count() AS known, uniqUpTo(${raw(String(MAX_CLASSES))})(label) AS classes,
        countIf(label = (SELECT min(label) FROM ${from})) AS least
      FROM ${from} WHERE label IS NOT NULL`,
    checkpoints.options,
  );
  const [known, classes, least] = [answer?.known, answer?.classes, answer?.least].map((count) =>
    Number(count ?? 0),
  ) as [number, number, number];
  return { known, classes, fewest: Math.min(least, known - least) };
}

async function measure(
  { store, checkpoints }: Counting,
  from: Sql,
  columns: readonly ProfiledColumn[],
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  const count = raw(`uniqUpToIf(${MAX_CLASSES})`);
  for (let at = 0; at < columns.length; at += COLUMNS_A_QUERY) {
    const part = columns.slice(at, at + COLUMNS_A_QUERY);
    const measures = part.flatMap((column, index) => {
      const { type, value } = column;
      const as = (name: string): Sql => ident(`${name}${index}`);
      const there = hasValue(column);
      const own = isArrayType(type) ? value : sql`assumeNotNull(${value})`;
      const number = type === 'STRING' ? sql`toFloat64OrNull(${value})` : sql`toFloat64(${value})`;
      return [
        sql`countIf(${there}) AS ${as('paired')}`,
        COMPARED.has(type)
          ? sql`countIf(ifNull(${number} = label, 0)) AS ${as('same')}`
          : sql`toUInt64(0) AS ${as('same')}`,
        sql`${count}(${own}, ${there}) AS ${as('values')}`,
        sql`${count}(assumeNotNull(label), ${there}) AS ${as('outcomes')}`,
        sql`${count}((${own}, assumeNotNull(label)), ${there}) AS ${as('pairs')}`,
        sql`uniqUpTo(${raw(String(MAX_CLASSES))})((assumeNotNull(label), ${there})) AS ${as('gaps')}`,
      ];
    });
    const [answer = {}] = await store.rows<Record<string, string>>(
      'training-set-copies',
      sql`SELECT ${join(measures)} FROM ${from} WHERE label IS NOT NULL`,
      checkpoints.options,
    );
    part.forEach((column, index) => {
      const of = (name: string): number => Number(answer[`${name}${index}`]);
      const [paired, same, values, outcomes, pairs, gaps] = [
        ...[of('paired'), of('same'), of('values'), of('outcomes'), of('pairs'), of('gaps')],
      ] as [number, number, number, number, number, number];
      measured.push({ column, paired, same, values, outcomes, pairs, gaps });
    });
  }
  return measured;
}

/** Says how a column encodes the label; null where it does not. */
async function encodingOf(working: Counting, from: Sql, measured: Measured): Promise<string | null> {
  const { column, paired, values, outcomes, pairs } = measured;
  if (paired < MIN_PAIRED || outcomes < 2) return null;
  if (outcomes > MAX_CLASSES) {
    // A straight line has as many values as the label: flags and small counts are not read again.
    return values > MAX_CLASSES && NUMBERS.has(column.type) ? scaledCopy(working, from, column) : null;
  }
  if (values !== outcomes || pairs !== outcomes) return null;
  const { store, checkpoints } = working;
  const [least] = await store.rows<{ total: string }>(
    'training-set-copies',
    sql`SELECT count() AS total FROM ${from} WHERE label IS NOT NULL AND ${hasValue(column)}
      GROUP BY toString(${column.value}) ORDER BY total LIMIT 1`,
    checkpoints.options,
  );
  if (Number(least?.total) < MIN_OF_EACH) return null;
  // Which ones is not said: a value may be personal, and the error of a job is kept.
  return 'each of its values standing for one outcome';
}

const float = (value: number) => param('Float64', value);

/** Whether all rows lie on the straight line through those of the least and the greatest outcome. */
async function scaledCopy(
  { store, checkpoints }: Counting,
  from: Sql,
  { value }: ProfiledColumn,
): Promise<string | null> {
  const rows = sql`(SELECT toFloat64(${value}) AS x, assumeNotNull(label) AS y FROM ${from} WHERE label IS NOT NULL AND ${value} IS NOT NULL)`;
  const [ends] = await store.rows<{ x0: number; x1: number; y0: number; y1: number }>(
    'training-set-copies',
    sql`SELECT argMin(x, y) AS x0, argMax(x, y) AS x1, min(y) AS y0, max(y) AS y1 FROM ${rows}`,
    checkpoints.options,
  );
  if (!ends) return null;
  const { x0, x1, y0, y1 } = ends;
  // Where the difference is beyond a double, no line can be told.
  if (x0 === x1 || !Number.isFinite(x1 - x0)) return null;
  const slope = (y1 - y0) / (x1 - x0);
  const [answer] = await store.rows<{ off: number }>(
    'training-set-copies',
    sql`SELECT max(abs(y - (${float(y0)} + ${float(slope)} * (x - ${float(x0)})))) AS off FROM ${rows}`,
    checkpoints.options,
  );
  return answer && answer.off <= ROUNDING * (y1 - y0) ? 'scaled or shifted' : null;
}
