/** The services that jobs may use. A new ability is a line here, and one in app.ts, which provides it. */
import type { Instant } from '../helpers/time.js';
import type { FreshCatalogue } from './catalogue.js';
import type { FeatureProfiles } from './feature-profiles.js';
import type { Gangs } from './gangs.js';
import type { LabelComputer } from './labels.js';
import type { Materializer } from './materialize.js';
import type { OfflineReader } from './offline.js';
import type { OfflineWriters } from './offline-writer.js';
import type { OnlineContent, OnlineRestorer, OnlineStore } from './online.js';
import type { Clock, Log, Metrics } from './process.js';
import type { JobProgress } from './progress.js';
import type { ViewPruner } from './pruning.js';
import type { LoanSnapshots, SourceSweep } from './sources.js';
import type { SpineService } from './spines.js';
import type { TrainingSetRunner } from './training-sets.js';

/** Every service that a job may name in its `needs`. */
export interface JobServices {
  readonly catalogue: FreshCatalogue;
  readonly gangs: Gangs;
  readonly labels: LabelComputer;
  readonly loanSnapshots: LoanSnapshots;
  readonly materializer: Materializer;
  /** How many days of as-ofs are published again by themselves. */
  readonly republishDays: number;
  readonly offline: OfflineReader;
  readonly offlineWriters: OfflineWriters;
  readonly online: OnlineStore;
  readonly onlineContent: OnlineContent;
  readonly restorer: OnlineRestorer;
  readonly trainingSets: TrainingSetRunner;
  readonly sourceSweep: SourceSweep;
  readonly spines: Pick<SpineService, 'sweep'>;
  readonly pruner: ViewPruner;
  readonly profiles: FeatureProfiles;
}

export type JobNeed = keyof JobServices;

export interface JobContext<Need extends JobNeed = never> extends JobProgress {
  readonly jobId: string;
  /** The scheduled time for scheduled jobs, else the time of asking. */
  readonly scheduledFor: Instant;
  readonly now: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Those that the job's `needs` name. */
  readonly services: Pick<JobServices, Need>;
}
