import { SECOND } from '../src/core/helpers/time.js';
import { applicationContext } from './application-context.js';
import type { Book } from './book.js';
import { instantText } from './instants.js';
import type { ApplicationLife, Life } from './life.js';
import { type CustomerRows, knownAt, money, type Row } from './rows.js';

/** Scorecard points to the probability of default that the incumbent printed with them: 600 is one in twenty, and odds double every 30. */
const probabilityOf = (points: number): number => 1 / (1 + 19 * 2 ** ((points - 600) / 30));

const BANDS: readonly (readonly [number, string])[] = [
  [660, 'A'],
  [630, 'B'],
  [600, 'C'],
  [570, 'D'],
];
const bandOf = (points: number): string => BANDS.find(([from]) => points >= from)?.[1] ?? 'E';

/** The policies in force: a version lives for half a year. */
const POLICY_MONTHS = 6;

/** Rows of `applications`, `scores`, `decisions` and `rule_hits`. An application is first known as pending, then as it was decided. */
export function applicationRows(book: Book, life: Life): CustomerRows {
  const applications: Row[] = [];
  const scores: Row[] = [];
  const decisions: Row[] = [];
  const ruleHits: Row[] = [];
  for (const application of life.applications) {
    const pending = pendingRow(life, application, applicationContext(book, life, application));
    applications.push(pending);
    if (application.decidedAt === null) continue;
    applications.push({
      ...pending,
      decision: application.decision,
      ...(application.decisionPath ? { decision_path: application.decisionPath } : {}),
      decided_at: instantText(application.decidedAt),
      ...(application.approvedAmount !== null ? { approved_amount: money(application.approvedAmount) } : {}),
      ...(application.declineReason ? { decline_reason: application.declineReason } : {}),
      ...knownAt(application.decidedAt),
    });
    if (application.strategy === null) continue;
    scores.push({
      model: 'incumbent@1',
      entity: 'application',
      entity_id: application.id,
      scored_at: instantText(Math.min(application.appliedAt + 2 * SECOND, application.decidedAt)),
      points: application.incumbentPoints,
      probability: Number(probabilityOf(application.incumbentPoints).toFixed(6)),
      band: bandOf(application.incumbentPoints),
    });
    const decided = { decision_id: `${application.id}-D`, decided_at: instantText(application.decidedAt) };
    const version = 1 + Math.floor(book.monthOf(book.local.dayOf(application.appliedAt)) / POLICY_MONTHS);
    decisions.push({
      ...decided,
      application_id: application.id,
      customer_id: life.person.id,
      scene: application.kind,
      strategy: application.strategy,
      version: String(version),
      outcome: application.decision,
    });
    for (const { rule, evaluated, hit } of application.rules) {
      ruleHits.push({
        ...decided,
        rule,
        evaluated: evaluated ? 1 : 0,
        hit: hit ? 1 : 0,
        ...(hit ? { action: 'DECLINE' } : {}),
      });
    }
  }
  return { applications, scores, decisions, rule_hits: ruleHits };
}

const pendingRow = (life: Life, application: ApplicationLife, context: Row): Row => ({
  application_id: application.id,
  customer_id: life.person.id,
  kind: application.kind,
  product: application.product,
  channel: application.channel,
  applied_at: instantText(application.appliedAt),
  amount: money(application.amount),
  term_months: application.termMonths,
  purpose: application.purpose,
  ...(application.lineId ? { line_id: application.lineId } : {}),
  ...context,
  decision: 'PENDING',
});
