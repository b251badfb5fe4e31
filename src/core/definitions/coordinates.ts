/** The range of a coordinate in degrees: what lies beyond is no position, whichever way it comes in. */
const RANGES = { latitude: [-90, 90], longitude: [-180, 180] } as const;

type Coordinate = keyof typeof RANGES;
type Range = readonly [min: number, max: number];

export const rangeOf = (coordinate: Coordinate): Range => RANGES[coordinate];

/** The range of a value in degrees whose name says which coordinate it is, as `latitude` or `shop_longitude`; null for every other. */
export function coordinateRange({ name, unit }: { readonly name: string; readonly unit?: string }): Range | null {
  const coordinate = unit === 'degrees' ? /(?:^|_)(latitude|longitude)$/.exec(name)?.[1] : undefined;
  return coordinate === undefined ? null : RANGES[coordinate as Coordinate];
}
