import { HOUR, type Instant, type LocalDate, MINUTE } from '../src/core/helpers/time.js';
import { BOOK_MONTHS, type Book, customerId, type Ring } from './book.js';
import type { DayNumber } from './book-days.js';
import { instantText } from './instants.js';
import { pickPlace } from './places.js';
import { logistic } from './random.js';
import type { Row } from './rows.js';
import { homePlace, phoneOf } from './ties.js';

/** A customer with what no lender sees: how able and how willing to pay. Both move what a lender does see. */
export interface Person {
  readonly index: number;
  readonly id: string;
  readonly ring: Ring | null;
  /** Standard normal; income and resilience grow with it. */
  readonly ability: number;
  /** Standard normal; punctuality grows with it. */
  readonly willingness: number;
  readonly channel: string;
  /** Shift of the log-odds of missing a payment that comes with the channel. */
  readonly channelRisk: number;
  /** 1 the largest cities, 4 the smallest. */
  readonly cityTier: number;
  readonly age: number;
  readonly married: boolean;
  readonly education: string;
  /** Whole currency units a month. */
  readonly monthlyIncome: number;
  readonly registeredOn: LocalDate;
  readonly registeredDay: DayNumber;
  readonly registeredAt: Instant;
  /** The row of `customers`. */
  readonly row: Row;
}

/** Share of customers and log-odds of missing: worst against best channel about two and a half times the odds. */
const CHANNELS: readonly (readonly [string, number, number])[] = [
  ['APP', 40, -0.3],
  ['PARTNER', 28, 0.05],
  ['REFERRAL', 12, 0.1],
  ['OFFLINE', 20, 0.72],
];
const CHANNEL_CHOICES = CHANNELS.map((entry) => [entry, entry[1]] as const);

const FIRST_TIER = new Set(['Beijing', 'Shanghai', 'Guangzhou', 'Shenzhen']);
const SECOND_TIER = new Set(
  'Tianjin Chongqing Hangzhou Nanjing Suzhou Wuhan Chengdu Xian Qingdao Ningbo Changsha Zhengzhou Dongguan Foshan'.split(
    ' ',
  ),
);
const THIRD_TIER = new Set(
  'Wuxi Jinan Hefei Fuzhou Xiamen Shenyang Dalian Kunming Harbin Changchun Shijiazhuang Nanning Guiyang Nanchang Taiyuan Wenzhou'.split(
    ' ',
  ),
);
const tierOf = (city: string): number =>
  FIRST_TIER.has(city) ? 1 : SECOND_TIER.has(city) ? 2 : THIRD_TIER.has(city) ? 3 : 4;

const OCCUPATIONS: readonly (readonly [string, number])[] = [
  ['worker', 30],
  ['service', 25],
  ['office', 20],
  ['self_employed', 15],
  ['driver', 10],
];

const AGENT_PACE = 5 * MINUTE;

/** Share of the customers who registered in the two years before the book. */
const OLD_CUSTOMERS = 0.3;

export function makePerson(book: Book, index: number): Person {
  const random = book.random('person', index);
  const ring = book.ring(index);
  const place = homePlace(book, index);
  const cityTier = tierOf(place.city);
  const ability = random.normal() + 0.12 * (2.9 - cityTier);
  const willingness = random.normal();
  const age = Math.round(Math.min(60, Math.max(19, 33 + 9 * random.normal() + 2 * ability)));
  const income = Math.exp(8.9 + 0.08 * (3 - cityTier) + 0.32 * ability + 0.3 * random.normal());
  const monthlyIncome = Math.max(1_800, Math.round(income / 100) * 100);
  const [channel, , channelRisk] = random.weighted(CHANNEL_CHOICES);
  const startMonth = ring
    ? ring.startMonth
    : random.chance(OLD_CUSTOMERS)
      ? -random.int(1, 24)
      : random.int(0, BOOK_MONTHS - 1);
  const { local } = book;
  // Rings register within three days of each other.
  const agents = ring?.kind === 'AGENT';
  const inMonth = ring ? 9 + (agents ? 0 : random.int(0, 2)) : random.int(0, 27);
  const registeredDay = local.addMonths(book.firstDay, startMonth) + inMonth;
  const registeredOn = local.date(registeredDay);
  // An agent brings all of them in one evening, one every few minutes.
  const inDay = agents
    ? 19 * HOUR + (index - ring.first) * AGENT_PACE + random.int(0, AGENT_PACE)
    : random.int(8 * HOUR, 23 * HOUR);
  const registeredAt = local.startOf(registeredDay) + inDay;
  const educated = logistic(0.7 * ability + 0.25 * willingness + 0.7 * random.normal());
  const education = educated > 0.75 ? 'graduate_school' : educated > 0.42 ? 'university' : 'high_school';
  const married = random.chance(logistic((age - 30) / 4 + 0.3 * willingness));
  const occupation = random.weighted(OCCUPATIONS);
  return {
    index,
    id: customerId(index),
    ring,
    ability,
    willingness,
    channel,
    channelRisk,
    cityTier,
    age,
    married,
    education,
    monthlyIncome,
    registeredOn,
    registeredDay,
    registeredAt,
    row: {
      customer_id: customerId(index),
      registered_at: instantText(registeredAt),
      birth_date: local.date(local.addMonths(registeredDay, -12 * age) - random.int(0, 364)),
      gender: random.chance(0.56) ? 'male' : 'female',
      education,
      marital_status: married ? 'married' : 'single',
      province: place.province,
      city: place.city,
      occupation: occupation,
      monthly_income: monthlyIncome.toFixed(2),
      phone_hash: phoneOf(book, index),
      id_region: place.province,
      phone_region: random.chance(0.85) ? place.province : pickPlace(random).province,
      channel,
      segment: monthlyIncome >= 12_000 ? 'PRIME' : monthlyIncome >= 6_000 ? 'MASS' : 'ENTRY',
    },
  };
}
