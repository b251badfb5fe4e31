import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import type { FeatureValue } from '../../src/core/definitions/types.js';
import type { TableColumn } from '../../src/core/ports/offline.js';
import { toParquet } from '../../src/http/report-parquet.js';
import { ParquetProcesses } from '../../src/sources/parquet/processes.js';
import { openParquet } from '../../src/sources/parquet.js';

const folder = mkdtempSync(join(tmpdir(), 'riskgraph-report-'));
const processes = new ParquetProcesses();
afterAll(() => {
  processes.close();
  rmSync(folder, { recursive: true });
});

/** A report of one column, as Parquet. */
function fileOf(column: Pick<TableColumn, 'type' | 'unit'>, values: readonly FeatureValue[]) {
  const columns = [{ name: 'value', masked: false, ...column }];
  return toParquet({ columns, rows: values.map((value) => [value]), nulls: [], dataThrough: null, asOf: null });
}

/** As readers see it. */
function typeOf(file: Buffer): string {
  const { schema } = parquetMetadata(file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer);
  const { type, converted_type, precision, scale } = schema[1] as (typeof schema)[number];
  return [type, converted_type, precision, scale].filter((part) => part !== undefined).join(' ');
}

/** Every digit, as an import reads them. */
async function valuesOf(file: Buffer): Promise<unknown[]> {
  const path = join(folder, 'report.parquet');
  writeFileSync(path, file);
  const values: unknown[] = [];
  for await (const records of (await openParquet(path, processes)).batches)
    values.push(...records.map((row) => row.values[0]));
  return values;
}

const LONG = '1234567890123456789012345678901234567890.5';

describe('a report as Parquet', () => {
  it.each<[string, Pick<TableColumn, 'type' | 'unit'>, FeatureValue[], string, unknown[]]>([
    ['days', { type: 'DATE' }, ['2024-02-29', null, '1960-01-01'], 'INT32 DATE', ['2024-02-29', null, '1960-01-01']],
    [
      'money with every cent, also where a float would lose it',
      { type: 'DECIMAL', unit: 'CNY' },
      ['9007199254740993.01', '-0.1', null, '100'],
      'INT64 DECIMAL 18 2',
      ['9007199254740993.01', '-0.10', null, '100.00'],
    ],
    [
      'ratios to six places',
      { type: 'DECIMAL', unit: 'fraction' },
      ['0.123457', '1'],
      'INT64 DECIMAL 18 6',
      ['0.123457', '1.000000'],
    ],
    ['counts without places', { type: 'DECIMAL', unit: 'count' }, ['12', '-3'], 'INT64 DECIMAL 18 0', ['12', '-3']],
    [
      'every place of the longest value',
      { type: 'DECIMAL', unit: 'count' },
      ['1', '0.0625'],
      'INT64 DECIMAL 18 4',
      ['1.0000', '0.0625'],
    ],
    [
      'more than 18 digits',
      { type: 'DECIMAL' },
      ['12345678901234567890.123', '-0.001'],
      'FIXED_LEN_BYTE_ARRAY DECIMAL 38 3',
      ['12345678901234567890.123', '-0.001'],
    ],
    ['more digits than readers take as text', { type: 'DECIMAL' }, [LONG, '1'], 'BYTE_ARRAY UTF8', [LONG, '1']],
    ['what is no number as text', { type: 'DECIMAL' }, ['NaN', '1.5'], 'BYTE_ARRAY UTF8', ['NaN', '1.5']],
    ['whole numbers', { type: 'INT32' }, [3, 0, null], 'INT32', [3, 0, null]],
    ['long ones', { type: 'INT64' }, ['9007199254740993', '-1'], 'INT64', [9007199254740993n, -1n]],
    ['floats', { type: 'FLOAT64' }, [0.5, null], 'DOUBLE', [0.5, null]],
    ['yes and no', { type: 'BOOLEAN' }, [true, false, null], 'BOOLEAN', [true, false, null]],
    ['text as it is', { type: 'STRING' }, ['=1+1', '福建', null, ''], 'BYTE_ARRAY UTF8', ['=1+1', '福建', null, '']],
  ])('holds %s', async (_, column, values, type, read) => {
    const file = fileOf(column, values);
    expect(typeOf(file)).toBe(type);
    expect(await valuesOf(file)).toEqual(read);
  });

  it.each(['fraction', 'CNY'])('has the same type for %s without values and without rows', (unit) => {
    const types = [['0.5'], [null], []].map((values) => typeOf(fileOf({ type: 'DECIMAL', unit }, values)));
    expect(new Set(types).size).toBe(1);
  });
});
