import { DAY, formatInstant, type Instant, type LocalDate } from '../core/time.js';
import type { Book } from './book.js';
import type { Person } from './person.js';
import { logistic, type Random } from './random.js';

/** One month of one account as it truly was; money in cents. */
export interface StatementMonth {
  readonly product: string;
  /** Index into the book's months. */
  readonly month: number;
  readonly limit: number;
  readonly balance: number;
  readonly minimumDue: number;
  readonly paid: number;
  /** Months past due at the month's end; -1 paid in full, -2 nothing used, 0 revolving. */
  readonly delinquency: number;
}

/** Past 180 days the account is written off and prints no further statement. */
export const WRITE_OFF_AFTER_MONTHS = 7;
const MONTHLY_RATE = 0.0165;
/** February: due dates that meet the Spring Festival are missed more often. */
const FESTIVAL_LOG_ODDS = 0.3;

/**
 * What one month behind becomes, by months behind: [a month later still, everything paid]; the rest pays one instalment and stays.
 * Lenders' flow rates for M1 to M4+.
 */
const FLOW: readonly (readonly [number, number])[] = [
  [0, 0],
  [0.42, 0.48],
  [0.8, 0.11],
  [0.86, 0.1],
  [0.92, 0.05],
];

const PRODUCTS: readonly { readonly name: string; readonly share: number; readonly limitMonths: number }[] = [
  { name: 'CASH_LINE', share: 0.85, limitMonths: 1.6 },
  { name: 'SHOP_LINE', share: 0.4, limitMonths: 0.6 },
];

/** Every statement of a customer, product by product, oldest first. */
export function statementsOf(book: Book, person: Person): StatementMonth[] {
  const chooser = book.random('products', person.index);
  const held = PRODUCTS.filter(({ share }) => chooser.chance(share));
  const products = held.length > 0 ? held : PRODUCTS.slice(0, 1);
  return products.flatMap((product) => accountMonths(book, person, product));
}

function accountMonths(book: Book, person: Person, product: (typeof PRODUCTS)[number]): StatementMonth[] {
  const random = book.random('account', person.index, product.name);
  const months: StatementMonth[] = [];
  let limit = Math.round((person.monthlyIncome * product.limitMonths * random.uniform(0.6, 1.5)) / 500) * 500 * 100;
  limit = Math.max(limit, 100_000);
  const appetite = logistic(-0.5 - 0.6 * person.ability + 0.9 * random.normal());
  const bustsOut = person.ring !== null && random.chance(0.7);
  const paysInFull = logistic(-0.6 + 0.9 * person.willingness + 0.6 * person.ability);
  // An account opens with a balance when its customer was there before the book begins.
  let balance = person.firstMonth === 0 ? Math.round(limit * appetite * random.uniform(0.3, 1)) : 0;
  let behind = 0;
  let shock = random.normal() * 0.5;

  for (let month = person.firstMonth; month < book.months.length; month++) {
    const age = month - person.firstMonth;
    shock = 0.75 * shock + 0.55 * random.normal();
    const strain = missLogOdds(book, person, month, { shock, used: Math.max(balance, 0) / limit });
    const before = behind;
    const step = bustsOut && age >= 2 ? (balance > 0 ? 'later' : 'cure') : flow(random, behind, balance, strain);
    behind = step === 'later' ? behind + 1 : step === 'cure' ? 0 : behind;
    const due = minimumDue(balance, before);
    const full = step === 'cure' && balance > 0 && random.chance(paysInFull);
    const paid = payment(random, { step, balance, due, full });
    const unpaid = balance - paid;
    const interest = unpaid > 0 ? Math.round(unpaid * MONTHLY_RATE) + (step === 'later' ? 3_000 : 0) : 0;
    const spent = behind > 0 ? 0 : spending(random, { limit, unpaid, appetite, bustsOut, shock });
    // A refund after payment now and then leaves the lender owing.
    const refund = behind === 0 && random.chance(0.004) ? random.int(2_000, 40_000) : 0;
    balance = unpaid + interest + spent - refund;
    const idle = balance === 0 && spent === 0;
    months.push({
      product: product.name,
      month,
      limit,
      balance,
      minimumDue: minimumDue(balance, behind),
      paid,
      delinquency: behind > 0 ? behind : idle ? -2 : unpaid <= 0 ? -1 : 0,
    });
    if (behind >= WRITE_OFF_AFTER_MONTHS) break;
    if (behind === 0 && age > 5 && random.chance(0.012))
      limit = Math.round((limit * random.uniform(1.1, 1.4)) / 50_000) * 50_000;
  }
  return months;
}

