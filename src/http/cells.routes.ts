import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type CellMap, cellsCsv, cellsGeoJson } from '../core/compute/cell-map.js';
import { isMasked } from '../core/compute/disclosure.js';
import { type AnyFeatureRef, isStored } from '../core/definitions/definitions.js';
import type { FeatureValue } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import { cellNamed } from '../core/helpers/cell-shapes.js';
import { cellsWithin, countWithin, resolutionOf } from '../core/helpers/cells-within.js';
import type { Caller } from '../core/ports/access.js';
import { type ApiServices, maskFor, type RequestContext } from '../graphql/context.js';
import { answeredInTime, waitOf } from './deadlines.js';
import { sendFile } from './report-files.js';
import { guardedRoute } from './route-access.js';

const FORMATS = {
  geojson: { type: 'application/geo+json; charset=utf-8', write: cellsGeoJson },
  csv: { type: 'text/csv; charset=utf-8', write: cellsCsv },
} as const;

const ROUTES = Object.entries(FORMATS).map(([suffix, format]) => ({
  suffix,
  ...format,
  route: guardedRoute(
    'GET',
    `/cells.${suffix}`,
    { roles: ['admin', 'modeler', 'decision', 'investigator'], audit: true },
    { query: ['within', 'resolution', 'features'] },
  ),
}));

/** The files of cells, by format. */
export const CELL_FILES = ROUTES.map(({ route }) => route);

/** Four resolutions of hexagons: the neighbourhoods of a large city. */
const MOST_CELLS = 2_401;
/** Rows of one read of the online store. */
const ROWS_AT_ONCE = 1_000;

interface Asked {
  readonly within?: string;
  readonly resolution?: string;
  readonly features?: string;
}

/** BAD_USER_INPUT for what is no cell, a resolution that is not of its system, and too many cells. */
function cellsAsked({ within = '', resolution = '' }: Asked): readonly string[] {
  const cell = cellNamed(within);
  if (cell === null) {
    throw badInput(
      `\`within\` is '${within.slice(0, 32)}', which is neither an H3 index nor a geohash`,
      'name the cell of the area; `cellsAt` finds it for a position',
    );
  }
  const { own, finest } = resolutionOf(cell);
  const level = /^\d{1,2}$/.test(resolution) ? Number(resolution) : Number.NaN;
  if (!(level >= own && level <= finest)) {
    throw badInput(
      `\`resolution\` is '${resolution.slice(0, 32)}'`,
      `the cell ${cell.id} has resolution ${own}: give one from ${own} to ${finest}`,
    );
  }
  if (countWithin(cell, level) > MOST_CELLS) {
    throw badInput(
      `more than ${MOST_CELLS} cells of resolution ${level} are within ${cell.id}`,
      'name a smaller cell, or ask for a coarser resolution',
    );
  }
  return cellsWithin(cell, level);
}

interface Reading {
  readonly refs: readonly AnyFeatureRef[];
  readonly cells: readonly string[];
}

/** The newest values of the cells, as the caller may see them. STORE_UNAVAILABLE where one could not be read: a map without it would say that nothing is there. */
async function read(request: FastifyRequest, services: ApiServices, { refs, cells }: Reading): Promise<CellMap> {
  // The route is closed without a caller.
  const mask = maskFor({ services, caller: request.caller as Caller });
  const now = services.now();
  const columns: { name: string; values: FeatureValue[] }[] = refs.map(({ reference }) => ({
    name: reference,
    values: [],
  }));
  for (let from = 0; from < cells.length; from += ROWS_AT_ONCE) {
    const part = cells.slice(from, from + ROWS_AT_ONCE);
    const asked = {
      features: refs,
      entities: { cell: part },
      stalePolicy: 'RETURN',
      withheld: mask !== undefined,
      now,
    } as const;
    const answer = await answeredInTime(request, services.onlineFeatures.read({ ...asked, deadline: waitOf(request) }));
    for (const [index, { values, statuses, type }] of answer.columns.entries()) {
      if (statuses.includes('ERROR')) {
        throw new RiskgraphError({
          code: 'STORE_UNAVAILABLE',
          message: 'the features of some cells could not be read',
          hint: 'ask again in a moment',
        });
      }
      const hidden = mask && isMasked(refs[index] as AnyFeatureRef) ? mask : null;
      columns[index]?.values.push(...values.map((value) => (hidden ? hidden.value(value, type) : value)));
    }
  }
  return { cells, columns };
}

/** BAD_USER_INPUT for a feature that is not stored, or not one of cells. */
function featuresAsked({ features = '' }: Asked, { catalogue }: ApiServices): readonly AnyFeatureRef[] {
  const refs = catalogue.features({ features: features.split(',').filter(Boolean) });
  const foreign = refs.find((ref) => !isStored(ref) || ref.view.entity.name !== 'cell');
  if (!foreign) return refs;
  throw badInput(`${foreign.reference} is no stored feature of cells`, 'name features of views of the entity cell');
}

export function registerCells(server: FastifyInstance, { services }: Pick<RequestContext, 'services'>): void {
  for (const { route, suffix, type, write } of ROUTES) {
    server.route<{ Querystring: Asked }>({
      ...route,
      handler: async (request, reply) => {
        const { query } = request;
        const cells = cellsAsked(query);
        const map = await read(request, services, { refs: featuresAsked(query, services), cells });
        const name = `cells-${services.calendar.dateOf(services.now())}.${suffix}`;
        return sendFile(request, reply, { name, type, body: write(map) });
      },
    });
  }
}
