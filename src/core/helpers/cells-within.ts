/** The cells of a finer resolution within one, such as those of a city. */
import { cellToChildren, cellToChildrenSize, getResolution } from 'h3-js';
import type { CellName } from './cell-shapes.js';
import { H3_FINEST } from './cells.js';
import { GEOHASH_LEVELS, geohashChildren } from './geohash.js';

/** The resolution of a cell in H3, or the level of a geohash, and the finest of its system. */
export const resolutionOf = ({ id, system }: CellName): { readonly own: number; readonly finest: number } =>
  system === 'H3' ? { own: getResolution(id), finest: H3_FINEST } : { own: id.length, finest: GEOHASH_LEVELS };

/** How many there are at a resolution from the cell's own to the finest. */
export const countWithin = (cell: CellName, resolution: number): number =>
  cell.system === 'H3' ? cellToChildrenSize(cell.id, resolution) : 32 ** (resolution - cell.id.length);

/** The cells at a resolution from the cell's own, which is the cell alone, to the finest. */
export function cellsWithin({ id, system }: CellName, resolution: number): readonly string[] {
  if (system === 'H3') return cellToChildren(id, resolution);
  let cells: readonly string[] = [id];
  for (let level = id.length; level < resolution; level++) cells = cells.flatMap(geohashChildren);
  return cells;
}
