import { readFile } from 'node:fs/promises';

/** One customer as the file has it; element 0 of a list is September 2005, element 5 April. */
export interface FileRow {
  readonly customerId: string;
  readonly limit: number;
  readonly delinquency: readonly number[];
  readonly balance: readonly number[];
  readonly paid: readonly number[];
  readonly defaulted: boolean;
}

const PAY = ['PAY_0', 'PAY_2', 'PAY_3', 'PAY_4', 'PAY_5', 'PAY_6'];
const months = (prefix: string): string[] => [1, 2, 3, 4, 5, 6].map((month) => `${prefix}${month}`);

/** Reads the file without the platform, so that what the platform says can be checked against it. The file quotes nothing. */
export async function readDataFile(path: string): Promise<readonly FileRow[]> {
  const [header, ...lines] = (await readFile(path, 'utf8')).trim().split(/\r?\n/);
  const names = (header ?? '').split(',').map((name) => name.replaceAll('"', ''));
  return lines.map((line) => {
    const cells = line.split(',');
    const number = (name: string): number => Number(cells[names.indexOf(name)]);
    return {
      customerId: `UCI${String(number('ID')).padStart(5, '0')}`,
      limit: number('LIMIT_BAL'),
      delinquency: PAY.map(number),
      balance: months('BILL_AMT').map(number),
      paid: months('PAY_AMT').map(number),
      defaulted: number('default.payment.next.month') === 1,
    };
  });
}
