/** The client: one method for each thing that a decision service or a modeler does. */
import { readFileSync } from 'node:fs';
import type {
  AnyCatalogue,
  Dimension,
  Entities,
  EntityKey,
  FeatureCells,
  FeatureName,
  FeatureRow,
  FeatureStatus,
  IndicatorName,
  ModelName,
  RequestInputs,
  Selected,
  Selection,
  ServiceName,
  SpineKeys,
} from './catalogue.js';
import { RiskgraphError } from './errors.js';
import { type Job, readJob, type WaitOptions, waitForJob } from './jobs.js';
import { SCORE_FIELDS, type Score, type SentScores, scoresOf } from './scores.js';
import { type Spine, uploadSpine } from './spines.js';
import {
  REPORT_FIELDS,
  type Report,
  reportOf,
  type SentReport,
  type SentTable,
  TABLE_FIELDS,
  type Table,
  tableOf,
} from './tables.js';
import { TRAINING_SET_FIELDS, TrainingSet } from './training-sets.js';
import { type CallOptions, Transport } from './transport.js';
import { type AnyValue, type DecimalForm, type Forms, type Int64Form, readValue } from './values.js';

export interface RiskgraphOptions {
  /** Where the server is; without it RISKGRAPH_URL, or `http://127.0.0.1:4000`. */
  readonly url?: string;
  /** The API key; without it that of `keyFile`, RISKGRAPH_KEY or the file that RISKGRAPH_KEY_FILE names. */
  readonly key?: string;
  /** A file that holds the key and nothing else. */
  readonly keyFile?: string;
  /** Milliseconds within which a read is answered, retries included: a minute where absent; null leaves it to the server. */
  readonly deadlineMs?: number | null;
  /** How often a read is sent that the server refuses for now, the first time included: 4 where absent. A change is sent once. */
  readonly attempts?: number;
  /** Sends the requests in place of Node's own `fetch`: a proxy, a client certificate. */
  readonly fetch?: typeof fetch;
}

export type StalePolicy = 'RETURN' | 'NULL';
export type TimeGrain = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR' | 'TOTAL';

/** The newest features of one row. */
export interface OnlineRow<Key, Cells> {
  readonly entity: Key;
  /** By reference. */
  readonly features: Cells;
}

export interface OnlineAnswer<Row> {
  /** The request as logs and the audit log of the server name it. */
  readonly requestId: string;
  /** In the order of the request. */
  readonly rows: readonly Row[];
  /** References whose values the caller reads as masks. */
  readonly masked: readonly string[];
  /** When the values of each view happened, a place a row; null where the row has none. */
  readonly eventTimes: Readonly<Record<string, readonly (string | null)[]>>;
}

/** The rows of features in history: the join keys, `event_timestamp` with a zone, and columns that pass through. */
export type SpineColumns = Readonly<Record<string, readonly (string | number | bigint | boolean | Date | null)[]>>;

/** A label of the catalogue, or the name of an imported one. */
type LabelName<C extends AnyCatalogue> = C['labels'] | (string & {});

export interface IndicatorFilter<Name extends string> {
  readonly dimension: Name;
  readonly op: 'EQ' | 'NE' | 'IN' | 'NOT_IN' | 'GT' | 'GTE' | 'LT' | 'LTE';
  readonly values: readonly string[];
}

export interface FoundFeature {
  readonly reference: string;
  readonly type: string;
  readonly unit: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly entity: string;
  readonly owner: string;
}

export interface LabelDefinition {
  /** `name@version` */
  readonly id: string;
  readonly entity: string;
  readonly description: string;
  readonly owner: string;
  readonly windowDays: number;
}

const DEFAULT_URL = 'http://127.0.0.1:4000';
const DEADLINE_MS = 60_000;
const ATTEMPTS = 4;
/** The most that a page of the catalogue holds. */
const PAGE = 500;

