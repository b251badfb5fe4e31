import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDataFile } from '../../examples/uci-credit-card/data-file.js';
import { importAll, runExample } from '../../examples/uci-credit-card/run.js';
import { Client } from '../../src/commands/client.js';
import { describeImport } from '../../src/commands/import.js';
import { followJob, type JobView } from '../../src/commands/output.js';
import { sendFile } from '../../src/commands/upload.js';
import type { ImportResult } from '../../src/core/ports/sources.js';
import { Random } from '../../synthetic/random.js';
import { type Stack, startCommand } from '../support/command.js';
import { freshHome } from '../support/homes.js';
import { ROOT } from '../support/views.js';

const DATA = join(ROOT, '../shared/data/uci_credit_default/UCI_Credit_Card.csv');
const PAGE = join(ROOT, 'examples/uci-credit-card/README.md');
const OWN_TABLES = join(ROOT, 'examples/own-tables');
const isThere = existsSync(DATA);

/** The file's columns with rows made up: what can be tried where the data is not at hand. */
function madeUpFile(customers: number): string {
  const random = new Random(1, 'uci');
  const months = [1, 2, 3, 4, 5, 6];
  const header = [
    'ID',
    'LIMIT_BAL',
    'SEX',
    'EDUCATION',
    'MARRIAGE',
    'AGE',
    'PAY_0',
    'PAY_2',
    'PAY_3',
    'PAY_4',
    'PAY_5',
    'PAY_6',
  ];
  const bills = months.map((month) => `BILL_AMT${month}`);
  const paid = months.map((month) => `PAY_AMT${month}`);
  const lines = Array.from({ length: customers }, (_, index) => [
    ...[
      index + 1,
      random.int(1, 80) * 10_000,
      random.int(1, 2),
      random.int(0, 6),
      random.int(0, 3),
      random.int(21, 79),
    ],
    ...months.map(() => random.int(-2, 8)),
    ...months.map(() => random.int(-5_000, 500_000)),
    ...months.map(() => random.int(0, 50_000)),
    random.int(0, 1),
  ]);
  return `${[[...header, ...bills, ...paid, 'default.payment.next.month'], ...lines].map((line) => line.join(',')).join('\n')}\n`;
}

let home: string;
let stack: Stack;
beforeAll(async () => {
  home = await freshHome();
  stack = await startCommand('start', { home, env: { RISKGRAPH_DEFINITIONS: OWN_TABLES } });
});
afterAll(async () => {
  await stack?.stop();
  await rm(home, { recursive: true, force: true });
});

it(isThere
  ? 'takes the UCI file from import to score and finds every row and total of it again'
  : 'takes made-up rows of the UCI form from import to score (the file itself is absent: ../shared/data/uci_credit_default)', async () => {
  const csv = isThere ? DATA : join(home, 'made-up.csv');
  if (!isThere) await writeFile(csv, madeUpFile(300));
  const printed: string[] = [];
  const options = {
    csv,
    out: join(home, 'uci'),
    url: stack.url,
    key: await stack.key('admin'),
    print: (text: string) => void printed.push(text),
  };
  await runExample(options);

  const rows = (await readDataFile(csv)).length;
  if (isThere) {
    // Its page shows what it prints; the results of its two jobs are an example.
    const [, shown = ''] = /```\n(file: [\s\S]*?)written: .*\n```/.exec(await readFile(PAGE, 'utf8')) ?? [];
    const lines = (text: string) => text.replace(/^(backfill|materialize): .*$/gm, '$1').trim();
    expect(lines(printed.join('\n'))).toBe(lines(shown));
    // The sum of balances over the sum of limits, balances floored at 0.
    expect(printed).toContain('indicators 2005-09-01: utilization_rate 0.305975, delinquency_rate_30 0.227267');
  }
  expect(printed).toContain(`import statements: ${6 * rows} accepted, 0 duplicates, 0 rejected`);
  expect(printed.filter((line) => line.startsWith('score '))).toHaveLength(5);
  expect(printed.find((line) => line.startsWith('online '))).toMatch(/ STALE$/);
  expect(printed.find((line) => line.startsWith('customer '))).toContain('"_status":"PRESENT"');

  const again: string[] = [];
  await importAll(new Client(options), csv, (text) => void again.push(text));
  expect(again).toContain(`import statements: 0 accepted, ${6 * rows} duplicates, 0 rejected`);
}, 600_000);

