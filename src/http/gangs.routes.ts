import type { FastifyInstance } from 'fastify';
import { caseCsv, caseJson } from '../core/compute/graph/case-file.js';
import { notFound } from '../core/errors.js';
import { type BusinessCalendar, parseInstant } from '../core/helpers/time.js';
import type { Caller } from '../core/ports/access.js';
import { maskFor, type RequestContext } from '../graphql/context.js';
import { gangTime, INVESTIGATORS } from '../graphql/gang-arguments.js';
import { answeredInTime } from './deadlines.js';
import { safeName } from './downloads.routes.js';
import { sendFile } from './report-files.js';
import { guardedRoute } from './route-access.js';

const FORMATS = {
  json: { type: 'application/json; charset=utf-8', write: caseJson },
  csv: { type: 'text/csv; charset=utf-8', write: caseCsv },
} as const;

const ROUTES = Object.entries(FORMATS).map(([suffix, format]) => ({
  suffix,
  ...format,
  route: guardedRoute(
    'GET',
    `/gangs/:id/case.${suffix}`,
    { roles: [...INVESTIGATORS], audit: true },
    { query: ['asOf'] },
  ),
}));

/** The files of a case, by format. */
export const CASE_FILES = ROUTES.map(({ route }) => route);

export function registerGangs(
  server: FastifyInstance,
  { services, calendar }: Pick<RequestContext, 'services'> & { readonly calendar: BusinessCalendar },
): void {
  const { gangs } = services;
  for (const { route, suffix, type, write } of ROUTES) {
    server.route<{ Params: { id: string }; Querystring: { asOf?: string } }>({
      ...route,
      handler: async (request, reply) => {
        const { params, query, caller } = request;
        const asOf = gangTime(query.asOf === undefined ? null : parseInstant(query.asOf, 'asOf'), { services });
        const gang = await answeredInTime(request, gangs.find(params.id, asOf));
        if (gang === null) {
          throw notFound(`no customer is in a gang '${params.id.slice(0, 64)}'`, 'gangs lists those that are');
        }
        const read = Promise.all([gangs.members(gang), gangs.links(gang), gangs.timeline(gang), gangs.verdicts(gang)]);
        const [members, links, timeline, verdicts] = await answeredInTime(request, read);
        // The route is closed without a caller.
        const mask = maskFor({ services, caller: caller as Caller });
        const body = write({ gang, members, links, timeline, verdicts }, mask);
        return sendFile(request, reply, {
          name: `case-${safeName(gang.id)}-${calendar.dateOf(asOf)}.${suffix}`,
          type,
          body,
        });
      },
    });
  }
}
