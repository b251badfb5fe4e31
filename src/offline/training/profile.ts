import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type FeatureType, type FeatureValue, isArrayType } from '../../core/definitions/types.js';
import type { ColumnProfile } from '../../core/ports/training-sets.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import { BINS, informationValue } from './information-value.js';

export interface ProfiledColumn {
  readonly name: string;
  readonly type: FeatureType;
  /** Its value in `from`. */
  readonly value: Sql;
  /** Whether the column may explain the label; keys, instants of the spine and the label itself do not. */
  readonly explains: boolean;
}

/** Columns per query. */
const COLUMNS_A_QUERY = 20;
/** Distinct values that one query holds where it counts them exactly: about 80 bytes each while threads are merged, so a gigabyte. */
const VALUES_A_QUERY = 12_000_000;
/**
 * Above it distinct values are estimated, within about a percent, and the deciles of the information value come from a sample of 8,192 rows that
 * follows from the rows alone: what is held does not grow with them.
 */
const EXACT_ROWS = 2_000_000;
/** More texts than this are no categories. */
const MAX_CATEGORIES = 50;

const NUMBERS = new Set<FeatureType>(['INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);

export interface ProfileRequest {
  /** Has `rid`, a number of each row. */
  readonly from: Sql;
  readonly rows: number;
  readonly columns: readonly ProfiledColumn[];
  /** Column of the label, whose values must be 0 and 1 for an information value. */
  readonly label: Sql | null;
  readonly options: QueryOptions;
  /** Rows up to which everything is exact; absent: EXACT_ROWS. */
  readonly exactRows?: number | undefined;
  readonly onProgress?: (fraction: number) => Promise<void>;
}

/** Profiles each column, in the order of the columns; values are as on the wire. */
export async function profileColumns(store: ClickHouse, request: ProfileRequest): Promise<readonly ColumnProfile[]> {
  const profiles: ColumnProfile[] = [];
  const binary = request.label !== null && (await isBinary(store, request, request.label));
  const exact = isExact(request);
  const together = exact ? columnsAQuery(request.rows) : COLUMNS_A_QUERY;
  for (let at = 0; at < request.columns.length; at += together) {
    const part = request.columns.slice(at, at + together);
    const [answer = {}] = await store.rows<Record<string, FeatureValue>>(
      'training-set-profile',
      sql`SELECT ${join(part.flatMap((column, index) => measures(column, index, exact)))} FROM ${request.from}`,
      request.options,
    );
    for (const [index, column] of part.entries()) {
      const distinct = answer[`distinct${index}`] == null ? null : Number(answer[`distinct${index}`]);
      const profile: ColumnProfile = {
        name: column.name,
        type: column.type,
        nullRate: request.rows === 0 ? 0 : Number(answer[`nulls${index}`]) / request.rows,
        distinct,
        min: wire(answer[`min${index}`] ?? null, column.type),
        max: wire(answer[`max${index}`] ?? null, column.type),
        mean: answer[`mean${index}`] == null ? null : Number(answer[`mean${index}`]),
        informationValue:
          binary && column.explains && request.label !== null
            ? await informationOf(store, request, column, request.label, distinct ?? 0)
            : null,
      };
      profiles.push(profile);
      await request.onProgress?.(profiles.length / request.columns.length);
    }
  }
  return profiles;
}

const isExact = ({ rows, exactRows = EXACT_ROWS }: ProfileRequest): boolean => rows <= exactRows;

const columnsAQuery = (rows: number): number =>
  Math.max(1, Math.min(COLUMNS_A_QUERY, Math.floor(VALUES_A_QUERY / Math.max(rows, 1))));

function measures({ type, value }: ProfiledColumn, index: number, exact: boolean): Sql[] {
  const as = (name: string) => ident(`${name}${index}`);
  if (isArrayType(type)) return [sql`countIf(empty(${value})) AS ${as('nulls')}`];
  const distinct = exact ? raw('uniqExact') : raw('uniqCombined64');
  const shown = type === 'FLOAT32' ? sql`toFloat64(${value})` : value;
  return [
    sql`countIf(${value} IS NULL) AS ${as('nulls')}`,
    sql`${distinct}(${value}) AS ${as('distinct')}`,
    sql`minOrNull(${shown}) AS ${as('min')}`,
    sql`maxOrNull(${shown}) AS ${as('max')}`,
    ...(NUMBERS.has(type) || type === 'BOOLEAN' ? [sql`avgOrNull(toFloat64(${value})) AS ${as('mean')}`] : []),
  ];
}

const wire = (value: FeatureValue, type: FeatureType): FeatureValue =>
  type === 'TIMESTAMP' && typeof value === 'string' ? `${value.replace(' ', 'T')}Z` : value;

async function isBinary(store: ClickHouse, { from, options }: ProfileRequest, label: Sql): Promise<boolean> {
  const [answer] = await store.rows<{ bads: string; goods: string; others: string }>(
    'training-set-label',
    sql`SELECT countIf(${label} = 1) AS bads, countIf(${label} = 0) AS goods, countIf(${label} NOT IN (0, 1)) AS others FROM ${from}`,
    options,
  );
  return Number(answer?.bads) > 0 && Number(answer?.goods) > 0 && Number(answer?.others) === 0;
}

/** Numbers and times are cut at their deciles, texts are their own bins, NULL is a bin of its own. */
async function informationOf(
  store: ClickHouse,
  request: ProfileRequest,
  { type, value }: ProfiledColumn,
  label: Sql,
  distinct: number,
): Promise<number | null> {
  const { from, options } = request;
  if (isArrayType(type) || (type === 'STRING' && distinct > MAX_CATEGORIES)) return null;
  const known = sql`${label} IS NOT NULL`;
  const counts = sql`countIf(${label} = 1) AS bads, countIf(${label} = 0) AS goods`;
  const levels = join(Array.from({ length: BINS - 1 }, (_, index) => raw(String((index + 1) / BINS))));
  const number = numberOf(type, value);
  const edges = isExact(request) ? sql`quantilesExact(${levels})(x)` : sql`quantilesDeterministic(${levels})(x, rid)`;
  const select =
    number === null
      ? sql`SELECT toString(${value}) AS bin, ${counts} FROM ${from} WHERE ${known} GROUP BY bin`
      : sql`WITH (SELECT ${edges} FROM (SELECT assumeNotNull(${number}) AS x, rid FROM ${from} WHERE ${known} AND ${value} IS NOT NULL)) AS edges
          SELECT if(${value} IS NULL, -1, arrayCount(edge -> edge < ${number}, edges)) AS bin, ${counts} FROM ${from} WHERE ${known} GROUP BY bin`;
  const bins = await store.rows<{ bads: string; goods: string }>('training-set-information', select, options);
  return informationValue(bins.map(({ bads, goods }) => ({ bads: Number(bads), goods: Number(goods) })));
}

function numberOf(type: FeatureType, value: Sql): Sql | null {
  if (NUMBERS.has(type)) return sql`toFloat64(${value})`;
  if (type === 'DATE') return sql`toFloat64(toInt32(${value}))`;
  return type === 'TIMESTAMP' ? sql`toFloat64(toUnixTimestamp64Milli(${value}))` : null;
}
