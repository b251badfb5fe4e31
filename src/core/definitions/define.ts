/**
 * The vocabulary of definition files. Everything here is data plus small pure functions: no I/O, no clock, no environment.
 * A definition's name and version come from its file: `repayment_history.v1.view.ts` is `repayment_history@1`.
 */
import type { z } from 'zod';
import type { JobContext } from '../ports/jobs.js';
import type { SourceOptions } from './define-indicator.js';
import type { Sql } from './sql.js';
import type { FeatureType, ScalarType, ScalarValue } from './types.js';

export { defineIndicator } from './define-indicator.js';
export { defineModel } from './define-model.js';
export { defineOnDemandView, input } from './define-on-demand.js';
export { ident, join, raw, sql } from './sql.js';

export interface EntityDefinition {
  readonly kind: 'entity';
  readonly name: string;
  /** Column names, in the order in which a key's values are given. */
  readonly joinKeys: readonly string[];
  readonly description: string;
}

export const defineEntity = (definition: Omit<EntityDefinition, 'kind'>): EntityDefinition =>
  Object.freeze({ kind: 'entity', ...definition });

export interface FeatureOptions {
  readonly description: string;
  /** 'days', 'CNY', 'fraction', … */
  readonly unit?: string;
  /** `pii` hides the feature from bi and masks it for modeler. */
  readonly tags?: readonly string[];
  /** The newest non-NULL value instead of the newest row's (rule 8). */
  readonly fill?: 'last_known';
}

export interface FeatureSpec<T extends FeatureType = FeatureType> extends FeatureOptions {
  readonly type: T;
  /** Arrays only: the fixed length; shorter values are padded at the end with `pad`, longer ones are an error. */
  readonly length?: number;
  readonly pad?: ScalarValue;
}

const scalar =
  <T extends ScalarType>(type: T) =>
  (options: FeatureOptions = { description: '' }): FeatureSpec<T> => ({ type, ...options });

export const string = scalar('STRING');
export const boolean = scalar('BOOLEAN');
export const int32 = scalar('INT32');
export const int64 = scalar('INT64');
export const float32 = scalar('FLOAT32');
export const float64 = scalar('FLOAT64');
/** Offline Decimal(38, 6). */
export const decimal = scalar('DECIMAL');
export const date = scalar('DATE');
export const timestamp = scalar('TIMESTAMP');

export interface ArrayOptions extends FeatureOptions {
  readonly length?: number;
  readonly pad?: ScalarValue;
}

export const array = <T extends ScalarType>(
  element: FeatureSpec<T>,
  options: ArrayOptions,
): FeatureSpec<`ARRAY<${T}>`> => ({ ...options, type: `ARRAY<${element.type}>` });

/** The as-of instant of a run, as query parameters for a view's SQL. */
export interface AsOf {
  /** DateTime64(3,'UTC'): the run describes the state at this instant. */
  readonly instant: Sql;
  /** Date: the local day that begins at the as-of instant. The last complete day is the one before. */
  readonly date: Sql;
  /** DateTime64(3,'UTC'): the as-of moved back by whole local calendar days or months. */
  minusDays(days: number): Sql;
  minusMonths(months: number): Sql;
}

export interface ViewQueryContext {
  /**
   * The source table as it was known at the run's knowledge time: newest version a key, no tombstones, event time <= as-of, with the
   * columns of the table and `event_time`. The only way for a view to read a table.
   */
  source(table: string, options?: SourceOptions): Sql;
  readonly asOf: AsOf;
  /** String: the portfolio's time zone. */
  readonly timezone: Sql;
}

export interface ViewSchedule {
  /** `day`: as-of each local midnight; `hour`: as-of each full UTC hour. */
  readonly every: 'day' | 'hour';
  /** Values are readable from as-of + delay on; also how long the run waits for late rows. */
  readonly delay: string;
}

export interface FeatureViewSpec {
  readonly entity: EntityDefinition;
  readonly description: string;
  readonly owner: string;
  readonly tags?: readonly string[];
  readonly schedule: ViewSchedule;
  /** Older values are STALE. */
  readonly maxAge?: string;
  /** Older values do not exist; absent = unbounded. */
  readonly ttl?: string;
  readonly features: Readonly<Record<string, FeatureSpec>>;
  /** Boolean column of the query: rows where it is true are tombstones and end validity. */
  readonly tombstone?: string;
  /** One row a key: the join keys and every feature, by name. */
  readonly query: (context: ViewQueryContext) => Sql;
}

export const defineFeatureView = (spec: FeatureViewSpec): { kind: 'view' } & FeatureViewSpec =>
  Object.freeze({ kind: 'view', ...spec });

export interface FeatureServiceSpec {
  readonly description: string;
  readonly owner: string;
  /** Pinned references: `view@version` for all features of a view, `view@version:feature` for one. */
  readonly features: readonly string[];
}

export const defineFeatureService = (spec: FeatureServiceSpec): { kind: 'service' } & FeatureServiceSpec =>
  Object.freeze({ kind: 'service', ...spec });

export interface JobSpec<Payload> {
  readonly description: string;
  /** Checked when the job is asked for and again when it runs. */
  readonly payload: z.ZodType<Payload>;
  /** Local wall-clock time `HH:mm` of the portfolio's zone each day, or each full UTC hour plus minutes. */
  readonly schedule?:
    | { readonly every: 'day'; readonly at: string }
    | { readonly every: 'hour'; readonly minute: number };
  /** Payload of a scheduled run. */
  readonly scheduledPayload?: (scheduledFor: number) => Payload;
  /** Jobs of this name that one worker process runs at once. */
  readonly concurrency: number;
  readonly attempts?: number;
  /** The body only works: parsing, logging, measuring and retrying are the wrapper's. Its return value is the job's result. */
  readonly run: (context: JobContext, payload: Payload) => Promise<unknown>;
}

export const defineJob = <Payload>(spec: JobSpec<Payload>): { kind: 'job' } & JobSpec<Payload> =>
  Object.freeze({ kind: 'job', ...spec });