/**
 * A server. `new Riskgraph<Catalogue>()` knows the catalogue that `riskgraph codegen` wrote: a wrong name, a missing join key or request input does not
 * compile, and every value has its type. Without one any name is taken.
 */
export class Riskgraph<C extends AnyCatalogue = AnyCatalogue> {
  private readonly transport: Transport;

  /** @throws Error where there is no key */
  constructor(options: RiskgraphOptions = {}) {
    const { url = process.env.RISKGRAPH_URL || DEFAULT_URL, deadlineMs = DEADLINE_MS, attempts = ATTEMPTS } = options;
    this.transport = new Transport({ url, key: keyOf(options), deadlineMs, attempts, fetch: options.fetch ?? fetch });
  }

  /** The newest features, as a decision reads them: at most 1,000 rows. */
  async online<
    F extends FeatureName<C> = never,
    S extends ServiceName<C> = never,
    D extends DecimalForm = 'string',
    I extends Int64Form = 'string',
  >(
    request: Selection<C, F, S> &
      RequestInputs<C, Selected<C, F, S>> & {
        readonly entities: Entities<C, Selected<C, F, S>>;
        /** What becomes of a value older than the `maxAge` of its view: it is given, or is null. */
        readonly stale?: StalePolicy;
        readonly decimals?: D;
        readonly int64?: I;
      },
    call?: CallOptions,
  ): Promise<OnlineAnswer<OnlineRow<EntityKey<C, Selected<C, F, S>>, FeatureCells<C, Selected<C, F, S>, D, I>>>> {
    const { service, features, entities, stale = 'RETURN', decimals, int64 } = request;
    const { onlineFeatures: sent } = await this.transport.read<{ readonly onlineFeatures: SentOnline }>(
      `query($service: String, $features: [String!], $entities: JSONObject!, $request: JSONObject, $stale: StalePolicy!) {
        onlineFeatures(service: $service, features: $features, entities: $entities, request: $request, stalePolicy: $stale) {
          requestId columns { name type values statuses masked } views { view eventTimes } } }`,
      { service, features, entities, request: request.request, stale },
      call,
    );
    const rows = rowsOf(entities).map((entity, row) => ({
      entity,
      features: Object.fromEntries(
        sent.columns.map(({ name, type, values, statuses }) => [
          name,
          { status: statuses[row], value: readValue(type, values[row], { decimals, int64 }) },
        ]),
      ),
    }));
    return {
      requestId: sent.requestId,
      // The columns are those of the request, which is what the types say.
      rows: rows as unknown as OnlineRow<EntityKey<C, Selected<C, F, S>>, FeatureCells<C, Selected<C, F, S>, D, I>>[],
      masked: sent.columns.filter(({ masked }) => masked).map(({ name }) => name),
      eventTimes: Object.fromEntries(sent.views.map(({ view, eventTimes }) => [view, eventTimes])),
    };
  }

  /** Features as they were known at the instant of each row: at most 10,000 rows; a training set takes more. */
  async features<
    const Spine extends SpineColumns,
    F extends FeatureName<C> = never,
    S extends ServiceName<C> = never,
    D extends DecimalForm = 'string',
    I extends Int64Form = 'string',
    Statuses extends boolean = false,
    EventTimes extends boolean = false,
  >(
    request: Selection<C, F, S> & {
      /** The columns of the rows, which hold the request inputs of on-demand features too. */
      readonly spine: Spine &
        SpineKeys<C, Selected<C, F, S>> & { readonly event_timestamp: readonly (string | Date)[] };
      /** Adds `<column>__status`. */
      readonly statuses?: Statuses;
      /** Adds `<column>__event_time`. */
      readonly eventTimes?: EventTimes;
      readonly stale?: StalePolicy;
      readonly decimals?: D;
      readonly int64?: I;
    },
    call?: CallOptions,
  ): Promise<Table<FeatureRow<C, Selected<C, F, S>, Spine, D, I, Statuses, EventTimes>>> {
    const {
      service,
      features,
      spine,
      statuses = false,
      eventTimes = false,
      stale = 'RETURN',
      decimals,
      int64,
    } = request;
    const { historicalFeatures } = await this.transport.read<{ readonly historicalFeatures: SentTable }>(
      `query($service: String, $features: [String!], $spine: JSONObject!, $statuses: Boolean!, $times: Boolean!, $stale: StalePolicy!) {
        historicalFeatures(service: $service, features: $features, spine: $spine, includeStatuses: $statuses, includeEventTimes: $times,
          stalePolicy: $stale) { ${TABLE_FIELDS} } }`,
      { service, features, spine, statuses, times: eventTimes, stale },
      call,
    );
    return tableOf(historicalFeatures, { decimals, int64 });
  }

