/** Cells with their features as a file for a map. */
import type { FeatureValue } from '../definitions/types.js';
import { cellNamed, cellShape } from '../helpers/cell-shapes.js';
import { csvText, withoutFormulas } from '../helpers/csv.js';

/** What is known of some cells: `cells[i]` has the i-th value of each column. */
export interface CellMap {
  readonly cells: readonly string[];
  readonly columns: readonly { readonly name: string; readonly values: readonly FeatureValue[] }[];
}

/** Rows of the cells for which a feature has a value; the others are blank on a map. */
function rowsOf({ cells, columns }: CellMap) {
  return cells.flatMap((id, row) => {
    const values = columns.map((column) => column.values[row] ?? null);
    const cell = cellNamed(id);
    return cell && values.some((value) => value !== null) ? [{ shape: cellShape(cell), values }] : [];
  });
}

/** A GeoJSON FeatureCollection (RFC 7946): the boundary of each cell with its features by their references. */
export function cellsGeoJson(map: CellMap): string {
  const features = rowsOf(map).map(({ shape, values }) => ({
    type: 'Feature',
    id: shape.id,
    geometry: shape.boundary,
    properties: {
      cell: shape.id,
      resolution: shape.resolution,
      ...Object.fromEntries(map.columns.map(({ name }, at) => [name, values[at]])),
    },
  }));
  return `${JSON.stringify({ type: 'FeatureCollection', features })}\n`;
}

/** A line for each cell: its centre in degrees, WGS84, and its features. */
export function cellsCsv(map: CellMap): string {
  const header = ['cell', 'resolution', 'latitude', 'longitude', ...map.columns.map(({ name }) => name)];
  const lines = rowsOf(map).map(({ shape: { id, resolution, centre }, values }) => [
    id,
    resolution,
    centre.latitude,
    centre.longitude,
    ...values.map((value) => (typeof value === 'string' ? withoutFormulas(value) : value)),
  ]);
  return csvText(header, lines);
}
