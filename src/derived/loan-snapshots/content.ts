/** A loan-day as it is stored, and its way into ClickHouse. */

import { ident, join, type Sql, sql } from '../../core/definitions/sql.js';
import type { DayNumber } from '../../core/helpers/local-days.js';
import { type LoanSpan, riskClassOf } from '../../core/lending/loan-ledger.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from '../../core/lending/sources.js';
import { BatchBytes } from '../../warehouse/batch-bytes.js';
import type { LoanFacts } from './history.js';

/** The columns of `loan_snapshots` after its key; money in cents, days as numbers. */
export interface DayContent {
  readonly customerId: string;
  readonly product: string;
  readonly channel: string | null;
  readonly lineId: string | null;
  readonly status: string;
  readonly restructured: number;
  readonly dpd: number;
  readonly principalOutstanding: number;
  readonly overduePrincipal: number;
  readonly interestOverdue: number | null;
  readonly feeOverdue: number | null;
  readonly penaltyAccrued: number | null;
  readonly riskClass: string | null;
  readonly disbursedOn: DayNumber;
  readonly principal: number;
}

const MAX_DPD = 65_535;

/** Penalties are charged by the lender's own rule, which no source table tells: none is accrued here. */
export function contentOf(facts: LoanFacts, span: LoanSpan, day: DayNumber): DayContent {
  const dpd = span.oldestDue === null ? 0 : Math.min(day - span.oldestDue, MAX_DPD);
  return {
    customerId: facts.customerId,
    product: facts.product,
    channel: facts.channel,
    lineId: facts.lineId,
    status: span.status,
    restructured: span.restructured ? 1 : 0,
    dpd,
    principalOutstanding: span.principalOutstanding,
    overduePrincipal: span.overduePrincipal,
    interestOverdue: span.interestOverdue,
    feeOverdue: span.feeOverdue,
    penaltyAccrued: null,
    riskClass: riskClassOf(dpd, day < span.mentionedUntil),
    disbursedOn: facts.disbursedOn,
    principal: facts.principal,
  };
}

/** The name of the table. */
export const SNAPSHOTS = 'loan_snapshots';

/** The structure of what `RowBuffer` below writes: the table's own columns, `ingested_at` and `deleted`. */
export const rowStructure = ({ columns }: SourceTable): string =>
  [
    ...columns.map((column) => `${column.name} ${storedType(column)}`),
    `ingested_at ${VERSION_COLUMNS.ingested_at}`,
    `deleted ${VERSION_COLUMNS.deleted}`,
  ].join(', ');

export const rowColumns = ({ columns }: SourceTable): Sql =>
  sql`${join(columns.map(({ name }) => ident(name)))}, ingested_at, deleted`;

/** A tombstone's columns after the key, as an import stores a deleted row without values. */
const NOTHING: DayContent = {
  customerId: '',
  product: '',
  channel: null,
  lineId: null,
  status: '',
  restructured: 0,
  dpd: 0,
  principalOutstanding: 0,
  overduePrincipal: 0,
  interestOverdue: null,
  feeOverdue: null,
  penaltyAccrued: null,
  riskClass: null,
  disbursedOn: 0,
  principal: 0,
};

/** Bytes of a row without its texts, with room to spare. */
const FIXED_BYTES = 128;
const TWO_32 = 2 ** 32;
/** Texts repeat from row to row; more of them than this are not kept. */
const KEPT_TEXTS = 10_000;

/** Rows one after the other as RowBinary. */
export class RowBuffer extends BatchBytes {
  private texts = new Map<string, Buffer>();

  /** `content` null: a tombstone. */
  add(loanId: string, day: DayNumber, ingestedAt: number, content: DayContent | null): void {
    const { customerId, product, channel, lineId, riskClass, status, ...rest } = content ?? NOTHING;
    const id = this.encoded(loanId);
    const customer = this.encoded(customerId);
    const kind = this.encoded(product);
    const way = this.encoded(channel);
    const line = this.encoded(lineId);
    const state = this.encoded(status);
    const risk = this.encoded(riskClass);
    this.reserve(
      id.length + customer.length + kind.length + way.length + line.length + state.length + risk.length + FIXED_BYTES,
    );
    this.text(id);
    this.uint16(day);
    this.text(customer);
    this.text(kind);
    this.nullableText(channel, way);
    this.nullableText(lineId, line);
    this.text(state);
    this.uint8(rest.restructured);
    this.uint16(rest.dpd);
    this.int64(rest.principalOutstanding);
    this.int64(rest.overduePrincipal);
    this.nullableInt64(rest.interestOverdue);
    this.nullableInt64(rest.feeOverdue);
    this.nullableInt64(rest.penaltyAccrued);
    this.nullableText(riskClass, risk);
    this.uint16(rest.disbursedOn);
    this.int64(rest.principal);
    this.int64(ingestedAt);
    this.uint8(content === null ? 1 : 0);
  }

  /** With its length in front. */
  private encoded(text: string | null): Buffer {
    const encoded = this.texts.get(text ?? '');
    if (encoded) return encoded;
    const body = Buffer.from(text ?? '');
    const size: number[] = [];
    for (let left = body.length; ; left >>>= 7) {
      if (left < 0x80) {
        size.push(left);
        break;
      }
      size.push((left & 0x7f) | 0x80);
    }
    const bytes = Buffer.concat([Buffer.from(size), body]);
    if (this.texts.size >= KEPT_TEXTS) this.texts = new Map();
    this.texts.set(text ?? '', bytes);
    return bytes;
  }

  private text(bytes: Buffer): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  private nullableText(value: string | null, bytes: Buffer): void {
    this.uint8(value === null ? 1 : 0);
    if (value !== null) this.text(bytes);
  }

  private nullableInt64(value: number | null): void {
    this.uint8(value === null ? 1 : 0);
    if (value !== null) this.int64(value);
  }

  private uint8(value: number): void {
    this.bytes[this.at++] = value;
  }

  private uint16(value: number): void {
    this.at = this.bytes.writeUInt16LE(value, this.at);
  }

  /** A safe integer, in two halves: a bigint a value would cost more than the rest of the row. */
  private int64(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.at = this.bytes.writeUInt32LE(value - high * TWO_32, this.at);
    this.at = this.bytes.writeInt32LE(high, this.at);
  }
}
