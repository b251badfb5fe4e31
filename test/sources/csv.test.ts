import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell, csvQuoted } from '../../src/core/helpers/csv.js';
import { openCsv } from '../../src/sources/csv.js';
import { openNdjson } from '../../src/sources/ndjson.js';
import type { FileRecord } from '../../src/sources/records.js';
import { chunks } from './support.js';

const readAll = async (text: string, size: number, maxLine?: number) => {
  const { header, batches } = await openCsv(chunks(text, size), maxLine);
  const records: FileRecord[] = [];
  for await (const batch of batches) records.push(...batch);
  return { header, records };
};

const field = (value: string, always: boolean) => (always ? csvQuoted(value) : csvCell(value));

describe('reading CSV', () => {
  it('gives back every value and the line its row begins at, wherever the pieces are cut', async () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '好', ' '), maxLength: 6 });
    const row = fc.tuple(value, value, fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 9 }),
        async (rows, end, size) => {
          let line = 2;
          const expected = rows.map(([a, b]) => {
            const at = line;
            line += 1 + `${a}${b}`.split('\n').length - 1;
            return { line: at, values: [a, b] };
          });
          const text = rows.map(([a, b, always]) => `${field(a, always)},${field(b, always)}${end}`).join('');
          const { header, records } = await readAll(`x,y${end}${text}`, size);
          expect(header).toEqual(['x', 'y']);
          expect(records.map(({ line: at, values }) => ({ line: at, values }))).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses a row with a broken quote alone, at its line', async () => {
    const text = 'x,y\n1,"a"b\n2,ok\n"3,open\n4,ok\n5,"two\nlines"\n6\n';
    for (const size of [1, 3, 1000]) {
      const { records } = await readAll(text, size);
      expect(records.map(({ line, values, refusal }) => [line, refusal ? 'refused' : values])).toEqual([
        [2, 'refused'],
        [3, ['2', 'ok']],
        // The quote of line 4 is closed by the one of line 6, after which stands text.
        [4, 'refused'],
        [5, ['4', 'ok']],
        [6, ['5', 'two\nlines']],
        [8, 'refused'],
      ]);
    }
  });

  it.each(['csv', 'ndjson'])(
    'refuses a file of %s with a line that does not end, and reads it no further',
    async (format) => {
      const piece = Buffer.alloc(2 ** 20, 'x');
      let sent = 0;
      const read = async (pieces: number) => {
        async function* body(): AsyncIterable<Uint8Array> {
          yield Buffer.from('x\n');
          for (sent = 0; sent < pieces; sent++) yield piece;
          yield Buffer.from('\n');
        }
        const { batches } = format === 'csv' ? await openCsv(body()) : openNdjson(body(), ['x']);
        const lines: number[] = [];
        for await (const batch of batches)
          lines.push(...batch.filter(({ refusal }) => refusal).map(({ line }) => line));
        return lines;
      };
      expect(await read(15)).toContain(2);
      await expect(read(1000)).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        message: 'line 2 is longer than 16777216 characters',
      });
      expect(sent).toBeLessThan(20);
    },
  );

  it('refuses a row that is longer than allowed and goes on after its line end', async () => {
    const long = 'z'.repeat(50);
    for (const size of [1, 7, 1000]) {
      const { records } = await readAll(`x,y\n1,${long}\n2,ok\n3,"${long}\n${long}"\n4,ok`, size, 40);
      expect(records.filter(({ refusal }) => !refusal).map(({ values }) => values)).toEqual([
        ['2', 'ok'],
        ['4', 'ok'],
      ]);
      expect(records.find(({ refusal }) => refusal)).toMatchObject({
        line: 2,
        refusal: { reason: expect.stringContaining('longer than 40') },
      });
    }
  });

  it('keeps a row as it stood', async () => {
    const { records } = await readAll('x,y\n"a ""b""", c \r\n', 2);
    expect(records).toMatchObject([{ raw: '"a ""b""", c ', values: ['a "b"', ' c '] }]);
  });

  it('refuses what has no header of text', async () => {
    await expect(readAll('\n\n', 1)).rejects.toMatchObject({ message: 'the file is empty' });
    await expect(openCsv(chunks(Buffer.from([0xff, 0xfe, 0x41, 0x00])))).rejects.toMatchObject({
      message: 'the header is not UTF-8 text',
    });
  });
});
