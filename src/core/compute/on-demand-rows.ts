/** Rows of on-demand features: the one computation that a request, a historical table and a training set share. */
import type { OnDemandView } from '../definitions/definitions.js';
import type { FeatureValue, StalePolicy } from '../definitions/types.js';
import { RiskgraphError } from '../errors.js';
import type { Instant } from '../helpers/time.js';
import type { OnDemandPlan, PlannedCall, PlannedColumn } from './on-demand.js';
import { type Cell, cellOf, type RowStatus } from './status.js';
import { computedValue, isMisfit } from './typed-values.js';

/** The result of a call for one row. */
export interface CalledRow {
  /** In the order of the call's `answers`. */
  readonly values: readonly FeatureValue[];
  /** Status of the call's inputs: STALE where one is, ERROR where one could not be read. */
  readonly inputs: Exclude<RowStatus, 'NOT_FOUND'>;
  /** The oldest of the stored inputs; null where none has a row. */
  readonly eventTime: Instant | null;
}

/** The inputs of one row. */
export interface RowInputs {
  readonly request: (name: string) => FeatureValue;
  readonly stored: (at: number) => Cell;
  readonly stalePolicy: StalePolicy;
}

const older = (a: Instant | null, b: Instant | null): Instant | null => (a === null || (b !== null && b < a) ? b : a);

/** A stale answer exists only where the stale policy let it be computed. */
const calledCell = ({ values, inputs, eventTime }: CalledRow, position: number): Cell =>
  cellOf(inputs, { value: values[position] as FeatureValue, eventTime }, 'RETURN');

/**
 * Computes one row of every call of a plan. Its status is ERROR where an input could not be read, STALE where an input is stale, else that of
 * the value. The function is not called where an input could not be read, nor where one is stale and stale values are held back. A missing
 * input is null.
 * @throws INTERNAL where a function fails, or returns what it has not declared
 */
export function computeRow({ calls }: Pick<OnDemandPlan, 'calls'>, row: RowInputs): readonly CalledRow[] {
  const called: CalledRow[] = [];
  for (const call of calls) called.push(callOnce(call, row, called));
  return called;
}

function callOnce(
  call: PlannedCall,
  { request, stored, stalePolicy }: RowInputs,
  before: readonly CalledRow[],
): CalledRow {
  const input: Record<string, FeatureValue> = { ...call.blank };
  let stale = false;
  let failed = false;
  let eventTime: Instant | null = null;
  for (const { name, place, withheld } of call.inputs) {
    const cell =
      place.kind === 'stored' ? stored(place.at) : calledCell(before[place.call] as CalledRow, place.position);
    input[name] = withheld || cell.status === 'NOT_FOUND' ? null : shared(cell.value);
    stale ||= cell.status === 'STALE';
    failed ||= cell.status === 'ERROR';
    eventTime = older(eventTime, cell.eventTime);
  }
  if (failed || (stale && stalePolicy === 'NULL')) {
    return { values: call.answers.map(() => null), inputs: failed ? 'ERROR' : 'STALE', eventTime };
  }
  for (const name of call.request) input[name] = shared(request(name));
  return { values: answersOf(call, input), inputs: stale ? 'STALE' : 'FRESH', eventTime };
}

/** Freezes a list, which other readers share, so that a function cannot change it. */
const shared = (value: FeatureValue): FeatureValue =>
  typeof value === 'object' && value !== null ? Object.freeze(value) : value;

/** Calls the function and reads the requested features, each of its declared type; a value of another type is an error, never cast. */
function answersOf(
  { view, answers }: PlannedCall,
  input: Readonly<Record<string, FeatureValue>>,
): readonly FeatureValue[] {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = view.origin.compute(input);
  } catch (cause) {
    throw new RiskgraphError({
      code: 'INTERNAL',
      cause,
      message: `the function of ${view.id} failed on a row`,
      hint: `fix it in the next version: it must answer for every input, null too (${view.file})`,
    });
  }
  const values: FeatureValue[] = [];
  for (const index of answers) {
    const feature = view.features[index] as OnDemandView['features'][number];
    const value = computedValue(feature, answer?.[feature.name]);
    if (isMisfit(value)) throw misanswered(view, feature.name, value.misfit);
    values.push(value);
  }
  return values;
}

const misanswered = (view: OnDemandView, feature: string, misfit: string): RiskgraphError =>
  new RiskgraphError({
    code: 'INTERNAL',
    message: `the function of ${view.id} answered ${feature} wrongly: ${misfit}`,
    hint: `fix it in the next version (${view.file})`,
  });

/** When a computed column of a row happened: its view has one event time, of whatever is asked of it. */
export function columnTime(
  { calls }: Extract<PlannedColumn, { kind: 'computed' }>,
  called: readonly CalledRow[],
): Instant | null {
  let time: Instant | null = null;
  for (const call of calls) time = older(time, (called[call] as CalledRow).eventTime);
  return time;
}

/** The answer for one column of a row. */
export function columnCell(column: PlannedColumn, stored: RowInputs['stored'], called: readonly CalledRow[]): Cell {
  if (column.kind === 'stored') return stored(column.at);
  const cell = calledCell(called[column.call] as CalledRow, column.position);
  const eventTime = columnTime(column, called);
  return eventTime === cell.eventTime ? cell : { value: cell.value, status: cell.status, eventTime };
}
