import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { badInput } from '../core/errors.js';
import { csvText, withoutFormulas } from '../core/helpers/csv.js';
import { parseFilter } from '../core/helpers/report-filter.js';
import {
  type BusinessCalendar,
  type Instant,
  type LocalDate,
  parseInstant,
  parseLocalDate,
} from '../core/helpers/time.js';
import {
  BASES,
  COMPARISONS,
  type DataTable,
  type IndicatorService,
  OBSERVATIONS,
  type ReportScope,
  TIME_GRAINS,
} from '../core/ports/indicators.js';
import type { Clock } from '../core/ports/process.js';
import type { Admission } from './admission.js';
import { answeredInTime, waitOf } from './deadlines.js';
import { sendFile } from './report-files.js';
import { toParquet } from './report-parquet.js';
import { guardedRoute } from './route-access.js';

const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** What every report takes. */
const Scope = {
  by: commaSeparated.optional(),
  filter: z.union([z.string(), z.array(z.string())]).optional(),
  asOf: z.string().optional(),
};

const Query = z.strictObject({
  ...Scope,
  names: commaSeparated,
  grain: z.enum(TIME_GRAINS).default('MONTH'),
  from: z.string(),
  to: z.string(),
  compare: z.enum(COMPARISONS).optional(),
  components: flag.default(false),
  orderBy: z.string().optional(),
  limit: z.coerce.number().int().optional(),
});

/** CSV is what people open in spreadsheets. */
const CsvQuery = z.looseObject({ formulas: z.enum(['escape', 'keep']).default('escape') });

const VintageQuery = z.strictObject({
  ...Scope,
  dpd: z.coerce.number().int().default(30),
  basis: z.enum(BASES).default('BALANCE'),
  observed: z.enum(OBSERVATIONS).default('CURRENT'),
  cohortGrain: z.enum(TIME_GRAINS).default('MONTH'),
  fromCohort: z.string().optional(),
  toCohort: z.string().optional(),
  maxMob: z.coerce.number().int().default(24),
});

const RollRatesQuery = z.strictObject({
  ...Scope,
  from: z.string(),
  to: z.string(),
  basis: z.enum(BASES).default('BALANCE'),
});

const FunnelQuery = z.strictObject({
  ...Scope,
  name: z.string(),
  from: z.string(),
  to: z.string(),
  grain: z.enum(TIME_GRAINS).default('MONTH'),
  windowDays: z.coerce.number().int().default(30),
});

const dayOf = (text: string | undefined, name: string): LocalDate | null =>
  text === undefined ? null : parseLocalDate(text, name);

const daysOf = ({ from, to }: { readonly from: string; readonly to: string }) => ({
  from: parseLocalDate(from, 'from'),
  to: parseLocalDate(to, 'to'),
});

const scopeOf = ({ by, filter, asOf }: z.output<z.ZodObject<typeof Scope>>, asked: Asked): ReportScope => ({
  by: by ?? [],
  filters: [filter ?? []].flat().map(parseFilter),
  asOf: asOf === undefined ? null : parseInstant(asOf, 'asOf'),
  ...asked,
});

/** What a report is asked by beside its query string. */
type Asked = Pick<ReportScope, 'now' | 'rights' | 'signal'>;

/** A report that is a file too: what its query string says, and the table that it asks for. */
interface ReportFile {
  readonly names: readonly string[];
  read(indicators: IndicatorService, query: unknown, asked: Asked): Promise<DataTable>;
}

const TABLE: ReportFile = {
  names: Object.keys(Query.shape),
  read(indicators, query, asked) {
    const all = parsed(Query, query, '?names=a,b&by=product&grain=MONTH&from=2026-01-01&to=2026-06-30');
    const { names, grain, compare = null, components, orderBy = null, limit = null } = all;
    const table = { names, grain, ...daysOf(all), compare, components, orderBy, limit };
    return indicators.table({ ...table, ...scopeOf(all, asked) });
  },
};

const VINTAGE: ReportFile = {
  names: Object.keys(VintageQuery.shape),
  read(indicators, query, asked) {
    const all = parsed(VintageQuery, query, '?dpd=30&by=channel&fromCohort=2025-01-01&maxMob=12');
    const { dpd, basis, observed, cohortGrain, maxMob } = all;
    const cohorts = { fromCohort: dayOf(all.fromCohort, 'fromCohort'), toCohort: dayOf(all.toCohort, 'toCohort') };
    return indicators.vintage({ dpd, basis, observed, cohortGrain, ...cohorts, maxMob, ...scopeOf(all, asked) });
  },
};

