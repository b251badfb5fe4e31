/** What a set would be before it is built: its rows, how the history covers them, and which as-ofs they need that were never computed. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { HOUR } from '../../core/helpers/time.js';
import type { EstimateRequest, SetEstimate, ViewCoverage } from '../../core/ports/training-sets.js';
import { viewTables } from '../history/tables.js';
import { openCheckpoints } from './checkpoints.js';
import { coverageOf } from './coverage.js';
import { joinFeatures, type Working } from './join.js';
import { joinedRows } from './rows.js';
import { prepareSet, type TrainingSetTools } from './set.js';
import type { SpineTable } from './spine.js';

/** A join of so many takes seconds. */
const SAMPLE_ROWS = 100_000;
/** Eleven years of hours; what needs more is no set of any use. */
const MOST_AS_OFS = 100_000;

/** See TrainingSetBuilder.estimate. */
export async function estimateSet(tools: TrainingSetTools, request: EstimateRequest): Promise<SetEstimate> {
  return prepared(tools, request, async (working) => {
    const { rows } = working.spine;
    const sampled: Working = { ...working, spine: await sampleOf(working) };
    const slices = await joinFeatures(sampled, async () => undefined);
    const coverage = await coverageOf(sampled, joinedRows(sampled, slices, raw('1')));
    return { rows, coverage: coverage.map((each) => scaled(each, rows)), missing: await allMissing(tools, working) };
  });
}

/** See TrainingSetBuilder.missing. */
export const missingOfSet = (tools: TrainingSetTools, request: EstimateRequest): Promise<SetEstimate['missing']> =>
  prepared(tools, request, (working) => allMissing(tools, working));

async function prepared<T>(
  tools: TrainingSetTools,
  request: EstimateRequest,
  body: (working: Working) => Promise<T>,
): Promise<T> {
  const { id, signal } = request;
  const checkpoints = await openCheckpoints(tools.store, { id, signal, fingerprint: id });
  try {
    const { working } = await prepareSet(tools, request, checkpoints);
    return await body(working);
  } finally {
    if (signal.aborted) await checkpoints.stop();
    await checkpoints.drop();
  }
}

/** Every n-th row of a large spine. */
async function sampleOf({ store, checkpoints, spine }: Working): Promise<SpineTable> {
  if (spine.rows <= SAMPLE_ROWS) return spine;
  const table = checkpoints.fresh.table('sample');
  const step = Math.ceil(spine.rows / SAMPLE_ROWS);
  await store.run(
    'training-set-sample',
    sql`CREATE TABLE ${ident(table)} ENGINE = MergeTree ORDER BY rid AS
      SELECT * FROM ${ident(spine.table)} WHERE rid % ${raw(String(step))} = 0`,
    checkpoints.options,
  );
  return { ...spine, table, rows: Math.ceil(spine.rows / step) };
}

const COUNTS = ['present', 'null', 'stale', 'notFound', 'notComputed'] as const;

/** Counts of a sample as counts of all rows, to which they add up. */
function scaled(coverage: ViewCoverage, rows: number): ViewCoverage {
  const counted = COUNTS.reduce((sum, name) => sum + coverage[name], 0);
  if (counted === rows || counted === 0) return coverage;
  const counts = COUNTS.map((name) => [name, Math.floor((coverage[name] / counted) * rows)] as const);
  const rest = rows - counts.reduce((sum, [, count]) => sum + count, 0);
  const largest = Math.max(...counts.map(([, count]) => count));
  const at = counts.findIndex(([, count]) => count === largest);
  return {
    ...coverage,
    ...Object.fromEntries(counts.map(([name, count], index) => [name, index === at ? count + rest : count])),
  };
}

/** The newest as-of of the view's schedule that a decision at `t` could have read. */
function neededAsOf({ schedule, delayMs }: View, timezone: string): Sql {
  const known = sql`t - toInt64(${delayMs})`;
  return schedule.every === 'hour'
    ? sql`intDiv(${known}, ${raw(String(HOUR))}) * ${raw(String(HOUR))}`
    : sql`toInt64(toUnixTimestamp(toStartOfDay(fromUnixTimestamp64Milli(${known}, ${param('String', timezone)})))) * 1000`;
}

async function allMissing(tools: TrainingSetTools, working: Working): Promise<SetEstimate['missing']> {
  const missing: SetEstimate['missing'][number][] = [];
  for (const view of working.views) missing.push({ view, asOfs: await missingAsOfs(tools, working, view) });
  return missing;
}

/** Oldest first. */
async function missingAsOfs(
  { store, calendar }: TrainingSetTools,
  { spine, states, checkpoints }: Working,
  view: View,
): Promise<readonly number[]> {
  const done = sql`SELECT toUnixTimestamp64Milli(event_time) FROM ${viewTables(view).commits} WHERE in_state = 1 AND ${states.runs(view)}`;
  const needed = await store.tuples<[string]>(
    'training-set-as-ofs',
    sql`SELECT DISTINCT ${neededAsOf(view, calendar.timezone)} AS needed FROM ${ident(spine.table)}
      WHERE needed > 0 AND needed NOT IN (${done}) ORDER BY needed LIMIT ${raw(String(MOST_AS_OFS))}`,
    checkpoints.options,
  );
  return needed.map(([asOf]) => Number(asOf));
}
