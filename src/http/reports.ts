/** Reports as files: what a query string asks for, and how the answer is written. */
import { z } from 'zod';
import { badInput } from '../core/errors.js';
import { csvText, withoutFormulas } from '../core/helpers/csv.js';
import { parseFilter } from '../core/helpers/report-filter.js';
import { type Instant, type LocalDate, parseInstant, parseLocalDate } from '../core/helpers/time.js';
import {
  BASES,
  COMPARISONS,
  type DataTable,
  type IndicatorService,
  OBSERVATIONS,
  type ReportScope,
  TIME_GRAINS,
} from '../core/ports/indicators.js';
import type { SentFile } from './report-files.js';
import { toParquet } from './report-parquet.js';

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
export type Asked = Pick<ReportScope, 'now' | 'rights' | 'signal'>;

/** A report that is a file too: what its query string says, and the table that it asks for. */
export interface Report {
  readonly names: readonly string[];
  read(indicators: IndicatorService, query: unknown, asked: Asked): Promise<DataTable>;
}

export const TABLE: Report = {
  names: Object.keys(Query.shape),
  read(indicators, query, asked) {
    const all = parsed(Query, query, '?names=a,b&by=product&grain=MONTH&from=2026-01-01&to=2026-06-30');
    const { names, grain, compare = null, components, orderBy = null, limit = null } = all;
    const table = { names, grain, ...daysOf(all), compare, components, orderBy, limit };
    return indicators.table({ ...table, ...scopeOf(all, asked) });
  },
};

export const VINTAGE: Report = {
  names: Object.keys(VintageQuery.shape),
  read(indicators, query, asked) {
    const all = parsed(VintageQuery, query, '?dpd=30&by=channel&fromCohort=2025-01-01&maxMob=12');
    const { dpd, basis, observed, cohortGrain, maxMob } = all;
    const cohorts = { fromCohort: dayOf(all.fromCohort, 'fromCohort'), toCohort: dayOf(all.toCohort, 'toCohort') };
    return indicators.vintage({ dpd, basis, observed, cohortGrain, ...cohorts, maxMob, ...scopeOf(all, asked) });
  },
};

export const ROLL_RATES: Report = {
  names: Object.keys(RollRatesQuery.shape),
  read(indicators, query, asked) {
    const all = parsed(RollRatesQuery, query, '?from=2026-01-01&to=2026-06-30&by=product');
    return indicators.rollRates({ ...daysOf(all), basis: all.basis, ...scopeOf(all, asked) });
  },
};

export const FUNNEL: Report = {
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

export const SUFFIXES = ['csv', 'json', 'parquet'] as const;
export type Suffix = (typeof SUFFIXES)[number];

/** What a file of this format takes beside the report itself. */
export const parametersOf = (suffix: Suffix): readonly string[] => (suffix === 'csv' ? ['formulas'] : []);

type Written = Omit<SentFile, 'name'>;

/** Reads a query string in two: what it asks of the report, and how the file is written. */
export function writerOf(
  suffix: Suffix,
  query: unknown,
): { readonly asked: Readonly<Record<string, unknown>>; readonly write: (answer: DataTable) => Written } {
  if (suffix === 'csv') {
    const { formulas, ...asked } = parsed(CsvQuery, query, '&formulas=escape, or keep');
    return { asked, write: (answer) => ({ type: 'text/csv; charset=utf-8', body: toCsv(answer, formulas) }) };
  }
  const asked = query as Readonly<Record<string, unknown>>;
  if (suffix === 'parquet') {
    const type = 'application/vnd.apache.parquet';
    return { asked, write: (answer) => ({ type, body: toParquet(answer), isPacked: true }) };
  }
  const type = 'application/json; charset=utf-8';
  return { asked, write: (answer) => ({ type, body: toJson(answer, answer.asOf), content: toJson(answer, null) }) };
}
