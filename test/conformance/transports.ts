/** The ways out of the system, each read as its users read it, into one form: a value, a status and an event time a column, as the wire writes them. */
import { Readable } from 'node:stream';
import { createClient } from '@clickhouse/client';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { clickhouseType, elementType, type FeatureType, isArrayType } from '../../src/core/definitions/types.js';
import type { Api } from '../support/api.js';

export type StalePolicy = 'RETURN' | 'NULL';
/** Value, status and event time. */
export type Seen = readonly [unknown, unknown, unknown];
/** What each row has, by the name that its spine gives it. */
export type Answers = Readonly<Record<string, readonly Seen[]>>;

export interface Column {
  readonly view: string;
  readonly feature: string;
  readonly type: FeatureType;
}

export interface Question {
  readonly columns: readonly Column[];
  readonly names: readonly string[];
  readonly keys: Readonly<Record<string, readonly (string | null)[]>>;
  readonly request: Readonly<Record<string, readonly unknown[]>>;
  /** Types of the request’s columns. */
  readonly requestTypes: Readonly<Record<string, FeatureType>>;
  readonly at: string;
  readonly stalePolicy: StalePolicy;
}

type Transport = (api: Api, question: Question) => Promise<Answers>;

async function ok<T>(api: Api, role: 'admin' | 'decision', query: string, variables = {}): Promise<T> {
  const { data, errors } = await api.graphql<T>(role, query, variables);
  expect(errors).toEqual([]);
  return data as T;
}

const referenceOf = ({ view, feature }: Column): string => `${view}@1:${feature}`;
const nameOf = ({ view, feature }: Column): string => `${view}__${feature}`;
const namesOf = (columns: readonly Column[]): string[] =>
  columns.map(nameOf).flatMap((name) => [name, `${name}__status`, `${name}__event_time`]);

export const spineOf = ({ names, keys, request, at }: Question) => ({
  situation: names,
  ...keys,
  event_timestamp: names.map(() => at),
  ...request,
});

/** Rows by the names of their columns, which must be those of the spine and then three a feature. */
function answersOf(
  question: Question,
  names: readonly string[],
  rows: readonly (readonly unknown[])[],
  read: (value: unknown, type: FeatureType) => unknown = (value) => value,
): Answers {
  expect(names).toEqual([...Object.keys(spineOf(question)), ...namesOf(question.columns)]);
  const before = names.length - 3 * question.columns.length;
  return Object.fromEntries(
    rows.map((row) => [
      row[0],
      question.columns.map(({ type }, index): Seen => {
        const [value, status, time] = row.slice(before + 3 * index);
        return [read(value, type), status, read(time, 'TIMESTAMP')];
      }),
    ]),
  );
}

export const onlineFeatures: Transport = async (api, { columns, names, keys, request, stalePolicy }) => {
  const { onlineFeatures: answer } = await ok<{
    onlineFeatures: {
      columns: readonly { name: string; view: string; values: unknown[]; statuses: string[] }[];
      views: readonly { view: string; eventTimes: unknown[] }[];
    };
  }>(
    api,
    'decision',
    `query($features: [String!]!, $entities: JSONObject!, $request: JSONObject!, $stalePolicy: StalePolicy!) {
      onlineFeatures(features: $features, entities: $entities, request: $request, stalePolicy: $stalePolicy) {
        columns { name view values statuses } views { view eventTimes } } }`,
    { features: columns.map(referenceOf), entities: keys, request, stalePolicy },
  );
  expect(answer.columns.map(({ name }) => name)).toEqual(columns.map(referenceOf));
  return Object.fromEntries(
    names.map((name, row) => [
      name,
      answer.columns.map(({ values, statuses, view }): Seen => {
        const times = answer.views.find((each) => each.view === view);
        return [values[row], statuses[row], times?.eventTimes[row]];
      }),
    ]),
  );
};

export const HISTORICAL = `query($features: [String!]!, $spine: JSONObject!, $stalePolicy: StalePolicy) {
  historicalFeatures(features: $features, spine: $spine, includeStatuses: true, includeEventTimes: true, stalePolicy: $stalePolicy) {
    columns { name } rows } }`;

export const historicalFeatures: Transport = async (api, question) => {
  const { columns, stalePolicy } = question;
  const { historicalFeatures: table } = await ok<{
    historicalFeatures: { columns: readonly { name: string }[]; rows: unknown[][] };
  }>(api, 'admin', HISTORICAL, { features: columns.map(referenceOf), spine: spineOf(question), stalePolicy });
  return answersOf(
    question,
    table.columns.map(({ name }) => name),
    table.rows,
  );
};

type Format = 'PARQUET' | 'CSV' | 'ARROW';

/** Asks for a training set of the question’s rows; returns its id. */
export async function createSet(api: Api, format: Format, question: Question): Promise<string> {
  const { columns, stalePolicy } = question;
  const { createTrainingSet: set } = await ok<{ createTrainingSet: { id: string } }>(
    api,
    'admin',
    'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }',
    {
      input: {
        name: 'matrix',
        features: columns.map(referenceOf),
        spine: spineOf(question),
        format,
        stalePolicy,
        includeStatuses: true,
        includeEventTimes: true,
      },
    },
  );
  return set.id;
}

