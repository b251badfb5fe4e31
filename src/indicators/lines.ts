/** The lines of a report and their order. */
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput } from '../core/errors.js';
import type { NullReason } from '../core/ports/indicators.js';
import type { TableColumn } from '../core/ports/offline.js';
import { Exact, type Group } from './cells.js';

export interface Line {
  readonly values: FeatureValue[];
  readonly nulls: (readonly [string, NullReason])[];
}

/** Groups by value, NULL last. */
export const sortGroups = (groups: readonly Group[]): readonly Group[] =>
  [...groups].sort((a, b) => {
    const at = a.findIndex((value, index) => value !== b[index]);
    return at < 0 ? 0 : compareText(a[at] ?? null, b[at] ?? null);
  });

const compareText = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1;

/** Sorts by a column, NULL last in both directions; equal values stay in the order of period and group. */
export function sortLines(
  lines: readonly Line[],
  columns: readonly TableColumn[],
  orderBy: string | null,
): readonly Line[] {
  if (orderBy === null) return lines;
  const descending = orderBy.startsWith('-');
  const name = descending ? orderBy.slice(1) : orderBy;
  const at = columns.findIndex((column) => column.name === name);
  if (at < 0) {
    throw badInput(
      `\`orderBy\` names '${name}', which is no column of this table`,
      `the columns are ${columns.map((column) => column.name).join(', ')}`,
    );
  }
  const numeric = columns[at]?.type === 'DECIMAL';
  const compare = (a: string, b: string): number => (numeric ? new Exact(a).cmp(b) : compareText(a, b));
  return [...lines].sort((a, b) => {
    const [left, right] = [a.values[at] as string | null, b.values[at] as string | null];
    if (left === null || right === null) return compareText(left === null ? null : '', right === null ? null : '');
    return descending ? compare(right, left) : compare(left, right);
  });
}
