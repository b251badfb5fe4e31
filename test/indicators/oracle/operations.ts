/** What happens beside the loans, and what each indicator of it says, derived by hand. */
import type { BookTables } from '../support.js';

export async function insertOperations(tables: BookTables): Promise<void> {
  const application = (application_id: string, customer_id: string, at: string, amount: number, more: object) => ({
    application_id,
    customer_id,
    kind: 'LOAN',
    product: 'OPS',
    applied_at: `2029-03-${at}T10:00:00.000Z`,
    amount,
    term_months: 12,
    ...more,
  });
  const decided = (decision: string, at: string, decision_path: string, approved_amount?: number) => ({
    decision,
    decided_at: `2029-03-${at}:00.000Z`,
    decision_path,
    ...(approved_amount !== undefined && { approved_amount }),
  });
  await tables.insert('applications', [
    application('P1', 'Q1', '01', 1000, decided('APPROVED', '01T10:30', 'MANUAL', 800)),
    application('P2', 'Q2', '02', 2000, decided('DECLINED', '02T10:01', 'AUTO')),
    application('P3', 'Q2', '03', 3000, { ...decided('APPROVED', '03T10:10', 'AUTO', 3000), kind: 'CREDIT' }),
    application('P4', 'Q3', '04', 4000, { decision: 'CANCELLED' }),
    application('P5', 'Q4', '05', 500, { decision: 'PENDING' }),
    application('P6', 'Q1', '06', 100, { ...decided('APPROVED', '06T10:01', 'AUTO', 100), kind: 'DRAWDOWN' }),
    application('P7', 'Q1', '07', 100, { ...decided('DECLINED', '07T10:01', 'AUTO'), kind: 'DRAWDOWN' }),
  ]);
  const rule = (name: string, evaluated: number, hit: number) => ({
    decision_id: 'D1',
    rule: name,
    decided_at: '2029-03-02T10:01:00.000Z',
    evaluated,
    hit,
  });
  await tables.insert('rule_hits', [rule('A', 1, 1), rule('B', 1, 0), rule('C', 0, 0)]);
  const contact = (contact_id: string, customer_id: string, responded?: string, converted?: string) => ({
    contact_id,
    campaign: 'SPRING',
    customer_id,
    channel: 'SMS',
    sent_at: '2029-03-10T10:00:00.000Z',
    responded_at: responded ? `2029-03-${responded}T10:00:00.000Z` : null,
    converted_at: converted ? `2029-03-${converted}T10:00:00.000Z` : null,
  });
  await tables.insert('campaign_contacts', [
    // The last moment of fourteen days, and a day after it.
    contact('M1', 'Q6', '24'),
    contact('M2', 'Q7', '25'),
    contact('M3', 'Q8'),
    contact('M4', 'Q1', '11', '12'),
    contact('M5', 'Q5', '11', '13'),
  ]);
  const label = (entity_id: string, day: string, value: number) => ({
    entity: 'customer',
    entity_id,
    name: 'bad@1',
    observed_at: `${day}T04:00:00.000Z`,
    window_from: `${day}T04:00:00.000Z`,
    window_to: '2029-11-01T00:00:00.000Z',
    known_at: '2029-11-01T00:00:00.000Z',
    value,
  });
  // Q1 was good when it was contacted, and is bad after the conversion.
  await tables.insert('labels', [
    label('Q1', '2029-03-01', 0),
    label('Q1', '2029-04-01', 1),
    label('Q5', '2029-04-01', 0),
  ]);
  const report = (report_id: string, status: string, latency_ms: number | null, cost: number) => ({
    report_id,
    customer_id: 'Q1',
    provider: 'S1',
    product: 'SCORE',
    requested_at: '2029-03-01T10:00:00.000Z',
    status,
    latency_ms,
    cost,
  });
  await tables.insert('external_reports', [
    report('R1', 'OK', 100, 1),
    report('R2', 'OK', 300, 1),
    report('R3', 'NO_HIT', 200, 0.5),
    report('R4', 'TIMEOUT', null, 0),
  ]);
  const cost = (month: string, product: string, channel: string, kind: string, amount: number) => ({
    month,
    product,
    channel,
    kind,
    amount,
  });
  await tables.insert('costs', [
    cost('2028-02-01', 'HAND', 'WEB', 'ACQUISITION', 30),
    cost('2028-07-01', 'HAND', 'APP', 'COLLECTION', 21),
    cost('2028-09-01', 'HAND', 'APP', 'FUNDING', 30),
    cost('2028-09-01', 'HAND', 'PARTNER', 'OPERATION', 5),
    cost('2029-03-01', 'OPS', 'APP', 'DATA', 10),
  ]);
  const flow = (flow_id: string, day: string, amount: number) => ({
    flow_id,
    loan_id: 'L19',
    customer_id: 'C19',
    occurred_at: `${day}T11:00:00.000Z`,
    amount,
    counterparty_type: 'MERCHANT',
  });
  await tables.insert('fund_flows', [flow('F1', '2028-12-27', 500), flow('F2', '2028-12-28', 700)]);
  const statement = (customer_id: string, delinquency: number) => ({
    customer_id,
    product: 'OPS',
    month: '2029-03-01',
    credit_limit: 100,
    statement_balance: 10,
    amount_paid: 0,
    delinquency,
  });
  await tables.insert('statements', [statement('Q1', 2), statement('Q2', 1)]);
  await tables.insert('scores', [
    { model: 'card@1', entity: 'customer', entity_id: 'C01', scored_at: '2028-01-01T00:00:00.000Z', band: 'A' },
    // Not before the disbursement of the 15th.
    { model: 'card@1', entity: 'customer', entity_id: 'C01', scored_at: '2028-01-15T11:00:00.000Z', band: 'B' },
  ]);
}

