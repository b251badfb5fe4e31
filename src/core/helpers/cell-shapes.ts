/** Cells as maps show them: centre, boundary and relatives of an H3 cell or a geohash. */
import {
  cellToBoundary,
  cellToChildren,
  cellToLatLng,
  cellToParent,
  getResolution,
  gridDisk,
  isValidCell,
} from 'h3-js';
import { H3_FINEST } from './cells.js';
import type { Position } from './datums.js';
import { geohashBox, geohashCentre, geohashChildren, geohashDisk, isGeohash } from './geohash.js';

export const CELL_SYSTEMS = ['H3', 'GEOHASH'] as const;
export type CellSystem = (typeof CELL_SYSTEMS)[number];

/** A GeoJSON polygon: one closed ring of [longitude, latitude], counter-clockwise. Beside the date line longitudes pass 180, so that it stays one. */
export interface CellBoundary {
  readonly type: 'Polygon';
  readonly coordinates: readonly [readonly (readonly [longitude: number, latitude: number])[]];
}

export interface CellShape {
  readonly id: string;
  readonly system: CellSystem;
  /** H3: 0 to 15. Geohash: 1 to 12. */
  readonly resolution: number;
  readonly centre: Position;
  readonly boundary: CellBoundary;
  /** Null for the coarsest. */
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly neighbours: readonly string[];
}

/** H3 indexes have 15 hex digits, more than a geohash can have. */
const H3_DIGITS = 15;

export interface CellName {
  readonly id: string;
  readonly system: CellSystem;
}

/** The cell that a text names, in lower case; null where it is neither an H3 index nor a geohash. */
export function cellNamed(text: string): CellName | null {
  const id = text.toLowerCase();
  if (id.length === H3_DIGITS && isValidCell(id)) return { id, system: 'H3' };
  return isGeohash(id) ? { id, system: 'GEOHASH' } : null;
}

/** The cells at most `rings` steps away, the cell itself first. */
export const cellDisk = ({ id, system }: CellName, rings: number): readonly string[] =>
  system === 'H3' ? gridDisk(id, rings) : geohashDisk(id, rings);

export function cellShape(cell: CellName): CellShape {
  const { id } = cell;
  const neighbours = cellDisk(cell, 1).filter((other) => other !== id);
  return { ...cell, neighbours, ...(cell.system === 'H3' ? h3Shape(id) : geohashShape(id)) };
}

type Shape = Omit<CellShape, keyof CellName | 'neighbours'>;

function h3Shape(id: string): Shape {
  const resolution = getResolution(id);
  const [latitude, longitude] = cellToLatLng(id);
  return {
    resolution,
    centre: { latitude, longitude },
    boundary: polygon(cellToBoundary(id).map(([lat, lon]) => [lon, lat] as const)),
    parent: resolution === 0 ? null : cellToParent(id, resolution - 1),
    children: resolution === H3_FINEST ? [] : cellToChildren(id, resolution + 1),
  };
}

function geohashShape(id: string): Shape {
  const { south, west, north, east } = geohashBox(id);
  return {
    resolution: id.length,
    centre: geohashCentre(id),
    boundary: polygon([
      [west, south],
      [east, south],
      [east, north],
      [west, north],
    ]),
    parent: id.length === 1 ? null : id.slice(0, -1),
    children: geohashChildren(id),
  };
}

type Point = readonly [longitude: number, latitude: number];

function polygon(corners: readonly Point[]): CellBoundary {
  const first = corners[0] as Point;
  const ring = corners.map(([longitude, latitude]): Point => {
    const turns = longitude - first[0] > 180 ? -360 : longitude - first[0] < -180 ? 360 : 0;
    return [longitude + turns, latitude];
  });
  return { type: 'Polygon', coordinates: [[...ring, first]] };
}
