import type { SqlGuard, TrainingSetRequest, TrainingSetResult } from '../core/ports.js';
import type { BusinessCalendar } from '../core/time.js';
import type { ClickHouse } from './client.js';
export interface Deps {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly guard: SqlGuard;
}
export async function buildTrainingSet(_deps: Deps, _request: TrainingSetRequest): Promise<TrainingSetResult> {
  throw new Error('not yet');
}
