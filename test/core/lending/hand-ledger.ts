/**
 * Twenty-two loans of 2024 in New York (clocks go forward on 10 March and back on 3 November; 29 February is a day), with every loan-day worked
 * out by hand. Nothing here is computed: it is the table by which the replay is checked.
 *
 * A schedule: instant it takes effect, then `no due-date principal interest fee`. Payments: `instant no|- principal interest fee`.
 * Events: `instant TYPE [amount]`. Days: `from to status dpd|first..last outstanding overdue-principal overdue-interest overdue-fee risk`,
 * an R after the status where the loan counts as restructured. Local times; all days up to 31 December are there.
 */
export interface HandLoan {
  readonly loan: string;
  readonly about: string;
  readonly disbursed: string;
  readonly principal: string;
  readonly schedules: Readonly<Record<string, readonly string[]>>;
  readonly paid: readonly string[];
  readonly events: readonly string[];
  readonly days: readonly string[];
}

export const HAND_ZONE = 'America/New_York';
export const HAND_THROUGH = '2024-12-31';

/** 300.00 in three instalments of 100.00 and 3.00, from 10 January. */
const THREE = {
  disbursed: '2024-01-10 09:00',
  principal: '300.00',
  schedules: {
    '2024-01-10 09:00': [
      '1 2024-02-10 100.00 3.00 0.00',
      '2 2024-03-10 100.00 3.00 0.00',
      '3 2024-04-10 100.00 3.00 0.00',
    ],
  },
} as const;

