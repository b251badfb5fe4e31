/** The costs of new view versions: counted and measured in the stores, within a bounded time. */

import { withinTime } from '../core/async.js';
import { declaresStored } from '../core/definitions/definition-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { addDays, type BusinessCalendar, type LocalDate, parseInstant, SECOND } from '../core/helpers/time.js';
import type { PlanChange, PlanCost } from '../core/ports/catalogue.js';
import type { Materializer } from '../core/ports/materialize.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { OnlineStore } from '../core/ports/online.js';
import type { Clock } from '../core/ports/process.js';
import type { PublishedDefinition } from '../core/ports/serving.js';

export interface PlanCostsOptions {
  readonly materializer: Pick<Materializer, 'estimateBackfill'>;
  readonly offline: Pick<OfflineReader, 'estimateRows' | 'sampleRun' | 'viewHoldings' | 'firstKnown'>;
  readonly online: Pick<OnlineStore, 'measure'>;
  readonly calendar: BusinessCalendar;
  readonly now: Clock;
  /** Time that all costs of a plan may take together, in ms. */
  readonly budgetMs?: number;
}

/** The reader of a plan waits for it. */
const BUDGET_MS = 30 * SECOND;
/** The error of an average of this many rows is far below that of the number of keys. */
const SAMPLED_ROWS = 200;
/** The usual backfill of a new view: a year covers each season once. */
const DAYS_BACK = 365;

const NOTHING_KNOWN: PlanCost = {
  backfillFrom: null,
  backfillTo: null,
  backfillAsOfs: null,
  backfillRows: null,
  backfillSeconds: null,
  onlineKeys: null,
  sampledRows: 0,
  bytesPerKey: null,
  onlineBytes: null,
  problem: null,
};
const NOTHING_THERE: PlanCost = {
  ...NOTHING_KNOWN,
  backfillAsOfs: 0,
  backfillRows: 0,
  backfillSeconds: 0,
  onlineKeys: 0,
  onlineBytes: 0,
};

export type PlanCosts = (
  changes: readonly PlanChange[],
  published: readonly PublishedDefinition[],
  /** By id, as their files are on disk. */
  views: ReadonlyMap<string, View>,
  from?: LocalDate,
) => Promise<readonly PlanChange[]>;

/** What the same plan makes of the tables that a view reads: until then they read as empty. */
function plannedSource({ sources, origin }: View): string | undefined {
  if (origin.kind !== 'query') return undefined;
  const table = sources.map((name) => origin.tables.find(name)).find((each) => each?.planned !== undefined);
  if (!table?.planned) return undefined;
  if (table.planned === 'TABLE') return `makes the source table ${table.name}`;
  if (table.planned.length === 0) return `reads the source table ${table.name} otherwise`;
  return `adds ${table.planned.map((column) => `${table.name}.${column}`).join(', ')}`;
}

/** @returns a function that fills the costs of new views into changes; a cost that cannot be measured says why, and never fails the plan */
export function createPlanCosts(options: PlanCostsOptions): PlanCosts {
  const { materializer, offline, online, calendar, now, budgetMs = BUDGET_MS } = options;

  const startOf = async (view: View, published: readonly PublishedDefinition[]): Promise<LocalDate | null> => {
    const before = published
      .filter(({ kind, name, version }) => declaresStored(kind) && name === view.name && version < view.version)
      .sort((a, b) => b.version - a.version);
    for (const { name, version, prunedAt } of before) {
      const holdings = prunedAt === null ? await offline.viewHoldings({ name, version }) : null;
      if (holdings?.firstEventTime != null) return calendar.dateOf(holdings.firstEventTime);
    }
    const known = await offline.firstKnown(view);
    if (known === null) return null;
    const back = calendar.startOfDay(addDays(calendar.dateOf(now()), -DAYS_BACK));
    return calendar.dateOf(Math.max(known, back));
  };

  /** Reports costs step by step, so that those measured in time are kept. */
  async function measure(
    view: View,
    published: readonly PublishedDefinition[],
    asked: { readonly from: LocalDate | undefined; readonly until: number },
    learned: (more: Partial<PlanCost>) => void,
  ): Promise<void> {
    const from = asked.from ?? (await startOf(view, published));
    if (from === null) return learned(NOTHING_THERE);
    const range = { views: [view], from, to: calendar.dateOf(now()), now: now() };
    const [backfill] = (await materializer.estimateBackfill(range)).views;
    if (!backfill) return learned(NOTHING_THERE);
    const asOf = parseInstant(backfill.to);
    learned({
      backfillFrom: calendar.dateOf(parseInstant(backfill.from)),
      backfillTo: calendar.dateOf(asOf),
      backfillAsOfs: backfill.asOfs,
      backfillRows: backfill.rows,
      backfillSeconds: backfill.seconds,
    });
    const { rows: onlineKeys } = await offline.estimateRows(view, asOf, asOf + view.delayMs);
    learned({ onlineKeys });
    if (onlineKeys === 0) return learned({ onlineBytes: 0 });
    const seconds = Math.max(1, Math.ceil((asked.until - performance.now()) / SECOND));
    const sample = await offline.sampleRun(
      view,
      { asOf, knowledge: asOf + view.delayMs },
      { rows: SAMPLED_ROWS, seconds },
    );
    if (sample.length === 0) return;
    const bytesPerKey = await online.measure(
      view,
      sample.map((row) => ({ ...row, eventTime: asOf, availableAt: asOf + view.delayMs, sequence: 1 })),
    );
    learned({
      sampledRows: sample.length,
      bytesPerKey,
      onlineBytes: Math.round(bytesPerKey * onlineKeys),
    });
  }

  return async (changes, published, views, from) => {
    const until = performance.now() + budgetMs;
    const costed: PlanChange[] = [];
    for (const change of changes) {
      const view = declaresStored(change.kind) && change.action !== 'RETIRE' ? views.get(change.id) : undefined;
      if (!view) {
        costed.push(change);
        continue;
      }
      if (performance.now() >= until) {
        // Not begun, since its queries would go on after the plan is answered.
        costed.push({ ...change, cost: { ...NOTHING_KNOWN, problem: outOfTime(budgetMs) } });
        continue;
      }
      const planned = plannedSource(view);
      if (planned !== undefined) {
        const problem = `its cost is not known before the apply that ${planned}`;
        costed.push({ ...change, cost: { ...NOTHING_KNOWN, problem } });
        continue;
      }
      let cost = NOTHING_KNOWN;
      const work = measure(view, published, { from, until }, (more) => {
        cost = { ...cost, ...more };
      });
      const problem = await problemOf(until, work, budgetMs);
      costed.push({ ...change, cost: { ...cost, problem } });
    }
    return costed;
  };
}

const outOfTime = (budgetMs: number): string =>
  `the ${Math.round(budgetMs / SECOND)} seconds that a plan has for its costs were over; the others say what they cost`;

/** Null when the work ended well in time, else why not. */
const problemOf = (until: number, work: Promise<void>, budgetMs: number): Promise<string | null> =>
  withinTime(work, Math.max(0, until - performance.now()), () => new Error(outOfTime(budgetMs))).then(
    () => null,
    (error: unknown) => `not measured: ${(error as Error).message}`,
  );
