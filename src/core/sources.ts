/**
 * The canonical lending schema: every source table, its columns in order, its key, and when its rows happened and could be known.
 * Importing, reading and checking all follow this list; the tables themselves are made by `migrations/clickhouse`.
 */
import { notFound } from './errors.js';
import {
  type ColumnSpec,
  day,
  dayOfBirth,
  flag,
  float,
  floatMap,
  instant,
  int8,
  money,
  oneOf,
  opt,
  pii,
  rate,
  SOURCE_TYPES,
  type SourceColumn,
  type SourceTable,
  table,
  text,
  textMap,
  textOrEmpty,
  texts,
  uint16,
  uint32,
} from './source-columns.js';

export type { EventTime, HiddenColumns, SourceColumn, SourceTable, SourceType } from './source-columns.js';

/** Coordinate systems of positions. */
export const DATUMS = ['WGS84', 'GCJ02', 'BD09'] as const;
export type Datum = (typeof DATUMS)[number];

const datum = (): ColumnSpec => opt(oneOf(...DATUMS));
const identifier = (): ColumnSpec => opt(pii(text()));
const position = (): ColumnSpec => opt(pii(float()));

const DEFINED: readonly SourceTable[] = [
  table('customers', {
    key: ['customer_id'],
    eventTime: 'registered_at',
    columns: {
      customer_id: text(),
      registered_at: instant(),
      birth_date: opt(pii(dayOfBirth())),
      gender: opt(text()),
      education: opt(text()),
      marital_status: opt(text()),
      province: opt(text()),
      city: opt(text()),
      occupation: opt(text()),
      monthly_income: opt(money()),
      phone_hash: identifier(),
      id_region: opt(text()),
      phone_region: opt(text()),
      channel: opt(text()),
      segment: opt(text()),
    },
  }),
  table('applications', {
    key: ['application_id'],
    eventTime: 'applied_at',
    hidden: [
      {
        columns: ['decision', 'decision_path', 'decided_at', 'approved_amount', 'decline_reason'],
        until: 'decided_at',
        outcome: { column: 'decision', open: ['PENDING'] },
      },
    ],
    columns: {
      application_id: text(),
      customer_id: text(),
      kind: oneOf('CREDIT', 'DRAWDOWN', 'LOAN'),
      product: text(),
      channel: opt(text()),
      applied_at: instant(),
      amount: money(),
      term_months: uint16(),
      purpose: opt(text()),
      line_id: opt(text()),
      device_id: identifier(),
      ip: identifier(),
      latitude: position(),
      longitude: position(),
      datum: datum(),
      province: opt(text()),
      city: opt(text()),
      decision: opt(oneOf('APPROVED', 'DECLINED', 'PENDING', 'CANCELLED', 'EXPIRED')),
      decision_path: opt(oneOf('AUTO', 'MANUAL')),
      decided_at: opt(instant()),
      approved_amount: opt(money()),
      decline_reason: opt(text()),
    },
  }),
  table('credit_lines', {
    key: ['line_id', 'effective_at'],
    eventTime: 'effective_at',
    columns: {
      line_id: text(),
      effective_at: instant(),
      customer_id: text(),
      product: text(),
      application_id: opt(text()),
      limit_amount: money(),
      annual_rate: opt(rate()),
      status: oneOf('ACTIVE', 'FROZEN', 'CLOSED'),
      reason: opt(oneOf('INITIAL', 'INCREASE', 'DECREASE', 'FREEZE', 'UNFREEZE')),
    },
  }),
  table('loans', {
    key: ['loan_id'],
    eventTime: 'disbursed_at',
    columns: {
      loan_id: text(),
      customer_id: text(),
      application_id: opt(text()),
      line_id: opt(text()),
      refinances_loan_id: opt(text()),
      product: text(),
      channel: opt(text()),
      disbursed_at: instant(),
      principal: money(),
      term_months: uint16(),
      annual_rate: rate(),
      purpose: opt(text()),
      province: opt(text()),
    },
  }),
  table('loan_events', {
    key: ['loan_id', 'event_type', 'occurred_at'],
    eventTime: 'occurred_at',
    columns: {
      loan_id: text(),
      event_type: oneOf('RESTRUCTURED', 'RATE_CHANGED', 'WRITTEN_OFF', 'SETTLED', 'SOLD'),
      occurred_at: instant(),
      amount: opt(money()),
      detail: opt(text()),
    },
  }),
  table('installments', {
    key: ['loan_id', 'installment_no', 'effective_at'],
    eventTime: 'effective_at',
    columns: {
      loan_id: text(),
      installment_no: uint16(),
      effective_at: instant(),
      customer_id: text(),
      due_date: day(),
      principal_due: money(),
      interest_due: money(),
      fee_due: opt(money()),
    },
  }),
  table('repayments', {
    key: ['repayment_id'],
    eventTime: 'paid_at',
    columns: {
      repayment_id: text(),
      loan_id: text(),
      customer_id: text(),
      installment_no: opt(uint16()),
      paid_at: instant(),
      principal_paid: money(),
      interest_paid: money(),
      fee_paid: opt(money()),
      penalty_paid: opt(money()),
      method: opt(oneOf('SELF', 'AUTO_DEBIT', 'COLLECTION', 'WAIVER', 'REVERSAL')),
    },
  }),
  table('loan_snapshots', {
    key: ['loan_id', 'as_of'],
    eventTime: { kind: 'day', column: 'as_of' },
    columns: {
      loan_id: text(),
      as_of: day(),
      customer_id: text(),
      product: text(),
      channel: opt(text()),
      line_id: opt(text()),
      status: oneOf('CURRENT', 'OVERDUE', 'SETTLED', 'WRITTEN_OFF', 'SOLD'),
      restructured: flag(),
      dpd: uint16(),
      principal_outstanding: money(),
      overdue_principal: money(),
      interest_overdue: opt(money()),
      fee_overdue: opt(money()),
      penalty_accrued: opt(money()),
      risk_class: opt(oneOf('NORMAL', 'SPECIAL_MENTION', 'SUBSTANDARD', 'DOUBTFUL', 'LOSS')),
      disbursed_on: day(),
      principal: money(),
    },
  }),
  table('statements', {
    key: ['customer_id', 'product', 'month'],
    eventTime: { kind: 'month', column: 'month' },
    columns: {
      customer_id: text(),
      product: textOrEmpty(),
      month: day(),
      credit_limit: money(),
      statement_balance: money(),
      minimum_due: opt(money()),
      due_date: opt(day()),
      amount_paid: money(),
      delinquency: int8(),
    },
  }),
  table('events', {
    key: ['event_id'],
    eventTime: 'event_time',
    columns: {
      event_id: text(),
      customer_id: opt(text()),
      device_id: identifier(),
      application_id: opt(text()),
      session_id: opt(text()),
      event_type: text(),
      event_time: instant(),
      channel: opt(text()),
      product: opt(text()),
      amount: opt(money()),
      ip: identifier(),
      latitude: position(),
      longitude: position(),
      datum: datum(),
      is_mock_location: opt(flag()),
      page: opt(text()),
      dwell_ms: opt(uint32()),
      attributes: pii(textMap()),
    },
  }),
  table('device_sightings', {
    key: ['customer_id', 'device_id', 'seen_at'],
    eventTime: 'seen_at',
    columns: {
      customer_id: text(),
      device_id: pii(text()),
      seen_at: instant(),
      imei: identifier(),
      meid: identifier(),
      idfa: identifier(),
      idfv: identifier(),
      gaid: identifier(),
      oaid: identifier(),
      android_id: identifier(),
      udid: identifier(),
      brand: opt(text()),
      model: opt(text()),
      os: opt(text()),
      os_version: opt(text()),
      is_emulator: opt(flag()),
      is_rooted: opt(flag()),
      flags: texts(),
      ip: identifier(),
      wifi_bssid: identifier(),
    },
  }),
  table('identifier_links', {
    key: ['customer_id', 'identifier_type', 'identifier', 'seen_at'],
    eventTime: 'seen_at',
    columns: {
      customer_id: text(),
      identifier_type: oneOf(
        'DEVICE',
        'PHONE',
        'CONTACT_PHONE',
        'IP',
        'WIFI',
        'ADDRESS',
        'BANK_CARD',
        'PAYEE_ACCOUNT',
        'ID_NUMBER',
        'EMPLOYER',
        'REFERRER',
        'GUARANTOR',
      ),
      identifier: pii(text()),
      seen_at: instant(),
    },
  }),
  table('collections', {
    key: ['action_id'],
    eventTime: 'acted_at',
    columns: {
      action_id: text(),
      case_id: opt(text()),
      loan_id: text(),
      customer_id: text(),
      acted_at: instant(),
      party: opt(oneOf('BORROWER', 'CONTACT')),
      action: oneOf('SMS', 'CALL', 'VISIT', 'LEGAL'),
      result: opt(oneOf('REACHED', 'NOT_REACHED', 'PROMISE', 'PAID')),
      promised_on: opt(day()),
      promised_amount: opt(money()),
      amount: opt(money()),
      agency: opt(text()),
    },
  }),
  table('provisions', {
    key: ['as_of', 'product', 'kind'],
    eventTime: { kind: 'day', column: 'as_of' },
    columns: {
      as_of: day(),
      product: text(),
      kind: { ...oneOf('', 'GENERAL', 'SPECIFIC', 'SPECIAL'), default: '' },
      amount: money(),
    },
  }),
  table('labels', {
    key: ['entity', 'entity_id', 'name', 'observed_at'],
    eventTime: 'observed_at',
    knownAt: 'known_at',
    columns: {
      entity: text(),
      entity_id: text(),
      name: text(),
      observed_at: instant(),
      window_from: instant(),
      window_to: instant(),
      known_at: instant(),
      value: float(),
    },
  }),
  table('scores', {
    key: ['model', 'entity', 'entity_id', 'scored_at'],
    eventTime: 'scored_at',
    columns: {
      model: text(),
      entity: text(),
      entity_id: text(),
      scored_at: instant(),
      points: opt(float()),
      probability: opt(float()),
      band: opt(text()),
    },
  }),
  table('decisions', {
    key: ['decision_id'],
    eventTime: 'decided_at',
    columns: {
      decision_id: text(),
      application_id: opt(text()),
      customer_id: text(),
      scene: text(),
      strategy: text(),
      version: text(),
      decided_at: instant(),
      outcome: text(),
    },
  }),
  table('rule_hits', {
    key: ['decision_id', 'rule'],
    eventTime: 'decided_at',
    columns: {
      decision_id: text(),
      rule: text(),
      decided_at: instant(),
      evaluated: flag(),
      hit: flag(),
      action: opt(text()),
    },
  }),
  table('external_reports', {
    key: ['report_id'],
    eventTime: 'requested_at',
    columns: {
      report_id: text(),
      customer_id: text(),
      application_id: opt(text()),
      provider: text(),
      product: text(),
      requested_at: instant(),
      status: oneOf('OK', 'NO_HIT', 'ERROR', 'TIMEOUT'),
      latency_ms: opt(uint32()),
      cost: opt(money()),
      values: floatMap(),
    },
  }),
  table('campaign_contacts', {
    key: ['contact_id'],
    eventTime: 'sent_at',
    hidden: [
      { columns: ['responded_at'], until: 'responded_at' },
      { columns: ['converted_at'], until: 'converted_at' },
    ],
    columns: {
      contact_id: text(),
      campaign: text(),
      customer_id: text(),
      channel: oneOf('H5', 'CALL', 'APP', 'SMS', 'OFFLINE'),
      sent_at: instant(),
      responded_at: opt(instant()),
      converted_at: opt(instant()),
    },
  }),
  table('costs', {
    key: ['month', 'product', 'channel', 'kind'],
    eventTime: { kind: 'month', column: 'month' },
    columns: {
      month: day(),
      product: text(),
      channel: text(),
      kind: oneOf('FUNDING', 'ACQUISITION', 'DATA', 'COLLECTION', 'OPERATION'),
      amount: money(),
    },
  }),
  table('fund_flows', {
    key: ['flow_id'],
    eventTime: 'occurred_at',
    columns: {
      flow_id: text(),
      loan_id: text(),
      customer_id: text(),
      occurred_at: instant(),
      amount: money(),
      counterparty_type: text(),
    },
  }),
  table('tac_brands', { key: ['tac'], columns: { tac: text(), brand: text() } }),
  table('places', {
    key: ['province', 'city'],
    columns: { province: text(), city: text(), latitude: float(), longitude: float() },
  }),
];

export const SOURCE_TABLES: ReadonlyMap<string, SourceTable> = new Map(DEFINED.map((each) => [each.name, each]));

/** What every stored row carries beside the table's own columns; `ingested_at` and `deleted` may also be in an imported file. */
export const VERSION_COLUMNS = {
  ingested_at: SOURCE_TYPES.Instant,
  deleted: 'UInt8',
  /** Grows with every import; orders versions of one `ingested_at`. */
  seq: 'UInt64',
  /** Of the table's own columns and `deleted`: equal content, equal hash. */
  row_hash: 'UInt128',
} as const;

/** NOT_FOUND, naming the tables there are. */
export function sourceTable(name: string): SourceTable {
  const found = SOURCE_TABLES.get(name);
  if (!found) {
    throw notFound(
      `there is no source table '${name.slice(0, 64)}'`,
      `the tables are ${[...SOURCE_TABLES.keys()].join(', ')}`,
    );
  }
  return found;
}

/** The type as ClickHouse stores it. */
export const storedType = (column: Pick<SourceColumn, 'type' | 'nullable'>): string =>
  column.nullable ? `Nullable(${SOURCE_TYPES[column.type]})` : SOURCE_TYPES[column.type];