const IMPORT = /^\$ npx riskgraph import (\w+) (\S+)( --history)? --mapping (\S+)$/;

/** Imports as the commands of a page say. @returns the page's own lines, and what the imports print */
async function importsOf(
  page: string,
  client: Client,
): Promise<readonly (readonly [shown: string, printed: string])[]> {
  const seen: (readonly [string, string])[] = [];
  for (const [, command = '', shown = ''] of (await readFile(page, 'utf8')).matchAll(
    /^```\n(\$ .*)\n([\s\S]*?)\n```$/gm,
  )) {
    const [, table, file, history, mapping] = IMPORT.exec(command) ?? [];
    if (!table || !file || !mapping) continue;
    const form = new FormData();
    form.append('mapping', await readFile(mapping, 'utf8'));
    form.append('file', new Blob([await readFile(file)]), 'file.csv');
    const path = `/import/${table}?history=${history !== undefined}`;
    seen.push([shown, describeImport(table, await client.post<ImportResult>(path, form))]);
  }
  return seen;
}

it('takes the files of a core-banking system to features, as the page on bringing data shows', async () => {
  const client = new Client({ url: stack.url, key: await stack.key('admin') });
  const page = join(ROOT, 'docs/bring-your-data.md');
  const imports = await importsOf(page, client);
  expect(imports).toHaveLength(6);
  for (const [shown, printed] of imports) expect(printed).toBe(shown);
  const text = await readFile(page, 'utf8');
  for (const mapping of ['customers', 'repayments']) {
    expect(text).toContain(await readFile(join(ROOT, `examples/core-banking/${mapping}.sql`), 'utf8'));
  }
  const { deriveLoanSnapshots: job } = await client.graphql<{ deriveLoanSnapshots: JobView }>(
    'mutation { deriveLoanSnapshots(through: "2025-12-05") { id state error result } }',
  );
  const { result } = await followJob(client, job, { json: true });
  expect(result).toMatchObject({ loans: 2 });
  // An income that changed is seen from its change on.
  for (const [view, day] of [
    ['customer_profile', '2025-10-20'],
    ['customer_profile', '2025-10-21'],
    ['repayment_history', '2025-11-20'],
  ] as const) {
    const asOf = `${day}T00:00:00+08:00`;
    const { previewFeatureView: preview } = await client.graphql<{
      previewFeatureView: { readonly rows: unknown[][] };
    }>(
      'query($view: String!, $asOf: DateTime!) { previewFeatureView(view: $view, keys: { customer_id: ["10017", "10018"] }, asOf: $asOf) { rows } }',
      { view, asOf },
    );
    const [, shown = ''] = text.split(`preview ${view} --keys customer_id=10017,10018 --as-of ${asOf}\n`);
    const [table = ''] = shown.split('\n\n');
    const rows = preview.rows.map((row) =>
      row.flatMap((value) => (value === null ? [] : [Array.isArray(value) ? JSON.stringify(value) : String(value)])),
    );
    expect(table.replace(/ +/g, ' ').split('\n').slice(1)).toEqual(rows.map((cells) => cells.join(' ')));
  }
});

it('serves three tables of one’s own, and a view of each', async () => {
  const client = new Client({ url: stack.url, key: await stack.key('admin') });
  await client.graphql('mutation { applyRegistry { problems } }');
  const valuesOf: Readonly<Record<string, readonly [view: string, values: readonly unknown[]]>> = {
    bank_transactions: ['bank_cash_flow', ['10017', '13000', '2500', 1, 1]],
    employment: ['job', ['10017', 'EMPLOYED', 181, '8000']],
    identity_documents: ['identity_check', ['10017', 1, 1, 0.41]],
  };
  for (const [table, [view, values]] of Object.entries(valuesOf)) {
    const sent = { path: `/import/${table}?history=true`, file: join(OWN_TABLES, `${table}.csv`), what: table };
    const { rejected } = await sendFile<ImportResult>(client, sent, { json: true });
    expect(rejected).toBe(0);
    const { previewFeatureView: preview } = await client.graphql<{
      previewFeatureView: { readonly rows: unknown[][] };
    }>(
      'query($view: String!) { previewFeatureView(view: $view, keys: { customer_id: ["10017"] }, asOf: "2026-03-01T00:00:00+08:00") { rows } }',
      { view },
    );
    expect(preview.rows).toEqual([values]);
  }
});