  /** Scores rows now: at most 1,000. It needs a key of role decision, modeler or admin. */
  async score<M extends ModelName<C>>(
    request: RequestInputs<C, C['models'][M] & keyof C['features'] & string> & {
      /** `name` for its champion, or `name@version`. */
      readonly model: M;
      readonly entities: Entities<C, C['models'][M] & keyof C['features'] & string>;
      /** Adds contributions and reason codes. */
      readonly explain?: boolean;
    },
    call?: CallOptions,
  ): Promise<{
    readonly requestId: string;
    /** `name@version` */
    readonly model: string;
    /** In the order of the request. */
    readonly scores: readonly Score<EntityKey<C, C['models'][M] & keyof C['features'] & string>>[];
  }> {
    const { model, entities, explain = false } = request;
    const { score } = await this.transport.read<{ readonly score: SentScores }>(
      `query($model: String!, $entities: JSONObject!, $request: JSONObject, $explain: Boolean!) {
        score(model: $model, entities: $entities, request: $request, explain: $explain) { ${SCORE_FIELDS} } }`,
      { model, entities, request: request.request, explain },
      call,
    );
    return scoresOf(score);
  }

  /**
   * Begins a training set that cannot leak the future: `wait()` for it, then `download()` it.
   * @throws what the server refuses; the call is sent once, so where its answer is lost, look for the set among the jobs before it is sent again
   */
  async createTrainingSet<F extends FeatureName<C> = never, S extends ServiceName<C> = never>(
    request: Selection<C, F, S> & {
      readonly name: string;
      /**
       * Columns of at most 10,000 rows, a SELECT of the join keys and `event_timestamp` over the source tables, an uploaded file, or the observations
       * of a label, `name@version`, which is joined where `label` names no other.
       */
      readonly spine: SpineColumns | { readonly sql: string } | { readonly fromLabel: LabelName<C> } | Spine;
      /** A label to join: its value, and when it was known. */
      readonly label?: LabelName<C>;
      /** What was known then; without it, now. */
      readonly asOf?: string | Date;
      readonly statuses?: boolean;
      readonly eventTimes?: boolean;
      readonly stale?: StalePolicy;
      /** Makes the set though a view was not computed, or long ago, at the instants of many rows. */
      readonly allowStale?: boolean;
      /** COMPUTE computes the as-ofs first that the rows need and that are missing, within what the operator allows. */
      readonly history?: 'STORED' | 'COMPUTE';
      readonly format?: 'PARQUET' | 'CSV' | 'ARROW';
    },
    call?: CallOptions,
  ): Promise<TrainingSet> {
    const { spine, statuses, eventTimes, stale, ...rest } = request;
    const input = {
      ...rest,
      ...spineInput(spine),
      includeStatuses: statuses ?? false,
      includeEventTimes: eventTimes ?? false,
      stalePolicy: stale ?? 'RETURN',
    };
    const { createTrainingSet } = await this.transport.change<{
      readonly createTrainingSet: ConstructorParameters<typeof TrainingSet>[1];
    }>(
      `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { ${TRAINING_SET_FIELDS} } }`,
      { input },
      call,
    );
    return new TrainingSet(this.transport, createTrainingSet);
  }