const ROLL_RATES: ReportFile = {
  names: Object.keys(RollRatesQuery.shape),
  read(indicators, query, asked) {
    const all = parsed(RollRatesQuery, query, '?from=2026-01-01&to=2026-06-30&by=product');
    return indicators.rollRates({ ...daysOf(all), basis: all.basis, ...scopeOf(all, asked) });
  },
};

const FUNNEL: ReportFile = {
  names: Object.keys(FunnelQuery.shape),
  read(indicators, query, asked) {
    const all = parsed(FunnelQuery, query, '?name=application_funnel&from=2026-01-01&to=2026-06-30&by=channel');
    const { name, grain, windowDays } = all;
    return indicators.funnel({ name, grain, windowDays, ...daysOf(all), ...scopeOf(all, asked) });
  },
};

function parsed<T extends z.ZodType>(type: T, query: unknown, example: string): z.output<T> {
  const { success, data, error } = type.safeParse(query);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'query'}: ${message}`);
  throw badInput(`the query string is not usable: ${problems.join('; ')}`, example);
}

const asText = (value: unknown): unknown => (typeof value === 'string' ? withoutFormulas(value) : value);

/** Dates and exact numbers are text in a table, too, and stay as they are. */
function toCsv({ columns, rows }: DataTable, formulas: 'escape' | 'keep'): string {
  const names = columns.map(({ name }) => name);
  if (formulas === 'keep') return csvText(names, rows);
  const isText = columns.map(({ type }) => type === 'STRING');
  return csvText(
    names.map(withoutFormulas),
    rows.map((row) => row.map((value, index) => (isText[index] ? asText(value) : value))),
  );
}

/** Two reports of the same content differ in the time that is shown alone. */
const toJson = ({ asOf, ...answer }: DataTable, shown: Instant | null): string =>
  JSON.stringify({
    ...answer,
    rowCount: answer.rows.length,
    asOf: shown === null ? null : new Date(shown).toISOString(),
  });

const fileRoute = (url: string, { names }: ReportFile, ...more: readonly string[]) =>
  guardedRoute(
    'GET',
    url,
    { roles: ['admin', 'modeler', 'bi'], audit: true, basic: true, withinRights: true },
    { query: [...names, ...more], personal: ['filter'] },
  );

const filesOf = (name: string, report: ReportFile) => ({
  name,
  report,
  csv: fileRoute(`/${name}.csv`, report, 'formulas'),
  json: fileRoute(`/${name}.json`, report),
  parquet: fileRoute(`/${name}.parquet`, report),
});

/** Reports as files, by format. */
const REPORTS = [
  filesOf('indicators', TABLE),
  filesOf('vintage', VINTAGE),
  filesOf('roll-rates', ROLL_RATES),
  filesOf('funnel', FUNNEL),
] as const;

export const INDICATOR_FILES = REPORTS.flatMap(({ csv, json, parquet }) => [csv, json, parquet]);

export interface IndicatorRoutesOptions {
  readonly indicators: IndicatorService;
  /** Says the day in the name of a file. */
  readonly calendar: BusinessCalendar;
  readonly now: Clock;
  readonly admit: Admission;
}

export function registerIndicators(server: FastifyInstance, options: IndicatorRoutesOptions): void {
  const { indicators, calendar, now, admit } = options;
  for (const { name, report, csv, json, parquet } of REPORTS) {
    const table = (request: FastifyRequest, query = request.query): Promise<DataTable> =>
      answeredInTime(
        request,
        report.read(indicators, query, { now: now(), rights: request.caller?.rows ?? [], signal: waitOf(request) }),
      );
    const nameOf = ({ asOf }: DataTable, suffix: string): string =>
      `${name}-${calendar.dateOf(asOf ?? now())}.${suffix}`;

    server.route({
      ...csv,
      preParsing: admit,
      handler: async (request, reply) => {
        const { formulas, ...rest } = parsed(CsvQuery, request.query, '&formulas=escape, or keep');
        const answer = await table(request, rest);
        const body = toCsv(answer, formulas);
        return sendFile(request, reply, { name: nameOf(answer, 'csv'), type: 'text/csv; charset=utf-8', body });
      },
    });
    server.route({
      ...json,
      preParsing: admit,
      handler: async (request, reply) => {
        const answer = await table(request);
        return sendFile(request, reply, {
          name: nameOf(answer, 'json'),
          type: 'application/json; charset=utf-8',
          body: toJson(answer, answer.asOf),
          content: toJson(answer, null),
        });
      },
    });
    server.route({
      ...parquet,
      preParsing: admit,
      handler: async (request, reply) => {
        const answer = await table(request);
        return sendFile(request, reply, {
          name: nameOf(answer, 'parquet'),
          type: 'application/vnd.apache.parquet',
          body: toParquet(answer),
          isPacked: true,
        });
      },
    });
  }
}
