import type { Mask } from '../core/compute/masking.js';
import type { Deadline } from '../core/deadline.js';
import type { View } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { AuditedReads, AuditLog, Caller } from '../core/ports/access.js';
import type { CatalogueBrowser } from '../core/ports/browse.js';
import type { Catalogue, RegistryPlanner, ViewFreshness, ViewPreviews } from '../core/ports/catalogue.js';
import type { ColumnsRead } from '../core/ports/columns-read.js';
import type { Completeness } from '../core/ports/completeness.js';
import type { FeatureProfiles } from '../core/ports/feature-profiles.js';
import type { GangReader, Investigation } from '../core/ports/gangs.js';
import type { IndicatorService } from '../core/ports/indicators.js';
import type { JobLedger, JobQueue } from '../core/ports/jobs.js';
import type { LabelEvidence } from '../core/ports/labels.js';
import type { Materializer } from '../core/ports/materialize.js';
import type { MisReader } from '../core/ports/mis.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { Clock, Log, Metrics } from '../core/ports/process.js';
import type { ViewPruner } from '../core/ports/pruning.js';
import type { ReportLinks } from '../core/ports/report-links.js';
import type { ScoringService } from '../core/ports/scoring.js';
import type { OnlineFeaturesService } from '../core/ports/serving.js';
import type { SourceStore } from '../core/ports/sources.js';
import type { SpineService } from '../core/ports/spines.js';
import type { TrainingSetRecord, TrainingSetService } from '../core/ports/training-sets.js';
import type { Loaders } from './loaders.js';

/** The services of the API. `app.ts` provides them; the resolvers see nothing else. */
export interface ApiServices {
  readonly registry: Registry;
  readonly catalogue: Catalogue;
  readonly planner: RegistryPlanner;
  readonly previews: ViewPreviews;
  readonly pruner: Pick<ViewPruner, 'check'>;
  readonly onlineFeatures: OnlineFeaturesService;
  readonly offline: Pick<OfflineReader, 'historicalFeatures' | 'rowsAt'>;
  readonly freshness: (views: readonly View[]) => Promise<readonly ViewFreshness[]>;
  readonly browser: CatalogueBrowser;
  readonly profiles: Pick<FeatureProfiles, 'read' | 'newest'>;
  readonly columns: ColumnsRead;
  /** Brings the gauges of each group up to date: of views and features, of the queue, of Redis. */
  readonly reportGauges: Readonly<Record<'views' | 'queue' | 'redis', () => Promise<void>>>;
  readonly sources: Pick<SourceStore, 'quarantine' | 'rowCounts'>;
  readonly completeness: Completeness;
  readonly trainingSets: TrainingSetService;
  readonly spines: Pick<SpineService, 'get' | 'keysOf' | 'upload' | 'formats'>;
  readonly scoring: ScoringService;
  readonly indicators: IndicatorService;
  readonly reportLinks: ReportLinks;
  readonly mis: Pick<MisReader, 'read'>;
  readonly labels: LabelEvidence;
  readonly gangs: GangReader;
  readonly investigation: Investigation;
  /** What a job would refuse is refused where it is asked for. */
  readonly backfills: Pick<Materializer, 'checkAsOf' | 'checkBackfill' | 'estimateBackfill'>;
  readonly jobs: JobLedger;
  readonly queue: Pick<JobQueue, 'enqueue' | 'cancel' | 'watch'>;
  readonly audit: AuditLog;
  readonly mask: Mask;
  readonly calendar: BusinessCalendar;
  readonly now: Clock;
}

/** State of one request. */
export interface RequestContext {
  readonly services: ApiServices;
  readonly caller: Caller;
  readonly requestId: string;
  /** The peer's address. */
  readonly address: string;
  readonly loaders: Loaders;
  /** Null: the caller waits as long as it takes. */
  readonly deadline: Deadline | null;
  /** Aborted once the caller waits no longer: its deadline has passed, or its connection was closed. Long reads end with it. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The reads of this request that were answered, for its entry in the audit log. */
  readonly reads: AuditedReads['calls'][number][];
}

/** The view of personal values that a role has. */
export type PiiView = 'CLEAR' | 'MASKED' | 'HIDDEN';

export const piiView = ({ role }: Pick<Caller, 'role'>): PiiView =>
  role === 'modeler' || role === 'investigator' ? 'MASKED' : role === 'bi' ? 'HIDDEN' : 'CLEAR';

/** The mask that applies to a caller; undefined for a caller who sees personal values in clear. */
export const maskFor = ({ services, caller }: Pick<RequestContext, 'services' | 'caller'>): Mask | undefined =>
  piiView(caller) === 'CLEAR' ? undefined : services.mask;

/** Who a caller is for as long as what it made: a name stays where its key is replaced; keys without one share the name of their role. */
export const identityOf = ({ role, name, keyId }: Caller): string => (name === role ? keyId : name);

/**
 * Tells whether a caller may see all of a training set. One that was requested by a role that sees personal values in clear holds them in clear, and is
 * closed to a role that sees them masked; so is one whose spine brought personal values, but to the caller who brought them.
 */
export const seesInFull = (
  caller: Caller,
  { request: { masked, broughtBy = identityOf(caller) } }: Pick<TrainingSetRecord, 'request'>,
): boolean => piiView(caller) === 'CLEAR' || (masked === true && broughtBy === identityOf(caller));

/** The error of a build for a caller who may see the set; it may quote a value of its rows, so other callers read a general sentence. */
export function shownError(error: string | null, caller: Caller, set: TrainingSetRecord): string | null {
  if (error === null || seesInFull(caller, set)) return error;
  return 'the training set could not be built (create it with this key to see why, or ask the caller who created it)';
}
