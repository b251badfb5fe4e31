import { HOUR, MINUTE } from '../src/core/helpers/time.js';
import { bankDayAfter, bankDayBy, isBankDay } from './bank-days.js';
import type { DayNumber } from './book-days.js';
import type { Duty, LoanAccount, Method } from './loan-account.js';
import { logistic, type Random } from './random.js';

/** The payer at one due day. */
export interface Payer {
  /** Log-odds of missing above those of an ordinary customer in an ordinary month. */
  readonly stress: number;
  /** Log-odds more of missing this due day for reasons that pass within weeks: what is missed for them is paid after. */
  readonly passing: number;
  /** Pays by direct debit. */
  readonly autoDebit: boolean;
  /** Days before the due day on which the customer pays by hand, about. */
  readonly early: number;
  /** Chance of simply forgetting a due day. */
  readonly forgets: number;
  /** The first day on or after a day on which wages arrive; null: the customer has none. */
  readonly nextWages: (day: DayNumber) => DayNumber | null;
  /** Never meant to pay. */
  readonly bustsOut: boolean;
}

/** Log-odds of missing a due day at stress 0. */
const MISS = -3.34;
/** Log-odds more on a day without banks, and in the days before wages arrive. */
const NO_BANK = 0.12;
const BEFORE_WAGES = { days: 6, logOdds: 0.3 };
/** Share of customers who pay when wages arrive, and of those who wait for a bank day. */
const PAYS_FROM_WAGES = 0.35;
const WAITS_FOR_BANK = 0.15;
/** Wages so many days later are waited for. */
const WAITS_FOR_WAGES = 7;
/** Days before the due day from which it is paid out of wages. */
const AHEAD_FROM_WAGES = 5;
/** Log-odds that a missed instalment is still open when the next falls due, and how stress moves them. */
const ROLL = -2.075;
const ROLL_BY_STRESS = 0.42;
/** A wrongly granted credit shows at once: a first instalment that is missed stays open more often. */
const FIRST_ROLL = 0.5;
/** Hazard per day of a customer who pays within the month. */
const CURE_A_DAY = 0.17;
/** Stress at which the odds of ROLL and of FLOW hold: that of those who miss. */
const MISSING_STRESS = 1.35;

/**
 * Roll and cure of an overdue loan in a month, by instalments already open: [none paid, all paid]; the rest pay the oldest instalment and
 * stay in their bucket. These are lenders' flow rates for M1 to M4+.
 */
const FLOW: readonly (readonly [number, number])[] = [
  [0.84, 0.09],
  [0.845, 0.09],
  [0.89, 0.07],
  [0.92, 0.045],
  [0.94, 0.035],
  [0.955, 0.028],
];

/** Share of debits that the bank returns for lack of funds at stress 0, and how stress moves it. */
const RETURNED = 0.0018;
const RETURNED_BY_STRESS = 0.7;
/** Log-odds that a returned debit is still open when the next falls due. */
const STAYS_RETURNED = -1.6;
/** Log-odds more of missing a due day in the half year after a returned debit: the account is empty. */
const AFTER_RETURN = { days: 180, logOdds: 1 };

/** Share of customers who pay all after more than a month because interest is waived. */
const WAIVED = 0.15;

export type Outcome = 'PAID' | 'LATE' | 'OPEN';

/**
 * One due day of a loan: everything that is paid between this due day and the day before the next (`until`) is decided here. A loan that is
 * up to date pays in time, some days late, or not; one that is behind pays all, one instalment, a part or nothing.
 */
