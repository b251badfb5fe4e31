import { createHash } from 'node:crypto';
import type { AuditEntry, AuditedReads } from '../core/ports/access.js';
import { storableFields, storableText } from './storable.js';

/** 64 bits: no two of a lender's customers share a hash by chance, and a thousand of them are 20 kB. */
const HEX_DIGITS = 16;

type Columns = Readonly<Record<string, unknown>>;

const valuesOf = (column: unknown): readonly unknown[] => (Array.isArray(column) ? column : []);

const rowsOf = (entities: Columns | undefined): number =>
  Math.max(0, ...Object.values(entities ?? {}).map((column) => valuesOf(column).length));

/** About the values that an entry of these reads is made of. */
export const weightOf = ({ calls }: AuditedReads): number =>
  calls.reduce((sum, { entities }) => sum + 1 + Object.keys(entities ?? {}).length * rowsOf(entities), 0);

/** Entities of one entry: their hashes are made at once, while nothing else is answered. */
const ROWS_AN_ENTRY = 10_000;

/** The reads of a request as its entries: one, but where it asks for very many entities. */
export function partsOf({ calls, ...request }: AuditedReads): AuditedReads[] {
  if (calls.every(({ entities }) => rowsOf(entities) <= ROWS_AN_ENTRY)) return [{ ...request, calls }];
  return calls.flatMap(({ entities, ...call }) => {
    const parts = Math.max(1, Math.ceil(rowsOf(entities) / ROWS_AN_ENTRY));
    return Array.from({ length: parts }, (_, part) => {
      const from = part * ROWS_AN_ENTRY;
      const rows = Object.entries(entities ?? {}).map(([name, values]) => [
        name,
        valuesOf(values).slice(from, from + ROWS_AN_ENTRY),
      ]);
      return { ...request, calls: [{ ...call, entities: Object.fromEntries(rows) as Columns }] };
    });
  });
}

/**
 * The entry of the reads of one request: what was asked for, how many entities, and a hash of each join key that was asked for. An auditor with the
 * key of the hashes can tell who looked up a customer; the log alone does not say which customers there are. The hash is SHA-256 of the key and
 * `column=value`, cut short, so that an auditor computes it with what Postgres brings.
 */
export function entryOf({ calls, ...request }: AuditedReads, key: string): AuditEntry {
  const hashes = new Set<string>();
  for (const { entities } of calls) {
    for (const [column, values] of Object.entries(entities ?? {})) {
      for (const value of valuesOf(values)) {
        if (value !== null) hashes.add(hashOf(`${column}=${String(value)}`, key));
      }
    }
  }
  const about = calls.map(({ operation, of, entities, total }) => ({
    operation,
    ...of,
    entities: rowsOf(entities),
    ...(total !== undefined && { total }),
  }));
  return {
    ...request,
    action: storableText([...new Set(calls.map(({ operation }) => operation))].sort().join(', ')),
    outcome: 'DONE',
    details: {
      ...storableFields({ calls: about }),
      entities: about.reduce((sum, { entities }) => sum + entities, 0),
      hashes: [...hashes],
    },
  };
}

const hashOf = (text: string, key: string): string =>
  createHash('sha256').update(`${key}${text}`).digest('hex').slice(0, HEX_DIGITS);
