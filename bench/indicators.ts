/**
 * Reports over a generated book in the embedded ClickHouse, each beside SQL that is written by hand for the same question, in turn in the same run.
 * `node --import ./bin/typescript.js bench/indicators.ts [million loan-days]`, 10 by default.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { raw } from '../src/core/definitions/sql.js';
import { BusinessCalendar } from '../src/core/helpers/time.js';
import type { DataTable } from '../src/core/ports/indicators.js';
import type { Log, Metrics } from '../src/core/ports/process.js';
import { startEmbedded } from '../src/embedded/index.js';
import { createIndicators } from '../src/indicators/indicators.js';
import { loadRegistry } from '../src/registry/load.js';
import { type ClickHouse, openClickHouse } from '../src/warehouse/client.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { namedIn } from '../test/support/indicators.js';

const million = Number(process.argv[2] ?? 10);
/** Days that a loan of the book has. */
const DAYS_A_LOAN = 548;
const REPEATS = 2;
const NOW = Date.parse('2027-01-01T00:00:00Z');

const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics: Metrics = { count: quiet, observe: quiet, gauge: quiet };

/** Loans of eighteen instalments, disbursed over two years; one in 25 stops paying after six, one payment in twenty is late. */
async function fill(clickhouse: ClickHouse, loans: number): Promise<void> {
  const id = `concat('L', leftPad(toString(number), 8, '0')) AS loan_id, concat('C', toString(intDiv(number, 2))) AS customer_id`;
  const start = `addDays(toDate('2023-01-01'), cityHash64(number) % 730)`;
  const about = `concat('PRODUCT_', toString(number % 3)) AS product, ['APP', 'WEB', 'PARTNER', 'STORE'][1 + number % 4] AS channel`;
  const at = `toDateTime64(${start}, 3, 'UTC') + toIntervalHour(4)`;
  const lines = `(SELECT number, ${at} AS at, arrayJoin(range(1, 19)) AS no FROM numbers(${loans}))`;
  const paid = `toDateTime64(addMonths(toDate(at), no), 3, 'UTC') + toIntervalHour(6) + toIntervalDay(if(cityHash64(number, no) % 20 = 0, 1 + cityHash64(number) % 30, 0))`;
  const technical = 'deleted, seq, row_hash';
  for (const query of [
    `INSERT INTO loans (loan_id, customer_id, product, channel, province, disbursed_at, principal, term_months, annual_rate, ingested_at, ${technical})
     SELECT ${id}, ${about}, concat('P', toString(number % 30)), ${at} AS at, 18000, 18, 0.24, at, 0, 1, 0 FROM numbers(${loans})`,
    `INSERT INTO installments (loan_id, customer_id, installment_no, effective_at, due_date, principal_due, interest_due, ingested_at, ${technical})
     SELECT ${id}, no, at, addMonths(toDate(at), no), 1000, 30.55, at, 0, 1, 0 FROM ${lines}`,
    `INSERT INTO repayments (repayment_id, loan_id, customer_id, installment_no, paid_at, principal_paid, interest_paid, method, ingested_at, ${technical})
     SELECT concat(loan_id, '-R', toString(no)), ${id}, no, ${paid} AS paid, 1000, 30.55, 'SELF', paid, 0, 1, 0 FROM ${lines} WHERE NOT (number % 25 = 0 AND no > 6)`,
    `INSERT INTO loan_snapshots (loan_id, as_of, customer_id, product, channel, status, restructured, dpd, principal_outstanding, overdue_principal, disbursed_on, principal, ingested_at, ${technical})
     SELECT loan_id, as_of, customer_id, product, channel, if(dpd > 0, 'OVERDUE', 'CURRENT'), 0, dpd, 1000 * (18 - paid), 1000 * intDiv(dpd + 29, 30), disbursed_on, 18000,
       toDateTime64(as_of, 3, 'UTC') + toIntervalHour(20), 0, 1, 0
     FROM (
       SELECT *, addDays(disbursed_on, day) AS as_of, if(number % 25 = 0, least(intDiv(day, 30), 6), least(intDiv(day, 30), 17)) AS paid,
         if(number % 25 = 0 AND day > 210, day - 210, if(cityHash64(number, intDiv(day, 30)) % 20 = 0, day % 30, 0)) AS dpd
       FROM (SELECT number, ${id}, ${about}, ${start} AS disbursed_on, arrayJoin(range(0, ${DAYS_A_LOAN})) AS day FROM numbers(${loans}))
     )`,
  ]) {
    await clickhouse.run('bench-fill', raw(query));
  }
}

