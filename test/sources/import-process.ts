/**
 * Imports until it is killed, in a process of its own: `import-process.ts <url> <rows> <fencing token> <statements>`; writes a line when it begins. After so
 * many statements that store rows it waits to be killed, so that it is killed in the middle however fast the machine is.
 */
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { createSourceStore } from '../../src/sources/store.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { createUserSql } from '../../src/warehouse/user-sql.js';
import { quietLog } from '../support/homes.js';
import { unsharedLeases } from '../support/leases.js';
import { TABLES } from '../support/tables.js';
import { customersFile, quietMetrics } from './support.js';

const [url, rows, token, statements] = process.argv.slice(2);
const database = new URL(url as string).pathname.slice(1);
const clickhouse = openClickHouse({ url: url as string, database, log: quietLog, metrics: quietMetrics });
let left = Number(statements);
const halting: ClickHouse = {
  ...clickhouse,
  async run(label, statement, options) {
    await clickhouse.run(label, statement, options);
    if (label === 'import-merge' && --left <= 0) await new Promise<never>(() => undefined);
  },
};
const store = createSourceStore({
  tables: TABLES,
  clickhouse: halting,
  userSql: createUserSql(clickhouse),
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
  clock: Date.now,
  requestId: 'killed',
});
process.stdout.write('ended\n');
await clickhouse.close();