/** Log-odds added to a customer's chance of falling behind this month. */
function missLogOdds(
  book: Book,
  person: Person,
  month: number,
  { shock, used }: { readonly shock: number; readonly used: number },
): number {
  const festival = (book.months[month] as LocalDate).slice(5, 7) === '02' ? FESTIVAL_LOG_ODDS : 0;
  return (
    -0.75 * person.willingness -
    0.55 * person.ability +
    0.9 * shock +
    person.channelRisk +
    festival +
    1.1 * (Math.min(used, 1.2) - 0.4)
  );
}

/** `later`: a month more behind; `cure`: nothing is overdue; `stay`: as many months behind as before. */
function flow(random: Random, behind: number, balance: number, strain: number): 'later' | 'cure' | 'stay' {
  if (balance <= 0) return 'cure';
  if (behind === 0) return random.chance(logistic(-5.25 + strain)) ? 'later' : 'cure';
  const [later, cure] = FLOW[Math.min(behind, FLOW.length - 1)] as readonly [number, number];
  // The strain that brought them here is above average: centred, so that the rates stay those of the table.
  const tilted = logistic(Math.log(later / (1 - later)) + 0.35 * (strain - 1.6));
  const draw = random.next();
  if (draw < tilted) return 'later';
  return draw < tilted + ((1 - tilted) * cure) / (1 - later) ? 'cure' : 'stay';
}

/** Ten per cent of the balance, at least 50, and everything that is overdue. */
function minimumDue(balance: number, behind: number): number {
  if (balance <= 0) return 0;
  return Math.min(balance, Math.max(Math.round(balance * 0.1) * (1 + behind), 5_000));
}

function payment(
  random: Random,
  options: {
    readonly step: 'later' | 'cure' | 'stay';
    readonly balance: number;
    readonly due: number;
    readonly full: boolean;
  },
): number {
  const { step, balance, due, full } = options;
  if (balance <= 0) return 0;
  if (step === 'later') return random.chance(0.2) ? Math.round(due * random.uniform(0.05, 0.6)) : 0;
  if (step === 'stay') return Math.min(balance, Math.round(balance * 0.1));
  if (full) return balance;
  return Math.min(balance, Math.round(due * random.uniform(1, 2.5)));
}

function spending(
  random: Random,
  options: {
    readonly limit: number;
    readonly unpaid: number;
    readonly appetite: number;
    readonly bustsOut: boolean;
    readonly shock: number;
  },
): number {
  const { limit, unpaid, appetite, bustsOut, shock } = options;
  const free = Math.max(0, limit - Math.max(unpaid, 0));
  if (bustsOut) return Math.round(free * random.uniform(0.85, 0.99));
  if (random.chance(0.12)) return 0;
  // Those in trouble draw more.
  return Math.round(free * Math.min(0.98, appetite * random.uniform(0.1, 0.8) * Math.exp(0.25 * shock)));
}

const money = (cents: number): string => (cents / 100).toFixed(2);

/** Rows of `statements`, with what came late and what was restated: 0.3 % arrive 1 to 5 days late, 0.1 % are corrected within a month. */
export function* statementRows(book: Book, person: Person): Generator<Record<string, unknown>> {
  const random = book.random('statement lag', person.index);
  for (const statement of statementsOf(book, person)) {
    const printed = book.monthEnds[statement.month] as Instant;
    const late = random.chance(0.003) ? printed + random.int(1, 5) * DAY : null;
    const corrected = random.chance(0.001) && statement.paid > 1 ? (late ?? printed) + random.int(3, 28) * DAY : null;
    if (late !== null && late > book.horizon) continue;
    const row = statementRow(book, person, statement);
    if (corrected !== null) {
      // A payment was booked a month's end too late: less paid, more owed.
      const missed = Math.round(statement.paid / 2);
      const wrong = { ...statement, paid: statement.paid - missed, balance: statement.balance + missed };
      yield { ...statementRow(book, person, wrong), ...stamp(late) };
      if (corrected <= book.horizon) yield { ...row, ...stamp(corrected) };
    } else {
      yield { ...row, ...stamp(late) };
    }
  }
}

const stamp = (ingestedAt: number | null): Record<string, unknown> =>
  ingestedAt === null ? {} : { ingested_at: formatInstant(ingestedAt) };

function statementRow(book: Book, person: Person, statement: StatementMonth): Record<string, unknown> {
  return {
    customer_id: person.id,
    product: statement.product,
    month: book.months[statement.month],
    credit_limit: money(statement.limit),
    statement_balance: money(statement.balance),
    minimum_due: money(statement.minimumDue),
    due_date: book.dueDates[statement.month],
    amount_paid: money(statement.paid),
    delinquency: statement.delinquency,
  };
}
