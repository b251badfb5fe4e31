/** The job's work: every label up to what is known. */
import type { Label } from '../../core/definitions/definitions.js';
import { RiskgraphError } from '../../core/errors.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { DerivedTable } from '../../core/ports/derived.js';
import type { ComputedLabel, LabelComputer } from '../../core/ports/labels.js';
import { type Leases, tableResource } from '../../core/ports/leases.js';
import type { Clock, Log, Metrics, StoreClock } from '../../core/ports/process.js';
import type { JobProgress } from '../../core/ports/progress.js';
import { settleSources } from '../../core/settled-sources.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { raiseFence, tableFence } from '../../warehouse/fence.js';
import { knowledgeInstant } from '../../warehouse/source-clock.js';
import {
  type ComputedMonth,
  computedMonths,
  type Inputs,
  type InputsThrough,
  inputsOf,
  isNews,
  type ObservedMonth,
  observedMonths,
  through,
} from './months.js';
import { dropStages, LABELS, type MonthRun, RUNS, type WrittenMonth, writeMonth } from './write.js';

export interface LabelComputerOptions {
  readonly clickhouse: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly leases: Leases;
  /** Those that labels may read. */
  readonly derived: readonly DerivedTable[];
  readonly clock: Clock;
  /** Absent: `clock`. */
  readonly storeClock?: StoreClock | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A computation of a month. */
type Step = Pick<MonthRun, 'month' | 'knowledge' | 'sources' | 'stamp'>;

export function createLabelComputer(options: LabelComputerOptions): LabelComputer {
  const { log } = options;
  return {
    async compute(labels, { now }, progress) {
      await options.leases.hold(tableResource(LABELS), progress.signal, () => dropStages(options.clickhouse));
      await settleSources(options, labels, progress.signal);
      await derive(options, labels, { now, signal: progress.signal });
      const sources = new Sources(options, now, progress.signal);
      const computed: ComputedLabel[] = [];
      const failures: { readonly label: string; readonly error: Error }[] = [];
      for (const [index, label] of labels.entries()) {
        progress.signal.throwIfAborted();
        const report = (fraction: number) => progress.report((index + fraction) / labels.length);
        try {
          computed.push(await computeLabel(options, label, { now, sources, progress: { ...progress, report } }));
        } catch (error) {
          progress.signal.throwIfAborted();
          // One label's fault keeps no other from being computed.
          log.error({ err: error, label: label.id }, 'a label could not be computed');
          failures.push({ label: label.id, error: error as Error });
        }
      }
      const [first] = failures;
      if (!first) return computed;
      const { code, hint } = first.error instanceof RiskgraphError ? first.error : { code: 'INTERNAL' as const };
      throw new RiskgraphError({
        code,
        message: `${failures.map(({ label, error }) => `${label}: ${error.message}`).join('; ')}; the other ${computed.length} labels are computed`,
        hint: hint ?? 'compute again: what was written stays and is not written twice',
        cause: first.error,
      });
    },
  };
}

/** Brings the derived tables that the labels read up to date. */
async function derive(
  { derived }: LabelComputerOptions,
  labels: readonly Label[],
  { now, signal }: { readonly now: Instant; readonly signal: AbortSignal },
): Promise<void> {
  for (const table of derived) {
    if (!labels.some(({ sources }) => sources.includes(table.name))) continue;
    // The progress of the job is that of its labels.
    await table.derive({ now }, { report: async () => undefined, signal });
  }
}

/** What came into each table, read once for all labels. */
class Sources {
  private readonly read = new Map<string, Promise<InputsThrough>>();

  constructor(
    private readonly options: LabelComputerOptions,
    private readonly now: Instant,
    private readonly signal: AbortSignal,
  ) {}

  async of({ sources, tables }: Label): Promise<InputsThrough> {
    return through(await Promise.all(sources.map((name) => this.table(tables.get(name)))));
  }