export const HAND_LEDGER: readonly HandLoan[] = [
  {
    loan: 'on-time',
    about: 'Each instalment on its due date, in the evening; the event says when it was settled.',
    ...THREE,
    paid: [
      '2024-02-10 20:00 1 100.00 3.00 0.00',
      '2024-03-10 20:00 2 100.00 3.00 0.00',
      '2024-04-10 20:00 3 100.00 3.00 0.00',
    ],
    events: ['2024-04-10 20:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'early',
    about: 'Pays ahead, and the rest in one go.',
    ...THREE,
    paid: [
      '2024-01-20 10:00 1 100.00 3.00 0.00',
      '2024-02-20 10:00 2 100.00 3.00 0.00',
      '2024-02-20 10:00 3 100.00 3.00 0.00',
    ],
    events: ['2024-02-20 10:05 SETTLED'],
    days: [
      '2024-01-10 2024-01-19 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-01-20 2024-02-19 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-02-20 2024-02-20 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'late',
    about: 'Late on the first and the last; no event, so the last payment settles it.',
    ...THREE,
    paid: [
      '2024-02-15 08:00 1 100.00 3.00 0.00',
      '2024-03-10 08:00 2 100.00 3.00 0.00',
      '2024-05-20 08:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-10 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-02-14 OVERDUE 1..4 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-02-15 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-10 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-11 2024-05-19 OVERDUE 1..39 100.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-05-20 2024-05-20 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'partial',
    about: 'In parts: what is left of an instalment is what is overdue.',
    ...THREE,
    paid: [
      '2024-02-10 12:00 1 60.00 3.00 0.00',
      '2024-03-01 12:00 1 40.00 0.00 0.00',
      '2024-03-20 12:00 2 50.00 0.00 0.00',
      '2024-06-01 12:00 2 50.00 3.00 0.00',
      '2024-06-01 12:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-02-10 CURRENT 0 240.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-02-29 OVERDUE 1..19 240.00 40.00 0.00 0.00 SPECIAL_MENTION',
      '2024-03-01 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-03-19 OVERDUE 1..9 200.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-20 2024-04-10 OVERDUE 10..31 150.00 50.00 3.00 0.00 SPECIAL_MENTION',
      '2024-04-11 2024-05-31 OVERDUE 32..82 150.00 150.00 6.00 0.00 SPECIAL_MENTION',
      '2024-06-01 2024-06-01 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'waiver',
    about: 'Interest and fee of the first and some principal of the last are waived: that satisfies what is due.',
    ...THREE,
    schedules: {
      '2024-01-10 09:00': [
        '1 2024-02-10 100.00 3.00 2.00',
        '2 2024-03-10 100.00 3.00 2.00',
        '3 2024-04-10 100.00 3.00 2.00',
      ],
    },
    paid: [
      '2024-02-12 12:00 1 100.00 0.00 0.00',
      '2024-02-20 12:00 1 0.00 3.00 2.00',
      '2024-03-10 12:00 2 100.00 3.00 2.00',
      '2024-04-10 12:00 3 70.00 3.00 2.00',
      '2024-04-10 13:00 3 30.00 0.00 0.00',
    ],
    events: ['2024-04-10 13:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-10 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-02-11 OVERDUE 1 300.00 100.00 3.00 2.00 SPECIAL_MENTION',
      '2024-02-12 2024-02-19 OVERDUE 2..9 200.00 0.00 3.00 2.00 SPECIAL_MENTION',
      '2024-02-20 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'reversal',
    about:
      'The first payment bounces four days later: the instalment is open from that day on, overdue since its due date.',
    ...THREE,
    paid: [
      '2024-02-10 10:00 1 100.00 3.00 0.00',
      '2024-02-14 10:00 1 -100.00 -3.00 0.00',
      '2024-02-20 10:00 1 100.00 3.00 0.00',
      '2024-03-10 10:00 2 100.00 3.00 0.00',
      '2024-04-10 10:00 3 100.00 3.00 0.00',
    ],
    events: ['2024-04-10 10:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-02-13 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-02-14 2024-02-19 OVERDUE 4..9 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-02-20 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'reversal-without-number',
    about: 'As before, but the bank does not say of which instalment it takes the money back.',
    ...THREE,
    paid: [
      '2024-02-10 10:00 1 100.00 3.00 0.00',
      '2024-02-14 10:00 - -100.00 -3.00 0.00',
      '2024-02-20 10:00 1 100.00 3.00 0.00',
      '2024-03-10 10:00 2 100.00 3.00 0.00',
      '2024-04-10 10:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-02-13 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-02-14 2024-02-19 OVERDUE 4..9 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-02-20 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'reversal-of-no-number',
    about: 'As before, but it is the payments that came without a number.',
    ...THREE,
    paid: [
      '2024-02-10 10:00 - 100.00 3.00 0.00',
      '2024-02-14 10:00 1 -100.00 -3.00 0.00',
      '2024-02-20 10:00 - 100.00 3.00 0.00',
      '2024-03-10 10:00 2 100.00 3.00 0.00',
      '2024-04-10 10:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-02-13 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-02-14 2024-02-19 OVERDUE 4..9 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-02-20 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 're-age',
    about:
      'Two instalments behind, then a new schedule in which interest is capitalised; special mention while it is paid.',
    ...THREE,
    schedules: {
      ...THREE.schedules,
      '2024-03-25 11:00': [
        '1 2024-04-25 104.00 4.00 0.00',
        '2 2024-05-25 104.00 4.00 0.00',
        '3 2024-06-25 104.00 4.00 0.00',
      ],
    },
    paid: [
      '2024-04-25 10:00 1 104.00 4.00 0.00',
      '2024-06-01 10:00 2 104.00 4.00 0.00',
      '2024-06-25 10:00 3 104.00 4.00 0.00',
    ],
    events: ['2024-03-25 11:00 RESTRUCTURED', '2024-06-25 10:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-10 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-03-10 OVERDUE 1..29 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-11 2024-03-24 OVERDUE 30..43 300.00 200.00 6.00 0.00 SPECIAL_MENTION',
      '2024-03-25 2024-04-24 CURRENT R 0 312.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-04-25 2024-05-25 CURRENT R 0 208.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-05-26 2024-05-31 OVERDUE R 1..6 208.00 104.00 4.00 0.00 SPECIAL_MENTION',
      '2024-06-01 2024-06-24 CURRENT R 0 104.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-06-25 2024-06-25 SETTLED R 0 0.00 0.00 0.00 0.00 SPECIAL_MENTION',
    ],
  },
  {
    loan: 'write-off',
    about: 'Never pays, is written off, and what is recovered later makes no more days.',
    ...THREE,
    paid: ['2024-09-05 10:00 1 50.00 0.00 0.00'],
    events: ['2024-08-10 18:00 WRITTEN_OFF 300.00'],
    days: [
      '2024-01-10 2024-02-10 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-03-10 OVERDUE 1..29 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-11 2024-04-10 OVERDUE 30..60 300.00 200.00 6.00 0.00 SPECIAL_MENTION',
      '2024-04-11 2024-05-10 OVERDUE 61..90 300.00 300.00 9.00 0.00 SPECIAL_MENTION',
      '2024-05-11 2024-08-09 OVERDUE 91..181 300.00 300.00 9.00 0.00 SUBSTANDARD',
      '2024-08-10 2024-08-10 WRITTEN_OFF 182 300.00 300.00 9.00 0.00 SUBSTANDARD',
    ],
  },
  {
    loan: 'month-end',
    about:
      'Due on the last day of each month; paid on the day after, in the last minute, and in the first instant of the day after.',
    disbursed: '2024-01-31 09:00',
    principal: '300.00',
    schedules: {
      '2024-01-31 09:00': [
        '1 2024-02-29 100.00 3.00 0.00',
        '2 2024-03-31 100.00 3.00 0.00',
        '3 2024-04-30 100.00 3.00 0.00',
      ],
    },
    paid: [
      '2024-03-01 12:00 1 100.00 3.00 0.00',
      '2024-03-31 23:59 2 100.00 3.00 0.00',
      '2024-05-01 00:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-31 2024-02-29 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-03-01 2024-03-30 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-31 2024-04-30 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-05-01 2024-05-01 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'leap-day',
    about: 'Due on 29 February and restructured that day, without a new schedule.',
    disbursed: '2024-01-29 09:00',
    principal: '300.00',
    schedules: {
      '2024-01-29 09:00': [
        '1 2024-02-29 100.00 3.00 0.00',
        '2 2024-03-29 100.00 3.00 0.00',
        '3 2024-04-29 100.00 3.00 0.00',
      ],
    },
    paid: [
      '2024-03-05 12:00 1 100.00 3.00 0.00',
      '2024-03-29 12:00 2 100.00 3.00 0.00',
      '2024-04-29 12:00 3 100.00 3.00 0.00',
    ],
    events: ['2024-02-29 12:00 RESTRUCTURED', '2024-04-29 12:00 SETTLED'],
    days: [
      '2024-01-29 2024-02-28 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-29 2024-02-29 CURRENT R 0 300.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-03-01 2024-03-04 OVERDUE R 1..4 300.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-05 2024-03-28 CURRENT R 0 200.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-03-29 2024-04-28 CURRENT R 0 100.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-04-29 2024-04-29 SETTLED R 0 0.00 0.00 0.00 0.00 SPECIAL_MENTION',
    ],
  },
  {
    loan: 'daylight-saving',
    about: 'Paid ten minutes after the end of the 23-hour day, and twenty minutes before that of the 25-hour day.',
    disbursed: '2024-01-10 09:00',
    principal: '300.00',
    schedules: {
      '2024-01-10 09:00': [
        '1 2024-02-10 100.00 3.00 0.00',
        '2 2024-03-10 100.00 3.00 0.00',
        '3 2024-11-03 100.00 3.00 0.00',
      ],
    },
    paid: [
      '2024-02-10 12:00 1 100.00 3.00 0.00',
      '2024-03-11 00:10 2 100.00 3.00 0.00',
      '2024-11-03 23:40 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-11-02 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-11-03 2024-11-03 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'no-number',
    about:
      'Payments without a number: oldest first, and fee, interest, principal within it. 50.00 + 60.00 + 199.00 is all of 309.00.',
    ...THREE,
    paid: [
      '2024-02-01 12:00 - 47.00 3.00 0.00',
      '2024-02-15 12:00 - 57.00 3.00 0.00',
      '2024-04-01 12:00 - 196.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-01-31 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-01 2024-02-10 CURRENT 0 253.00 0.00 0.00 0.00 NORMAL',
      '2024-02-11 2024-02-14 OVERDUE 1..4 253.00 53.00 0.00 0.00 SPECIAL_MENTION',
      '2024-02-15 2024-03-10 CURRENT 0 196.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-03-31 OVERDUE 1..21 196.00 96.00 0.00 0.00 SPECIAL_MENTION',
      '2024-04-01 2024-04-01 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'void-after-settled',
    about: 'Bought out for its principal: the interest of what was due and what would fall due is void.',
    ...THREE,
    paid: ['2024-02-10 12:00 1 100.00 3.00 0.00', '2024-03-20 15:00 - 200.00 0.00 0.00'],
    events: ['2024-03-20 15:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-03-19 OVERDUE 1..9 200.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-20 2024-03-20 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'refinanced',
    about: 'Paid out by the next loan of this list.',
    ...THREE,
    paid: [
      '2024-02-10 12:00 1 100.00 3.00 0.00',
      '2024-03-15 10:00 2 100.00 3.00 0.00',
      '2024-03-15 10:00 3 100.00 3.00 0.00',
    ],
    events: ['2024-03-15 10:00 RESTRUCTURED', '2024-03-15 10:00 SETTLED'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-03-14 OVERDUE 1..4 200.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-03-15 2024-03-15 SETTLED R 0 0.00 0.00 0.00 0.00 SPECIAL_MENTION',
    ],
  },
  {
    loan: 'refinancing',
    about: 'The loan that paid the one before out, restructured from its first day.',
    disbursed: '2024-03-15 10:00',
    principal: '206.00',
    schedules: { '2024-03-15 10:00': ['1 2024-04-15 103.00 2.00 0.00', '2 2024-05-15 103.00 2.00 0.00'] },
    paid: ['2024-04-15 12:00 1 103.00 2.00 0.00', '2024-05-15 12:00 2 103.00 2.00 0.00'],
    events: ['2024-03-15 10:00 RESTRUCTURED'],
    days: [
      '2024-03-15 2024-04-14 CURRENT R 0 206.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-04-15 2024-05-14 CURRENT R 0 103.00 0.00 0.00 0.00 SPECIAL_MENTION',
      '2024-05-15 2024-05-15 SETTLED R 0 0.00 0.00 0.00 0.00 SPECIAL_MENTION',
    ],
  },
  {
    loan: 'sold',
    about: 'Sold for 20.00: the closing row says what was open, not the price; what the buyer collects is not ours.',
    ...THREE,
    paid: ['2024-02-10 12:00 1 100.00 3.00 0.00', '2024-10-20 12:00 2 100.00 3.00 0.00'],
    events: ['2024-10-01 09:00 SOLD 20.00'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-04-10 OVERDUE 1..31 200.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-04-11 2024-06-08 OVERDUE 32..90 200.00 200.00 6.00 0.00 SPECIAL_MENTION',
      '2024-06-09 2024-09-30 OVERDUE 91..204 200.00 200.00 6.00 0.00 SUBSTANDARD',
      '2024-10-01 2024-10-01 SOLD 205 200.00 200.00 6.00 0.00 SUBSTANDARD',
    ],
  },
  {
    loan: 'overpayment',
    about: 'Pays 50.00 too much on the first instalment: it stays there, and the balance ends at zero, not below.',
    ...THREE,
    paid: [
      '2024-02-10 12:00 1 150.00 3.00 0.00',
      '2024-03-10 12:00 2 100.00 3.00 0.00',
      '2024-04-10 12:00 3 100.00 3.00 0.00',
    ],
    events: [],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-09 CURRENT 0 150.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-04-09 CURRENT 0 50.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
  {
    loan: 'same-day',
    about:
      'Paid, bounced and paid again in one day; later a payment, the write-off without an amount, a recovery and a settlement in one day.',
    ...THREE,
    paid: [
      '2024-02-10 09:00 1 100.00 3.00 0.00',
      '2024-02-10 11:00 1 -100.00 -3.00 0.00',
      '2024-02-10 13:00 1 100.00 3.00 0.00',
      '2024-06-03 09:00 2 30.00 0.00 0.00',
      '2024-06-03 12:00 2 20.00 0.00 0.00',
    ],
    events: ['2024-06-03 16:00 SETTLED', '2024-06-03 10:00 WRITTEN_OFF'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-10 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-11 2024-04-10 OVERDUE 1..31 200.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-04-11 2024-06-02 OVERDUE 32..84 200.00 200.00 6.00 0.00 SPECIAL_MENTION',
      '2024-06-03 2024-06-03 WRITTEN_OFF 85 170.00 170.00 6.00 0.00 SPECIAL_MENTION',
    ],
  },
  {
    loan: 'never-pays',
    about: 'One instalment, open to the end of the year: through every class, each at its edge.',
    disbursed: '2024-01-01 09:00',
    principal: '100.00',
    schedules: { '2024-01-01 09:00': ['1 2024-01-02 100.00 3.00 0.00'] },
    paid: [],
    events: [],
    days: [
      '2024-01-01 2024-01-02 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-01-03 2024-04-01 OVERDUE 1..90 100.00 100.00 3.00 0.00 SPECIAL_MENTION',
      '2024-04-02 2024-09-28 OVERDUE 91..270 100.00 100.00 3.00 0.00 SUBSTANDARD',
      '2024-09-29 2024-12-27 OVERDUE 271..360 100.00 100.00 3.00 0.00 DOUBTFUL',
      '2024-12-28 2024-12-31 OVERDUE 361..364 100.00 100.00 3.00 0.00 LOSS',
    ],
  },
  {
    loan: 'rate-change',
    about:
      'A lower rate writes a new schedule without restructuring; a payment on a number that it does not have goes to the oldest open one.',
    ...THREE,
    schedules: {
      ...THREE.schedules,
      '2024-02-20 09:00': ['2 2024-03-10 100.00 2.00 0.00', '3 2024-04-10 100.00 2.00 0.00'],
    },
    paid: [
      '2024-02-10 12:00 1 100.00 3.00 0.00',
      '2024-03-10 12:00 2 100.00 2.00 0.00',
      '2024-03-20 12:00 1 30.00 0.00 0.00',
      '2024-04-10 12:00 3 70.00 2.00 0.00',
    ],
    events: ['2024-02-20 09:00 RATE_CHANGED'],
    days: [
      '2024-01-10 2024-02-09 CURRENT 0 300.00 0.00 0.00 0.00 NORMAL',
      '2024-02-10 2024-03-09 CURRENT 0 200.00 0.00 0.00 0.00 NORMAL',
      '2024-03-10 2024-03-19 CURRENT 0 100.00 0.00 0.00 0.00 NORMAL',
      '2024-03-20 2024-04-09 CURRENT 0 70.00 0.00 0.00 0.00 NORMAL',
      '2024-04-10 2024-04-10 SETTLED 0 0.00 0.00 0.00 0.00 NORMAL',
    ],
  },
];
