/**
 * A second opinion on loan-days, written to be read and not to be fast: each day is worked out from nothing, with plain loops over the rows
 * that are known. It shares no code with the replay that it checks.
 */
import { DateTime } from 'luxon';

export interface OracleRow {
  readonly table: 'loans' | 'installments' | 'repayments' | 'loan_events';
  readonly key: string;
  readonly loan: string;
  /** When it happens and when it became known, UTC milliseconds. */
  readonly at: number;
  readonly ingestedAt: number;
  readonly deleted?: boolean;
  /** Loans: product and principal. Instalments: no, due (a date), parts. Repayments: no or null, parts. Events: type, amount. Cents. */
  readonly values: Readonly<Record<string, string | number | null>>;
}

export interface OracleDay {
  readonly status: string;
  readonly restructured: number;
  readonly dpd: number;
  readonly principal_outstanding: number;
  readonly overdue_principal: number;
  readonly interest_overdue: number;
  readonly fee_overdue: number;
  readonly risk_class: string;
  readonly disbursed_on: string;
  readonly principal: number;
  readonly product: string;
}

type State = OracleDay & { readonly owes: boolean; readonly mentioned: boolean };

const shown = ({ owes: _owes, mentioned: _mentioned, ...day }: State): OracleDay => day;

const PARTS = ['fee', 'interest', 'principal'] as const;

export class Oracle {
  constructor(private readonly zone: string) {}

  private readonly days = new Map<number, string>();
  private readonly ends = new Map<string, number>();

  private dayOf(at: number): string {
    const day = this.days.get(at) ?? (DateTime.fromMillis(at, { zone: this.zone }).toISODate() as string);
    this.days.set(at, day);
    return day;
  }

  endOf(day: string): number {
    const end = this.ends.get(day) ?? DateTime.fromISO(day, { zone: this.zone }).endOf('day').toMillis();
    this.ends.set(day, end);
    return end;
  }

  /** The instant at which a day is derived. */
  derivedAt = (day: string): number =>
    DateTime.fromISO(day, { zone: this.zone }).plus({ days: 1 }).startOf('day').plus({ minutes: 30 }).toMillis();

  /** The newest version of each row among those known at an instant, without tombstones. */
  known(rows: readonly OracleRow[], at: number): OracleRow[] {
    const newest = new Map<string, OracleRow>();
    for (const row of rows) {
      if (row.ingestedAt > at) continue;
      const id = `${row.table}/${row.key}`;
      const other = newest.get(id);
      if (!other || row.ingestedAt >= other.ingestedAt) newest.set(id, row);
    }
    return [...newest.values()].filter((row) => !row.deleted);
  }

  /** One loan's day as told at the end of `until`, from its known rows; null where the loan has no such day. */
  day(rows: readonly OracleRow[], loan: string, day: string, until: string): OracleDay | null {
    const mine = rows.filter((row) => row.loan === loan && row.at <= this.endOf(until));
    const own = mine.find((row) => row.table === 'loans');
    if (!own || !rows.some((row) => row.loan === loan && row.table === 'installments')) return null;
    const disbursed = this.dayOf(own.at);
    if (day < disbursed) return null;

    const closings = mine.filter(
      (row) => row.table === 'loan_events' && ['WRITTEN_OFF', 'SOLD', 'SETTLED'].includes(String(row.values.type)),
    );
    const rank = (row: OracleRow): number => ['WRITTEN_OFF', 'SOLD', 'SETTLED'].indexOf(String(row.values.type));
    closings.sort((a, b) => a.at - b.at || rank(a) - rank(b));
    const closing = closings[0];
    const closedOn = closing ? [this.dayOf(closing.at), disbursed].sort().at(-1) : undefined;
    if (closedOn !== undefined && day > closedOn) return null;
    if (closing && day === closedOn) {
      const last = this.state(
        mine.filter((row) => row.at <= closing.at),
        own,
        day,
        closing.at,
      );
      const type = String(closing.values.type);
      if (type === 'SETTLED') return this.settled(last);
      const amount = type === 'WRITTEN_OFF' ? closing.values.amount : null;
      return {
        ...shown(last),
        status: type,
        principal_outstanding: amount == null ? last.principal_outstanding : Number(amount),
      };
    }
    const state = this.state(mine, own, day, this.endOf(day));
    if (!closing) {
      const since = this.nothingOwedSince(mine, own, [disbursed, until], rows);
      if (since !== null && day > since) return null;
      if (day === since) return this.settled(state);
    }
    return shown(state);
  }

  private readonly paidOff = new WeakMap<readonly OracleRow[], Map<string, string | null>>();

  /** The day from which on nothing is owed up to now; the same rows are asked about for every day. */
  private nothingOwedSince(
    mine: readonly OracleRow[],
    own: OracleRow,
    [disbursed, until]: readonly [string, string],
    rows: readonly OracleRow[],
  ): string | null {
    const found = this.paidOff.get(rows) ?? new Map<string, string | null>();
    this.paidOff.set(rows, found);
    const key = `${own.key} ${until}`;
    const before = found.get(key);
    if (before !== undefined) return before;
    let since: string | null = null;
    for (let each = until; each >= disbursed; each = previous(each)) {
      if (this.state(mine, own, each, this.endOf(each)).owes) break;
      since = each;
    }
    found.set(key, since);
    return since;
  }

