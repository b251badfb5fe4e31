import { planOnDemand } from '../core/compute/on-demand.js';
import type { AnyFeatureRef } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { badInput } from '../core/errors.js';
import type { OperationCall } from './operation.js';

/**
 * Columnar entities from JSON: every value a string or null; numbers and booleans are taken by their text, so that ids that look
 * like numbers work.
 * @throws BAD_USER_INPUT naming the column that is not a list of such values.
 */
export function columnarKeys(entities: Readonly<Record<string, unknown>>): Record<string, (string | null)[]> {
  return Object.fromEntries(
    Object.entries(entities).map(([name, values]) => {
      if (!Array.isArray(values)) {
        throw badInput(`\`entities.${name}\` is not a list`, `write columns, as { ${name}: ["…", "…"] }`);
      }
      return [name, values.map((value: unknown, row) => keyText(value, `entities.${name}[${row}]`))];
    }),
  );
}

/** The columns of a spine that are join keys; the others are the caller's own. */
export function joinKeysOf(spine: unknown, { entities }: Pick<Registry, 'entities'>): Record<string, unknown> {
  const names = new Set([...entities.values()].flatMap(({ joinKeys }) => joinKeys));
  return Object.fromEntries(Object.entries(spine ?? {}).filter(([name]) => names.has(name)));
}

function keyText(value: unknown, where: string): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  throw badInput(`\`${where}\` is not a key`, 'write keys as strings; null matches nothing');
}

/**
 * The longest column of a columnar table from JSON, in rows.
 * @throws BAD_USER_INPUT where a column is not a list or the lengths differ.
 */
export function columnarRows(table: Readonly<Record<string, unknown>>, what: string): number {
  const lengths = Object.entries(table).map(([name, values]) => {
    if (!Array.isArray(values))
      throw badInput(`\`${what}.${name}\` is not a list`, `write columns, as { ${name}: [ … ] }`);
    return { name, length: values.length };
  });
  const rows = lengths[0]?.length ?? 0;
  if (lengths.some(({ length }) => length !== rows)) {
    throw badInput(
      `the lists of \`${what}\` differ in length: ${lengths.map(({ name, length }) => `${name} ${length}`).join(', ')}`,
      'row i of the request is the i-th value of every list',
    );
  }
  return rows;
}

/** The longest column of a columnar table, in rows; what is no table or no list has none. */
export const longestColumn = (table: unknown): number =>
  table !== null && typeof table === 'object'
    ? Math.max(0, ...Object.values(table).map((column) => (Array.isArray(column) ? column.length : 0)))
    : 0;

type Named = { readonly service?: string | null; readonly features?: readonly string[] | null };

const refsOf = (named: unknown, { catalogue }: OperationCall): readonly AnyFeatureRef[] => {
  const { service, features } = named as Named;
  return catalogue.features({ service: service ?? null, features: features ?? null });
};

/** The cost of a read of the features named by `service` or `features`: rows of `entities` × features. */
export const valuesRead = (call: OperationCall): number =>
  longestColumn(call.args.entities) * refsOf(call.args, call).length;

/** Values of the columns of a spine that are given back, beside its keys and instants. */
function valuesPassed(spine: unknown, refs: readonly AnyFeatureRef[]): number {
  if (spine === null || typeof spine !== 'object') return 0;
  const keys = new Set(['event_timestamp', ...planOnDemand(refs).joinKeys]);
  return longestColumn(spine) * Object.keys(spine).filter((name) => !keys.has(name)).length;
}

/** The cost of a join of features to a `spine`: rows × features, and what is passed through. */
export function valuesJoined(call: OperationCall): number {
  const refs = refsOf(call.args, call);
  return longestColumn(call.args.spine) * refs.length + valuesPassed(call.args.spine, refs);
}

/** The cost of a training set, whose features a job joins: what its spine passes through. */
export function valuesBrought(call: OperationCall): number {
  const input = call.args.input as Named & { readonly spine?: unknown };
  return valuesPassed(input.spine, refsOf(input, call));
}
