/** The inputs of a partition's loans, read from the source tables with all their versions. */
import { ident, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { LocalDays } from '../../core/helpers/local-days.js';
import type { LoanInputs } from '../../core/lending/loan-ledger.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Chain, knownFrom, type LoanFacts, type LoanHistory, type Version } from './history.js';

/** One stretch of the loans that a run works on, in the order of their ids. */
export interface Partition {
  readonly clickhouse: ClickHouse;
  readonly days: LocalDays;
  /** `loan_id` of the partition's loans: a condition that the tables' order answers. */
  readonly within: Sql;
  /** DateTime64: rows that came in later are not read. */
  readonly until: Sql;
  readonly signal: AbortSignal;
}

type Cell = string | number | null;
/** A row: loan, key within the loan, ingested at, tombstone, then the table's own columns. */
type Line = readonly [loanId: string, key: string, ingestedAt: Cell, deleted: number, ...rest: Cell[]];

/** Money as whole cents, whatever the column holds: `impossibleIn` says which of them can be counted with. */
const money = (column: string): string => `toInt64(toDecimal128(${column}, 2) * 100)`;
const instant = (column: string): string => `toUnixTimestamp64Milli(${column})`;

/** Column expressions of each table: the key within the loan first. */
const TABLES = {
  loans: ["''", 'customer_id', 'product', 'channel', 'line_id', instant('disbursed_at'), money('principal')],
  installments: [
    "concat(toString(installment_no), ' ', toString(effective_at))",
    ...['installment_no', instant('effective_at'), 'toString(due_date)'],
    ...[money('principal_due'), money('interest_due'), `ifNull(${money('fee_due')}, 0)`],
  ],
  repayments: [
    'repayment_id',
    ...['installment_no', instant('paid_at')],
    ...[money('principal_paid'), money('interest_paid'), `ifNull(${money('fee_paid')}, 0)`],
  ],
  loan_events: [
    "concat(event_type, ' ', toString(occurred_at))",
    ...['event_type', instant('occurred_at'), money('amount')],
  ],
} as const;

/** The tables whose rows make a loan's days. */
export const INPUT_TABLES = Object.keys(TABLES) as readonly (keyof typeof TABLES)[];

export async function readHistories(partition: Partition): Promise<readonly LoanHistory[]> {
  const { days } = partition;
  const day = (at: Cell): number => days.dayOf(Number(at));
  const [loans, installments, repayments, events] = await Promise.all([
    readChains<LoanFacts>(partition, 'loans', ([customerId, product, channel, lineId, disbursedAt, principal]) => {
      const disbursedOn = day(disbursedAt as Cell);
      const facts = { customerId, product, channel, lineId } as Pick<
        LoanFacts,
        'customerId' | 'product' | 'channel' | 'lineId'
      >;
      const row = { ...facts, disbursedAt: Number(disbursedAt), disbursedOn, principal: Number(principal) };
      return { happens: disbursedOn, row };
    }),
    readChains<LoanInputs['installments'][number]>(partition, 'installments', ([no, effectiveAt, due, ...parts]) => ({
      happens: day(effectiveAt as Cell),
      row: {
        no: Number(no),
        effectiveAt: Number(effectiveAt),
        dueDate: String(due),
        ...partsOf(parts),
      },
    })),
    readChains<LoanInputs['repayments'][number]>(partition, 'repayments', ([no, paidAt, ...parts]) => ({
      happens: day(paidAt as Cell),
      row: { installmentNo: no as number | null, paidAt: Number(paidAt), ...partsOf(parts) },
    })),
    readChains<LoanInputs['events'][number]>(partition, 'loan_events', ([type, occurredAt, amount]) => ({
      happens: day(occurredAt as Cell),
      row: {
        type: type as LoanInputs['events'][number]['type'],
        occurredAt: Number(occurredAt),
        amount: amount === null ? null : Number(amount),
      },
    })),
  ]);
  return [...loans].map(([loanId, [loan]]) => ({
    loanId,
    loan: loan as Chain<LoanFacts>,
    installments: installments.get(loanId) ?? [],
    repayments: repayments.get(loanId) ?? [],
    events: events.get(loanId) ?? [],
  }));
}

const partsOf = ([principal, interest, fee]: readonly Cell[]) => ({
  principal: Number(principal),
  interest: Number(interest),
  fee: Number(fee),
});

/**
 * Chains of a table's rows, by loan. A repayment may be restated as another loan's: its versions are read together, and to each loan those
 * of the other are tombstones.
 */
async function readChains<Row>(
  { clickhouse, days, within, until, signal }: Partition,
  table: keyof typeof TABLES,
  parse: (cells: readonly Cell[]) => { readonly happens: number; readonly row: Row },
): Promise<Map<string, Chain<Row>[]>> {
  const [key, ...columns] = TABLES[table];
  const arrived = sql`${within} AND ingested_at <= ${until}`;
  const byRepayment = table === 'repayments';
  const rows = byRepayment
    ? sql`repayment_id IN (SELECT repayment_id FROM repayments WHERE ${arrived}) AND ingested_at <= ${until} ORDER BY repayment_id`
    : sql`${arrived} ORDER BY loan_id, key`;
  const lines = await clickhouse.tuples<Line>(
    'snapshots-inputs',
    sql`SELECT loan_id, ${raw(key)} AS key, toUnixTimestamp64Milli(ingested_at), deleted, ${raw(columns.join(', '))}
    FROM ${ident(table)} WHERE ${rows}, ingested_at, seq`,
    { signal },
  );
  const loans = new Map<string, Chain<Row>[]>();
  const add = (owner: string, own: Chain<Row>): void => {
    const chains = loans.get(owner);
    if (chains) chains.push(own);
    else loans.set(owner, [own]);
  };
  let chain: (Version<Row> & { readonly loanId: string })[] = [];
  const end = (): void => {
    const [only] = chain;
    if (only && chain.length === 1) {
      add(only.loanId, chain);
      return;
    }
    const owners = new Set(chain.map(({ loanId }) => loanId));
    for (const owner of owners) {
      const own =
        owners.size === 1 ? chain : chain.map((each) => (each.loanId === owner ? each : { ...each, row: null }));
      add(owner, own);
    }
  };
  let last: Line | undefined;
  for (const line of lines) {
    const [loanId, rowKey, ingestedAt, deleted, ...cells] = line;
    const { happens, row } = parse(cells);
    const version = { loanId, knownOn: knownFrom(days, Number(ingestedAt)), happens, row: deleted === 1 ? null : row };
    if (last && last[1] === rowKey && (byRepayment || last[0] === loanId)) chain.push(version);
    else {
      end();
      chain = [version];
    }
    last = line;
  }
  end();
  return loans;
}
