import { badInput } from '../core/errors.js';
import {
  decodeText,
  type FileFormat,
  type FileRecord,
  MAX_LINE,
  type RecordFile,
  refused,
  refuseEndless,
} from './records.js';

export const csv: FileFormat = {
  name: 'csv',
  contentTypes: ['text/csv', 'application/csv'],
  suffixes: ['csv'],
  open: ({ body }) => openCsv(body),
};

/**
 * CSV with a header, as RFC 4180 has it: commas, double quotes, either line end; a value in quotes may hold line ends. A row that cannot be
 * read is refused alone: reading goes on after its first line end. BAD_USER_INPUT for a body without a header.
 */
export async function openCsv(body: AsyncIterable<Uint8Array>, maxLine = MAX_LINE): Promise<RecordFile> {
  const batches = readCsv(body, maxLine)[Symbol.asyncIterator]();
  const first = await batches.next();
  const [header, ...rest] = first.done ? [] : first.value;
  if (!header) throw badInput('the file is empty', 'send a CSV whose first line names the columns');
  if (header.refusal || (header.raw ?? '').includes('\uFFFD')) {
    throw badInput(
      `the header ${header.refusal?.reason ?? 'is not UTF-8 text'}`,
      'send UTF-8 text whose first line names the columns',
    );
  }
  const names = header.values.map((name) => (name === null ? '' : String(name)));
  return { header: names, batches: behindHeader(names.length, rest, batches) };
}

async function* behindHeader(
  width: number,
  rest: readonly FileRecord[],
  batches: AsyncIterator<readonly FileRecord[]>,
): AsyncIterable<readonly FileRecord[]> {
  yield rest.map((record) => checked(record, width));
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    yield next.value.map((record) => checked(record, width));
  }
}

function checked(record: FileRecord, width: number): FileRecord {
  if (record.refusal) return record;
  const raw = record.raw as string;
  const count = record.values.length;
  return count === width ? record : refused(record.line, raw, `the row has ${count} values and the header ${width}`);
}

async function* readCsv(body: AsyncIterable<Uint8Array>, maxLine: number): AsyncIterable<readonly FileRecord[]> {
  const reader = new CsvReader(maxLine);
  for await (const text of decodeText(body)) {
    const records = reader.push(text);
    if (records.length > 0) yield records;
  }
  const records = reader.end();
  if (records.length > 0) yield records;
}

type Scan =
  | {
      readonly kind: 'record';
      readonly values: readonly (string | null)[];
      readonly end: number;
      readonly next: number;
    }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'more' };

const HAS_NULL = /(?:^|,)(?:\\N|NULL)(?:,|$)/;

/** A value without quotes; databases write `\N` or NULL where there is none, and quotes where it is the text. */
const bareValue = (value: string): string | null => (value === '\\N' || value === 'NULL' ? null : value);

const UNCLOSED = 'has a quote that is never closed';

/** Takes the text in pieces and returns the complete rows. */
class CsvReader {
  private text = '';
  private line = 1;
  /** Inside a line that is too long: until its end. */
  private skipping = false;
  /** Characters of it that were skipped. */
  private skipped = 0;

  constructor(private readonly maxLine: number) {}

  push(chunk: string): FileRecord[] {
    this.text += chunk;
    return this.read(false);
  }

  end(): FileRecord[] {
    return this.read(true);
  }

