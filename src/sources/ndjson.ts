import { badInput } from '../core/errors.js';
import { readJson } from '../core/json.js';
import {
  decodeText,
  type FileFormat,
  type FileRecord,
  MAX_LINE,
  type RecordFile,
  refused,
  refuseEndless,
} from './records.js';

export const ndjson: FileFormat = {
  name: 'ndjson',
  contentTypes: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  suffixes: ['ndjson', 'jsonl'],
  async open({ body, spool, columns }) {
    if (columns !== null) return openNdjson(body, columns);
    // A mapping sees the columns that any line has, so all lines are looked at first.
    const spooled = await spool();
    return openNdjson(spooled.read(), await fieldNames(spooled.read()));
  },
};

/** One JSON object a line; a field that is not among the columns refuses its line. Blank lines count and are skipped. */
export const openNdjson = (
  body: AsyncIterable<Uint8Array>,
  columns: readonly string[],
  maxLine = MAX_LINE,
): RecordFile => ({ header: columns, batches: readNdjson(body, columns, maxLine) });

async function* readNdjson(
  body: AsyncIterable<Uint8Array>,
  columns: readonly string[],
  maxLine: number,
): AsyncIterable<readonly FileRecord[]> {
  const allowed = new Set(columns);
  for await (const lines of jsonLines(body, maxLine)) {
    yield lines.map(({ line, raw, object, problem, column }) => {
      if (object === null) return refused(line, raw, problem, column);
      const unknown = Object.keys(object).find((name) => !allowed.has(name));
      if (unknown !== undefined) return refused(line, raw, 'is no column of the table', unknown.slice(0, 64));
      return { line, raw, values: columns.map((column) => object[column]) };
    });
  }
}

/** Columns that a mapping may see. */
const MAX_FIELDS = 1000;

export interface JsonLine {
  readonly line: number;
  readonly raw: string;
  readonly object: Readonly<Record<string, unknown>> | null;
  /** Why the line is no object, and the field at fault where it is one. */
  readonly problem: string;
  readonly column: string | null;
}

/** The lines of a body as objects, a batch a piece of text. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>, maxLine = MAX_LINE): AsyncIterable<JsonLine[]> {
  let rest = '';
  let line = 0;
  let tooLong = false;
  let skipped = 0;
  const parse = (raw: string): JsonLine[] => {
    line++;
    const wasTooLong = tooLong;
    tooLong = false;
    skipped = 0;
    if (wasTooLong) return [];
    if (raw.length > maxLine) return [{ line, raw, object: null, problem: longerThan(maxLine), column: null }];
    return raw.trim() === '' ? [] : [parseLine(line, raw)];
  };
  for await (const text of decodeText(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    const parsed = lines.flatMap(parse);
    if (rest.length > maxLine) {
      if (!tooLong)
        parsed.push({ line: line + 1, raw: rest, object: null, problem: longerThan(maxLine), column: null });
      tooLong = true;
      skipped += rest.length;
      refuseEndless(line + 1, skipped);
      rest = '';
    }
    if (parsed.length > 0) yield parsed;
  }
  const last = parse(rest);
  if (last.length > 0) yield last;
}

const longerThan = (maxLine: number): string => `the line is longer than ${maxLine} characters`;

function parseLine(line: number, raw: string): JsonLine {
  const bad = (problem: string, column: string | null = null): JsonLine => ({
    line,
    raw,
    object: null,
    problem,
    column,
  });
  const read = readJson(raw);
  if (!('value' in read)) {
    const { problem, field, within } = read;
    return bad(field === null ? `the line ${problem}` : within ? problem : 'is given twice', field);
  }
  const { value } = read;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { line, raw, object: value as Record<string, unknown>, problem: '', column: null }
    : bad('the line is not a JSON object');
}

/** Every field name that a line of the body has, in order of appearance. BAD_USER_INPUT where there are too many to be columns. */
export async function fieldNames(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const names = new Set<string>();
  for await (const lines of jsonLines(body)) {
    for (const { object } of lines) {
      for (const name of Object.keys(object ?? {})) names.add(name);
      if (names.size > MAX_FIELDS) {
        throw badInput(
          `the lines have more than ${MAX_FIELDS} different fields`,
          'put what varies into a field of its own',
        );
      }
    }
  }
  return [...names];
}
