/** Writes an export of more than its process may write, as on a disk that is full. Its one argument is a FullPlan as JSON; prints what came of it. */
import { raw } from '../../../src/core/definitions/define.js';
import { exportFile } from '../../../src/offline/training/export.js';
import { openClickHouse } from '../../../src/warehouse/client.js';
import { quiet, unmeasured } from '../support.js';

export interface FullPlan {
  readonly url: string;
  readonly database: string;
  readonly path: string;
  readonly rows: number;
}

if (import.meta.filename === process.argv[1]) await main(JSON.parse(process.argv[2] as string) as FullPlan);

async function main({ url, database, path, rows }: FullPlan): Promise<void> {
  // Else the first byte beyond the limit ends the process, which a full disk does not.
  process.on('SIGXFSZ', () => undefined);
  const store = openClickHouse({ url, database, log: quiet, metrics: unmeasured });
  const outcome = await exportFile(store, {
    select: raw(`SELECT number FROM numbers(${rows})`),
    format: 'CSV',
    path,
    rowBytes: 8,
    token: 'one',
    earlier: [],
    check: async () => undefined,
    options: {},
  }).then(
    () => 'written',
    (error: Error) => error.message,
  );
  await store.close();
  process.stdout.write(outcome);
}