export function meetDueDay(
  loan: LoanAccount,
  options: {
    readonly duty: Duty | null;
    readonly day: DayNumber;
    readonly until: DayNumber;
    readonly payer: Payer;
    readonly random: Random;
  },
): Outcome {
  const { duty, day, until, payer, random } = options;
  const open = loan.unpaid.filter(({ due }) => due <= day);
  const behind = duty ? open.length - 1 : open.length;
  if (behind > 0) return fallFurther(loan, { open, behind, day, until, payer, random });
  if (!duty) return 'PAID';
  if (!payer.bustsOut && random.chance(payer.forgets)) {
    loan.pay(duty, day + random.int(1, 9), byHand(random, 1));
    return 'LATE';
  }
  const first = duty.no === 1 ? FIRST_ROLL : 0;
  const lately =
    (loan.lateUntil > day - 45 ? 0.5 : 0) +
    (loan.returnedOn !== null && loan.returnedOn > day - AFTER_RETURN.days ? AFTER_RETURN.logOdds : 0);
  const passing = payer.passing + byCalendar(day, payer);
  if (!payer.bustsOut && !random.chance(logistic(MISS + payer.stress + lately + passing)))
    return payInTime(loan, { duty, day, until, payer, random });
  const excess = payer.stress + lately - MISSING_STRESS;
  if (payer.bustsOut || random.chance(logistic(ROLL + first + ROLL_BY_STRESS * excess - passing))) {
    if (!payer.bustsOut && random.chance(0.2)) partly(loan, { duty, from: day + 2, until, random });
    return 'OPEN';
  }
  const hazard = CURE_A_DAY * Math.exp(-0.2 * Math.max(-2, Math.min(2, excess)));
  const soon = Math.min(until, day + 1 + Math.floor(-Math.log(1 - random.next()) / hazard));
  const paidOn = whenMoneyIsThere(soon, { day, until, payer, random });
  const late = paidOn - day;
  if (late > 4 && random.chance(0.15))
    loan.pay(duty, day + random.int(1, late - 2), { ...byHand(random, late), share: random.uniform(0.2, 0.7) });
  loan.pay(duty, paidOn, byHand(random, late));
  return 'LATE';
}

/** What the calendar adds to the log-odds of missing a due day. */
function byCalendar(day: DayNumber, { nextWages }: Payer): number {
  const wages = nextWages(day + 1);
  const short = wages !== null && wages <= day + BEFORE_WAGES.days;
  return (isBankDay(day) ? 0 : NO_BANK) + (short ? BEFORE_WAGES.logOdds : 0);
}

/** The day on which late money comes: on payday where that is near, mostly on a bank day, after the due day and by `until`. */
function whenMoneyIsThere(
  wanted: DayNumber,
  options: {
    readonly day: DayNumber;
    readonly until: DayNumber;
    readonly payer: Payer;
    readonly random: Random;
  },
): DayNumber {
  const { day, until, payer, random } = options;
  const wages = payer.nextWages(day + 1);
  const fromWages = random.chance(PAYS_FROM_WAGES);
  const waits = random.chance(WAITS_FOR_BANK);
  if (fromWages && wages !== null && wages <= Math.min(until, wanted + WAITS_FOR_WAGES)) return wages;
  return waits && !isBankDay(wanted) ? Math.min(until, bankDayAfter(wanted, 1)) : wanted;
}

interface DueDay {
  readonly duty: Duty;
  readonly day: DayNumber;
  readonly until: DayNumber;
  readonly payer: Payer;
  readonly random: Random;
}

