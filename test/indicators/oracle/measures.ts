/** Every indicator by plain code, from the formulas alone: rows with a date, a story and amounts, and what is made of the rows of a group. */
import { addDays, type Day, daysOf, isOnBook, localDays, openOn, paidOn, type Story, sum } from './story.js';

export interface Row {
  readonly date: string;
  readonly story: Story;
  /** Amounts in cents, counts and flags. */
  readonly of: Readonly<Record<string, number>>;
}

export interface Rows {
  /** A stock is read at the newest day of a period, of all rows. */
  readonly stock: boolean;
  readonly rows: readonly Row[];
}

/** What is measured of the rows of a group. */
type Measure = (rows: readonly Row[]) => number;
export interface Part {
  readonly rows: Rows;
  readonly measure: Measure;
  /** Over all rows up to the end of the period. */
  readonly cumulative?: boolean;
}
export interface Oracle {
  readonly num: Part;
  readonly den: Part | null;
}

/** Counts; all else is money, in cents. */
const COUNTS = /^(?:on|loans|first|settled|writtenOff|instalments|onTime|due\d_\d+|missed\d_\d+)$/;
const total =
  (name: string): Measure =>
  (rows) =>
    sum(rows, ({ of }) => of[name] ?? 0) / (COUNTS.test(name) ? 1 : 100);
const customers =
  (isIn: (row: Row) => boolean): Measure =>
  (rows) =>
    new Set(rows.filter(isIn).map(({ story }) => story.customer)).size;

const BUCKETS = [
  ['m0', 0, 0],
  ['m1', 1, 30],
  ['m2', 31, 60],
  ['m3', 61, 90],
  ['m4', 91, 120],
  ['m5', 121, 150],
  ['m6', 151, 180],
  ['m7_plus', 181, Number.POSITIVE_INFINITY],
] as const;
const levelOf = (dpd: number): number => BUCKETS.findIndex(([, from, to]) => dpd >= from && dpd <= to);

const CASH = (method: string): boolean => method !== 'WAIVER';
const endOfMonth = (date: string): boolean => addDays(date, 1).endsWith('-01');

export interface Book {
  readonly days: readonly Day[];
  readonly indicators: Readonly<Record<string, Oracle>>;
}

