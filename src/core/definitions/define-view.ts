import type { Span } from '../helpers/span.js';
import type { EntityDefinition } from './define-entity.js';
import type { FeatureSpec } from './define-feature.js';
import type { SourceOptions } from './define-indicator.js';
import type { TableName } from './register.js';
import type { Sql } from './sql.js';

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

export interface ViewSourceOptions<Table extends string = string> extends SourceOptions<Table> {
  /**
   * The stretch of event time before the as-of that is read, such as `{ days: 90 }`: rows in (as-of - n local days or months, as-of]. Of a table with a
   * retention it says for which past as-ofs the view can still be computed.
   */
  readonly within?: Span;
}

export interface ViewQueryContext {
  /**
   * The source table as it was known at the run's knowledge time: newest version a key, no tombstones, event time <= as-of, with the
   * columns of the table and `event_time`. The only way for a view to read a table.
   */
  source<const T extends TableName>(table: T, options?: ViewSourceOptions<T>): Sql;
  readonly asOf: AsOf;
  /** String: the portfolio's time zone. */
  readonly timezone: Sql;
}

export interface ViewSchedule {
  /** `day`: as-of each local midnight; `hour`: as-of each full UTC hour. */
  readonly every: 'day' | 'hour';
  /** Values are readable from as-of + delay on; also how long the run waits for late rows. */
  readonly delay: string;
  /**
   * The time after the as-of by which the run begins at the latest: until then, and from the delay on, it waits for the days of the tables that it
   * reads to be whole, where these promise it (`completeness`). At most one interval of the schedule longer than the delay. Absent: a daily view
   * waits for as long as its tables promise (`completeWithin`), an hourly one not at all. The same as `delay`: it never waits.
   */
  readonly deadline?: string;
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
  /**
   * What becomes of a key that a run no longer has though no source row of it was deleted, as when its last event leaves a window: `keeps`, which is
   * the default, leaves its last row in force, to grow old by `maxAge` and `ttl`; `ends` ends it with that as-of. A key whose source row was deleted
   * ends whatever is said here.
   */
  readonly absent?: 'ends' | 'keeps';
  /** One row a key: the join keys and every feature, by name. */
  readonly query: (context: ViewQueryContext) => Sql;
}

export const defineFeatureView = (spec: FeatureViewSpec): { kind: 'view' } & FeatureViewSpec =>
  Object.freeze({ kind: 'view', ...spec });
