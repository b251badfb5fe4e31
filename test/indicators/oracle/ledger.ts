/** A ledger of twenty loans over the leap year 2028, in Berlin, whose clocks go forward on the 26th of March and back on the 29th of October. */
import { addDays, type Line, type Story } from './story.js';

/** Instalments of 100.00 and some interest on these days. */
const hundreds = (days: readonly string[], interest: number, principal = 10_000): Line[] =>
  days.map((due, index) => ({ no: index + 1, due, principal, interest }));
/** The same day of each of these months. */
const monthly = (day: number, from: number, to: number): string[] =>
  Array.from(
    { length: to - from + 1 },
    (_, index) => `2028-${String(from + index).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
  );

type Payment = Story['payments'][number];
const noon = (day: string): string => `${day}T11:00:00.000Z`;
const paying = ({ no, principal, interest }: Line, at: string, method: Payment['method'] = 'SELF'): Payment => ({
  at,
  no,
  principal,
  interest,
  method,
});
const onTime = (lines: readonly Line[]): Payment[] => lines.map((line) => paying(line, noon(line.due), 'AUTO_DEBIT'));

interface Told extends Partial<Pick<Story, 'customer' | 'line' | 'channel' | 'province' | 'payments' | 'events'>> {
  readonly loan: string;
  readonly at: string;
  readonly lines: readonly Line[];
  readonly principal?: number;
  readonly eased?: Story['schedules'];
}

const told = ({ loan, at, lines, principal, eased = [], ...more }: Told): Story => ({
  loan,
  customer: loan.replace('L', 'C'),
  product: 'HAND',
  channel: 'APP',
  province: 'Hessen',
  principal: principal ?? lines.reduce((sum, line) => sum + line.principal, 0),
  rate: 0.12,
  months: lines.length,
  disbursedAt: at,
  schedules: [{ at, lines }, ...eased],
  payments: [],
  events: [],
  ...more,
});

const MONTH_ENDS = ['2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31', '2028-06-30'];
const clean = hundreds(monthly(15, 2, 12), 1_200);
const ends = hundreds(MONTH_ENDS, 500);
const half = hundreds(monthly(10, 2, 7), 600);
const early = hundreds(monthly(5, 2, 11), 500);
const nearly = hundreds(monthly(5, 3, 12), 500);
const bullet = hundreds(['2028-02-20', '2028-03-20', '2028-04-20'], 1_000, 20_000);
const easier = hundreds(monthly(1, 6, 11), 500);
const lost = hundreds(monthly(12, 2, 10), 900);
const sold = hundreds(monthly(8, 2, 6), 500);
const bounced = hundreds(monthly(25, 2, 5), 400);
const waived = hundreds(monthly(18, 2, 4), 300);
const summer = hundreds(['2028-04-26', '2028-05-26'], 200);
const autumn = hundreds(monthly(10, 9, 12), 700);
const slow = hundreds(monthly(10, 6, 10), 500);
const bill = (due: string): Line[] => hundreds([due], 100);
const settled = (day: string): Story['events'] => [{ type: 'SETTLED', at: noon(day), amount: null }];

export const LEDGER: readonly Story[] = [
  // 1,100.00 in eleven instalments, each paid on its due date: 1,100 at the end of January, 100 less each month, settled in December.
  told({
    loan: 'L01',
    line: 'K1',
    at: noon('2028-01-15'),
    lines: clean,
    payments: onTime(clean),
    events: settled('2028-12-15'),
  }),
  told({ loan: 'L02', at: noon('2028-01-15'), lines: clean, payments: onTime(clean), events: settled('2028-12-15') }),
  told({
    loan: 'L03',
    at: noon('2028-01-15'),
    lines: clean,
    payments: onTime(clean),
    events: settled('2028-12-15'),
    channel: 'WEB',
    province: null,
  }),
  // 500.00 due at the ends of months, the first on the leap day; paid at 23:30 in Berlin, in winter 22:30 and in summer 21:30 UTC.
  told({
    loan: 'L04',
    at: noon('2028-01-31'),
    lines: ends,
    payments: ends.map((line) => paying(line, `${line.due}T${line.due < '2028-03-26' ? 22 : 21}:30:00.000Z`)),
    events: settled('2028-06-30'),
  }),
  // The same, paid at 00:30 of the day after: each a day late, and open at the end of each due month.
  told({
    loan: 'L05',
    at: noon('2028-01-31'),
    lines: ends,
    payments: ends.map((line) => paying(line, `${line.due}T${line.due < '2028-03-26' ? 23 : 22}:30:00.000Z`)),
    events: settled('2028-07-01'),
    channel: 'WEB',
  }),
  // Ten of 100.00, of which the first nine are paid; the last, due in December, is not yet paid when the year ends with it at DPD 26.
  told({ loan: 'L06', at: noon('2028-02-05'), lines: nearly, payments: onTime(nearly.slice(0, 9)), channel: 'WEB' }),
  // Partial payments without a number: half on the due date, interest first, half a fortnight later.
  told({
    loan: 'L07',
    at: noon('2028-01-10'),
    lines: half,
    payments: half.flatMap(({ due }) => [
      { at: noon(due), no: null, principal: 4_700, interest: 600, method: 'SELF' as const },
      { at: noon(addDays(due, 15)), no: null, principal: 5_300, interest: 0, method: 'SELF' as const },
    ]),
    events: settled('2028-07-25'),
  }),
  // Early payoff: two instalments on time, and the 800.00 left on the 20th of March.
  told({
    loan: 'L08',
    at: noon('2028-01-05'),
    lines: early,
    payments: [
      ...onTime(early.slice(0, 2)),
      { at: noon('2028-03-20'), no: null, principal: 80_000, interest: 1_000, method: 'SELF' },
    ],
    events: settled('2028-03-20'),
  }),
  // Restructured on the 2nd of May, nothing paid before; then six of 100.00, each on time.
  told({
    loan: 'L09',
    at: noon('2028-01-20'),
    lines: bullet,
    eased: [{ at: noon('2028-05-02'), lines: easier }],
    payments: onTime(easier),
    events: [{ type: 'RESTRUCTURED', at: noon('2028-05-02'), amount: null }, ...settled('2028-11-01')],
    province: 'Bayern',
  }),
  // Never paid, written off on the 1st of September at 900.00; 300.00 are recovered in November.
  told({
    loan: 'L10',
    at: noon('2028-01-12'),
    lines: lost,
    payments: [{ at: noon('2028-11-10'), no: null, principal: 30_000, interest: 0, method: 'COLLECTION' }],
    events: [{ type: 'WRITTEN_OFF', at: noon('2028-09-01'), amount: 90_000 }],
  }),
  // Never paid, sold on the 15th of June: 500.00 for 150.00.
  told({
    loan: 'L11',
    at: noon('2028-01-08'),
    lines: sold,
    events: [{ type: 'SOLD', at: noon('2028-06-15'), amount: 15_000 }],
    province: 'Bayern',
  }),
  // The payment of March bounces on the 28th and is made again on the 3rd of April.
  told({
    loan: 'L12',
    at: noon('2028-01-25'),
    lines: bounced,
    payments: [
      ...onTime(bounced),
      { at: noon('2028-03-28'), no: 2, principal: -10_000, interest: -400, method: 'REVERSAL' },
      { at: noon('2028-04-03'), no: 2, principal: 10_000, interest: 400, method: 'SELF' },
    ],
    events: settled('2028-05-25'),
  }),
  // The second of three instalments is waived on its due date.
  told({
    loan: 'L13',
    at: noon('2028-01-18'),
    lines: waived,
    payments: waived.map((line) => paying(line, noon(line.due), line.no === 2 ? 'WAIVER' : 'SELF')),
    events: settled('2028-04-18'),
  }),
  // Disbursed in the last hour before the clocks go forward: 23:30 UTC is 00:30 of the 26th of March. Its last payment is in the last millisecond of its due date.
  told({
    loan: 'L14',
    at: '2028-03-25T23:30:00.000Z',
    lines: summer,
    payments: [
      paying(summer[0] as Line, '2028-04-26T22:30:00.000Z'),
      paying(summer[1] as Line, '2028-05-26T21:59:59.999Z'),
    ],
    events: settled('2028-05-27'),
  }),
  // 400.00 of August, never paid: 20, 51, 81 and 112 days at the ends of September to December.
  told({ loan: 'L15', at: noon('2028-08-10'), lines: autumn, channel: 'WEB' }),
  // The first instalment 40 days late, with the second; all others on time.
  told({
    loan: 'L16',
    at: noon('2028-05-10'),
    lines: slow,
    payments: [
      paying(slow[0] as Line, noon('2028-07-20'), 'COLLECTION'),
      paying(slow[1] as Line, noon('2028-07-20'), 'COLLECTION'),
      ...onTime(slow.slice(2)),
    ],
    events: settled('2028-10-10'),
  }),
  // One customer with two loans, the second nine days after the first is settled.
  told({
    loan: 'L17',
    line: 'K3',
    customer: 'C17',
    at: noon('2028-02-01'),
    lines: bill('2028-03-01'),
    payments: onTime(bill('2028-03-01')),
    events: settled('2028-03-01'),
  }),
  told({
    loan: 'L18',
    line: 'K2',
    customer: 'C17',
    at: noon('2028-03-10'),
    lines: bill('2028-04-10'),
    payments: onTime(bill('2028-04-10')),
    events: settled('2028-04-10'),
  }),
  // 2,000.00 of December, nothing due in the year.
  told({ loan: 'L19', at: noon('2028-12-20'), lines: hundreds(['2029-01-20', '2029-02-20'], 2_000, 100_000) }),
  // 100.00 due on the last day of the year, unpaid: the due date is DPD 0.
  told({ loan: 'L20', at: noon('2028-12-01'), lines: bill('2028-12-31') }),
];
