/**
 * What a view must serve while files come late, days are marked or not, and what came late is published again: told by plain code, beside which the platform
 * is put after each step.
 */
import fc from 'fast-check';
import { HOUR, MIDNIGHT } from './views.js';

const MINUTE = 60_000;
const DAY = 24 * HOUR;
const CUSTOMERS = 6;

/** A row of a file, as the drawn numbers choose it. */
interface Line {
  readonly kind: 'new' | 'corrected' | 'moved' | 'deleted';
  readonly customer: number;
  readonly pick: number;
  readonly minutesBack: number;
  readonly amount: number;
}

/** What happens on a day, in minutes after its local midnight. */
interface DaySchedule {
  readonly files: readonly { readonly at: number; readonly lines: readonly Line[] }[];
  /** When the day before is marked as whole; null: never. */
  readonly mark: number | null;
  readonly ticks: readonly number[];
  readonly republications: readonly number[];
}

const line: fc.Arbitrary<Line> = fc.record({
  kind: fc.constantFrom('new', 'new', 'new', 'corrected', 'moved', 'deleted'),
  customer: fc.integer({ min: 1, max: CUSTOMERS }),
  pick: fc.nat(1_000),
  minutesBack: fc.integer({ min: 1, max: 3 * 24 * 60 }),
  amount: fc.integer({ min: 1, max: 999 }),
});

export const daySchedule: fc.Arbitrary<DaySchedule> = fc.record({
  files: fc.array(
    fc.record({ at: fc.integer({ min: 1, max: 1_380 }), lines: fc.array(line, { minLength: 1, maxLength: 6 }) }),
    { minLength: 1, maxLength: 3 },
  ),
  mark: fc.option(fc.integer({ min: 30, max: 600 }), { freq: 4 }),
  // As the job looks, each hour; by the last one no view waits any more.
  ticks: fc.subarray([121, 181, 241, 301]).map((some) => [...some, 361]),
  republications: fc.array(fc.integer({ min: 136, max: 1_380 }), { maxLength: 2 }),
});

interface Payment {
  readonly id: string;
  readonly customer: string;
  readonly at: number;
  readonly amount: number;
  readonly deleted: boolean;
}

/** Paid amount and number of payments, by customer. */
type Served = ReadonlyMap<string, readonly [string, number]>;

export interface Step {
  readonly now: number;
  readonly act:
    | { readonly kind: 'file'; readonly rows: readonly Payment[] }
    | { readonly kind: 'mark'; readonly day: number }
    | { readonly kind: 'tick' | 'republish' };
}

/** The rules that the platform must keep, over every version of every row. */
export class LateModel {
  private readonly versions: (Payment & { readonly known: number })[] = [];
  private readonly marks: { readonly day: number; readonly at: number }[] = [];
  private readonly byAsOf = new Map<number, Served>();
  /** What was online, and since when. */
  readonly served: { readonly from: number; readonly values: Served }[] = [];

  constructor(before: Payment) {
    this.versions.push({ ...before, known: before.at });
  }

  /** The steps of a day; payments that its lines correct, move or delete are among those that are there. */
  *steps({ files, mark, ticks, republications }: DaySchedule, day: number): Generator<Step> {
    const times = [
      ...files.map((file) => ({ at: file.at, of: file })),
      ...(mark === null ? [] : [{ at: mark, of: 'mark' as const }]),
      ...ticks.map((at) => ({ at, of: 'tick' as const })),
      ...republications.map((at) => ({ at, of: 'republish' as const })),
    ].sort((a, b) => a.at - b.at);
    for (const [index, { at, of }] of times.entries()) {
      const now = MIDNIGHT + day * DAY + at * MINUTE + index;
      if (of === 'mark') yield { now, act: { kind: 'mark', day: day - 1 } };
      else if (of === 'tick' || of === 'republish') yield { now, act: { kind: of } };
      else yield { now, act: { kind: 'file', rows: this.rowsOf(of.lines, now, `${day}-${index}`) } };
    }
  }

  /** Follows a step. @returns what is online after it; null before the first run */
  follow({ now, act }: Step): Served | null {
    if (act.kind === 'file') this.versions.push(...act.rows.map((row) => ({ ...row, known: now })));
    else if (act.kind === 'mark') this.marks.push({ day: act.day, at: now });
    else if (act.kind === 'tick') this.tick(now);
    else this.republish(now);
    const newest = this.byAsOf.get(Math.max(...this.byAsOf.keys()));
    if (newest && act.kind !== 'file' && act.kind !== 'mark') this.served.push({ from: now, values: newest });
    return newest ?? null;
  }

  private rowsOf(lines: readonly Line[], now: number, name: string): readonly Payment[] {
    const here = new Map(this.versions.map((version) => [version.id, version]));
    const rows = new Map<string, Payment>();
    for (const [index, { kind, customer, pick, minutesBack, amount }] of lines.entries()) {
      const old = [...here.values()][pick % here.size] as Payment;
      const fresh = { id: `P${name}-${index}`, customer: `C${customer}`, at: now - minutesBack * MINUTE };
      const row: Payment = {
        new: { ...fresh, amount, deleted: false },
        corrected: { ...old, amount, deleted: false },
        // Earlier, so that no as-of loses it.
        moved: { ...old, at: old.at - (minutesBack % 1_440) * MINUTE, deleted: false },
        deleted: { ...old, deleted: true },
      }[kind];
      rows.set(row.id, { id: row.id, customer: row.customer, at: row.at, amount: row.amount, deleted: row.deleted });
    }
    return [...rows.values()];
  }

  private valuesAt(asOf: number, knowledge: number): Served {
    const newest = new Map(this.versions.filter(({ known }) => known <= knowledge).map((row) => [row.id, row]));
    const values = new Map<string, readonly [string, number]>();
    for (const { customer, at, amount, deleted } of newest.values()) {
      if (deleted || at > asOf) continue;
      const [paid, times] = values.get(customer) ?? ['0', 0];
      values.set(customer, [String(Number(paid) + amount), times + 1]);
    }
    return values;
  }

  /** The delay is 2 h, and the table promises its days within 6 h. */
  private startsAt(asOf: number): number {
    const day = (asOf - MIDNIGHT) / DAY - 1;
    const wholeAt = this.marks.find((mark) => mark.day >= day)?.at ?? Number.POSITIVE_INFINITY;
    return Math.min(asOf + 6 * HOUR, Math.max(asOf + 2 * HOUR, wholeAt));
  }

  private newestDue = (now: number): number => MIDNIGHT + Math.floor((now - 2 * HOUR - MIDNIGHT) / DAY) * DAY;

  private tick(now: number): void {
    const due = this.newestDue(now);
    const asOf = this.startsAt(due) <= now ? due : due - DAY;
    if (!this.byAsOf.has(asOf) && asOf > Math.max(...this.byAsOf.keys())) {
      this.byAsOf.set(asOf, this.valuesAt(asOf, this.startsAt(asOf)));
    }
  }

  private republish(now: number): void {
    for (const asOf of this.byAsOf.keys()) {
      if (asOf > this.newestDue(now) - 3 * DAY) this.byAsOf.set(asOf, this.valuesAt(asOf, now));
    }
  }
}
