import type { DayNumber } from '../../src/core/helpers/local-days.js';
import { HOUR, type Instant, SECOND } from '../../src/core/helpers/time.js';
import type { LoanDay } from '../../src/core/lending/loan-ledger.js';
import type { Row } from '../rows.js';
import { type Bundle, type Section, tableOf } from './bundle.js';
import { instantOf, textOf } from './fields.js';
import type { Frame } from './frame.js';
import { closed } from './loan-history.js';
import { against, Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  | 'carrierNat'
  | 'sessionsAMonth'
  | 'peakMorning'
  | 'peakEvening'
  | 'peakDue'
  | 'nightHonest'
  | 'nightRing'
  | 'formMedian'
  | 'formBots'
  | 'formBotsHonest'
>;

const NIGHT_HOURS = [0, 1, 2, 3, 4];
const MORNING_PEAK = [10, 11];
const EVENING_PEAK = [20, 21];
const DAY_HOURS = Array.from({ length: 19 }, (_, hour) => hour + 5);
const NEAR_DUE_DAYS = 2;
const BOT_SECONDS = 15;
/** Forms that take longer are one class. */
const LONGEST_FORM = 3_600;
/** Shared address space of carriers (RFC 6598): 100.64.0.0/10. */
const CARRIER_NAT = /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;

interface Session {
  readonly at: Instant;
  readonly day: DayNumber;
  readonly ip: string | null;
}

/** When the app is used and how. A session is counted at its first event; those of a borrower in months with an open loan throughout. */
export class Sessions implements Section<Values> {
  private readonly nat = new Ratio();
  private readonly hours = { honest: new Float64Array(24), ring: new Float64Array(24) };
  /** Sessions over months, and over days near a due date and others. */
  private readonly months = new Ratio();
  private readonly nearDue = new Ratio();
  private readonly farFromDue = new Ratio();
  private readonly formSeconds = new Float64Array(LONGEST_FORM + 1);
  private readonly bots = { honest: new Ratio(), ring: new Ratio() };

  constructor(private readonly frame: Frame) {}

  add(bundle: Bundle): void {
    const events = tableOf(bundle, 'events');
    const sessions = this.sessionsOf(events);
    const hours = bundle.ring === null ? this.hours.honest : this.hours.ring;
    for (const { at, day, ip } of sessions) {
      const hour = Math.floor((at - this.frame.days.startOf(day)) / HOUR) % 24;
      hours[hour] = (hours[hour] as number) + 1;
      if (ip !== null) this.nat.add(CARRIER_NAT.test(ip));
    }
    if (bundle.ring === null) this.addMonths(bundle, sessions);
    for (const event of events) if (event.event_type === 'FILL') this.addForm(event, bundle.ring === null);
  }

  values(): Values {
    const { honest, ring } = this.hours;
    const day = DAY_HOURS.filter((hour) => ![...MORNING_PEAK, ...EVENING_PEAK].includes(hour));
    const peak = (hours: readonly number[]) => against(mean(honest, hours), mean(honest, day));
    return {
      carrierNat: this.nat.value,
      sessionsAMonth: this.months.value,
      peakMorning: peak(MORNING_PEAK),
      peakEvening: peak(EVENING_PEAK),
      peakDue: against(this.nearDue.value, this.farFromDue.value),
      nightHonest: shareOf(honest, NIGHT_HOURS),
      nightRing: shareOf(ring, NIGHT_HOURS),
      formMedian: median(this.formSeconds),
      formBots: this.bots.ring.value,
      formBotsHonest: this.bots.honest.value,
    };
  }

  private sessionsOf(events: readonly Row[]): Session[] {
    const first = new Map<string, Session>();
    for (const event of events) {
      const id = textOf(event, 'session_id');
      // A person who has not registered is no customer of the book yet.
      if (id === null || event.customer_id === undefined) continue;
      const at = instantOf(event, 'event_time') as Instant;
      const known = first.get(id);
      if (!known || at < known.at) first.set(id, { at, day: this.frame.days.dayOf(at), ip: textOf(event, 'ip') });
    }
    return [...first.values()];
  }

  private addMonths({ loans }: Bundle, sessions: readonly Session[]): void {
    if (loans.length === 0) return;
    const counts = new Map<DayNumber, number>();
    for (const { day } of sessions) counts.set(day, (counts.get(day) ?? 0) + 1);
    const near = new Set<DayNumber>();
    for (const { dues } of loans)
      for (const due of dues) for (let day = due - NEAR_DUE_DAYS; day <= due + NEAR_DUE_DAYS; day++) near.add(day);
    for (const [month, { first, last }] of this.frame.months.entries()) {
      const open = (monthEnd: number) => loans.some(({ monthEnds }) => isOpen(monthEnds[monthEnd]));
      if (!open(month) || !open(month + 1)) continue;
      let all = 0;
      for (let day = first; day <= last; day++) {
        const count = counts.get(day) ?? 0;
        all += count;
        (near.has(day) ? this.nearDue : this.farFromDue).addPart(count, 1);
      }
      this.months.addPart(all, 1);
    }
  }

  private addForm(event: Row, honest: boolean): void {
    const dwell = event.dwell_ms as number | undefined;
    if (dwell === undefined || dwell === null) return;
    const seconds = dwell / SECOND;
    (honest ? this.bots.honest : this.bots.ring).add(seconds < BOT_SECONDS);
    const whole = Math.min(Math.floor(seconds), LONGEST_FORM);
    this.formSeconds[whole] = (this.formSeconds[whole] as number) + 1;
  }
}

const isOpen = (state: LoanDay | null | undefined): boolean => !!state && !closed(state);

const sum = (counts: Float64Array, hours: readonly number[]): number =>
  hours.reduce((total, hour) => total + (counts[hour] as number), 0);

const mean = (counts: Float64Array, hours: readonly number[]): number => sum(counts, hours) / hours.length;

function shareOf(counts: Float64Array, hours: readonly number[]): number | null {
  const all = counts.reduce((total, count) => total + count, 0);
  return all === 0 ? null : sum(counts, hours) / all;
}

/** The class in which half of them are reached. */
function median(counts: Float64Array): number | null {
  const half = counts.reduce((total, count) => total + count, 0) / 2;
  let seen = 0;
  for (const [seconds, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= half) return seconds;
  }
  return null;
}
