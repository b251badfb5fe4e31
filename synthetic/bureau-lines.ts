/** What a bureau's report of an application for a line lists: who asked before, and the accounts with other lenders. */
import { DAY } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { instantText } from './instants.js';
import { poisson } from './rhythm.js';
import { type CustomerRows, knownAt, money, type Row } from './rows.js';

const LENDERS = ['BANK-1', 'BANK-2', 'BANK-3', 'CONSUMER-1', 'CONSUMER-2', 'ONLINE-1', 'ONLINE-2', 'ONLINE-3'] as const;
const REASONS = ['LOAN_APPROVAL', 'LOAN_APPROVAL', 'CARD_APPROVAL', 'ACCOUNT_REVIEW'] as const;
const TYPES = ['CARD', 'CONSUMER_LOAN', 'CONSUMER_LOAN', 'CAR_LOAN', 'MORTGAGE'] as const;
/** Cents. */
const LIMITS: Readonly<Record<(typeof TYPES)[number], number>> = {
  CARD: 2_000_000,
  CONSUMER_LOAN: 1_500_000,
  CAR_LOAN: 9_000_000,
  MORTGAGE: 80_000_000,
};
const MONTH_DAYS = 30;
/** Inquiries of two years that are older than those of the report's own count. */
const OLDER_INQUIRIES = 1.2;
const CLOSED_ACCOUNTS = 0.7;

/** Rows of `inquiries` and `tradelines`: they say of each report what its own counts say, with days and amounts. */
export function bureauRows(book: Book, reports: readonly Row[]): Pick<CustomerRows, 'inquiries' | 'tradelines'> {
  const listed = reports.filter(({ product, status }) => product === 'CREDIT_SCORE' && status === 'OK');
  return {
    inquiries: listed.flatMap((report) => inquiriesOf(book, report)),
    tradelines: listed.flatMap((report) => tradelinesOf(book, report)),
  };
}

const countOf = (report: Row, name: string): number =>
  Number((report.values as Readonly<Record<string, number>>)[name] ?? 0);

function inquiriesOf(book: Book, report: Row): Row[] {
  const random = book.random('inquiries', String(report.report_id));
  const requested = Date.parse(String(report.requested_at));
  const recent = Array.from({ length: countOf(report, 'inquiries_90d') }, () => random.int(1, 89));
  const older = Array.from({ length: poisson(random, OLDER_INQUIRIES) }, () => random.int(91, 730));
  return [...recent, ...older]
    .sort((a, b) => b - a)
    .map((daysAgo, index) => {
      const reason = random.pick(REASONS);
      return {
        report_id: report.report_id,
        inquiry_no: index + 1,
        customer_id: report.customer_id,
        inquired_at: instantText(requested - daysAgo * DAY - random.int(0, DAY / 2)),
        organisation: random.pick(LENDERS),
        reason,
        ...(reason === 'ACCOUNT_REVIEW' ? {} : { amount: money(random.int(10, 300) * 10_000) }),
        ...knownAt(requested),
      };
    });
}

function tradelinesOf(book: Book, report: Row): Row[] {
  const random = book.random('tradelines', String(report.report_id));
  const requested = Date.parse(String(report.requested_at));
  const open = countOf(report, 'open_accounts');
  const late = countOf(report, 'overdue_accounts_24m');
  return Array.from({ length: open + poisson(random, CLOSED_ACCOUNTS) }, (_, index) => {
    const type = random.pick(TYPES);
    const months = random.int(1, 60);
    const limit = Math.round((LIMITS[type] * random.int(4, 16)) / 1_000) * 100;
    return {
      report_id: report.report_id,
      tradeline_no: index + 1,
      customer_id: report.customer_id,
      reported_at: instantText(requested - random.int(1, MONTH_DAYS) * DAY),
      opened_on: book.local.date(book.local.dayOf(requested - months * MONTH_DAYS * DAY)),
      account_type: type,
      organisation: random.pick(LENDERS),
      credit_limit: money(limit),
      balance: money(index < open ? Math.round((limit * random.int(0, 100)) / 100) : 0),
      status: index < open ? 'OPEN' : 'SETTLED',
      worst_dpd: index < late ? random.int(1, 95) : 0,
      months_on_book: months,
      ...knownAt(requested),
    };
  });
}
