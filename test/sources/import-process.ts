/**
 * Imports until it is killed, in a process of its own: `import-process.ts <url> <rows> <fencing token> <statements>`; writes a line when it begins. After so
 * many statements that store rows it waits to be killed, so that it is killed in the middle however fast the machine is.
 */
import { createClient } from '@clickhouse/client';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { createSourceStore } from '../../src/sources/store.js';
import { createSqlGuard } from '../../src/warehouse/guard/sql-guard.js';
import { quietLog } from '../support/homes.js';
import { unsharedLeases } from '../support/leases.js';
import { customersFile, quietMetrics } from './support.js';

const [url, rows, token, statements] = process.argv.slice(2);
const client = createClient({ url: url as string });
let left = Number(statements);
const halting = new Proxy(client, {
  get(target, name) {
    if (name !== 'command') return Reflect.get(target, name);
    return async (asked: Parameters<typeof target.command>[0]) => {
      const result = await target.command(asked);
      if (asked.query.startsWith('INSERT INTO `customers`') && --left <= 0) await new Promise<never>(() => undefined);
      return result;
    };
  },
});
const store = createSourceStore({
  client: halting,
  guard: createSqlGuard(client),
  calendar: new BusinessCalendar('Asia/Shanghai'),
  datum: 'WGS84',
  log: quietLog,
  metrics: quietMetrics,
  tempDir: '/nowhere',
  leases: unsharedLeases(Number(token)),
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
