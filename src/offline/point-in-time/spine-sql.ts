import type { Mask } from '../../core/compute/masking.js';
import { checkColumnName, TIME_COLUMN } from '../../core/compute/spine-columns.js';
import type { EntityDefinition } from '../../core/definitions/define-entity.js';
import { ident, instantSql, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type FeatureType, featureTypeOf } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import { sourceSelect } from '../../core/lending/source-sql.js';
import type { SourceTable, SourceTables } from '../../core/lending/sources.js';
import type { SqlGuard } from '../../core/ports/sources.js';
import type { SpineLimits } from '../../core/ports/spines.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { exactSelect } from '../../warehouse/guard/exact.js';
import { printed } from '../../warehouse/guard/sql-guard.js';
import type { UserSql } from '../../warehouse/user-sql.js';
import { maskedSource } from '../training/masked-source.js';

export interface SpineSql {
  /** The caller's rows, in the caller's order if it has one. */
  readonly select: Sql;
  readonly columns: readonly { readonly name: string; readonly type: FeatureType }[];
  /** Source tables that it reads. */
  readonly tables: readonly string[];
}

export interface SpineSqlRequest {
  readonly text: string;
  readonly joinKeys: readonly string[];
  readonly asOf: Instant;
  readonly mask?: Mask | undefined;
  /** The registered ones, by name: their join keys say whether the id of a label or a score is masked. */
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  /** Newest import that is seen of each table; absent: any. */
  readonly imports?: Readonly<Record<string, string>> | undefined;
  /** The rows are kept, and the SQL, which was allowed when they were written, is looked at for its columns alone: what runs no more needs no guard. */
  readonly kept?: boolean | undefined;
  /** Id of the key whose share of the store the SQL has. */
  readonly callerKey?: string | undefined;
}

export interface SpineSqlTools {
  readonly store: ClickHouse;
  readonly userSql: UserSql;
  readonly calendar: BusinessCalendar;
  readonly tables: SourceTables;
  /** The platform's own, for all callers; that of a request is there where its caller reads masks. */
  readonly mask: Mask;
  /** Most that the SQL of a spine may give; absent: any number. */
  readonly spineLimits?: SpineLimits | undefined;
}

/**
 * SQL that a caller wrote, made safe to run: it reads the source tables as they were known at the as-of, under their own names, and nothing
 * else; a conversion that would change a value fails the set. BAD_USER_INPUT says what is not allowed or which column is missing.
 */
export function planSpineSql(
  { userSql, calendar, tables }: Omit<SpineSqlTools, 'store' | 'mask'>,
  request: SpineSqlRequest,
): Promise<SpineSql> {
  return userSql.check(request.callerKey, async ({ store, guard }) => {
    const { statement, sources } = request.kept
      ? {
          statement: await printed(store, request.text),
          sources: knownSources(calendar, request, tablesIn(request.text, tables)),
        }
      : await guarded(guard, { calendar, tables }, request);
    const named = [...sources].map(([name, select]) => sql`${ident(name)} AS (${select})`);
    const { select, columns } = await exactSelect(store, {
      statement,
      around: (text) => sql`${named.length > 0 ? sql`WITH ${join(named)} ` : raw('')}SELECT * FROM (${raw(text)})`,
      what: 'the spine SQL',
    });
    return { select, columns: checkColumns(columns, request.joinKeys), tables: [...sources.keys()] };
  });
}

/**
 * The statement that runs is the guard's, so its words decide which tables stand in front of it: the caller's own text may spell a name with
 * escapes. Where both name the same tables, one check is enough; else the statement is checked as itself.
 */
async function guarded(
  guard: SqlGuard,
  { calendar, tables }: Pick<SpineSqlTools, 'calendar' | 'tables'>,
  request: SpineSqlRequest,
): Promise<{ readonly statement: string; readonly sources: ReadonlyMap<string, Sql> }> {
  let { text } = request;
  for (let checks = 0; checks < 2; checks += 1) {
    const sources = knownSources(calendar, request, tablesIn(text, tables));
    const views = Object.fromEntries(tables.names.map((name) => [name, sources.get(name) ?? sql`SELECT 1`]));
    const statement = await guard.check(text, { tables: [], views });
    if (tablesIn(statement, tables).every(({ name }) => sources.has(name))) return { statement, sources };
    text = statement;
  }
  throw badInput(
    'the spine SQL names a table in a way that cannot be read',
    'write the names of tables without escapes',
  );
}

/** Source tables whose names are words of the SQL. */
function tablesIn(text: string, tables: SourceTables): readonly SourceTable[] {
  const words = new Set(text.match(/\w+/g));
  return tables.all.filter(({ name }) => words.has(name));
}

/** Tables that are not named stay out of it: each costs parameters and time. */
function knownSources(
  calendar: BusinessCalendar,
  { asOf, mask, entities, imports }: SpineSqlRequest,
  tables: readonly SourceTable[],
): ReadonlyMap<string, Sql> {
  return new Map(
    tables.map((table) => {
      const asKnown = sourceSelect(table, {
        asOf: null,
        knowledge: instantSql(asOf),
        timezone: calendar.timezone,
        ...(imports?.[table.name] !== undefined && { through: imports[table.name] }),
      });
      return [table.name, mask ? maskedSource(table, asKnown, { mask, entities }) : asKnown];
    }),
  );
}

function checkColumns(
  described: readonly { readonly name: string; readonly type: string }[],
  joinKeys: readonly string[],
): SpineSql['columns'] {
  const types = new Map<string, FeatureType>();
  for (const { name, type } of described) {
    checkColumnName(name);
    if (types.has(name)) throw badInput(`the spine SQL gives the column '${name}' twice`, 'name each column once');
    types.set(name, columnType(name, type));
  }
  for (const name of [...joinKeys, TIME_COLUMN]) {
    if (types.has(name)) continue;
    throw badInput(
      `the spine SQL gives no column '${name}'`,
      `select ${[...joinKeys, TIME_COLUMN].join(', ')} and any columns to pass through`,
    );
  }
  for (const name of joinKeys) {
    if (types.get(name) === 'STRING') continue;
    throw badInput(
      `'${name}' of the spine SQL is a ${types.get(name)}`,
      `ids are strings: write toString(…) AS ${name}`,
    );
  }
  if (types.get(TIME_COLUMN) !== 'TIMESTAMP') {
    throw badInput(
      `'${TIME_COLUMN}' of the spine SQL is a ${types.get(TIME_COLUMN)} and not an instant`,
      `say when of the day, in which zone: toDateTime64(day, 3, 'Asia/Shanghai') AS ${TIME_COLUMN}`,
    );
  }
  return [...types].map(([name, type]) => ({ name, type }));
}

function columnType(name: string, type: string): FeatureType {
  const held = featureTypeOf(type);
  if (held) return held;
  throw badInput(
    `the column '${name}' of the spine SQL is a ${type}, which has no place in a training set`,
    'convert it to a string, a number, a decimal of at most 6 places, a date, an instant or a list of these',
  );
}
