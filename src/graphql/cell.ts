/** Cells on a map: the fields of the type `Cell` beside its feature views, and how a cell is found. */
import { Arg, Float, ID, Int, Query, Resolver } from 'type-graphql';
import { badInput } from '../core/errors.js';
import { type CellName, type CellShape, cellDisk, cellNamed, cellShape } from '../core/helpers/cell-shapes.js';
import type { EntityFacet, EntityNode, FacetField } from './entity-facets.js';
import { CellSystem } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLJSONObject } from './scalars.js';

/** Cells that one map asks for at most. */
const MAX_CELLS = 500;

/** BAD_USER_INPUT where the text names no cell. */
function named(text: string): CellName {
  const cell = cellNamed(text);
  if (cell) return cell;
  throw badInput(
    `'${text.slice(0, 32)}' is neither an H3 index nor a geohash`,
    'write an H3 index as 15 hex digits, or a geohash of 1 to 12 characters; cellsAt finds both for a position',
  );
}

const field = (
  name: string,
  [type, description, more = {}]: readonly [
    type: () => unknown,
    description: string,
    more?: Pick<FacetField, 'nullable' | 'items'>,
  ],
  of: (shape: CellShape) => unknown,
): FacetField => ({ name, type, description, ...more, resolve: ({ id }) => of(cellShape(named(id))) });

const FIELDS: readonly FacetField[] = [
  field('system', [() => CellSystem, 'The system of cells.'], ({ system }) => system),
  field(
    'resolution',
    [() => Int, 'The resolution in H3, 0 to 15, or the level of a geohash, 1 to 12.'],
    (of) => of.resolution,
  ),
  field('latitude', [() => Float, 'The latitude of the centre in degrees, WGS84.'], ({ centre }) => centre.latitude),
  field('longitude', [() => Float, 'The longitude of the centre in degrees, WGS84.'], ({ centre }) => centre.longitude),
  field(
    'boundary',
    [
      () => GraphQLJSONObject,
      'The boundary, a GeoJSON Polygon: longitude before latitude. Beside the date line longitudes pass 180.',
    ],
    ({ boundary }) => boundary,
  ),
  field(
    'parent',
    [() => ID, 'The coarser cell that holds the cell; null for the coarsest.', { nullable: true }],
    ({ parent }) => parent,
  ),
  field(
    'children',
    [
      () => [ID],
      'The cells of the next resolution, 7 of a hexagon and 32 of a geohash; none of the finest.',
      { items: 7 },
    ],
    ({ children }) => children,
  ),
  field(
    'neighbours',
    [() => [ID], 'The cells that touch the cell, 6 of a hexagon and 8 of a geohash away from the poles.', { items: 6 }],
    ({ neighbours }) => neighbours,
  ),
];

/** How many cells lie at most `rings` steps away from one. */
const diskSize = ({ system }: CellName, rings: number): number =>
  system === 'H3' ? 1 + 3 * rings * (rings + 1) : (2 * rings + 1) ** 2;

function cellsAround(id: string, rings: number): readonly string[] {
  const cell = named(id);
  if (rings < 0) throw badInput('`rings` is negative', '0 is the cell alone, 1 its neighbours too');
  if (diskSize(cell, rings) > MAX_CELLS) {
    throw badInput(
      `${rings} rings hold more than ${MAX_CELLS} cells`,
      `ask for at most ${cell.system === 'H3' ? 12 : 10} rings, or for a coarser cell`,
    );
  }
  return cellDisk(cell, rings);
}

function cellsNearResolver(type: NewableFunction): NewableFunction {
  @Resolver()
  class CellsNearResolver {
    @Operation({
      roles: ['admin', 'modeler', 'decision', 'investigator'],
      cost: ({ args: { id, rings }, weight }) => diskSize(named(String(id)), Number(rings)) * weight,
      lookUp: ({ id, rings }) => ({ of: { rings }, entities: { cell: [String(id)] } }),
    })
    @Query(() => [type as never], {
      description: 'Reads a cell and those around it with their feature views, the cell itself first.',
    })
    cellsNear(
      @Arg('id', () => ID, { description: 'An H3 index in hex, or a geohash.' }) id: string,
      @Arg('rings', () => Int, {
        defaultValue: 1,
        description: 'The steps to the farthest cells; 0 is the cell alone.',
      })
      rings: number,
    ): EntityNode[] {
      return cellsAround(id, rings).map((cell) => ({ id: cell, asOf: null }));
    }
  }
  return CellsNearResolver;
}

export const CELL_FACET: EntityFacet = {
  root: { keyOf: (id) => named(id).id, alsoFor: ['investigator'] },
  fields: FIELDS,
  operations: (type) => [cellsNearResolver(type)],
};