  private table(table: SourceTable): Promise<InputsThrough> {
    const { clickhouse, calendar } = this.options;
    const { now, signal } = this;
    const known = this.read.get(table.name);
    const inputs = known ?? inputsOf(clickhouse, table, { now, timezone: calendar.timezone, signal });
    this.read.set(table.name, inputs);
    return inputs;
  }
}

interface LabelRequest {
  readonly now: Instant;
  readonly sources: Sources;
  readonly progress: JobProgress;
}

async function computeLabel(
  options: LabelComputerOptions,
  label: Label,
  { now, sources, progress }: LabelRequest,
): Promise<ComputedLabel> {
  const { clickhouse, calendar } = options;
  const { signal } = progress;
  const inputs = await sources.of(label);
  const observed = await observedMonths(clickhouse, label, { now, timezone: calendar.timezone, signal });
  const computed = await computedMonths(clickhouse, label, signal);
  const months = new Map(observed.map((each) => [each.month, each] as const));
  // A month that has lost its observations is looked at once more, so that its rows end: what took them is news of the month.
  for (const [month, { knowledge }] of computed) {
    if (!months.has(month)) months.set(month, { month, firstKnown: knowledge, lastKnown: knowledge, ends: month });
  }
  const steps = [...months.values()].map((month) =>
    stepsOf(month, computed.get(month.month), {
      inputs: inputs(month.ends),
      now,
      written: () => whenWritten(options, now),
    }),
  );
  const due = steps.filter(({ length }) => length > 0);
  const totals = { rows: 0, changed: 0 };
  for (const [index, each] of due.entries()) {
    signal.throwIfAborted();
    let last: WrittenMonth = { rows: 0, changed: 0 };
    for (const step of each) {
      last = await holding(options, label, step, signal);
      totals.changed += last.changed;
    }
    totals.rows += last.rows;
    await progress.report((index + 1) / due.length);
  }
  return { label: label.id, months: due.length, ...totals };
}

/** What is to be computed of a month: as it was when its last outcome became known, and as it is now. */
function stepsOf(
  { month, firstKnown, lastKnown }: ObservedMonth,
  before: ComputedMonth | undefined,
  { inputs, now, written }: { readonly inputs: Inputs; readonly now: Instant; readonly written: Step['stamp'] },
): readonly Step[] {
  const as = (knowledge: Instant, stamp: Step['stamp']): Step => ({ month, knowledge, stamp, sources: inputs.sources });
  if (firstKnown > now) return [];
  if (before) {
    const isOlder = before.knowledge < now;
    const isMore = before.knowledge < lastKnown || isNews(inputs, before);
    return isOlder && isMore ? [as(now, written)] : [];
  }
  if (lastKnown >= now) return [as(now, written)];
  const then = as(lastKnown, async () => lastKnown);
  if (inputs.ingestedAt <= lastKnown) return [then];
  // What came later is not in the first: a job that dies between the two leaves the second due.
  return [{ ...then, sources: {} }, as(now, written)];
}

/** Since when a version is known that is about to be written: it can be read then, and it comes after every version before it. */
async function whenWritten(options: LabelComputerOptions, now: Instant): Promise<Instant> {
  const stores = await (options.storeClock?.() ?? options.clock());
  return knowledgeInstant(options, { table: LABELS, now: Math.max(now, stores) });
}

const holding = (
  { clickhouse, calendar, leases }: LabelComputerOptions,
  label: Label,
  step: Step,
  signal: AbortSignal,
): Promise<WrittenMonth> =>
  leases.hold(tableResource(LABELS), signal, async (lease) => {
    const ends = AbortSignal.any([signal, lease.lost]);
    const fence = tableFence(lease, [RUNS]);
    await raiseFence(clickhouse, fence, { signal: ends });
    return writeMonth({ ...step, clickhouse, calendar, label, fence, signal: ends });
  });
