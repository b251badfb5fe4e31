import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { IndicatorService } from '../core/ports/indicators.js';
import type { Clock } from '../core/ports/process.js';
import type { LinkedReport, ReportLink } from '../core/ports/report-links.js';
import type { Admission } from './admission.js';
import { answeredInTime, waitOf } from './deadlines.js';
import { sendFile } from './report-files.js';
import {
  FUNNEL,
  parametersOf,
  type Report,
  ROLL_RATES,
  SUFFIXES,
  type Suffix,
  TABLE,
  VINTAGE,
  writerOf,
} from './reports.js';
import { guardedRoute } from './route-access.js';

const fileRoute = (name: string, { names }: Report, suffix: Suffix) =>
  guardedRoute(
    'GET',
    `/${name}.${suffix}`,
    { roles: ['admin', 'modeler', 'bi'], audit: true, basic: true, withinRights: true },
    { query: [...names, ...parametersOf(suffix)], personal: ['filter'] },
  );

const REPORTS: Readonly<Record<LinkedReport, { readonly name: string; readonly report: Report }>> = {
  INDICATORS: { name: 'indicators', report: TABLE },
  VINTAGE: { name: 'vintage', report: VINTAGE },
  ROLL_RATES: { name: 'roll-rates', report: ROLL_RATES },
  FUNNEL: { name: 'funnel', report: FUNNEL },
};

/** Reports as files, by format. */
const FILES = Object.values(REPORTS).flatMap((each) =>
  SUFFIXES.map((suffix) => ({ ...each, suffix, route: fileRoute(each.name, each.report, suffix) })),
);

export const INDICATOR_FILES = FILES.map(({ route }) => route);

/** What a link says itself. */
const NAMES = ['names', 'name'];

const linkRoute = (suffix: Suffix) => {
  const asked = new Set(Object.values(REPORTS).flatMap(({ report }) => report.names));
  return guardedRoute(
    'GET',
    `/links/:secret/report.${suffix}`,
    { roles: ['bi'], audit: true, withinRights: true, link: true },
    {
      query: [...asked].filter((name) => !NAMES.includes(name)).concat(parametersOf(suffix)),
      personal: ['filter', 'secret'],
    },
  );
};

const LINKS = SUFFIXES.map((suffix) => ({ suffix, route: linkRoute(suffix) }));

/** The files of report links, by format. */
export const LINK_FILES = LINKS.map(({ route }) => route);

const namesOf = ({ report, indicators }: ReportLink): Readonly<Record<string, string>> =>
  report === 'INDICATORS' ? { names: indicators.join() } : report === 'FUNNEL' ? { name: indicators.join() } : {};

export interface IndicatorRoutesOptions {
  readonly indicators: IndicatorService;
  /** Says the day in the name of a file. */
  readonly calendar: BusinessCalendar;
  readonly now: Clock;
  readonly admit: Admission;
}

interface Sending {
  readonly name: string;
  readonly report: Report;
  readonly suffix: Suffix;
  /** What the query string does not say. */
  readonly more?: Readonly<Record<string, string>>;
}

export function registerIndicators(server: FastifyInstance, options: IndicatorRoutesOptions): void {
  const { indicators, calendar, now, admit } = options;
  const send = async (request: FastifyRequest, reply: FastifyReply, { name, report, suffix, more }: Sending) => {
    const { asked, write } = writerOf(suffix, request.query);
    const reading = { now: now(), rights: request.caller?.rows ?? [], signal: waitOf(request) };
    const answer = await answeredInTime(request, report.read(indicators, { ...asked, ...more }, reading));
    const file = `${name}-${calendar.dateOf(answer.asOf ?? now())}.${suffix}`;
    return sendFile(request, reply, { name: file, ...write(answer) });
  };
  for (const { route, ...file } of FILES) {
    server.route({ ...route, preParsing: admit, handler: (request, reply) => send(request, reply, file) });
  }
  for (const { route, suffix } of LINKS) {
    server.route({
      ...route,
      preParsing: admit,
      handler: (request, reply) => {
        // The route is closed where there is none.
        const link = request.link as ReportLink;
        return send(request, reply, { ...REPORTS[link.report], suffix, more: namesOf(link) });
      },
    });
  }
}