  private read(final: boolean): FileRecord[] {
    const records: FileRecord[] = [];
    let at = 0;
    while (at < this.text.length) {
      const lineEnd = this.text.indexOf('\n', at);
      if (this.skipping) {
        if (lineEnd === -1) {
          this.skipped += this.text.length - at;
          refuseEndless(this.line, this.skipped);
          at = this.text.length;
          break;
        }
        this.skipping = false;
        this.skipped = 0;
        this.line++;
        at = lineEnd + 1;
        continue;
      }
      const scan = this.scan(at, lineEnd, final);
      if (scan.kind === 'record') {
        const raw = this.text.slice(at, scan.end);
        if (raw !== '') records.push({ line: this.line, values: scan.values, raw });
        this.line += lineEnd === -1 || scan.next === lineEnd + 1 ? 1 : lineEnds(raw) + 1;
        at = scan.next;
        continue;
      }
      if (scan.kind === 'more' && this.text.length - at <= this.maxLine) break;
      const reason = scan.kind === 'more' ? `is longer than ${this.maxLine} characters or ${UNCLOSED}` : scan.reason;
      records.push(refused(this.line, this.text.slice(at, lineEnd === -1 ? undefined : lineEnd), `the row ${reason}`));
      if (lineEnd === -1) {
        this.skipping = true;
        at = this.text.length;
      } else {
        this.line++;
        at = lineEnd + 1;
      }
    }
    this.text = this.text.slice(at);
    return records;
  }

  private scan(start: number, lineEnd: number, final: boolean): Scan {
    if (lineEnd === -1 && !final) return { kind: 'more' };
    const next = lineEnd === -1 ? this.text.length : lineEnd + 1;
    let end = lineEnd === -1 ? this.text.length : lineEnd;
    if (end > start && this.text.charCodeAt(end - 1) === 13) end--;
    if (end - start > this.maxLine) return { kind: 'broken', reason: `is longer than ${this.maxLine} characters` };
    const line = this.text.slice(start, end);
    if (!line.startsWith('"') && !line.includes(',"')) {
      const values = line.split(',');
      return { kind: 'record', values: HAS_NULL.test(line) ? values.map(bareValue) : values, end, next };
    }
    return this.scanQuoted(start, final);
  }

  private scanQuoted(start: number, final: boolean): Scan {
    const { text } = this;
    const values: (string | null)[] = [];
    for (let at = start; ; ) {
      const isQuoted = text[at] === '"';
      const field = isQuoted ? this.quoted(at, final) : this.bare(at);
      if ('kind' in field) return field;
      values.push(isQuoted ? field.value : bareValue(field.value));
      const { end } = field;
      if (end - start > this.maxLine) return { kind: 'broken', reason: `is longer than ${this.maxLine} characters` };
      if (text[end] === ',') {
        at = end + 1;
        continue;
      }
      if (end >= text.length) return final ? { kind: 'record', values, end, next: end } : { kind: 'more' };
      if (text[end] === '\n') return { kind: 'record', values, end, next: end + 1 };
      if (text[end] === '\r' && text[end + 1] === '\n') return { kind: 'record', values, end, next: end + 2 };
      if (text[end] === '\r' && end + 1 >= text.length) {
        return final ? { kind: 'record', values, end, next: end + 1 } : { kind: 'more' };
      }
      return { kind: 'broken', reason: 'has text after a closing quote' };
    }
  }

  private quoted(start: number, final: boolean): { readonly value: string; readonly end: number } | Scan {
    const { text } = this;
    let escaped = false;
    for (let from = start + 1; ; ) {
      const quote = text.indexOf('"', from);
      if (quote === -1) return final ? { kind: 'broken', reason: UNCLOSED } : { kind: 'more' };
      if (text[quote + 1] !== '"') {
        // At the edge of a piece the next character decides whether this quote closes or is one of a pair.
        if (quote + 1 === text.length && !final) return { kind: 'more' };
        const value = text.slice(start + 1, quote);
        return { value: escaped ? value.replaceAll('""', '"') : value, end: quote + 1 };
      }
      escaped = true;
      from = quote + 2;
    }
  }

  private bare(start: number): { readonly value: string; readonly end: number } {
    let end = start;
    for (const { length } = this.text; end < length; end++) {
      const code = this.text.charCodeAt(end);
      if (code === 44 || code === 10 || (code === 13 && (end + 1 === length || this.text.charCodeAt(end + 1) === 10)))
        break;
    }
    return { value: this.text.slice(start, end), end };
  }
}

const lineEnds = (text: string): number => text.split('\n').length - 1;
