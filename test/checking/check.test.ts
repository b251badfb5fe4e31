/** `riskgraph check`: every problem of all files at once, without a server. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkProject } from '../../src/checking/check.js';
import { describeCheck } from '../../src/commands/check.js';
import { asProject } from '../support/projects.js';

const view = (features: string, query: string, more = '') => `import { defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'Logins',
  owner: 'risk',
  schedule: { every: 'day', delay: '2h' },
  ${more}
  features: { ${features} },
  query: ({ source }) => sql\`${query}\`,
});
`;
const LOGINS = "logins: int32({ description: 'Logins so far' })";
const COUNT = (column: string) =>
  `SELECT customer_id, toInt32(count(${column})) AS logins FROM \${source('events')} GROUP BY customer_id`;
const ofColumns = (column: string) =>
  `SELECT customer_id, toInt32(count()) AS logins FROM \${source('events', { columns: ['customer_id', '${column}'] })} GROUP BY customer_id`;
const indicator = (numerator: string) => `import { defineIndicator, sql } from 'riskgraph';

export default defineIndicator({
  domain: 'usage', description: 'Events', owner: 'risk', unit: 'count', stock: false, finestGrain: 'DAY',
  from: ({ source, timezone }) => sql\`SELECT toDate(event_time, \${timezone}) AS date, event_id FROM \${source('events')}\`,
  numerator: '${numerator}',
  dimensions: {},
});
`;

const FILES = {
  'riskgraph.config.ts':
    "import { defineProject } from 'riskgraph';\n\nexport default defineProject({ starter: 'none' });\n",
  'tsconfig.json':
    '{ "compilerOptions": { "strict": true, "module": "NodeNext", "target": "ES2023", "types": [], "skipLibCheck": true } }',
  'features/entities.ts': `import { defineEntity } from 'riskgraph';
export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A person' });
`,
  'features/customer/right.v1.view.ts': view(LOGINS, ofColumns('event_id')),
  'features/customer/columns.v1.view.ts': view(LOGINS, ofColumns('no_such')),
  'features/customer/mistyped.v1.view.ts': view(LOGINS, COUNT('event_id'), "maxAgee: '2d',"),
  'features/customer/ruled.v1.view.ts': view(LOGINS, COUNT('event_id'), "ttl: '1d',\n  maxAge: '2d',"),
  'features/customer/unknown_column.v1.view.ts': view(LOGINS, COUNT('no_such_column')),
  'features/customer/two.v1.view.ts': view(LOGINS, COUNT('no_such_column'), "maxAge: '1x',"),
  'features/customer/unparsed.v1.view.ts': 'export default {\n  entity: ,\n};\n',
  'indicators/events.indicator.ts': indicator('count()'),
  'indicators/broken.indicator.ts': indicator('countt()'),
  // The name is the product's: what reads the table is checked against that one.
  'tables/events.table.ts':
    "import { defineTable, text } from 'riskgraph';\n\nexport default defineTable({ description: 'x', key: ['id'], columns: { id: text('x') } });\n",
};

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'checked-'));
  await asProject(root);
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('a check names every problem of all files at once, with file, line and what to do', async () => {
  const report = await checkProject({ project: root, currency: 'CNY', timezone: 'Asia/Shanghai' });
  const found = report.problems.map(({ file, line, check, message }) => [file, line, check, message]);
  expect(found).toEqual([
    [
      'features/customer/columns.v1.view.ts',
      11,
      'definition',
      "the query does not render: source('events', { columns }) names 'no_such', which is no column of it",
    ],
    ['features/customer/mistyped.v1.view.ts', 9, 'types', expect.stringMatching(/'maxAgee' does not exist in type/)],
    ['features/customer/ruled.v1.view.ts', 10, 'definition', 'maxAge is longer than ttl'],
    ['features/customer/two.v1.view.ts', 9, 'definition', "maxAge '1x' is not a duration such as '2h' or '400d'"],
    ['features/customer/two.v1.view.ts', 11, 'query', expect.stringMatching(/^the query cannot run: .*no_such_column/)],
    [
      'features/customer/unknown_column.v1.view.ts',
      11,
      'query',
      expect.stringMatching(/^the query cannot run: .*no_such_column/),
    ],
    ['features/customer/unparsed.v1.view.ts', 2, 'types', 'Expression expected. (TS1109)'],
    ['indicators/broken.indicator.ts', 5, 'query', expect.stringMatching(/^the query cannot run: .*countt/)],
    ['tables/events.table.ts', 3, 'definition', 'table events@1 is also defined in riskgraph/tables/events.table.ts'],
  ]);
  const text = describeCheck(report);
  expect(text).toContain('\n  10     definition maxAge is longer than ttl\n');
  expect(text).toContain('→ correct the query: it gives the join keys and every feature by name');
  expect(text).toMatch(/\d+ definitions checked in [\d.]+ s: \d problems in 8 files\.$/);
});
