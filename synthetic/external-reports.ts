/** Answers of outside sources to an application for credit: a bureau, a counter of lenders asked, a list of frauds. */
import type { Book } from './book.js';
import { instantText } from './instants.js';
import type { ApplicationLife, Life } from './life.js';
import type { Random } from './random.js';
import { poisson } from './rhythm.js';
import { money, type Row } from './rows.js';

interface Product {
  readonly provider: string;
  readonly product: string;
  /** Cents a hit. */
  readonly cost: number;
  /** Median milliseconds. */
  readonly latency: number;
  readonly values: (random: Random, who: Standing) => Readonly<Record<string, number>>;
}

/** The inputs of the answers: risk is standard normal and high = bad, strain as in `Life.strain`. */
interface Standing {
  readonly risk: number;
  readonly strain: number;
  readonly ring: boolean;
}

/** Noise of the bureau's score over what it sees of the risk: a good score, far from a perfect one. */
const BUREAU_SEES = 26;
const BUREAU_NOISE = 46;

const BUREAU: Product = {
  provider: 'BUREAU',
  product: 'CREDIT_SCORE',
  cost: 220,
  latency: 260,
  values: (random, { risk, strain, ring }) => ({
    bureau_score: Math.round(
      Math.max(
        300,
        Math.min(850, 640 - BUREAU_SEES * risk - 9 * strain - (ring ? 8 : 0) + BUREAU_NOISE * random.normal()),
      ),
    ),
    inquiries_90d: poisson(random, 1.3 * Math.exp(0.2 * risk + 0.15 * strain)),
    open_accounts: poisson(random, ring ? 1.6 : 3),
    overdue_accounts_24m: poisson(random, 0.18 * Math.exp(0.5 * risk)),
  }),
};
const LENDERS: Product = {
  provider: 'LENDER_COUNTER',
  product: 'MULTI_LENDER',
  cost: 80,
  latency: 140,
  values: (random, { risk, strain, ring }) => {
    const week = poisson(random, 0.35 * Math.exp(0.25 * risk + 0.25 * strain) + (ring ? 0.7 : 0));
    const month = week + poisson(random, 0.7 * Math.exp(0.25 * risk + 0.25 * strain));
    return {
      multi_lender_count: month + poisson(random, 1.2 * Math.exp(0.2 * risk)),
      lenders_7d: week,
      lenders_30d: month,
    };
  },
};
const FRAUD_LIST: Product = {
  provider: 'FRAUD_LIST',
  product: 'FRAUD_CHECK',
  cost: 30,
  latency: 90,
  values: (random, { ring }) => ({ hit: random.chance(ring ? 0.12 : 0.004) ? 1 : 0 }),
};

/** Share of drawdowns for which the bureau and the counter are asked again. */
const ASKED_AT_DRAWDOWN = 0.4;
const ERROR = 0.006;
const TIMEOUT = 0.012;
/** The young are not yet known anywhere. */
const NO_HIT = 0.05;
const NO_HIT_YOUNG = 0.15;
const TIMEOUT_MS = 3_000;

/** Rows of `external_reports` of one customer. */
export function externalReportRows(book: Book, life: Life): Row[] {
  const rows: Row[] = [];
  for (const application of life.applications) {
    const random = book.random('reports', application.id);
    const credit = application.kind === 'CREDIT';
    if (!credit && !random.chance(ASKED_AT_DRAWDOWN)) continue;
    for (const product of credit ? [BUREAU, LENDERS, FRAUD_LIST] : [BUREAU, LENDERS]) {
      const row = reportRow(book, life, { application, random, product });
      if (row) rows.push(row);
    }
  }
  return rows;
}

function reportRow(
  book: Book,
  life: Life,
  options: { readonly application: ApplicationLife; readonly random: Random; readonly product: Product },
): Row | null {
  const { application, random, product } = options;
  const { person } = life;
  const at = application.appliedAt + random.int(200, 2_500);
  if (at > book.horizon) return null;
  const month = Math.max(0, Math.min(life.strain.length - 1, book.monthOf(book.local.dayOf(at))));
  const fate = random.next();
  const unknown = person.age < 23 ? NO_HIT_YOUNG : NO_HIT;
  const status =
    fate < ERROR ? 'ERROR' : fate < ERROR + TIMEOUT ? 'TIMEOUT' : fate < ERROR + TIMEOUT + unknown ? 'NO_HIT' : 'OK';
  const answered = status === 'OK';
  const latency = Math.round(product.latency * Math.exp(0.5 * random.normal()));
  const risk = (-0.6 * person.willingness - 0.5 * person.ability) / 0.78;
  const who = { risk, strain: life.strain[month] ?? 0, ring: person.ring !== null };
  return {
    report_id: `${application.id}-${product.product}`,
    customer_id: person.id,
    application_id: application.id,
    provider: product.provider,
    product: product.product,
    requested_at: instantText(at),
    status,
    latency_ms: status === 'TIMEOUT' ? TIMEOUT_MS : Math.min(latency, TIMEOUT_MS - 1),
    cost: money(answered ? product.cost : 0),
    values: answered ? product.values(random, who) : {},
  };
}
