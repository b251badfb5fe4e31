import { readFile } from 'node:fs/promises';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Client } from '../../src/commands/client.js';
import type { FileRow } from './data-file.js';

const VIEW = 'statement_history__';

/** What the file itself says, added up without the platform. */
export function sums(file: readonly FileRow[]) {
  const total = (value: (row: FileRow) => number): number => file.reduce((sum, row) => sum + value(row), 0);
  return {
    rows: file.length,
    defaults: total((row) => (row.defaulted ? 1 : 0)),
    utilization: total((row) => Math.max(row.balance[0] ?? 0, 0)) / total((row) => row.limit),
    delinquent: total((row) => ((row.delinquency[0] ?? 0) >= 1 ? 1 : 0)) / file.length,
  };
}

/** Every value of every customer, and the label: the training set against the file. */
export async function checkTrainingSet(path: string, file: readonly FileRow[]): Promise<void> {
  const bytes = await readFile(path);
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    compressors,
  });
  if (rows.length !== file.length) throw new Error(`the training set has ${rows.length} rows, the file ${file.length}`);
  const byId = new Map(rows.map((row) => [String(row.customer_id), row]));
  const numbers = (value: unknown): string => (value as readonly unknown[]).map(Number).join(' ');
  for (const { customerId, limit, delinquency, balance, paid, defaulted } of file) {
    const row = byId.get(customerId);
    const same =
      row !== undefined &&
      Number(row.default_next_month) === (defaulted ? 1 : 0) &&
      Number(row[`${VIEW}credit_limit`]) === limit &&
      numbers(row[`${VIEW}delinquency`]) === delinquency.join(' ') &&
      numbers(row[`${VIEW}statement_balance`]) === balance.join(' ') &&
      numbers(row[`${VIEW}amount_paid`]) === paid.join(' ');
    if (!same)
      throw new Error(
        `${customerId} differs: file ${JSON.stringify({ limit, delinquency, balance, paid, defaulted })}`,
      );
  }
}

/** September 2005 in the two indicators of statement products, against the sums of the file. */
export async function checkIndicators(
  client: Client,
  file: readonly FileRow[],
  print: (text: string) => void,
): Promise<void> {
  const { indicatorTable } = await client.graphql<{ indicatorTable: { rows: readonly (readonly string[])[] } }>(
    `{ indicatorTable(names: ["utilization_rate", "delinquency_rate_30"], from: "2005-09-01", to: "2005-09-30",
        filters: [{ dimension: "product", op: EQ, values: ["CREDIT_CARD"] }]) { rows } }`,
  );
  const [period, utilization, delinquency] = indicatorTable.rows[0] ?? [];
  const expected = sums(file);
  for (const [name, value, truth] of [
    ['utilization_rate', utilization, expected.utilization],
    ['delinquency_rate_30', delinquency, expected.delinquent],
  ] as const) {
    if (Math.abs(Number(value) - truth) > 1e-6) throw new Error(`${name} is ${value}, the file says ${truth}`);
  }
  print(`indicators ${period}: utilization_rate ${utilization}, delinquency_rate_30 ${delinquency}`);
}