function payInTime(loan: LoanAccount, due: DueDay): Outcome {
  const { duty, day, payer, random } = due;
  if (payer.autoDebit) {
    loan.pay(duty, day, { time: 9 * HOUR + random.int(0, 90) * MINUTE, method: 'AUTO_DEBIT' });
    const stress = Math.max(-2, Math.min(3, payer.stress));
    // A loan is settled once its last debit can no longer be returned.
    const returned = random.chance(RETURNED * Math.exp(RETURNED_BY_STRESS * stress)) && loan.unpaid.length > 0;
    return returned ? debitReturned(loan, due) : 'PAID';
  }
  // Under stress the money comes later, up to the last evening.
  const ahead = Math.round(payer.early - 1.2 * payer.stress + 0.9 * random.normal());
  const planned = day - Math.max(0, Math.min(10, ahead));
  const wages = payer.nextWages(day - AHEAD_FROM_WAGES);
  const fromWages = random.chance(PAYS_FROM_WAGES) && wages !== null && wages <= day;
  const onBankDay = random.chance(WAITS_FOR_BANK) ? bankDayBy(planned) : planned;
  const paidOn = Math.max(fromWages ? wages : onBankDay, loan.disbursedDay + 1);
  loan.pay(duty, paidOn, {
    time: (ahead <= 0 ? random.int(14, 22) : random.int(8, 21)) * HOUR + random.int(0, 59) * MINUTE,
    method: 'SELF',
  });
  return 'PAID';
}

/** The bank books the debit and returns it some bank days later; most customers then pay by hand, the others stay behind. */
function debitReturned(loan: LoanAccount, { duty, day, until, payer, random }: DueDay): Outcome {
  const back = bankDayAfter(day, random.int(1, 3));
  loan.returnDebit(duty, back, random.int(10 * 60, 17 * 60) * MINUTE);
  if (random.chance(logistic(STAYS_RETURNED + 0.5 * payer.stress))) return 'OPEN';
  const soon = back + 1 + Math.floor((-2 * Math.log(1 - random.next())) / CURE_A_DAY);
  const paidOn = whenMoneyIsThere(Math.min(until, soon), { day: back, until, payer, random });
  loan.pay(duty, paidOn, byHand(random, paidOn - day));
  return 'LATE';
}

function fallFurther(
  loan: LoanAccount,
  options: {
    readonly open: readonly Duty[];
    readonly behind: number;
    readonly day: DayNumber;
    readonly until: DayNumber;
    readonly payer: Payer;
    readonly random: Random;
  },
): Outcome {
  const { open, behind, day, until, payer, random } = options;
  const oldest = open[0] as Duty;
  const [roll, cure] = FLOW[Math.min(behind, FLOW.length) - 1] as readonly [number, number];
  const tilt = 0.3 * (payer.stress - MISSING_STRESS - 0.7);
  const draw = random.next();
  const rolls = payer.bustsOut ? 0.985 : logistic(Math.log(roll / (1 - roll)) + tilt);
  // Written off on the 181st day: what is paid is paid before.
  const last = Math.min(until, oldest.due + 180);
  if (draw < rolls || last < day) {
    if (!payer.bustsOut && random.chance(0.18)) partly(loan, { duty: oldest, from: day + 1, until: last, random });
    return 'OPEN';
  }
  const paidOn = whenMoneyIsThere(Math.min(last, day + random.int(0, 28)), {
    day: day - 1,
    until: last,
    payer,
    random,
  });
  const how: { readonly time: number; readonly method: Method } = byHand(random, paidOn - oldest.due);
  if (draw >= rolls + ((1 - rolls) * cure) / (1 - roll)) {
    loan.pay(oldest, paidOn, how);
    return 'OPEN';
  }
  if (random.chance(WAIVED)) loan.waiveInterest(oldest, paidOn, 0.6);
  for (const duty of open) loan.pay(duty, paidOn, how);
  return 'LATE';
}

function partly(
  loan: LoanAccount,
  options: { readonly duty: Duty; readonly from: DayNumber; readonly until: DayNumber; readonly random: Random },
): void {
  const { duty, from, until, random } = options;
  if (until < from) return;
  loan.pay(duty, random.int(from, until), { ...byHand(random, from - duty.due), share: random.uniform(0.1, 0.6) });
}

/** Late money comes by hand, or because somebody called. */
const byHand = (random: Random, late: number): { time: number; method: Method } => ({
  time: random.int(9, 21) * HOUR + random.int(0, 59) * MINUTE,
  method: late > 3 && random.chance(0.55) ? 'COLLECTION' : 'SELF',
});
