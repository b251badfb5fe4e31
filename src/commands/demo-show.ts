import type { Client } from './client.js';
import type { DemoExamples } from './demo-examples.js';
import { firstShown, pivot, showReports, type TableAnswer } from './demo-reports.js';
import { table } from './output.js';

export interface DemoView {
  readonly client: Client;
  readonly say: (text: string) => void;
  readonly examples: DemoExamples;
  /** The last local day of the book. */
  readonly endDate: string;
  readonly model: string;
}

const INDICATORS = ['approval_rate', 'overdue_balance_rate_30', 'new_loans'];
const FEATURES = [
  'loan_behaviour@1:open_loans',
  'loan_behaviour@1:principal_outstanding',
  'loan_behaviour@1:overdue_principal',
  'loan_behaviour@1:current_dpd',
  'loan_behaviour@1:max_dpd_12m',
  'repayment_history@2:utilization',
];

const list = (values: readonly string[]): string => `[${values.map((value) => `"${value}"`).join(', ')}]`;

/** A list over several lines of a query. */
const lines = (values: readonly string[]): string => {
  const pairs = Array.from({ length: Math.ceil(values.length / 2) }, (_, at) => values.slice(2 * at, 2 * at + 2));
  return pairs.map((pair) => list(pair).slice(1, -1)).join(',\n    ');
};

/** A query of each kind of user, with its answer; the printed query is the query that was sent. */
export async function showQueries(view: DemoView): Promise<void> {
  await showDecision(view);
  await showModeler(view);
  await showAnalyst(view);
  await showReports(view, view.endDate);
}

async function ask<T>({ client, say }: DemoView, who: string, query: string): Promise<T> {
  say(`\n▸ ${who}\n${query}\n`);
  return client.graphql<T>(query);
}

const indented = (text: string): string => text.replace(/^/gm, '  ');

interface OnlineAnswer {
  readonly onlineFeatures: {
    readonly columns: readonly {
      readonly name: string;
      readonly values: readonly unknown[];
      readonly statuses: readonly string[];
    }[];
  };
  readonly score: {
    readonly scores: readonly {
      status: string;
      probability: number | null;
      points: number | null;
      band: string | null;
    }[];
  };
}

async function showDecision(view: DemoView): Promise<void> {
  const { steady, late } = view.examples;
  const customers = [steady, late, 'nobody'];
  const entities = `entities: { customer_id: ${list(customers)} }`;
  const { onlineFeatures, score } = await ask<OnlineAnswer>(
    view,
    'A decision service asks for features and a score of two borrowers, and of someone unknown',
    `query {
  onlineFeatures(${entities}, features: [
    ${lines(FEATURES)}
  ]) {
    columns { name values statuses }
  }
  score(model: "${view.model}", ${entities}) {
    scores { entity status probability points band }
  }
}`,
  );
  const { columns } = onlineFeatures;
  const rows = customers.map((customer, row) => {
    const { status, probability, points, band } = score.scores[row] ?? {};
    return [
      customer,
      ...columns.map(({ values, statuses }) => (values[row] === null ? statuses[row] : short(values[row]))),
      ...[short(probability), points ?? null, band ?? null, status],
    ];
  });
  const names = columns.map(({ name }) => name.slice(name.indexOf(':') + 1));
  view.say(indented(table(['customer_id', ...names, 'probability', 'points', 'band', 'score'], rows)));
}

/** Numbers for reading: four decimals at most. */
const short = (value: unknown): unknown => (typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value);

async function showModeler(view: DemoView): Promise<void> {
  const { late, lateSince } = view.examples;
  const times = [`${lateSince}T04:00:00Z`, `${view.endDate}T04:00:00Z`];
  const { historicalFeatures } = await ask<{ historicalFeatures: TableAnswer }>(
    view,
    'A modeler reads the same features of a borrower as they were known at two times: on a due date, and later',
    `query {
  historicalFeatures(spine: {
    customer_id: ${list(times.map(() => late))}, event_timestamp: ${list(times)}
  }, features: [
    ${lines(FEATURES)}
  ]) {
    columns { name } rows
  }
}`,
  );
  const { columns, rows } = historicalFeatures;
  const names = columns.map(({ name }) => name.split('__').at(-1) ?? name);
  view.say(
    indented(
      table(
        names,
        rows.map((row) => row.map(short)),
      ),
    ),
  );
}

async function showAnalyst(view: DemoView): Promise<void> {
  const to = view.endDate;
  const from = firstShown(to);
  const { indicatorTable } = await ask<{ indicatorTable: TableAnswer & { dataThrough: string | null } }>(
    view,
    'An analyst reads three indicators by product and channel, month by month',
    `query {
  indicatorTable(names: ${list(INDICATORS)}, by: ["product", "channel"], grain: MONTH, from: "${from}", to: "${to}") {
    columns { name } rows dataThrough
  }
}`,
  );
  for (const name of INDICATORS) {
    const cells = { down: ['product', 'channel'], across: 'period', value: name, isRate: name.includes('_rate') };
    view.say(`${indented(`${name}\n${pivot(indicatorTable, cells)}`)}\n`);
  }
  view.say(`  The data reaches to ${indicatorTable.dataThrough}; a dash is a month without a case.`);
}
