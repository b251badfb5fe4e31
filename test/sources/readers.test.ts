/** Holds docs/importing.md to what each format reads: one row of `events` for each cell of its table. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, expect, it } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { formatNamed } from '../../src/sources/formats.js';
import { ParquetProcesses } from '../../src/sources/parquet/processes.js';
import type { FileRecord } from '../../src/sources/records.js';
import { checkHeader, fileColumns, isRefusal, RowParser } from '../../src/sources/row-parser.js';
import { spool } from '../../src/sources/spool.js';
import { TABLES } from '../support/tables.js';

const TABLE = TABLES.get('events');
const processes = new ParquetProcesses();
afterAll(() => processes.close());

/** What every row has beside the column in question. */
const REST: Readonly<Record<string, string>> = {
  event_id: 'E1',
  event_type: 'OPEN',
  event_time: '2026-03-01T00:00:00Z',
};

const others = (column: string): [string, string][] => Object.entries(REST).filter(([name]) => name !== column);

function csvOf(column: string, cell: string): string {
  const names = [...others(column).map(([name]) => name), column];
  return `${names.join(',')}\n${[...others(column).map(([, value]) => value), cell].join(',')}\n`;
}

const ndjsonOf = (column: string, cell: string): string =>
  `{${[...others(column).map(([name, value]) => `"${name}":"${value}"`), `"${column}":${cell}`].join(',')}}\n`;

/** The value of a cell such as `DOUBLE 10.0`. */
function typed(cell: string): Omit<ColumnSource, 'name'> {
  const [, type = '', text = ''] = /^(\w+) ?(.*)$/s.exec(cell) ?? [];
  if (type === 'null') return { data: [null], type: 'STRING' };
  const values: Readonly<Record<string, unknown>> = {
    STRING: text,
    BOOLEAN: text === 'true',
    DOUBLE: Number(text),
    INT64: /^\d+$/.test(text) ? BigInt(text) : null,
  };
  return { data: [values[type]], type: type as 'STRING' };
}

const parquetOf = (column: string, cell: string): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        ...others(column).map(([name, value]) => ({ name, data: [value], type: 'STRING' as const })),
        { name: column, ...typed(cell) },
      ],
    }),
  );

/** What is stored of the column, in the words of the table. */
async function readAs(format: string, column: string, bytes: string | Uint8Array): Promise<string> {
  async function* body(): AsyncIterable<Uint8Array> {
    yield Buffer.from(bytes as Uint8Array);
  }
  const spooled = await spool(body(), join(tmpdir(), `riskgraph-readers-${process.pid}`));
  try {
    const file = await formatNamed(format).open({
      body: body(),
      spool: async () => spooled,
      columns: fileColumns(TABLE),
      processes,
    });
    checkHeader(TABLE, file.header);
    const calendar = new BusinessCalendar('Asia/Shanghai');
    const parser = new RowParser(
      { table: TABLE, history: false, now: Date.UTC(2026, 5, 1), calendar, datum: 'WGS84' },
      file.header,
    );
    const records: FileRecord[] = [];
    for await (const batch of file.batches) records.push(...batch);
    const [record] = records;
    if (!record) return 'nothing';
    const row = record.refusal ?? parser.parse(record.values);
    if (isRefusal(row)) return `refused: ${row.reason}`;
    const stored = row[TABLE.columns.findIndex(({ name }) => name === column)];
    if (stored === null) return 'no value';
    return `\`${typeof stored === 'object' ? JSON.stringify(stored) : stored}\``;
  } finally {
    await spooled.remove();
  }
}

const cellOf = (text: string): string | null => (text === '(empty)' ? '' : (/^`(.*)`$/s.exec(text)?.[1] ?? null));

it('each format reads a cell as docs/importing.md says', async () => {
  const page = await readFile('docs/importing.md', 'utf8');
  const table = /<!-- values -->\n([\s\S]*?)<!-- \/values -->/.exec(page)?.[1] ?? '';
  const rows = table.trim().split('\n').slice(2);
  expect(rows.length).toBeGreaterThan(30);
  const wrong: string[] = [];
  for (const row of rows) {
    const [column = '', csv = '', ndjson = '', parquet = '', expected = ''] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    const name = cellOf(column) as string;
    const files = { csv: [csv, csvOf], ndjson: [ndjson, ndjsonOf], parquet: [parquet, parquetOf] } as const;
    for (const [format, [text, write]] of Object.entries(files)) {
      const cell = cellOf(text);
      if (cell === null) continue;
      const read = await readAs(format, name, write(name, cell));
      if (read !== expected) wrong.push(`${format} ${text} of ${name}: ${read}, not ${expected}`);
    }
  }
  expect(wrong).toEqual([]);
});