/** Loan-days as they are known: the newest version of a key. Reports read no less. */
const known = (columns: string, where: string): string =>
  `(SELECT ${columns} FROM (SELECT * FROM loan_snapshots WHERE ${where} ORDER BY loan_id, as_of, ingested_at DESC, seq DESC LIMIT 1 BY loan_id, as_of) WHERE deleted = 0)`;
const MONTH_ENDS = `as_of >= '2024-01-01' AND as_of <= '2024-12-31' AND as_of = toLastDayOfMonth(as_of)`;
const scope = { by: [] as string[], filters: [], rights: [], asOf: null, now: NOW };
const YEAR = { from: '2024-01-01', to: '2024-12-31' } as const;

interface Took {
  readonly clock: number;
  readonly processor: number;
}
const least = (all: readonly Took[]): Took => ({
  clock: Math.min(...all.map(({ clock }) => clock)),
  processor: Math.min(...all.map(({ processor }) => processor)),
});
const shown = ({ clock, processor }: Took): string => `${clock.toFixed(2)} s, processor ${processor.toFixed(2)} s`;
const busyOf = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: false, redis: false, clickhouse: true }, log });
try {
  const clickhouse = openClickHouse({ url: stores.urls.clickhouseUrl as string, database: 'book', log, metrics });
  await clickhouse.createDatabase('book');
  const root = fileURLToPath(new URL('..', import.meta.url));
  const registry = await loadRegistry({ root });
  const directory = join(root, 'migrations/clickhouse');
  await migrateClickHouse({ tables: registry.tables.all, clickhouse, directory, clock: Date.now, log });
  await fill(clickhouse, Math.round((million * 1e6) / DAYS_A_LOAN));
  const [{ rows = 0 } = {}] = await clickhouse.rows<{ rows: number }>(
    'bench',
    raw('SELECT count() AS rows FROM loan_snapshots'),
  );
  console.log(`${rows} loan-days`);

  const indicators = createIndicators({
    catalogue: namedIn(registry),
    query: clickhouse,
    calendar: new BusinessCalendar('Asia/Shanghai'),
  });
  const table = (names: string[], by: string[]) => (): Promise<DataTable> =>
    indicators.table({
      ...scope,
      ...YEAR,
      names,
      by,
      grain: 'MONTH',
      compare: null,
      components: false,
      orderBy: null,
      limit: null,
    });
  const joined = `LEFT JOIN (SELECT loan_id, province FROM loans ORDER BY loan_id, ingested_at DESC, seq DESC LIMIT 1 BY loan_id) AS l ON s.loan_id = l.loan_id`;
  const questions: readonly (readonly [name: string, report: () => Promise<DataTable>, byHand: string | null])[] = [
    [
      'balance by product, a year of months',
      table(['loan_balance'], ['product']),
      `SELECT as_of, product, sum(principal_outstanding) FROM ${known('as_of, product, principal_outstanding', MONTH_ENDS)} GROUP BY as_of, product`,
    ],
    [
      'balance, 30+ rate, NPL and heads by product and channel',
      table(['loan_balance', 'overdue_balance_rate_30', 'npl_ratio', 'overdue_heads_rate_30'], ['product', 'channel']),
      `SELECT as_of, product, channel, sum(principal_outstanding), sumIf(principal_outstanding, dpd >= 30), sumIf(principal_outstanding, dpd > 90), uniqExact(customer_id), uniqExactIf(customer_id, dpd >= 30)
       FROM ${known('as_of, product, channel, customer_id, dpd, principal_outstanding', MONTH_ENDS)} GROUP BY as_of, product, channel`,
    ],
    [
      'balance by province',
      table(['loan_balance'], ['province']),
      `SELECT as_of, province, sum(principal_outstanding) FROM ${known('loan_id, as_of, principal_outstanding', MONTH_ENDS)} AS s ${joined} GROUP BY as_of, province`,
    ],
    [
      'loans and amount disbursed by channel',
      table(['new_loans', 'new_loan_amount'], ['channel']),
      `SELECT toStartOfMonth(toDate(disbursed_at, 'Asia/Shanghai')) AS month, channel, count(), sum(principal)
       FROM (SELECT * FROM loans ORDER BY loan_id, ingested_at DESC, seq DESC LIMIT 1 BY loan_id) WHERE deleted = 0 AND month >= '2024-01-01' AND month <= '2024-12-31' GROUP BY month, channel`,
    ],
    [
      'cash by product',
      table(['cash_received', 'income_received'], ['product']),
      `SELECT toStartOfMonth(toDate(paid_at, 'Asia/Shanghai')) AS month, product, sum(principal_paid + interest_paid), sum(interest_paid)
       FROM (SELECT * FROM repayments ORDER BY repayment_id, ingested_at DESC, seq DESC LIMIT 1 BY repayment_id) AS r
       LEFT JOIN (SELECT loan_id, product FROM loans ORDER BY loan_id, ingested_at DESC, seq DESC LIMIT 1 BY loan_id) AS l ON r.loan_id = l.loan_id
       WHERE month >= '2024-01-01' AND month <= '2024-12-31' GROUP BY month, product`,
    ],
    ['first payments missed, 30 days', table(['fpd30'], ['channel']), null],
    ['on-time rate by product', table(['on_time_rate'], ['product']), null],
    ['yield by product', table(['portfolio_yield'], ['product']), null],
    ['recovery by bucket', table(['recovery_rate_30'], ['bucket']), null],
    [
      'vintage, 24 cohorts by 24 months on book, by channel',
      () =>
        indicators.vintage({
          ...scope,
          by: ['channel'],
          dpd: 30,
          basis: 'BALANCE',
          observed: 'CURRENT',
          cohortGrain: 'MONTH',
          fromCohort: null,
          toCohort: null,
          maxMob: 23,
        }),
      `SELECT toStartOfMonth(disbursed_on) AS cohort, channel, dateDiff('month', cohort, toStartOfMonth(as_of)) AS mob, sumIf(principal_outstanding, dpd >= 30)
       FROM ${known('as_of, disbursed_on, channel, dpd, principal_outstanding', 'as_of = toLastDayOfMonth(as_of)')} GROUP BY cohort, channel, mob`,
    ],
    [
      'roll rates, a year of months',
      () => indicators.rollRates({ ...scope, ...YEAR, basis: 'BALANCE' }),
      `WITH ends AS ${known('loan_id, as_of, dpd, principal_outstanding', `as_of >= '2023-12-31' AND as_of <= '2024-12-31' AND as_of = toLastDayOfMonth(as_of)`)}
       SELECT o.as_of, intDiv(least(o.dpd, 181) + 29, 30) AS opened, intDiv(least(e.dpd, 181) + 29, 30) AS ended, sum(o.principal_outstanding), sum(e.principal_outstanding)
       FROM ends AS o INNER JOIN ends AS e ON o.loan_id = e.loan_id AND e.as_of = toLastDayOfMonth(o.as_of + 1) GROUP BY o.as_of, opened, ended`,
    ],
  ];
  const child = JSON.parse(await readFile(join(stores.home.run, 'clickhouse.pid'), 'utf8')) as { pid: number };
  /** Seconds of the clock, and of the processor in the store: on a busy machine only these compare. */
  const timed = async (body: () => Promise<unknown>): Promise<Took> => {
    const [started, busy] = [performance.now(), await busyOf(child.pid)];
    await body();
    return { clock: (performance.now() - started) / 1000, processor: (await busyOf(child.pid)) - busy };
  };
  for (const [name, report, byHand] of questions) {
    const [own, hand]: [Took[], Took[]] = [[], []];
    for (let run = 0; run < REPEATS; run++) {
      own.push(await timed(report));
      if (byHand !== null)
        hand.push(await timed(() => clickhouse.rows('bench', raw(`${byHand} SETTINGS optimize_use_projections = 1`))));
    }
    const [asked, written] = [least(own), least(hand)];
    const ratio =
      hand.length > 0 ? `; by hand ${shown(written)}, ratio ${(asked.processor / written.processor).toFixed(1)}` : '';
    console.log(`${name}: ${shown(asked)}${ratio}`);
  }
  await clickhouse.close();
} finally {
  await stores.close();
  await rm(home, { recursive: true, force: true });
}
