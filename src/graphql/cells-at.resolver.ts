import { Arg, Field, Float, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { badInput } from '../core/errors.js';
import { geohashAt, H3_FINEST, h3At, placeOf } from '../core/helpers/cells.js';
import type { Datum as DatumName } from '../core/helpers/datums.js';
import { GEOHASH_LEVELS } from '../core/helpers/geohash.js';
import { Datum } from './enums.js';
import { Operation } from './operation.js';

@ObjectType('PositionCells', { description: 'A position in WGS84 with its cells.' })
class PositionCellsType {
  @Field(() => Float, { description: 'The latitude in degrees, WGS84.' })
  latitude!: number;

  @Field(() => Float, { description: 'The longitude in degrees, WGS84.' })
  longitude!: number;

  @Field(() => String, { description: 'The H3 cell, an index in hex: the parent of the finest cell of the position.' })
  h3!: string;

  @Field(() => String, { description: 'The geohash.' })
  geohash!: string;
}

@Resolver()
export class CellsAtResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'investigator'], cost: ({ weight }) => weight })
  @Query(() => PositionCellsType, {
    nullable: true,
    description:
      'Finds the cells of a position, as an import does. Null where it is no position: out of range, 0 and 0, or latitude and longitude of a place in China in each other’s place.',
  })
  cellsAt(
    @Arg('latitude', () => Float, { description: 'The latitude in degrees, in the datum given.' }) latitude: number,
    @Arg('longitude', () => Float, { description: 'The longitude in degrees, in the datum given.' }) longitude: number,
    @Arg('datum', () => Datum, { defaultValue: 'WGS84', description: 'The datum of the position.' }) datum: DatumName,
    @Arg('h3', () => Int, { defaultValue: 8, description: 'The resolution of the H3 cell, 0 to 15.' }) h3: number,
    @Arg('geohash', () => Int, { defaultValue: 6, description: 'The level of the geohash, 1 to 12.' }) geohash: number,
  ): PositionCellsType | null {
    if (h3 < 0 || h3 > H3_FINEST)
      throw badInput(`there is no H3 resolution ${h3}`, `resolutions are 0 to ${H3_FINEST}`);
    if (geohash < 1 || geohash > GEOHASH_LEVELS) {
      throw badInput(`there is no geohash level ${geohash}`, `levels are 1 to ${GEOHASH_LEVELS}`);
    }
    const place = placeOf({ latitude, longitude, datum });
    return (
      place && {
        latitude: place.latitude,
        longitude: place.longitude,
        h3: h3At(place, h3),
        geohash: geohashAt(place, geohash),
      }
    );
  }
}
