/**
 * The versions of a loan's days that derivations day by day would write, found without going day by day. What comes in on the day on which
 * it happens changes no day before: between two surprises (something late, restated or taken back) one replay serves all days.
 */

import type { DayNumber, LocalDays } from '../../core/helpers/local-days.js';
import { type LoanSpan, replayLoan } from '../../core/lending/loan-ledger.js';
import { type Chain, inForce, knownInputs, type LoanFacts, type LoanHistory } from './history.js';
import { type Impossible, impossibleIn } from './impossible.js';

/** The version written for the days `from` to `to`, both inclusive. */
export interface Written {
  readonly from: DayNumber;
  readonly to: DayNumber;
  /** The day whose derivation writes them; null: each day its own. */
  readonly by: DayNumber | null;
  readonly facts: LoanFacts;
  /** Null where these loan-days exist no more. */
  readonly span: LoanSpan | null;
  /** Whether the days had an earlier version. */
  readonly restates: boolean;
}

export interface LoanVersions {
  /** In the order in which the derivations write; null where the loan was never known. */
  readonly written: readonly Written[];
  /** Whether a later derivation may write days of this loan although nothing new comes in. */
  readonly open: boolean;
  /** Days, both ends included, whose derivations write nothing of this loan: what they know of it is impossible. */
  readonly aside: readonly { readonly from: DayNumber; readonly to: DayNumber }[];
  /** Why the newest derivation leaves the loan out; null: it does not. */
  readonly impossible: Impossible | null;
}

/** The days between two surprises: derived from the same inputs, but for what regularly comes in each day. */
interface Stretch {
  readonly from: DayNumber;
  readonly to: DayNumber;
  readonly facts: LoanFacts | null;
  readonly spans: readonly LoanSpan[];
  readonly impossible: Impossible | null;
}

/** The versions of one loan that the derivations of the days after `after` (all days for null) up to `through` write. */
export function versionsOf(
  history: LoanHistory,
  days: LocalDays,
  { after, through }: { readonly after: DayNumber | null; readonly through: DayNumber },
): LoanVersions {
  const begin = Math.min(...history.loan.map(({ knownOn, happens }) => Math.max(knownOn, happens)));
  const open = isPending(history, through);
  if (begin > through) return { written: [], open, aside: [], impossible: null };
  let stretches = stretchesOf(history, days, stretchStarts(history, begin, through, false), { after, through });
  // A loan on which nothing is owed while it stays on the books had been closed as paid before it was known to go on. One that became
  // impossible had days before.
  const isMixed = ({ spans, impossible }: Stretch): boolean =>
    impossible !== null || spans.some((span) => span.owesNothing && isOpen(span));
  if (stretches.some(isMixed)) {
    stretches = stretchesOf(history, days, stretchStarts(history, begin, through, true), { after, through });
  }
  const written: Written[] = [];
  let before: Stretch | null = null;
  for (const stretch of stretches) {
    if (stretch.impossible) continue;
    if (after === null || stretch.to > after) {
      if (before && (after === null || stretch.from > after)) restate(before, stretch, written);
      append(stretch, after === null ? stretch.from : Math.max(stretch.from, after + 1), before === null, written);
    }
    before = stretch;
  }
  const aside = stretches.filter(({ impossible }) => impossible !== null);
  const impossible = stretches.at(-1)?.impossible ?? null;
  const last = stretches.at(-1)?.spans.at(-1);
  return { written, open: open || impossible !== null || (last !== undefined && isOpen(last)), aside, impossible };
}

const isOpen = ({ status }: LoanSpan): boolean => status === 'CURRENT' || status === 'OVERDUE';

const chainsOf = (history: LoanHistory): readonly Chain<unknown>[] => [
  history.loan,
  ...history.installments,
  ...history.repayments,
  ...history.events,
];

/** Whether a known fact happens after `through`. */
const isPending = (history: LoanHistory, through: DayNumber): boolean =>
  chainsOf(history).some((chain) => chain.some(({ knownOn, happens }) => knownOn <= through && happens > through));

