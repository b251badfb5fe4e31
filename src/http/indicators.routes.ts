import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { z } from 'zod';
import { badInput } from '../core/errors.js';
import { csvText, withoutFormulas } from '../core/helpers/csv.js';
import { parseInstant, parseLocalDate } from '../core/helpers/time.js';
import {
  COMPARISONS,
  type DataTable,
  FILTER_OPS,
  type IndicatorService,
  type IndicatorTableRequest,
  TIME_GRAINS,
} from '../core/ports/indicators.js';
import type { Clock } from '../core/ports/process.js';
import type { Admission } from './admission.js';
import { answeredInTime, waitOf } from './deadlines.js';
import { guardedRoute } from './route-access.js';

const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const Query = z.strictObject({
  names: commaSeparated,
  by: commaSeparated.optional(),
  grain: z.enum(TIME_GRAINS).default('MONTH'),
  from: z.string(),
  to: z.string(),
  filter: z.union([z.string(), z.array(z.string())]).optional(),
  compare: z.enum(COMPARISONS).optional(),
  components: flag.default(false),
  orderBy: z.string().optional(),
  limit: z.coerce.number().int().optional(),
  asOf: z.string().optional(),
});

/** `dimension:op:value`; several values of IN and NOT_IN are separated by commas. */
function parseFilter(text: string): IndicatorTableRequest['filters'][number] {
  const [, dimension, op, value] = /^([^:]+):([^:]+):(.*)$/s.exec(text) ?? [];
  const operation = FILTER_OPS.find((name) => name === op?.toUpperCase());
  if (!dimension || !operation || value === undefined) {
    throw badInput(`filter '${text}' is not dimension:op:value`, `op is one of ${FILTER_OPS.join(', ')}`);
  }
  return { dimension, op: operation, values: operation.endsWith('IN') ? value.split(',') : [value] };
}

/** CSV is what people open in spreadsheets. */
const CsvQuery = z.looseObject({ formulas: z.enum(['escape', 'keep']).default('escape') });

function parseQuery(query: unknown, now: number): IndicatorTableRequest {
  const { names, by, grain, from, to, filter, compare, components, orderBy, limit, asOf } = parsed(Query, query);
  return {
    names,
    by: by ?? [],
    grain,
    from: parseLocalDate(from, 'from'),
    to: parseLocalDate(to, 'to'),
    filters: [filter ?? []].flat().map(parseFilter),
    compare: compare ?? null,
    components,
    orderBy: orderBy ?? null,
    limit: limit ?? null,
    asOf: asOf === undefined ? null : parseInstant(asOf, 'asOf'),
    now,
  };
}

function parsed<T extends z.ZodType>(type: T, query: unknown): z.output<T> {
  const { success, data, error } = type.safeParse(query);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'query'}: ${message}`);
  throw badInput(
    `the query string is not usable: ${problems.join('; ')}`,
    '?names=a,b&by=product&grain=MONTH&from=2026-01-01&to=2026-06-30',
  );
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

/** Exact values that have no column type here keep their text. */
function toParquet({ columns, rows }: DataTable): Buffer {
  const columnData = columns.map(({ name, type }, index) => {
    const values = rows.map((row) => row[index] ?? null);
    if (type === 'FLOAT64' || type === 'FLOAT32') return { name, data: values, type: 'DOUBLE' as const };
    if (type === 'INT32') return { name, data: values, type: 'INT32' as const };
    if (type === 'INT64') {
      return {
        name,
        data: values.map((value) => (value === null ? null : BigInt(String(value)))),
        type: 'INT64' as const,
      };
    }
    if (type === 'BOOLEAN') return { name, data: values, type: 'BOOLEAN' as const };
    return { name, data: values.map((value) => (value === null ? null : String(value))), type: 'STRING' as const };
  });
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

const indicatorFile = (url: string, ...more: readonly string[]) =>
  guardedRoute('GET', url, { roles: ['admin', 'modeler', 'bi'], audit: true }, [...Object.keys(Query.shape), ...more]);

/** The table of `indicatorTable` as a file, by format. */
export const INDICATOR_FILES = {
  csv: indicatorFile('/indicators.csv', 'formulas'),
  json: indicatorFile('/indicators.json'),
  parquet: indicatorFile('/indicators.parquet'),
} as const;

export function registerIndicators(
  server: FastifyInstance,
  { indicators, now, admit }: { readonly indicators: IndicatorService; readonly now: Clock; readonly admit: Admission },
): void {
  const table = async (request: FastifyRequest, query = request.query): Promise<DataTable> => {
    const asked = { ...parseQuery(query, now()), signal: waitOf(request) };
    return answeredInTime(request, indicators.table(asked));
  };

  server.route({
    ...INDICATOR_FILES.csv,
    preParsing: admit,
    handler: async (request, reply) => {
      const { formulas, ...rest } = parsed(CsvQuery, request.query);
      return reply.type('text/csv; charset=utf-8').send(toCsv(await table(request, rest), formulas));
    },
  });
  server.route({
    ...INDICATOR_FILES.json,
    preParsing: admit,
    handler: async (request) => {
      const answer = await table(request);
      return {
        ...answer,
        rowCount: answer.rows.length,
        asOf: answer.asOf === null ? null : new Date(answer.asOf).toISOString(),
      };
    },
  });
  server.route({
    ...INDICATOR_FILES.parquet,
    preParsing: admit,
    handler: async (request, reply) =>
      reply.type('application/vnd.apache.parquet').send(toParquet(await table(request))),
  });
}
