import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import type { ApplicationLife, Decision } from './life.js';
import type { Person } from './person.js';
import { creditPolicy, incumbentPoints, type PolicyRun, type Strategy } from './policy.js';
import type { Random } from './random.js';

export const CASH_LINE = 'CASH_LINE';
export const SHOP_LINE = 'SHOP_LINE';

const PURPOSES: readonly (readonly [string, number])[] = [
  ['daily', 40],
  ['renovation', 15],
  ['education', 12],
  ['medical', 8],
  ['travel', 10],
  ['electronics', 15],
];

/** Tenors in months and how often each is chosen: 11 months in the mean. */
export const TENORS: readonly (readonly [number, number])[] = [
  [3, 11],
  [6, 20],
  [9, 8],
  [12, 45],
  [18, 8],
  [24, 8],
];

/** A declined customer tries again, at most twice. */
const TRIES_AGAIN = 0.22;
const CHALLENGER_SHARE = 0.1;

/** A ring member has no history that earns a high limit. */
const STRANGERS = 0.6;

export const drawPurpose = (random: Random): string => random.weighted(PURPOSES);

/** When and how a decision was made: nine of ten within two minutes, the rest by hand in hours. */
export function decisionTime(random: Random, appliedAt: Instant): { decidedAt: Instant; path: 'AUTO' | 'MANUAL' } {
  if (random.chance(0.905)) return { decidedAt: appliedAt + random.int(4, 110) * SECOND, path: 'AUTO' };
  return { decidedAt: appliedAt + random.int(30, 30 * 60) * MINUTE, path: 'MANUAL' };
}

/** How an application ends that the policy has passed or not; a few end without it. Not decided by the horizon: still pending. */
export function concluded(
  book: Book,
  random: Random,
  appliedAt: Instant,
  policy: PolicyRun,
): {
  decision: Decision;
  decisionPath: 'AUTO' | 'MANUAL' | null;
  decidedAt: Instant | null;
  declineReason: string | null;
} {
  const { decidedAt, path } = decisionTime(random, appliedAt);
  const fate = random.next();
  const ended: { decision: Decision; at: Instant } | null =
    fate < 0.012
      ? { decision: 'CANCELLED', at: appliedAt + random.int(1, 20) * HOUR }
      : fate < 0.02
        ? { decision: 'EXPIRED', at: appliedAt + 7 * DAY }
        : null;
  const at = ended?.at ?? decidedAt;
  if (at > book.horizon) return { decision: 'PENDING', decisionPath: null, decidedAt: null, declineReason: null };
  if (ended) return { decision: ended.decision, decisionPath: null, decidedAt: ended.at, declineReason: null };
  const declineReason = policy.declineReason;
  return { decision: declineReason === null ? 'APPROVED' : 'DECLINED', decisionPath: path, decidedAt, declineReason };
}

/** Cents; what the incumbent's policy grants: months of income, more to better scores. */
export function limitFor(person: Person, random: Random, points: number, product: string): number {
  const months =
    (product === SHOP_LINE ? 2.2 : 4.2) *
    (person.ring ? STRANGERS : 1) *
    Math.exp(0.006 * (points - 630)) *
    random.uniform(0.75, 1.3);
  const thousands = Math.min(200, Math.max(3, Math.round((person.monthlyIncome * months) / 1_000)));
  return thousands * 100_000;
}

/** The customer's applications for credit, oldest first; the last is the approved one where any is. */
export function creditApplications(
  book: Book,
  person: Person,
  options: {
    readonly first: Instant;
    readonly product: string;
    readonly number: number;
    readonly pressure: (at: Instant) => number;
  },
): ApplicationLife[] {
  const random = book.random('credit', person.index, options.number);
  const applications: ApplicationLife[] = [];
  let appliedAt = options.first;
  for (let attempt = 0; attempt < 3 && appliedAt <= book.horizon; attempt++) {
    const strategy: Strategy = random.chance(CHALLENGER_SHARE) ? 'CHALLENGER' : 'CHAMPION';
    const points = incumbentPoints(person, random, options.pressure(appliedAt));
    const policy = creditPolicy(person, random, points, strategy);
    const end = concluded(book, random, appliedAt, policy);
    const decided = end.decision === 'APPROVED' || end.decision === 'DECLINED';
    const amount = Math.max(5, Math.round((person.monthlyIncome * random.uniform(3, 7)) / 1_000)) * 100_000;
    applications.push({
      id: `${person.id}-A${options.number + attempt}`,
      kind: 'CREDIT',
      product: options.product,
      channel: person.channel,
      appliedAt,
      amount,
      termMonths: 12,
      purpose: drawPurpose(random),
      lineId: null,
      ...end,
      approvedAmount:
        end.decision === 'APPROVED' ? Math.min(amount, limitFor(person, random, points, options.product)) : null,
      strategy: decided ? strategy : null,
      incumbentPoints: points,
      rules: decided ? policy.rules : [],
    });
    if (end.decision === 'APPROVED' || end.decision === 'PENDING' || !random.chance(TRIES_AGAIN)) break;
    appliedAt = (end.decidedAt ?? appliedAt) + random.int(20, 120) * DAY + random.int(0, 600) * MINUTE;
  }
  return applications;
}
