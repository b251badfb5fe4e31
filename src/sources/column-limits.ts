import { badInput } from '../core/errors.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { RecordFile } from './records.js';

/** BAD_USER_INPUT naming every column of a file whose type cannot fill the table's column of that name. Check the header first. */
export function checkLimits({ columns }: SourceTable, { limits = new Map() }: Pick<RecordFile, 'limits'>): void {
  const instants = new Set([
    'ingested_at',
    ...columns.filter(({ type }) => type === 'Instant').map(({ name }) => name),
  ]);
  const unfit = [...limits].filter(([name, { unfitFor }]) => unfitFor === 'anything' || instants.has(name));
  if (unfit.length === 0) return;
  throw badInput(
    unfit.map(([name, { what }]) => `column '${name}' of the file ${what}`).join('; '),
    unfit.map(([name, { instead }]) => `'${name}': ${instead}`).join('; '),
  );
}