/** Name, month and value; more than one where a report is asked for twice. */
export const OPERATIONS: readonly (readonly [name: string, month: string, value: string])[] = [
  ['applications', '2029-03', '5'],
  ['applicants', '2029-03', '4'],
  ['abandonment_rate', '2029-03', '0.2'],
  ['average_requested_amount', '2029-03', '2100'],
  ['approval_rate_by_applied', '2029-03', '0.666667'],
  // P1, P2 and P3 are decided: 3800 granted of 6000 asked for, and of the 4000 of those approved. Q2's last decision is the approval.
  ['approval_rate', '2029-03', '0.666667'],
  ['approval_rate_amount', '2029-03', '0.633333'],
  ['approval_rate_heads', '2029-03', '1'],
  ['granted_over_requested', '2029-03', '0.95'],
  ['limit_granted', '2029-03', '3800'],
  ['average_limit', '2029-03', '1900'],
  ['declines', '2029-03', '1'],
  ['drawdown_approval_rate', '2029-03', '0.5'],
  ['manual_review_rate', '2029-03', '0.333333'],
  ['straight_through_rate', '2029-03', '0.666667'],
  // 1, 10 and 30 minutes.
  ['median_decision_minutes', '2029-03', '10'],
  ['p90_decision_minutes', '2029-03', '30'],
  ['rule_hit_rate', '2029-03', '0.5'],
  ['campaign_response_rate', '2029-03', '0.6'],
  ['campaign_conversion_rate', '2029-03', '0.4'],
  ['converter_bad_rate', '2029-03', '0.5'],
  ['supplier_requests', '2029-03', '4'],
  ['supplier_success_rate', '2029-03', '0.75'],
  ['supplier_hit_rate', '2029-03', '0.666667'],
  ['supplier_cost_per_hit', '2029-03', '1.25'],
  ['supplier_median_latency', '2029-03', '200'],
  ['supplier_p99_latency', '2029-03', '300'],
  ['data_cost_per_application', '2029-03', '2'],
  ['delinquency_rate_60', '2029-03', '0.5'],
  // Of the ledger: A1, A2, A3, A5 and A6 on the cases of L09 to L12; L09 and L12 are reached within a week, and promise.
  ['collection_cases', '2028-03', '4'],
  ['actions_per_case', '2028-03', '1.25'],
  ['contact_rate', '2028-03', '0.5'],
  ['promise_rate', '2028-03', '0.5'],
  // L16's two instalments of 105 by collections cost 21.
  ['collection_cost_per_collected', '2028-07', '0.1'],
  // L06 and L17 are the first loans of February.
  ['acquisition_cost_per_first_loan', '2028-02', '15'],
  ['operating_cost', '2028-09', '35'],
  ['use_of_funds_amount', '2028-12', '500'],
  ['use_of_funds_share', '2028-12', '0.238095'],
  ['disbursement_concentration_purpose_hhi', '2028-12', '1'],
  ['paying_customers', '2028-02', '8'],
  // Interest of 36, 5, 5 and 5, less L10's 900, less 30 that the app's loans share and 5 that none does.
  ['profit', '2028-09', '-884'],
];