  /** A training set that was created before. */
  openTrainingSet(id: string, call?: CallOptions): Promise<TrainingSet> {
    return TrainingSet.open(this.transport, id, call);
  }

  /** Uploads the rows of training sets from a Parquet, CSV or Arrow file; `target` names the column with an outcome of your own. */
  uploadSpine(path: string, { target }: { readonly target?: string } = {}, call?: CallOptions): Promise<Spine> {
    return uploadSpine(this.transport, path, target, call);
  }

  /** Management indicators by period and group. */
  async indicators<
    N extends IndicatorName<C>,
    By extends Dimension<C, N> & string = never,
    D extends DecimalForm = 'string',
  >(
    request: {
      readonly names: readonly N[];
      /** Local days, both included. */
      readonly from: string;
      readonly to: string;
      readonly by?: readonly By[];
      readonly grain?: TimeGrain;
      readonly filters?: readonly IndicatorFilter<Dimension<C, N> & string>[];
      /** Adds `<name>__previous`. */
      readonly compare?: 'PREVIOUS_PERIOD' | 'SAME_PERIOD_LAST_YEAR';
      /** Adds `<name>__num` and `<name>__den`. */
      readonly components?: boolean;
      readonly orderBy?: string;
      readonly limit?: number;
      /** The report as it was then. */
      readonly asOf?: string | Date;
      readonly decimals?: D;
    },
    call?: CallOptions,
  ): Promise<
    Report<
      { readonly period: string } & { readonly [K in By]: string | null } & {
        readonly [K in N]: (D extends 'number' ? number : string) | null;
      } & {
        readonly [K in `${N}__previous` | `${N}__num` | `${N}__den`]?: (D extends 'number' ? number : string) | null;
      }
    >
  > {
    const { decimals, grain = 'MONTH', components = false, ...rest } = request;
    const { indicatorTable } = await this.transport.read<{ readonly indicatorTable: SentReport }>(
      `query($names: [String!]!, $by: [String!], $grain: TimeGrain!, $from: Date!, $to: Date!, $filters: [IndicatorFilter!],
          $compare: Comparison, $components: Boolean!, $orderBy: String, $limit: Int, $asOf: DateTime) {
        indicatorTable(names: $names, by: $by, grain: $grain, from: $from, to: $to, filters: $filters, compare: $compare,
          components: $components, orderBy: $orderBy, limit: $limit, asOf: $asOf) { ${REPORT_FIELDS} } }`,
      { ...rest, grain, components },
      call,
    );
    return reportOf(indicatorTable, { decimals });
  }

  /** The outcomes that models learn. */
  async labels(call?: CallOptions): Promise<readonly LabelDefinition[]> {
    const { labelDefinitions } = await this.transport.read<{ readonly labelDefinitions: readonly SentLabel[] }>(
      '{ labelDefinitions { name version entity description owner windowDays } }',
      {},
      call,
    );
    return labelDefinitions.map(({ name, version, ...rest }) => ({ id: `${name}@${version}`, ...rest }));
  }

  /** The outcomes of a label, `name@version`, by month of observation. */
  async badRates(
    label: C['labels'],
    { from, to, decimals }: { readonly from?: string; readonly to?: string } & Pick<Forms, 'decimals'> = {},
    call?: CallOptions,
  ): Promise<Report<Readonly<Record<string, AnyValue>>>> {
    const [name, version] = label.split('@');
    const { labelDefinition } = await this.transport.read<{
      readonly labelDefinition: { readonly badRates: SentReport } | null;
    }>(
      `query($name: String!, $version: Int, $from: Date, $to: Date) {
        labelDefinition(name: $name, version: $version) { badRates(from: $from, to: $to) { ${REPORT_FIELDS} } } }`,
      { name, version: version === undefined ? null : Number(version), from, to },
      call,
    );
    if (labelDefinition === null) {
      throw new RiskgraphError({
        code: 'NOT_FOUND',
        message: `the server has no label ${label}`,
        hint: 'see labels()',
      });
    }
    return reportOf(labelDefinition.badRates, { decimals });
  }

