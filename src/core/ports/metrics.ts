/** Every metric of the platform: its kind, the help text that Prometheus shows, and its labels. A metric that is not here does not compile. */

type Kind = 'counter' | 'gauge' | 'histogram';

interface Metric<K extends Kind = Kind, Label extends string = string> {
  readonly kind: K;
  readonly help: string;
  readonly labels: readonly Label[];
}

const of =
  <K extends Kind>(kind: K) =>
  <Label extends string = never>(help: string, ...labels: readonly Label[]): Metric<K, Label> => ({
    kind,
    help,
    labels,
  });
const counter = of('counter');
const gauge = of('gauge');
const seconds = of('histogram');

/** By name, without the prefix `riskgraph_` and the ending `_total` of a counter, which Prometheus sees. */
export const METRICS = {
  // Requests
  http_seconds: seconds('Time to answer an HTTP request, by route and status code', 'route', 'status'),
  graphql_seconds: seconds('Time to answer a GraphQL operation; outcome is ok or error', 'operation', 'outcome'),
  store_answering: gauge(
    '0 while the store does not answer and this process lets no request wait for it, else 1',
    'store',
  ),
  rate_limit_per_minute: gauge(
    'Requests a minute that a key may make, by its role; caller is empty for the rule of a role',
    'role',
    'caller',
  ),
  rate_limited_requests: counter('Requests that were refused because their key made too many', 'role', 'caller'),
  overloaded_requests: counter(
    'Requests that were refused because they could not be answered in time',
    'role',
    'caller',
  ),
  audit_failures: counter(
    'Entries that the audit log did not take, by outcome; what had to be recorded before it began (BEGUN) was refused',
    'outcome',
  ),
  audit_entries_lost: counter(
    'Entries of reads that the audit log has lost, since Postgres was away for long or took them more slowly than they came',
  ),
  served_values: counter(
    'Feature values answered from the online store, also as inputs of scores, by status: PRESENT, NULL, STALE, NOT_FOUND, ERROR',
    'view',
    'status',
  ),
  scores: counter(
    'Rows that a model was asked to score, by status; door is request, portfolio or backfill',
    'model',
    'door',
    'status',
  ),
  stale_scores: counter('Scores that were made of at least one value older than its maxAge', 'model', 'door'),
  // Views
  view_late_seconds: gauge(
    'Time since the oldest as-of that a scheduled run has not committed became due; 0 when the view is up to date',
    'view',
  ),
  view_waiting_seconds: gauge(
    'Time for which the newest as-of of the view that is due has waited for a day of the table to be whole; absent where it does not',
    'view',
    'table',
  ),
  view_lag_seconds: gauge('Age of the newest value of the view in the history', 'view'),
  view_stale: gauge('1 when the newest value of the view is older than its maxAge, or there is none', 'view'),
  view_keys: gauge('Entity keys with a value in the history of the view', 'view'),
  view_event_time_seconds: gauge('As-of of the newest run that this worker committed, in Unix seconds', 'view'),
  definitions_refused: gauge(
    'Definition files with a problem, which this process has not loaded; riskgraph plan names them',
  ),
  view_entities_set_aside: gauge(
    'Entities that the newest run of the view left out because its query cannot compute with their source rows; the quarantine names them',
    'view',
  ),
  feature_null_ratio: gauge('Share of NULLs among the newest values of a feature, 0 to 1', 'view', 'feature'),
  materialize_seconds: seconds('Time of a scheduled or asked run of one view, from its lease to its commit', 'view'),
  history_rows: counter('Rows that runs added to the history of the view', 'view'),
  view_online_whole: gauge(
    '1 while Redis holds all that was written of the view, 0 when it has lost some of it, which is restored',
    'view',
  ),
  online_skew_ratio: gauge(
    'Share of sampled keys whose online value differs from the newest value of the history, 0 to 1',
    'view',
  ),
  loan_snapshot_rows: counter('Versions of daily loan snapshots that derivations wrote'),
  loan_snapshots_seconds: seconds('Time of a derivation of the daily loan snapshots'),
  loan_snapshot_loans_set_aside: counter(
    'Loans that derivations left out because their rows contradict each other; the quarantine names them',
  ),
  gangs_seconds: seconds('Time of a derivation of gangs'),
  // Imports
  import_clock_behind: counter('Imports whose clock was behind the newest import of the table', 'table'),
  import_rows: counter('Rows of imports; outcome is accepted, duplicates or rejected', 'table', 'outcome'),
  source_complete_through_seconds: gauge(
    'End of the last day of the table that is whole, in Unix seconds; absent where none is known to be',
    'table',
  ),
  source_late_seconds: gauge(
    'Time since the first day of the table that is not whole was due; 0 where none is, absent where the table promises nothing',
    'table',
  ),
  import_seconds: seconds('Time of an import, from its first byte to its answer', 'table'),
  duty_ready: gauge('1 when the duty can be done: decisions, history, reports, ingest; as /readyz says it', 'duty'),
  // Jobs
  worker_healthy: gauge('1 when a worker reports and makes progress, 0 when jobs stand still'),
  jobs: counter('Jobs that ended in this worker; outcome is completed, failed or cancelled', 'job_name', 'outcome'),
  job_seconds: seconds('Time of one attempt of a job', 'job_name'),
  job_retries: counter('Attempts that failed and are tried again', 'job_name'),
  jobs_waiting: gauge('Jobs that wait for a worker', 'job_name'),
  queue_age_seconds: gauge('Age of the oldest job that waits for a worker; 0 when none waits', 'job_name'),
  // Stores
  clickhouse_query_seconds: seconds('Time of a statement in ClickHouse; label names its purpose', 'label', 'outcome'),
  online_read_errors: counter('Reads of the online store that it did not answer; their values have status ERROR'),
  online_row_errors: counter('Online rows that cannot be decoded; materialize the view again', 'view'),
  redis_memory_bytes: gauge('Memory that Redis uses', 'node'),
  redis_memory_limit_bytes: gauge(
    'Memory that Redis may use: its maxmemory, or the memory of its machine where it has none',
    'node',
  ),
  redis_evicted_keys: gauge('Keys that Redis evicted since it started; anything but 0 is lost content', 'node'),
  gauges_fresh: gauge(
    '1 when the gauges of the group could be read for this scrape; of is views, queue or redis',
    'of',
  ),
} satisfies Readonly<Record<string, Metric>>;

type Catalogue = typeof METRICS;
type NamesOf<K extends Kind> = { [N in keyof Catalogue]: Catalogue[N]['kind'] extends K ? N : never }[keyof Catalogue];
type LabelsOf<N extends keyof Catalogue> = Readonly<Record<Catalogue[N]['labels'][number], string>>;

/** Records metrics; `core` reports through it and imports no metrics library. */
export interface Metrics {
  count<N extends NamesOf<'counter'>>(name: N, labels?: LabelsOf<N>, by?: number): void;
  observe<N extends NamesOf<'histogram'>>(name: N, seconds: number, labels?: LabelsOf<N>): void;
  gauge<N extends NamesOf<'gauge'>>(name: N, value: number, labels?: LabelsOf<N>): void;
  /** Drops every gauge that carries these labels. */
  forget?(labels: Readonly<Record<string, string>>): void;
}
