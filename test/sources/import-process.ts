/** Imports until it is killed, in a process of its own: `import-process.ts <url> <rows>`; writes a line when it begins. */
import { createClient } from '@clickhouse/client';
import { BusinessCalendar } from '../../src/core/time.js';
import { createSqlGuard } from '../../src/sources/sql-guard.js';
import { createSourceStore } from '../../src/sources/store.js';
import { quietLog } from '../support/homes.js';
import { customersFile, quietMetrics } from './support.js';

const [url, rows] = process.argv.slice(2);
const client = createClient({ url: url as string });
const store = createSourceStore({
  client,
  guard: createSqlGuard(client),
  calendar: new BusinessCalendar('Asia/Shanghai'),
  datum: 'WGS84',
  log: quietLog,
  metrics: quietMetrics,
  tempDir: '/nowhere',
  alone: (_, body) => body(),
  bucketRows: 500,
});
process.stdout.write('began\n');
await store.import({
  table: 'customers',
  format: 'csv',
  body: customersFile(Number(rows)),
  history: false,
  now: Date.now(),
  requestId: 'killed',
});
process.stdout.write('ended\n');
await client.close();