  /** Finds features by words of their names and descriptions: all that match. */
  async search(
    criteria: {
      readonly text?: string;
      readonly entity?: keyof C['entities'] & string;
      readonly tag?: string;
      readonly owner?: string;
    } = {},
    call?: CallOptions,
  ): Promise<readonly FoundFeature[]> {
    const { text: search, ...rest } = criteria;
    const found: FoundFeature[] = [];
    for (let before: string | undefined; ; before = found.at(-1)?.reference) {
      const { features } = await this.transport.read<{ readonly features: readonly SentFeature[] }>(
        `query($search: String, $entity: String, $tag: String, $owner: String, $before: ID) {
          features(search: $search, entity: $entity, tag: $tag, owner: $owner, before: $before, limit: ${PAGE}) {
            reference feature { type unit description tags } view { entity owner } } }`,
        { ...rest, search, before },
        call,
      );
      found.push(...features.map(({ reference, feature, view }) => ({ reference, ...feature, ...view })));
      if (features.length < PAGE) return found;
    }
  }

  /** A background job as it is now; null where there is no such job. */
  job(id: string, call?: CallOptions): Promise<Job | null> {
    return readJob(this.transport, id, call);
  }

  /** @throws JOB_FAILED or JOB_CANCELLED with the reason; TIMEOUT where it has not ended in time */
  waitForJob(id: string, options?: WaitOptions): Promise<Job> {
    return waitForJob(this.transport, id, options);
  }

  /** The data of any query or mutation, for what has no method here. A document with a mutation is sent once. */
  graphql<T>(document: string, variables: Readonly<Record<string, unknown>> = {}, call?: CallOptions): Promise<T> {
    return this.transport.send<T>(document, variables, call);
  }
}

interface SentOnline {
  readonly requestId: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly unknown[];
    readonly statuses: readonly FeatureStatus[];
    readonly masked: boolean;
  }[];
  readonly views: readonly { readonly view: string; readonly eventTimes: readonly (string | null)[] }[];
}

interface SentFeature {
  readonly reference: string;
  readonly feature: Pick<FoundFeature, 'type' | 'unit' | 'description' | 'tags'>;
  readonly view: Pick<FoundFeature, 'entity' | 'owner'>;
}

interface SentLabel extends Omit<LabelDefinition, 'id'> {
  readonly name: string;
  readonly version: number;
}

function keyOf({ key, keyFile }: RiskgraphOptions): string {
  const { RISKGRAPH_KEY, RISKGRAPH_KEY_FILE } = process.env;
  const file = keyFile ?? (key || RISKGRAPH_KEY ? undefined : RISKGRAPH_KEY_FILE);
  const found = key || (file ? readFileSync(file, 'utf8').trim() : RISKGRAPH_KEY);
  if (found) return found;
  throw new Error('there is no API key: give `key` or `keyFile`, or set RISKGRAPH_KEY or RISKGRAPH_KEY_FILE');
}

function spineInput(spine: object): Readonly<Record<string, unknown>> {
  // A column may have each of these names, and is a list.
  const { sql, fromLabel, id } = spine as Readonly<Record<string, unknown>>;
  if (typeof sql === 'string') return { spineSql: sql };
  if (typeof fromLabel === 'string') return { spineFromLabel: fromLabel };
  if (typeof id === 'string') return { spineId: id };
  return { spine };
}

/** The keys of each row. */
function rowsOf(
  columns: Readonly<Record<string, readonly (string | null)[]>>,
): Readonly<Record<string, string | null>>[] {
  const names = Object.keys(columns);
  const length = Math.max(0, ...names.map((name) => columns[name]?.length ?? 0));
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(names.map((name) => [name, columns[name]?.[row] ?? null])),
  );
}