  private settled(state: State): OracleDay {
    return {
      ...shown(state),
      status: 'SETTLED',
      dpd: 0,
      principal_outstanding: 0,
      overdue_principal: 0,
      interest_overdue: 0,
      fee_overdue: 0,
      risk_class: state.mentioned ? 'SPECIAL_MENTION' : 'NORMAL',
    };
  }

  private state(rows: readonly OracleRow[], own: OracleRow, day: string, at: number): State {
    const past = rows.filter((row) => row.at <= at);
    const starts = [...new Set(rows.filter((row) => row.table === 'installments').map((row) => row.at))].sort(
      (a, b) => a - b,
    );
    const inForceAt = (instant: number): number | undefined => starts.filter((start) => start <= instant).at(-1);
    const schedule = inForceAt(at);
    const lines = past.filter((row) => row.table === 'installments' && row.at === schedule);
    lines.sort((a, b) => compare(a.values.due, b.values.due) || Number(a.values.no) - Number(b.values.no));
    const isFirst = schedule === undefined || schedule === starts[0];
    const payments = past.filter(
      (row) =>
        row.table === 'repayments' && (inForceAt(row.at) === schedule || (isFirst && inForceAt(row.at) === undefined)),
    );

    let pot = 0;
    for (const payment of payments) {
      const onLine = lines.some((line) => line.values.no === payment.values.no);
      if (!onLine) for (const part of PARTS) pot += Number(payment.values[part]);
    }
    const paidOn = lines.map((line) => {
      const paid = { fee: 0, interest: 0, principal: 0 };
      for (const part of PARTS)
        for (const payment of payments)
          if (payment.values.no === line.values.no) paid[part] += Number(payment.values[part]);
      const total = paid.fee + paid.interest + paid.principal;
      if (PARTS.every((part) => paid[part] >= 0)) return paid;
      // More was taken back than there was: of a part it comes from the others, of the line from everything else that was paid.
      pot += Math.min(total, 0);
      const kept = { fee: 0, interest: 0, principal: 0 };
      for (let cent = 0; cent < total; cent++)
        kept[PARTS.find((part) => kept[part] < Number(line.values[part])) ?? 'principal']++;
      return kept;
    });
    const takeBack = (paid: Record<(typeof PARTS)[number], number>, keep: number): void => {
      for (const part of [...PARTS].reverse())
        while (pot < 0 && paid[part] > 0 && paid.fee + paid.interest + paid.principal > keep) {
          paid[part]--;
          pot++;
        }
    };
    const asks = (index: number): number => PARTS.reduce((sum, part) => sum + Number(lines[index]?.values[part]), 0);
    for (let index = lines.length - 1; index >= 0; index--) takeBack(paidOn[index] as never, asks(index));
    for (let index = lines.length - 1; index >= 0; index--) takeBack(paidOn[index] as never, 0);
    pot = Math.max(0, pot);
    let owed = 0;
    const late = { fee: 0, interest: 0, principal: 0 };
    let oldest: string | null = null;
    for (const [index, line] of lines.entries()) {
      const left = { fee: 0, interest: 0, principal: 0 };
      let tooMuch = 0;
      for (const part of PARTS) {
        const paid = paidOn[index]?.[part] ?? 0;
        const due = Number(line.values[part]);
        if (paid > due) tooMuch += paid - due;
        else left[part] = due - paid;
      }
      for (const part of PARTS) {
        while (left[part] > 0 && tooMuch > 0) {
          const some = Math.min(left[part], tooMuch);
          left[part] -= some;
          tooMuch -= some;
        }
        const some = Math.min(left[part], pot);
        left[part] -= some;
        pot -= some;
      }
      const open = left.fee + left.interest + left.principal;
      owed += open;
      if (open > 0 && String(line.values.due) < day) {
        oldest = oldest ?? String(line.values.due);
        for (const part of PARTS) late[part] += left[part];
      }
    }
    let asked = Number(own.values.principal);
    if (!isFirst) asked = lines.reduce((sum, line) => sum + Number(line.values.principal), 0);
    const paid = payments.reduce((sum, payment) => sum + Number(payment.values.principal), 0);
    const outstanding = Math.max(0, asked - paid);
    const dpd = oldest === null ? 0 : daysBetween(oldest, day);
    const restructurings = past.filter((row) => row.table === 'loan_events' && row.values.type === 'RESTRUCTURED');
    const mentioned = restructurings.some((row) => {
      const on = this.dayOf(row.at);
      return on <= day && day < (DateTime.fromISO(on).plus({ years: 1 }).toISODate() as string);
    });
    const risk =
      dpd > 360
        ? 'LOSS'
        : dpd > 270
          ? 'DOUBTFUL'
          : dpd > 90
            ? 'SUBSTANDARD'
            : dpd > 0 || mentioned
              ? 'SPECIAL_MENTION'
              : 'NORMAL';
    return {
      status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
      restructured: restructurings.length > 0 ? 1 : 0,
      dpd,
      principal_outstanding: outstanding,
      overdue_principal: late.principal,
      interest_overdue: late.interest,
      fee_overdue: late.fee,
      risk_class: risk,
      disbursed_on: this.dayOf(own.at),
      principal: Number(own.values.principal),
      product: String(own.values.product),
      owes: owed > 0 || outstanding > 0,
      mentioned,
    };
  }
}

const compare = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
export const next = (day: string): string =>
  DateTime.fromISO(day, { zone: 'utc' }).plus({ days: 1 }).toISODate() as string;
const previous = (day: string): string =>
  DateTime.fromISO(day, { zone: 'utc' }).minus({ days: 1 }).toISODate() as string;
const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;
