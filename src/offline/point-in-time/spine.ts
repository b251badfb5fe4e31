import { type RequiredInput, readInput, refuseMissing } from '../../core/compute/on-demand.js';
import { checkColumnName, TIME_COLUMN } from '../../core/compute/spine-columns.js';
import type { FeatureType, FeatureValue, ScalarType } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';
import { formatInstant, type Instant, parseInstant } from '../../core/helpers/time.js';

/** Rows of a spine given in a request. */
export const MAX_SPINE_ROWS = 10_000;
/** Rows × features of one answer. */
export const MAX_CELLS = 250_000;

export interface Spine {
  readonly rows: number;
  /** As given and in the order given; event_timestamp in its one form. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: FeatureType;
    readonly values: readonly FeatureValue[];
  }[];
  readonly times: readonly Instant[];
  /** Values of a join key. */
  readonly keys: ReadonlyMap<string, readonly (string | null)[]>;
}

/**
 * Reads a spine given columnar, with these join keys; pass-through columns that are inputs of on-demand features are of their declared type.
 * BAD_USER_INPUT names the column and the row that are wrong.
 */
export function readSpine(
  given: Readonly<Record<string, readonly unknown[]>>,
  joinKeyNames: readonly string[],
  inputs: readonly RequiredInput[] = [],
): Spine {
  const joinKeys = new Set(joinKeyNames);
  const rows = checkShape(given, joinKeys);
  refuseMissing({ request: inputs }, Object.keys(given), 'the spine');
  const wanted = new Map(inputs.map((input) => [input.name, input] as const));
  const times = (given[TIME_COLUMN] as readonly unknown[]).map((value, row) => readTime(value, row));
  const keys = new Map<string, readonly (string | null)[]>();
  for (const name of joinKeys)
    keys.set(
      name,
      (given[name] as readonly unknown[]).map((value, row) => readKey(name, value, row)),
    );
  const columns = Object.entries(given).map(([name, values]) => {
    if (name === TIME_COLUMN) return { name, type: 'TIMESTAMP' as const, values: times.map(formatInstant) };
    const key = keys.get(name);
    if (key) return { name, type: 'STRING' as const, values: key };
    const input = wanted.get(name);
    if (input) return { name, type: input.type, values: readInput(input, values, '') };
    return { name, type: typeOf(name, values), values: values as readonly FeatureValue[] };
  });
  return { rows, columns, times, keys };
}

function checkShape(columns: Readonly<Record<string, readonly unknown[]>>, joinKeys: ReadonlySet<string>): number {
  for (const [name, values] of Object.entries(columns)) {
    checkColumnName(name);
    if (!Array.isArray(values)) {
      throw badInput(`spine column '${name}' is not a list`, 'give each column as a list with one value a row');
    }
  }
  for (const name of [...joinKeys, TIME_COLUMN]) {
    if (columns[name]) continue;
    throw badInput(
      `the spine has no column '${name}'`,
      `give ${[...joinKeys, TIME_COLUMN].join(', ')} and any columns to pass through`,
    );
  }
  const rows = columns[TIME_COLUMN]?.length ?? 0;
  for (const [name, values] of Object.entries(columns)) {
    if (values.length === rows) continue;
    throw badInput(
      `spine column '${name}' has ${values.length} values, '${TIME_COLUMN}' has ${rows}`,
      'give every column one value a row, null where there is none',
    );
  }
  if (rows > MAX_SPINE_ROWS) {
    throw badInput(
      `the spine has ${rows} rows, at most ${MAX_SPINE_ROWS} are taken in a request`,
      'split it, or build a training set from spine SQL',
    );
  }
  return rows;
}

function readTime(value: unknown, row: number): Instant {
  const where = `${TIME_COLUMN}[${row}]`;
  if (typeof value === 'string') return parseInstant(value, where);
  throw badInput(`${where} is not an instant`, "write it with a zone, as '2026-03-01T00:00:00.000Z'");
}

function readKey(name: string, value: unknown, row: number): string | null {
  if (value === null || typeof value === 'string') return value;
  throw badInput(`${name}[${row}] is not a string`, 'ids are strings: write "42", not 42; null matches nothing');
}

const INT32 = 2 ** 31;

function scalarType(value: unknown): ScalarType | null {
  if (typeof value === 'string') return 'STRING';
  if (typeof value === 'boolean') return 'BOOLEAN';
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) && value >= -INT32 && value < INT32 ? 'INT32' : 'FLOAT64';
}

/** One scalar type for all values: whole numbers widen to FLOAT64 beside others, nothing else mixes. */
function common(name: string, values: readonly unknown[]): ScalarType {
  let type: ScalarType | null = null;
  for (const [row, value] of values.entries()) {
    if (value === null) continue;
    const own = scalarType(value);
    if (own === null) {
      throw badInput(`${name}[${row}] is not a string, number, boolean or null`, 'pass flat columns through');
    }
    if (type === null || type === own) type = own;
    else if (type !== 'STRING' && type !== 'BOOLEAN' && own !== 'STRING' && own !== 'BOOLEAN') type = 'FLOAT64';
    else throw badInput(`spine column '${name}' mixes ${type} and ${own}`, 'give a column values of one kind');
  }
  return type ?? 'STRING';
}

function typeOf(name: string, values: readonly unknown[]): FeatureType {
  if (!values.some((value) => Array.isArray(value))) return common(name, values);
  const lists = values.filter((value) => value !== null);
  if (!lists.every((value) => Array.isArray(value))) {
    throw badInput(`spine column '${name}' mixes lists and single values`, 'give a column values of one kind');
  }
  return `ARRAY<${common(name, lists.flat())}>`;
}
