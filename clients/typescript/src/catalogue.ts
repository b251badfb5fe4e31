/** The types of a catalogue, as `riskgraph codegen` writes them, and what follows from one for a request and its answer. */
import type { DecimalForm, InputOf, Int64Form, ValueOf, ValueType } from './values.js';

/** What a generated `Catalogue` holds; a client without one takes any name, and gives values of any type. */
export interface AnyCatalogue {
  /** The join keys of each entity. */
  readonly entities: Readonly<Record<string, string>>;
  readonly features: Readonly<Record<string, AnyFeature>>;
  /** The references of each service. */
  readonly services: Readonly<Record<string, string>>;
  /** The references of each model, by `name@version`, and by `name` those of its champion. */
  readonly models: Readonly<Record<string, string>>;
  /** The dimensions of each indicator. */
  readonly indicators: Readonly<Record<string, string>>;
  /** Labels as `name@version`. */
  readonly labels: string;
}

export interface AnyFeature {
  readonly entity: string;
  readonly type: ValueType;
  /** What the caller must bring, by name. */
  readonly request?: Readonly<Record<string, ValueType>>;
}

/** Whether names are those of a generated catalogue. */
type Known<Name> = string extends Name ? false : true;

export type Reference<C extends AnyCatalogue> = keyof C['features'] & string;
type ViewOf<R> = R extends `${infer View}:${string}` ? View : never;
/** `view@version:feature`, or `view@version` for all features of a view. */
export type FeatureName<C extends AnyCatalogue> =
  Known<keyof C['features']> extends true ? Reference<C> | ViewOf<Reference<C>> : string;
export type ServiceName<C extends AnyCatalogue> = keyof C['services'] & string;
export type ModelName<C extends AnyCatalogue> = keyof C['models'] & string;
export type IndicatorName<C extends AnyCatalogue> = keyof C['indicators'] & string;

/** The features that a request asks for, by references or by a service. */
export type Selection<C extends AnyCatalogue, F extends FeatureName<C>, S extends ServiceName<C>> =
  | { readonly features: readonly F[]; readonly service?: undefined }
  | { readonly service: S; readonly features?: undefined };

type ExpandOne<C extends AnyCatalogue, F> =
  F extends Reference<C> ? F : Extract<Reference<C>, `${F & string}:${string}`>;
/** The references that a selection stands for. */
export type Selected<C extends AnyCatalogue, F extends FeatureName<C>, S extends ServiceName<C>> =
  Known<keyof C['features']> extends true ? ExpandOne<C, F> | (C['services'][S] & Reference<C>) : string;

type KeyOf<C extends AnyCatalogue, R extends Reference<C>> = C['entities'][C['features'][R]['entity']];

/** The join keys of the rows, by column; null is a row without a key. */
export type Entities<C extends AnyCatalogue, R extends Reference<C>> = {
  readonly [K in KeyOf<C, R>]: readonly (string | null)[];
};
/** The join keys of a spine; of an unknown catalogue any column may be one. */
export type SpineKeys<C extends AnyCatalogue, R extends Reference<C>> =
  Known<keyof C['features']> extends true ? Entities<C, R> : unknown;
export type EntityKey<C extends AnyCatalogue, R extends Reference<C>> = { readonly [K in KeyOf<C, R>]: string | null };

type RequestOf<C extends AnyCatalogue, R extends Reference<C>> = C['features'][R] extends infer One
  ? One extends { readonly request: infer Q }
    ? Q
    : never
  : never;
type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void ? All : never;
type Inputs<Q> = { readonly [K in keyof Q]: readonly (Q[K] extends ValueType ? InputOf<Q[K]> | null : never)[] };

/** The inputs that the features need of the caller: a column each, and no other. */
export type RequestInputs<C extends AnyCatalogue, R extends Reference<C>> =
  Known<keyof C['features']> extends true
    ? [RequestOf<C, R>] extends [never]
      ? { readonly request?: undefined }
      : { readonly request: Inputs<Both<RequestOf<C, R>>> }
    : { readonly request?: Readonly<Record<string, readonly unknown[]>> | undefined };

/** A value with its status: only a PRESENT one is known to be there. */
export type Cell<V> =
  | { readonly status: 'PRESENT'; readonly value: V }
  /** Older than the `maxAge` of its view. */
  | { readonly status: 'STALE'; readonly value: V | null }
  | { readonly status: 'NULL' | 'NOT_FOUND' | 'ERROR'; readonly value: null };

export type FeatureStatus = Cell<unknown>['status'];

export type FeatureCells<C extends AnyCatalogue, R extends Reference<C>, D extends DecimalForm, I extends Int64Form> = {
  readonly [Name in R]: Cell<ValueOf<C['features'][Name]['type'], D, I>>;
};

/** Two versions of one view among the references. */
type Meets<View extends string, Version extends string, R> =
  Exclude<Extract<R, `${View}@${string}:${string}`>, `${View}@${Version}:${string}`> extends never ? false : true;

/** The column of a feature in a table: `view__feature`, and `view_v2__feature` where two versions of a view meet. */
type ColumnOf<One, R> = One extends `${infer View}@${infer Version}:${infer Feature}`
  ? Meets<View, Version, R> extends true
    ? `${View}_v${Version}__${Feature}`
    : `${View}__${Feature}`
  : never;

type StatusColumns<One, R> = { readonly [Name in One as `${ColumnOf<Name, R>}__status`]: FeatureStatus };
type EventTimeColumns<One, R> = { readonly [Name in One as `${ColumnOf<Name, R>}__event_time`]: string | null };

/** A row of a table of features. */
export type FeatureRow<
  C extends AnyCatalogue,
  R extends Reference<C>,
  Spine,
  D extends DecimalForm,
  I extends Int64Form,
  Statuses extends boolean,
  EventTimes extends boolean,
> =
  Known<keyof C['features']> extends true
    ? { readonly [Name in keyof Spine]: Spine[Name] extends readonly (infer V)[] ? Written<V> : never } & {
        readonly [Name in R as ColumnOf<Name, R>]: ValueOf<C['features'][Name]['type'], D, I> | null;
      } & (Statuses extends true ? StatusColumns<R, R> : unknown) &
        (EventTimes extends true ? EventTimeColumns<R, R> : unknown)
    : Readonly<Record<string, unknown>>;

/** What comes back of a value of the spine: an instant as text. */
type Written<V> = V extends Date ? string : V;

type IndicatorsWith<C extends AnyCatalogue, D> = {
  [N in IndicatorName<C>]: D extends C['indicators'][N] ? N : never;
}[IndicatorName<C>];
type AnyDimension<C extends AnyCatalogue> = C['indicators'][IndicatorName<C>];
/** The dimensions that every one of the indicators has. */
export type Dimension<C extends AnyCatalogue, N extends IndicatorName<C>> =
  Known<keyof C['indicators']> extends true
    ? AnyDimension<C> extends infer D
      ? D extends string
        ? [N] extends [IndicatorsWith<C, D>]
          ? D
          : never
        : never
      : never
    : string;
