/** The columns that an import computes of a row's position, and their values. */
import {
  type ColumnSpec,
  latitude,
  longitude,
  oneOf,
  opt,
  type PositionSpec,
  text,
} from '../definitions/define-table.js';
import { POSITION_STATUSES, type PositionStatus, placeOf, positionStatus } from '../helpers/cells.js';
import { DATUMS, type Datum } from '../helpers/datums.js';

export const POSITION_COLUMNS = {
  wgs84_latitude: opt(latitude('The latitude in degrees, WGS84')),
  wgs84_longitude: opt(longitude('The longitude in degrees, WGS84')),
  h3: opt(text('The H3 cell of resolution 15, hex; a coarser cell is its parent')),
  geohash: opt(text('The geohash of level 12; a coarser cell is its beginning')),
  position_status: opt(oneOf('VALID, or why the row has no position and no cell', POSITION_STATUSES)),
} as const satisfies Readonly<Record<string, ColumnSpec>>;

/** Values of the position columns, in their order. */
export type PositionValues = readonly [
  latitude: number | null,
  longitude: number | null,
  h3: string | null,
  geohash: string | null,
  status: PositionStatus,
];

const isDatum = (text: string): text is Datum => DATUMS.includes(text as Datum);

/** The column that says the datum; null where all rows have one. */
export const datumColumn = ({ datum }: PositionSpec): string | null => (isDatum(datum) ? null : datum);

/** @param stored the stored value of a column of the row */
export function positionValues(position: PositionSpec, stored: (column: string) => unknown): PositionValues {
  const { latitude, longitude, datum, mocked } = position;
  const report = {
    latitude: stored(latitude) as number | null,
    longitude: stored(longitude) as number | null,
    datum: isDatum(datum) ? datum : (stored(datum) as string | null),
    mocked: mocked !== undefined && Number(stored(mocked) ?? 0) === 1,
  };
  const place = placeOf(report);
  return [
    place?.latitude ?? null,
    place?.longitude ?? null,
    place?.h3 ?? null,
    place?.geohash ?? null,
    positionStatus(report),
  ];
}
