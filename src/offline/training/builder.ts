import type { Mask } from '../../core/compute/masking.js';
import type { BusinessCalendar } from '../../core/helpers/time.js';
import type { SourceTables } from '../../core/lending/sources.js';
import type { Log } from '../../core/ports/process.js';
import type { SpineLimits } from '../../core/ports/spines.js';
import type { TrainingSetBuilder } from '../../core/ports/training-sets.js';
import type { ClickHouse } from '../../warehouse/client.js';
import type { UserSql } from '../../warehouse/user-sql.js';
import { estimateSet, missingOfSet } from './estimate.js';
import { buildTrainingSet, checkTrainingSet } from './set.js';
import { sweepTrainingSets } from './tables.js';

export interface TrainingSetBuilderOptions {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Those that spine SQL may read, and the labels. */
  readonly tables: SourceTables;
  /** Checks and runs the SQL of spines. */
  readonly userSql: UserSql;
  /** By which a label's observations are sampled where their ids are personal. */
  readonly mask: Mask;
  /** Most that the SQL of a spine may give; absent: any number. */
  readonly spineLimits?: SpineLimits;
  readonly log: Log;
  /** Rows of one step, where they are not to follow from memory. */
  readonly rowsAStep?: number;
  /** Bytes that one join takes in, where that is not the usual. */
  readonly bytesAJoin?: number;
  /** Rows up to which profiles are exact, where that is not to follow from memory. */
  readonly exactRows?: number;
}

export function createTrainingSetBuilder({ log, ...tools }: TrainingSetBuilderOptions): TrainingSetBuilder {
  const { store } = tools;
  // Once a process, with the first set; a failure only leaves the sweeping to the next process.
  let swept: Promise<void> | undefined;
  const sweep = () =>
    sweepTrainingSets(store).catch((error: unknown) =>
      log.warn({ err: error }, 'tables of old training sets could not be dropped'),
    );
  return {
    check: (request) => checkTrainingSet(tools, request),
    async estimate(request) {
      swept ??= sweep();
      await swept;
      return estimateSet(tools, request);
    },
    async missing(request) {
      swept ??= sweep();
      await swept;
      return missingOfSet(tools, request);
    },
    async build(request) {
      swept ??= sweep();
      await swept;
      return buildTrainingSet(tools, request);
    },
  };
}
