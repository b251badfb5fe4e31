import { addDays, addMonths, formatInstant, type LocalDate } from '../core/time.js';
import { BOOK_MONTHS, type Book, customerId, type Ring } from './book.js';
import { logistic } from './random.js';

/** A customer with what no lender sees: how able and how willing to pay. Both move what a lender does see. */
export interface Person {
  readonly index: number;
  readonly id: string;
  readonly ring: Ring | null;
  /** Standard normal; income and resilience grow with it. */
  readonly ability: number;
  /** Standard normal; punctuality grows with it. */
  readonly willingness: number;
  /** Shift of the log-odds of missing a payment that comes with the channel. */
  readonly channelRisk: number;
  readonly monthlyIncome: number;
  readonly registeredOn: LocalDate;
  /** First month of the book with a statement; BOOK_MONTHS when none has ended. */
  readonly firstMonth: number;
  readonly row: Readonly<Record<string, unknown>>;
}

const PROVINCES: readonly (readonly [string, string, number])[] = [
  ['Guangdong', 'Shenzhen', 16],
  ['Jiangsu', 'Suzhou', 11],
  ['Shandong', 'Jinan', 10],
  ['Zhejiang', 'Hangzhou', 9],
  ['Henan', 'Zhengzhou', 9],
  ['Sichuan', 'Chengdu', 9],
  ['Hubei', 'Wuhan', 7],
  ['Hunan', 'Changsha', 7],
  ['Hebei', 'Baoding', 7],
  ['Fujian', 'Xiamen', 5],
  ['Shaanxi', 'Xian', 5],
  ['Shanghai', 'Shanghai', 5],
];

/** Worst against best channel: about two and a half times the odds. */
const CHANNELS: readonly (readonly [string, number, number])[] = [
  ['APP', 45, -0.3],
  ['PARTNER', 30, 0.1],
  ['REFERRAL', 10, -0.1],
  ['OFFLINE', 15, 0.6],
];

/** Share of the customers who were there before the book's first month. */
const OLD_CUSTOMERS = 0.6;

export function makePerson(book: Book, index: number): Person {
  const random = book.random('person', index);
  const ring = book.ring(index);
  const ability = random.normal();
  const willingness = random.normal();
  const age = Math.round(Math.min(60, Math.max(19, 33 + 9 * random.normal() + 2 * ability)));
  const monthlyIncome = Math.round(Math.exp(8.95 + 0.3 * ability + 0.35 * random.normal()) / 100) * 100;
  const channel = random.weighted(CHANNELS.map((entry) => [entry, entry[1]] as const));
  const [province, city] = random.weighted(PROVINCES.map((entry) => [entry, entry[2]] as const));
  const startMonth = ring
    ? ring.startMonth
    : random.chance(OLD_CUSTOMERS)
      ? -random.int(1, 24)
      : random.int(0, BOOK_MONTHS - 1);
  const month = addMonths(book.months[0] as LocalDate, startMonth);
  // Rings register within three days of each other.
  const registeredOn = addDays(month, ring ? 9 + random.int(0, 2) : random.int(0, 27));
  const registeredAt = book.options.calendar.startOfDay(registeredOn) + random.int(8 * 3_600_000, 23 * 3_600_000);
  const educated = logistic(0.8 * ability + 0.5 * random.normal());
  return {
    index,
    id: customerId(index),
    ring,
    ability,
    willingness,
    channelRisk: channel[2],
    monthlyIncome,
    registeredOn,
    firstMonth: Math.max(0, startMonth),
    row: {
      customer_id: customerId(index),
      registered_at: formatInstant(registeredAt),
      birth_date: addDays(addMonths(registeredOn, -12 * age), -random.int(0, 364)),
      gender: random.chance(0.56) ? 'male' : 'female',
      education: educated > 0.75 ? 'graduate_school' : educated > 0.45 ? 'university' : 'high_school',
      marital_status: random.chance(logistic((age - 30) / 4)) ? 'married' : 'single',
      province,
      city,
      monthly_income: monthlyIncome.toFixed(2),
      phone_hash: random.hex(32),
      channel: channel[0],
      segment: monthlyIncome >= 12_000 ? 'PRIME' : monthlyIncome >= 6_000 ? 'MASS' : 'ENTRY',
    },
  };
}