interface SetState {
  readonly state: string;
  readonly error: string | null;
  readonly downloadUrl: string | null;
}

export const setState = async (api: Api, id: string): Promise<SetState> =>
  (
    await ok<{ trainingSet: SetState }>(
      api,
      'admin',
      'query($id: ID!) { trainingSet(id: $id) { state error downloadUrl } }',
      { id },
    )
  ).trainingSet;

/** The file of a training set once it is made, as the download gives it. */
export async function download(api: Api, id: string): Promise<Buffer> {
  for (;;) {
    const { state, error, downloadUrl } = await setState(api, id);
    expect(error).toBeNull();
    if (state === 'COMPLETED') {
      const response = await api.fetch('admin', downloadUrl as string);
      expect(response.status).toBe(200);
      return Buffer.from(await response.arrayBuffer());
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** As the wire writes a value that a reader of Parquet gives, by its declared type. */
function fromParquet(value: unknown, type: FeatureType): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => fromParquet(item, elementType(type)));
  if (value === null || value === undefined) return null;
  // The reader gives a decimal as a double: the places that are declared are exact in these.
  if (type === 'DECIMAL')
    return Number(value)
      .toFixed(6)
      .replace(/\.?0+$/, '');
  if (value instanceof Date) return type === 'DATE' ? value.toISOString().slice(0, 10) : value.toISOString();
  return typeof value === 'bigint' ? String(value) : value;
}

export async function readParquet(question: Question, bytes: Buffer): Promise<Answers> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors });
  return answersOf(question, Object.keys(rows[0] ?? {}), rows.map(Object.values), fromParquet);
}

/** Cells of RFC 4180; an empty cell without quotes is NULL. */
function cellsOf(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\r?\n|$)/gy;
  for (let match = cell.exec(text); match && match.index < text.length; match = cell.exec(text)) {
    const [, quoted, plain, end] = match;
    rows.at(-1)?.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' };

/** Items of a list as ClickHouse writes one in a cell: `['it\'s',NULL]`, `[1,NULL]`. */
const itemsOf = (text: string): (string | null)[] =>
  [...text.slice(1, -1).matchAll(/'((?:[^'\\]|\\.)*)'|([^',]+)/gs)].map(([, quoted, plain]) =>
    quoted === undefined
      ? plain === 'NULL'
        ? null
        : (plain as string)
      : quoted.replace(/\\(.)/gs, (_, one: string) => ESCAPED[one] ?? one),
  );

function fromText(value: unknown, type: FeatureType): unknown {
  if (value === null) return null;
  const text = String(value);
  if (isArrayType(type)) return itemsOf(text).map((item) => fromText(item, elementType(type)));
  if (type === 'BOOLEAN') return text === 'true';
  return type === 'FLOAT64' || type === 'FLOAT32' || type === 'INT32' ? Number(text) : text;
}

export async function readCsv(question: Question, bytes: Buffer): Promise<Answers> {
  const [head = [], ...rows] = cellsOf(bytes.toString());
  return answersOf(question, head as string[], rows, fromText);
}

let tables = 0;

/** Read back by the store, which reads Arrow as pandas does: by the types that the file says. */
export async function readArrow(question: Question, bytes: Buffer, store: string): Promise<Answers> {
  const client = createClient({ url: store });
  const types = new Map<string, string>([
    ...question.columns.flatMap((column): [string, string][] => [
      [nameOf(column), clickhouseType(column.type)],
      [`${nameOf(column)}__event_time`, clickhouseType('TIMESTAMP')],
    ]),
    ...Object.entries(question.requestTypes).map(([name, type]): [string, string] => [name, clickhouseType(type)]),
    ['event_timestamp', clickhouseType('TIMESTAMP')],
  ]);
  const names = [...Object.keys(spineOf(question)), ...namesOf(question.columns)];
  const ddl = names.map((name) => `\`${name}\` ${types.get(name) ?? 'Nullable(String)'}`).join(', ');
  const table = `arrow_${++tables}`;
  try {
    await client.command({ query: `CREATE TABLE ${table} (${ddl}) ENGINE = Memory` });
    const inserted = await client.exec({ query: `INSERT INTO ${table} FORMAT Arrow`, values: Readable.from([bytes]) });
    for await (const _ of inserted.stream);
    const result = await client.query({
      query: `SELECT * FROM ${table}`,
      format: 'JSONCompactEachRow',
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        output_format_json_quote_decimals: 1,
        date_time_output_format: 'iso',
      },
    });
    const fround = (value: unknown, type: FeatureType): unknown =>
      type === 'FLOAT32' && typeof value === 'number' ? Math.fround(value) : value;
    return answersOf(question, names, await result.json<unknown[]>(), fround);
  } finally {
    await client.close();
  }
}
