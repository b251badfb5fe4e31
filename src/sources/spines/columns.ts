/** What each column of an uploaded spine becomes: its type, the value of a row, and the reasons for which a row is refused. */
import { KNOWN_COLUMN, TIME_COLUMN } from '../../core/compute/spine-columns.js';
import { ident, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType, type FeatureType, featureTypeOf } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import { NO_ZONE } from '../../core/helpers/time.js';
import { castValue, quotedType } from '../../warehouse/casts.js';
import { TEXT, textValue } from './text-values.js';

/** A column of the stage, which holds the file's rows as they are. */
export interface StagedColumn {
  readonly name: string;
  /** In the stage. */
  readonly column: string;
  /** The store's; null where the file is text. */
  readonly stored: string | null;
  /** Of a text, found out from its values; else as its type has it. */
  readonly type: FeatureType;
}

export interface Problem {
  readonly column: string;
  readonly reason: string;
  /** True for a row that has it. */
  readonly when: Sql;
}

export interface SpineColumnPlan {
  readonly name: string;
  readonly type: FeatureType;
  readonly value: Sql;
}

export interface SpinePlan {
  readonly columns: readonly SpineColumnPlan[];
  /** UTC ms. */
  readonly time: Sql;
  /** The first that a row has is its reason. */
  readonly problems: readonly Problem[];
}

export interface Roles {
  readonly joinKeys: ReadonlySet<string>;
  readonly target: string | null;
}

/** The type that a column has by its name; null for one that passes through. */
export function roleType(name: string, { joinKeys, target }: Roles): FeatureType | null {
  if (name === TIME_COLUMN || (name === KNOWN_COLUMN && target !== null)) return 'TIMESTAMP';
  if (name === target) return 'FLOAT64';
  return joinKeys.has(name) ? 'STRING' : null;
}

const WHOLE = /^U?Int\d+$/;
const bareType = (stored: string): string =>
  stored.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');

/** The type of a column that the file types. BAD_USER_INPUT for one that does not fit what its name says, or that no set can hold. */
export function typeOfStored(name: string, stored: string, roles: Roles): FeatureType {
  const held = featureTypeOf(stored);
  const role = roleType(name, roles);
  if (role === 'TIMESTAMP' && held !== 'TIMESTAMP') {
    throw badInput(`the column '${name}' is a ${bareType(stored)} and not an instant`, 'write it as UTC instants');
  }
  if (role === 'STRING' && held !== 'STRING' && !WHOLE.test(bareType(stored))) {
    throw badInput(
      `the column '${name}' is a ${bareType(stored)}, and ids are strings`,
      'write the ids as text: a data frame turns whole numbers into floats where one is missing',
    );
  }
  if (role === 'FLOAT64' && !(held && /^(BOOLEAN|U?INT|FLOAT|DECIMAL)/.test(held))) {
    throw badInput(`the target '${name}' is a ${bareType(stored)}`, 'write the outcome as a number, 1 for bad');
  }
  if (role) return role;
  if (held) return held;
  throw badInput(
    `the column '${name}' is a ${stored.replaceAll(/\s+/g, ' ').slice(0, 100)}, which has no place in a training set`,
    'write a string, a number, a decimal of at most 6 places, a date, an instant or a list of these, or leave the column out',
  );
}

/** 9,223,372,036,854,775,807 as the store writes it. */
const MOST_INT64 = raw('toUInt64(9223372036854775807)');

function storedValue({ column, stored, type }: StagedColumn): Sql {
  const value = ident(column);
  if (stored === null) return textValue(value, type);
  const bare = bareType(stored);
  if (type === 'STRING' && bare !== 'String') return sql`CAST(toString(${value}), 'Nullable(String)')`;
  if (type === 'INT64' && bare === 'UInt64') {
    return castValue(sql`if(${value} > ${MOST_INT64}, NULL, ${value})`, type);
  }
  if (type === 'TIMESTAMP') return sql`CAST(toDateTime64(${value}, 3, 'UTC'), ${quotedType(clickhouseType(type))})`;
  return castValue(value, type);
}

/** @param columns of the file, in its order */
export function planColumns(columns: readonly StagedColumn[], roles: Roles): SpinePlan {
  const valueByName = new Map(columns.map((column) => [column.name, storedValue(column)] as const));
  const time = valueByName.get(TIME_COLUMN) as Sql;
  return {
    columns: columns.map(({ name, type }) => ({ name, type, value: valueByName.get(name) as Sql })),
    time: sql`assumeNotNull(toUnixTimestamp64Milli(${time}))`,
    problems: [
      ...columns.flatMap((column) => problemsOf(column, valueByName.get(column.name) as Sql, roles)),
      ...(roles.target === null
        ? []
        : targetProblems({
            time,
            target: valueByName.get(roles.target) as Sql,
            known: valueByName.get(KNOWN_COLUMN) as Sql,
          })),
    ],
  };
}

function problemsOf(column: StagedColumn, value: Sql, roles: Roles): readonly Problem[] {
  const { name, stored, type } = column;
  const problem = (reason: string, when: Sql): Problem => ({ column: name, reason, when });
  const given = ident(column.column);
  const role = roleType(name, roles);
  const problems: Problem[] = [];
  if (name === TIME_COLUMN) problems.push(problem('has no value', sql`${given} IS NULL`));
  if (role === 'TIMESTAMP') {
    if (stored === null) {
      problems.push(
        problem('is a date, and an instant with a time zone is needed', sql`match(${given}, ${TEXT.day})`),
        problem(NO_ZONE, sql`match(${given}, ${TEXT.zoneless})`),
      );
    }
    problems.push(
      problem(
        "is not an instant written as '2026-03-01T08:00:00+08:00'",
        sql`${given} IS NOT NULL AND ifNull(toYear(${value}) BETWEEN 1900 AND 2299, 0) = 0`,
      ),
    );
  }
  if (role === 'FLOAT64' && stored === null)
    problems.push(problem('is not a number', sql`${given} IS NOT NULL AND NOT match(${given}, ${TEXT.outcome})`));
  if (role === 'STRING' && stored === null) {
    const reason = 'is a whole number with a fraction of zeros: write the id as 1001, not 1001.0';
    problems.push(problem(reason, sql`match(${given}, ${TEXT.idWithPoint})`));
  }
  if (type === 'STRING')
    problems.push(
      problem('is not UTF-8 text', sql`NOT isValidUTF8(${value}) OR position(${value}, ${raw("'\uFFFD'")}) > 0`),
    );
  if (type === 'INT64' && stored !== null && bareType(stored) === 'UInt64')
    problems.push(problem('is larger than a 64-bit number with a sign', sql`${given} > ${MOST_INT64}`));
  return problems;
}

/** An outcome counts once it is known, and one that was known at the observation point is no outcome. */
function targetProblems({ time, target, known }: Readonly<Record<'time' | 'target' | 'known', Sql>>): Problem[] {
  return [
    {
      column: KNOWN_COLUMN,
      reason: 'has no value, and the target has one',
      when: sql`${target} IS NOT NULL AND ${known} IS NULL`,
    },
    {
      column: KNOWN_COLUMN,
      reason: `is not after ${TIME_COLUMN}: what was known then is no outcome`,
      when: sql`${target} IS NOT NULL AND ${known} <= ${time}`,
    },
  ];
}