/** First days of stretches, in order; `every`: each day on which anything comes in is one. */
function stretchStarts(
  history: LoanHistory,
  begin: DayNumber,
  through: DayNumber,
  every: boolean,
): readonly DayNumber[] {
  const starts = new Set([begin]);
  // The first of them begins the loan's days.
  for (const [first] of history.installments) if (first) starts.add(first.knownOn);
  for (const chain of chainsOf(history)) {
    for (const [index, { knownOn, happens, row }] of chain.entries()) {
      const regular = index === 0 && row !== null && knownOn <= happens && chain !== history.loan;
      if (regular && !every) continue;
      starts.add(knownOn);
      starts.add(Math.max(knownOn, happens));
    }
  }
  return [...starts].filter((day) => day >= begin && day <= through).sort((a, b) => a - b);
}

/** The stretches that derive days after `after`, and the one before them where a surprise parts the two. */
function stretchesOf(
  history: LoanHistory,
  days: LocalDays,
  starts: readonly DayNumber[],
  { after, through }: { readonly after: DayNumber | null; readonly through: DayNumber },
): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, from] of starts.entries()) {
    const to = (starts[index + 1] ?? through + 1) - 1;
    if (after !== null && to < after) continue;
    const facts = inForce(history.loan, to);
    const inputs = facts === null ? null : knownInputs(history, facts, to);
    const impossible = facts && inputs && impossibleIn(facts, inputs);
    const spans = inputs === null || impossible ? [] : replayLoan(inputs, days, to);
    stretches.push({ from, to, facts, spans, impossible });
  }
  return stretches;
}

/** The days that a stretch is the first to derive; where it begins the loan, also those before it. */
function append({ from, to, facts, spans }: Stretch, first: DayNumber, begins: boolean, written: Written[]): void {
  if (facts === null) return;
  for (const span of spans) {
    if (begins && span.from < from && first === from) {
      const late = { from: span.from, to: Math.min(span.to, from - 1) };
      written.push({ ...late, by: from, facts, span, restates: false });
    }
    const own = { from: Math.max(span.from, first), to: Math.min(span.to, to) };
    if (own.from <= own.to) written.push({ ...own, by: null, facts, span, restates: false });
  }
}

/** Restates the days before a stretch whose content its first derivation changes. */
function restate(before: Stretch, now: Stretch, written: Written[]): void {
  const sameFacts = before.facts !== null && now.facts !== null && isSame(before.facts, now.facts);
  const by = now.from;
  const ends = [...before.spans, ...now.spans].flatMap(({ from, to, mentionedUntil }) => [
    from,
    to + 1,
    mentionedUntil,
  ]);
  const cuts = [...new Set(ends)].filter((day) => day < by).sort((a, b) => a - b);
  let [old, next] = [0, 0];
  for (const [index, from] of cuts.entries()) {
    const to = (cuts[index + 1] ?? by) - 1;
    while ((before.spans[old]?.to ?? Number.POSITIVE_INFINITY) < from) old++;
    while ((now.spans[next]?.to ?? Number.POSITIVE_INFINITY) < from) next++;
    const was = covering(before.spans[old], from);
    const is = covering(now.spans[next], from);
    if (!was && !is) continue;
    const facts = (is ? now.facts : before.facts) as LoanFacts;
    if (was && is && sameFacts && isSameState(was, is, from)) continue;
    written.push({ from, to, by, facts, span: is, restates: was !== null });
  }
}

const covering = (span: LoanSpan | undefined, day: DayNumber): LoanSpan | null =>
  span && span.from <= day && day <= span.to ? span : null;

const isSame = (a: LoanFacts, b: LoanFacts): boolean =>
  a.customerId === b.customerId &&
  a.product === b.product &&
  a.channel === b.channel &&
  a.lineId === b.lineId &&
  a.disbursedOn === b.disbursedOn &&
  a.principal === b.principal;

/** From `day` on, as long as neither restructuring stops bearing on the risk class. */
const isSameState = (a: LoanSpan, b: LoanSpan, day: DayNumber): boolean =>
  a.status === b.status &&
  a.restructured === b.restructured &&
  a.oldestDue === b.oldestDue &&
  a.principalOutstanding === b.principalOutstanding &&
  a.overduePrincipal === b.overduePrincipal &&
  a.interestOverdue === b.interestOverdue &&
  a.feeOverdue === b.feeOverdue &&
  (a.oldestDue !== null || day < a.mentionedUntil === day < b.mentionedUntil);
