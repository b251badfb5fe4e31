import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOfDay, dayNumber, LocalDays } from '../../../src/core/helpers/local-days.js';
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { contentOf } from '../../../src/derived/loan-snapshots/content.js';
import { knownFrom, type LoanHistory, type Version } from '../../../src/derived/loan-snapshots/history.js';
import { versionsOf } from '../../../src/derived/loan-snapshots/versions.js';
import { loanLife, rowsOfLife } from '../../core/lending/loan-generator.js';
import { inputsOf } from '../../core/lending/loan-inputs.js';
import { next, Oracle, type OracleRow } from '../../core/lending/loan-oracle.js';

const ZONE = 'America/New_York';
/** Over the night in which the clocks go forward. */
const FIRST = '2024-02-26';
const THROUGH = '2024-05-20';
const days = new LocalDays(new BusinessCalendar(ZONE));
const oracle = new Oracle(ZONE);

/** `day by-which-derivation content`, one a version, in the order of days and derivations. */
type Told = readonly string[];

function historyOf(rows: readonly OracleRow[], loan: string): LoanHistory {
  const chains = <Row>(table: OracleRow['table'], parse: (row: OracleRow) => Row): Version<Row>[][] => {
    const byKey = new Map<string, OracleRow[]>();
    for (const row of rows.filter((each) => each.table === table))
      byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
    return [...byKey.values()].map((versions) =>
      versions
        .sort((a, b) => a.ingestedAt - b.ingestedAt)
        .map((row) => ({
          knownOn: knownFrom(days, row.ingestedAt),
          happens: days.dayOf(row.at),
          row: row.deleted ? null : parse(row),
        })),
    );
  };
  const only = (row: OracleRow) => {
    const loanRow = { ...row, table: 'loans' as const, values: { product: '', principal: 0 } };
    const rest = row.table === 'loans' ? [row] : [loanRow, row];
    return inputsOf(rest, loan) as NonNullable<ReturnType<typeof inputsOf>>;
  };
  const [own = []] = chains('loans', (row) => ({
    customerId: 'C',
    channel: null,
    lineId: null,
    disbursedOn: days.dayOf(row.at),
    product: String(row.values.product),
    disbursedAt: row.at,
    principal: Number(row.values.principal),
  }));
  return {
    loanId: loan,
    loan: own,
    installments: chains('installments', (row) => only(row).installments[0] as never),
    repayments: chains('repayments', (row) => only(row).repayments[0] as never),
    events: chains('loan_events', (row) => only(row).events[0] as never),
  };
}

/** What derivations day by day write, each comparing all days so far with what it told before. */
function dayByDay(rows: readonly OracleRow[], loan: string, first: string, through: string): Told {
  const told = new Map<string, { by: string; content: string }[]>();
  let before = '';
  for (let by = first; by <= through; by = next(by)) {
    const known = oracle.known(rows, oracle.derivedAt(by));
    const happened = known.filter((row) => row.at <= oracle.endOf(by));
    // A schedule that is known before it takes effect gives a loan its days, and on the day it does it may open a loan again.
    const inputs = JSON.stringify([known.filter((row) => row.table === 'installments'), happened]);
    // From the same rows the same days follow.
    const from = inputs === before ? by : first;
    before = inputs;
    for (let day = from; day <= by; day = next(day)) {
      const content = JSON.stringify(oracle.day(known, loan, day, by));
      const earlier = told.get(day) ?? [];
      if ((earlier.at(-1)?.content ?? 'null') !== content) told.set(day, [...earlier, { by, content }]);
    }
  }
  return [...told]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([day, versions]) => versions.map(({ by, content }) => `${day} by ${by}: ${content}`));
}

function atOnce(history: LoanHistory, after: number | null, through: number): Told {
  const lines: [string, string, string][] = [];
  for (const { from, to, by, facts, span } of versionsOf(history, days, { after, through }).written) {
    for (let day = from; day <= to; day++) {
      const content = span && contentOf(facts, span, day);
      const shown = content && {
        status: content.status,
        restructured: content.restructured,
        dpd: content.dpd,
        principal_outstanding: content.principalOutstanding,
        overdue_principal: content.overduePrincipal,
        interest_overdue: content.interestOverdue,
        fee_overdue: content.feeOverdue,
        risk_class: content.riskClass,
        disbursed_on: dateOfDay(content.disbursedOn),
        principal: content.principal,
        product: content.product,
      };
      lines.push([dateOfDay(day), dateOfDay(by ?? day), JSON.stringify(shown)]);
    }
  }
  return lines
    .sort((a, b) => (a[0] === b[0] ? (a[1] < b[1] ? -1 : 1) : a[0] < b[0] ? -1 : 1))
    .map(([day, by, content]) => `${day} by ${by}: ${content}`);
}

describe('the versions of a range of days', () => {
  it('are those of derivations day by day, whatever comes in late, restated or taken back', () => {
    fc.assert(
      fc.property(loanLife, (life) => {
        const rows = rowsOfLife('L', life, FIRST, ZONE);
        expect(atOnce(historyOf(rows, 'L'), null, dayNumber(THROUGH))).toEqual(
          dayByDay(rows, 'L', '2024-02-25', THROUGH),
        );
      }),
      { numRuns: 40 },
    );
  }, 600_000);

  it('are the same whether they are derived at once or in any parts', () => {
    fc.assert(
      fc.property(loanLife, fc.uniqueArray(fc.integer({ min: -2, max: 90 }), { maxLength: 6 }), (life, stops) => {
        const history = historyOf(rowsOfLife('L', life, FIRST, ZONE), 'L');
        const end = dayNumber(THROUGH);
        const steps = [...stops.map((stop) => dayNumber(FIRST) + stop).filter((day) => day < end), end].sort(
          (a, b) => a - b,
        );
        let after: number | null = null;
        const parts: string[] = [];
        for (const through of steps) {
          parts.push(...atOnce(history, after, through));
          after = through;
        }
        const byDay = (a: string, b: string): number => (a.slice(0, 24) < b.slice(0, 24) ? -1 : 1);
        expect(parts.sort(byDay)).toEqual([...atOnce(history, null, end)].sort(byDay));
      }),
      { numRuns: 300 },
    );
  }, 600_000);
});