/** The book of these loans up to the end of `through`. */
export function bookOf(stories: readonly Story[], through: string, zone: string): Book {
  const dayOf = localDays(zone);
  const byLoan = stories.map((story) => ({ story, days: daysOf(story, through, dayOf) }));
  const days = byLoan.flatMap((loan) => loan.days);
  const flow = (rows: readonly Row[]): Rows => ({ stock: false, rows });
  const perLoan = (rowsOf: (story: Story, days: readonly Day[]) => readonly Row[]): Rows =>
    flow(byLoan.flatMap(({ story, days }) => rowsOf(story, days)));

  const loanDays: Rows = {
    stock: true,
    rows: days.map((day) => {
      const on = isOnBook(day) ? 1 : 0;
      const { story, date, dpd, balance } = day;
      return {
        story,
        date,
        of: {
          on,
          dpd,
          balance: on * balance,
          overduePrincipal: on * day.overduePrincipal,
          restructured: on * (day.restructured ? balance : 0),
          // No story reaches the anniversary of its restructuring.
          mention: on * (dpd <= 90 && (dpd > 0 || day.restructured) ? balance : 0),
          npl: on * (dpd > 90 ? balance : 0),
        },
      };
    }),
  };
  const loans = perLoan((story) => {
    const first = stories
      .filter(({ customer }) => customer === story.customer)
      .sort((a, b) => (a.disbursedAt + a.loan < b.disbursedAt + b.loan ? -1 : 1))[0];
    return [
      {
        story,
        date: dayOf(story.disbursedAt),
        of: {
          loans: 1,
          amount: story.principal,
          first: first === story ? 1 : 0,
          byRate: story.principal * story.rate,
          byMonths: story.principal * story.months,
        },
      },
    ];
  });
  const writeOffOf = (story: Story) => story.events.find(({ type }) => type === 'WRITTEN_OFF')?.at ?? '9';
  const repayments = perLoan((story) =>
    story.payments.map(({ at, principal, interest, method }) => {
      const paid = principal + interest;
      const cash = CASH(method) ? paid : 0;
      const is = (name: string): number => (method === name ? paid : 0);
      return {
        story,
        date: dayOf(at),
        of: {
          isCash: CASH(method) ? 1 : 0,
          cash,
          gross: method === 'REVERSAL' ? 0 : cash,
          principal: CASH(method) ? principal : 0,
          income: CASH(method) ? interest : 0,
          waived: is('WAIVER'),
          reversed: -is('REVERSAL'),
          collected: is('COLLECTION'),
          debited: is('AUTO_DEBIT'),
          recovered: at > writeOffOf(story) ? cash : 0,
        },
      };
    }),
  );
  const closings = perLoan((story, own) =>
    own
      .filter((day) => !isOnBook(day))
      .map(({ date, status, balance }) => ({
        story,
        date,
        of: {
          settled: status === 'SETTLED' ? 1 : 0,
          writtenOff: status === 'WRITTEN_OFF' ? 1 : 0,
          writtenOffAmount: status === 'WRITTEN_OFF' ? balance : 0,
          soldAmount: status === 'SOLD' ? balance : 0,
        },
      })),
  );
  /** Whether an instalment counts as missed at a number of days past due; null: it cannot be known. */
  const missedAt = (story: Story, own: readonly Day[], no: number, k: number): boolean | null => {
    const line = story.schedules[0]?.lines.find((one) => one.no === no);
    const on = line && addDays(line.due, k);
    if (on === undefined) return null;
    const day = own.find(({ date }) => date === on);
    if (day && isOnBook(day)) return day.dpd >= k;
    const closing = own.at(-1) as Day;
    if (closing.date > on || isOnBook(closing)) return null;
    return closing.status === 'WRITTEN_OFF' || (closing.status === 'SOLD' && closing.dpd >= k);
  };
  const firstPayments = perLoan((story, own) => {
    const of: Record<string, number> = {};
    for (const k of [1, 7, 30]) {
      const missed = [1, 2, 3].map((no) => missedAt(story, own, no, k));
      for (const [index, one] of missed.entries()) {
        of[`due${index + 1}_${k}`] = one === null ? 0 : 1;
        of[`missed${index + 1}_${k}`] = one === true && !missed.slice(0, index).includes(true) ? 1 : 0;
      }
    }
    return [{ story, date: dayOf(story.disbursedAt), of }];
  });
  const closedOn = (story: Story): string => {
    const closing = story.events.find(({ type }) => type !== 'RESTRUCTURED');
    return closing ? dayOf(closing.at) : '9';
  };
  const dueInstalments = perLoan((story) =>
    story.schedules.flatMap((schedule, index) => {
      const next = story.schedules[index + 1];
      return schedule.lines
        .filter(({ due }) => due >= dayOf(schedule.at) && (!next || due < dayOf(next.at)) && due <= closedOn(story))
        .map((line) => {
          const open = openOn(schedule.lines, paidOn(story, index, line.due, dayOf)).find((one) => one.line === line);
          const left = open ? open.interest + open.principal : 0;
          return {
            story,
            date: line.due,
            of: { instalments: 1, onTime: left === 0 ? 1 : 0, amount: line.principal + line.interest },
          };
        });
    }),
  );
  const prepayments = perLoan((story) =>
    story.schedules.flatMap(({ lines }, index) => {
      const dates = new Set(paidOn(story, index, through, dayOf).map(({ at }) => dayOf(at)));
      return [...dates].flatMap((date) => {
        if (date > closedOn(story)) return [];
        const paid = paidOn(story, index, date, dayOf);
        const today = paid.filter(({ at, method }) => dayOf(at) === date && CASH(method));
        const due = sum(lines, (line) => (line.due <= date ? line.principal : 0));
        const ahead = sum(paid, ({ principal }) => principal) - due;
        const prepaid = Math.max(
          0,
          Math.min(
            sum(today, ({ principal }) => principal),
            ahead,
          ),
        );
        return [{ story, date, of: { prepaid } }];
      });
    }),
  );
  const openings = flow(
    days
      .filter((day) => isOnBook(day) && endOfMonth(day.date))
      .map(({ story, date, balance }) => ({ story, date: addDays(date, 1), of: { balance } })),
  );
  /** Loan-days and payments in one, so that a period without a loss has a loss of 0. */
  const returns = flow([
    ...days.map((day) => ({
      story: day.story,
      date: day.date,
      of: { balance: isOnBook(day) ? day.balance : 0, net: day.status === 'WRITTEN_OFF' ? day.balance : 0 },
    })),
    ...repayments.rows
      .filter(({ of }) => of.isCash === 1)
      .map(({ story, date, of }) => ({ story, date, of: { income: of.income ?? 0, net: -(of.recovered ?? 0) } })),
  ]);
  const entries = perLoan((story, own) =>
    own.flatMap((day, index) => {
      const before = own[index - 1];
      if (!isOnBook(day) || day.dpd === 0 || levelOf(day.dpd) <= levelOf(before?.dpd ?? 0)) return [];
      const { date } = day;
      const entry = day.overduePrincipal + day.overdueInterest;
      const cash = story.payments.filter(({ at, no, method }) => {
        const schedule =
          story.schedules[
            Math.max(
              0,
              story.schedules.findLastIndex((one) => one.at <= at),
            )
          ];
        const due = schedule?.lines.find((line) => line.no === no)?.due ?? '';
        return CASH(method) && dayOf(at) > date && dayOf(at) <= addDays(date, 30) && due < date;
      });
      const paid = sum(cash, ({ principal, interest }) => principal + interest);
      return [{ story, date, of: { entry, recovered: Math.max(0, Math.min(entry, paid)) } }];
    }),
  );
  const sales = perLoan((story) =>
    story.events.map(({ type, at, amount }) => ({
      story,
      date: dayOf(at),
      of: { proceeds: type === 'SOLD' ? (amount ?? 0) : 0 },
    })),
  );

  const alone = (rows: Rows, name: string): Oracle => ({ num: { rows, measure: total(name) }, den: null });
  const over = (rows: Rows, name: string, of: Rows, by: string): Oracle => ({
    num: { rows, measure: total(name) },
    den: { rows: of, measure: total(by) },
  });
  const late =
    (k: number, name: string): Measure =>
    (rows) =>
      total(name)(rows.filter(({ of }) => (of.dpd ?? 0) >= k));
  const ever = (rows: Rows, name: string): Part => ({ rows, measure: total(name), cumulative: true });
  const heads = (k: number): Measure => customers(({ of }) => of.on === 1 && (of.dpd ?? 0) >= k);
  const balance: Part = { rows: loanDays, measure: total('balance') };
  const years: Part = { rows: returns, measure: (rows) => total('balance')(rows) / 365 };
  const stock = (measure: Measure, den: Part | null = null): Oracle => ({ num: { rows: loanDays, measure }, den });

  return {
    days,
    indicators: {
      loan_balance: stock(total('balance')),
      loans_on_book: stock(total('on')),
      customers_on_book: stock(customers(({ of }) => of.on === 1)),
      balance_per_customer: stock(total('balance'), { rows: loanDays, measure: customers(({ of }) => of.on === 1) }),
      overdue_principal: stock(total('overduePrincipal')),
      npl_balance: stock(total('npl')),
      npl_ratio: stock(total('npl'), balance),
      special_mention_ratio: stock(total('mention'), balance),
      restructured_balance_rate: stock(total('restructured'), balance),
      ...Object.fromEntries(
        BUCKETS.map(([name, from, to]) => [
          `bucket_share_${name}`,
          stock(
            (rows) => total('balance')(rows.filter(({ of }) => (of.dpd ?? 0) >= from && (of.dpd ?? 0) <= to)),
            balance,
          ),
        ]),
      ),
      ...Object.fromEntries(
        [1, 30, 60, 90].flatMap((k) => [
          [`overdue_balance_rate_${k}`, stock(late(k, 'balance'), balance)],
          [`overdue_disbursed_rate_${k}`, stock(late(k, 'balance'), ever(loans, 'amount'))],
          [`overdue_heads_rate_${k}`, stock(heads(k), { rows: loanDays, measure: customers(({ of }) => of.on === 1) })],
        ]),
      ),
      new_loans: alone(loans, 'loans'),
      new_loan_amount: alone(loans, 'amount'),
      new_loan_customers: { num: { rows: loans, measure: customers(() => true) }, den: null },
      cumulative_loan_amount: { num: ever(loans, 'amount'), den: null },
      average_loan_amount: over(loans, 'amount', loans, 'loans'),
      average_loan_rate: over(loans, 'byRate', loans, 'amount'),
      average_loan_term: over(loans, 'byMonths', loans, 'amount'),
      first_loan_share: over(loans, 'first', loans, 'loans'),
      cash_received: alone(repayments, 'cash'),
      principal_received: alone(repayments, 'principal'),
      income_received: alone(repayments, 'income'),
      waived_amount: alone(repayments, 'waived'),
      collected_amount: alone(repayments, 'collected'),
      recovered_amount: alone(repayments, 'recovered'),
      reversal_rate: over(repayments, 'reversed', repayments, 'gross'),
      auto_debit_share: over(repayments, 'debited', repayments, 'gross'),
      recovery_rate_to_date: { num: ever(repayments, 'recovered'), den: ever(closings, 'writtenOffAmount') },
      settled_loans: alone(closings, 'settled'),
      written_off_loans: alone(closings, 'writtenOff'),
      written_off_amount: alone(closings, 'writtenOffAmount'),
      sold_amount: alone(closings, 'soldAmount'),
      sale_proceeds: alone(sales, 'proceeds'),
      ...Object.fromEntries(
        [1, 7, 30].flatMap((k) =>
          ['fpd', 'spd', 'tpd'].map((name, index) => [
            `${name}${k}`,
            over(firstPayments, `missed${index + 1}_${k}`, firstPayments, `due${index + 1}_${k}`),
          ]),
        ),
      ),
      on_time_rate: over(dueInstalments, 'onTime', dueInstalments, 'instalments'),
      amount_due: alone(dueInstalments, 'amount'),
      collected_over_due: over(repayments, 'cash', dueInstalments, 'amount'),
      prepayment_rate: over(prepayments, 'prepaid', openings, 'balance'),
      bucket_entry_amount: alone(entries, 'entry'),
      recovery_rate_30: over(entries, 'recovered', entries, 'entry'),
      net_charge_off_amount: alone(returns, 'net'),
      net_charge_off_rate: { num: { rows: returns, measure: total('net') }, den: years },
      portfolio_yield: { num: { rows: returns, measure: total('income') }, den: years },
    },
  };
}

/** Vintage by plain code: of a cohort's loans, the balance (cents) and number of those with `dpd` or more at the end of a month on book. */
export function vintageOf(days: readonly Day[], cohort: readonly Story[], monthEnd: string, dpd: number) {
  const flagged = cohort.flatMap((story) => {
    // A loan that closed stays as it closed.
    const day = days.findLast((one) => one.story === story && one.date <= monthEnd);
    if (!day || (day.date !== monthEnd && isOnBook(day))) return [];
    const worst = day.status === 'WRITTEN_OFF' ? Number.POSITIVE_INFINITY : day.status === 'SETTLED' ? 0 : day.dpd;
    return worst >= dpd ? [day.balance] : [];
  });
  return { balance: sum(flagged, (one) => one), count: flagged.length };
}
