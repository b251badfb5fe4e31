/** Loaded definitions: the files' content with identity, parsed durations and resolved references. Frozen after boot. */
import type { SourceTables } from '../lending/sources.js';
import type { FactSpec } from './define-fact.js';
import type { FeatureSpec } from './define-feature.js';
import type { IndicatorDimension, IndicatorShape, IndicatorWords, SpreadStatistic } from './define-indicator.js';
import type { LabelSpec } from './define-label.js';
import type { ModelSpec } from './define-model.js';
import type { AnyOnDemandViewSpec } from './define-on-demand.js';
import type { FeatureServiceSpec } from './define-service.js';
import type { FeatureViewSpec } from './define-view.js';
import type { FeatureValue } from './types.js';

export interface Identity {
  readonly name: string;
  readonly version: number;
  /** `name@version` */
  readonly id: string;
  /** Path from the project's root. */
  readonly file: string;
  /** SHA-256, hex, of the definition's code with all it imports but the vocabulary. */
  readonly hash: string;
}

export interface Feature extends FeatureSpec {
  readonly name: string;
}

/** A query of the view's own over the source tables. */
export interface QueryOrigin {
  readonly kind: 'query';
  readonly query: FeatureViewSpec['query'];
  /** The tables that it may read. */
  readonly tables: SourceTables;
}

/** The scores that a model gives to every key of its inputs. */
export interface ScoresOrigin {
  readonly kind: 'scores';
  readonly model: StoredModel;
}

/** A feature, stored or itself computed on demand, as an argument of an on-demand view's function. */
export interface OnDemandInput {
  /** The argument's name. */
  readonly name: string;
  readonly ref: AnyFeatureRef;
}

/** A function of what the caller brings and of other features. */
export interface OnDemandOrigin {
  readonly kind: 'on_demand';
  /** The request inputs, in declared order. */
  readonly request: readonly Feature[];
  readonly inputs: readonly OnDemandInput[];
  /** Arguments that a feature is computed from; of a feature that is not named, all. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  readonly compute: (input: Readonly<Record<string, FeatureValue>>) => Readonly<Record<string, unknown>>;
}

/** Where the values of a view come from, by kind of view. What the platform asks of a kind is in core/compute/view-kinds.ts. */
export interface ViewOrigins {
  readonly query: QueryOrigin;
  readonly scores: ScoresOrigin;
  readonly on_demand: OnDemandOrigin;
}

export type ViewKind = keyof ViewOrigins;

/** Whether the stores keep the values of a kind, computed on a schedule; else they are computed when they are asked for. */
const IS_STORED = { query: true, scores: true, on_demand: false } as const satisfies Record<ViewKind, boolean>;

export type StoredKind = { [K in ViewKind]: (typeof IS_STORED)[K] extends true ? K : never }[ViewKind];

/** A version of features whose values the stores keep. */
export interface View extends Identity, Omit<FeatureViewSpec, 'features' | 'ttl' | 'maxAge' | 'tags' | 'query'> {
  readonly origin: ViewOrigins[StoredKind];
  readonly tags: readonly string[];
  /** In declared order: also the order of values in rows. */
  readonly features: readonly Feature[];
  readonly delayMs: number;
  /** Time after the as-of by which its run begins; null: as its tables promise their days. */
  readonly deadlineMs: number | null;
  readonly ttlMs: number | null;
  readonly maxAgeMs: number | null;
  /** Source tables that the query reads; none for scores. */
  readonly sources: readonly string[];
}

/** A stored view of one kind. */
export type ViewOfKind<K extends StoredKind> = View & { readonly origin: ViewOrigins[K] };

/** A feature of a pinned view. */
export interface FeatureRef {
  readonly view: View;
  readonly feature: Feature;
  /** Index in the view's features. */
  readonly index: number;
  /** As asked: `view@version:feature`. */
  readonly reference: string;
}

/** Features that are stored nowhere: computed when they are asked for. Named and pinned as stored views are, and no view has its name. */
export interface OnDemandView
  extends Identity,
    Omit<AnyOnDemandViewSpec, 'request' | 'inputs' | 'features' | 'reads' | 'compute' | 'tags'> {
  readonly origin: OnDemandOrigin;
  readonly tags: readonly string[];
  /** In declared order. */
  readonly features: readonly Feature[];
}

/** A feature of a pinned on-demand view. */
export interface OnDemandRef {
  readonly view: OnDemandView;
  readonly feature: Feature;
  /** Index in the view's features. */
  readonly index: number;
  /** As asked: `view@version:feature`. */
  readonly reference: string;
}

/** A version of features, whether the stores keep their values or a request computes them. */
export type AnyView = View | OnDemandView;

/** A feature that consumers may list. Stores read FeatureRefs only; `planOnDemand` (core/compute/on-demand.ts) finds them. */
export type AnyFeatureRef = FeatureRef | OnDemandRef;

export const isStoredView = (view: AnyView): view is View => IS_STORED[view.origin.kind];
export const isStored = (ref: AnyFeatureRef): ref is FeatureRef => isStoredView(ref.view);

/** A feature of a view of this type. */
export type RefTo<V extends AnyView> = V extends View ? FeatureRef : OnDemandRef;

/** References to all features of a view, in declared order. */
export const refsOf = <V extends AnyView>(view: V): readonly RefTo<V>[] =>
  view.features.map(
    (feature, index) => ({ view, feature, index, reference: `${view.id}:${feature.name}` }) as unknown as RefTo<V>,
  );

export interface Service extends Identity, Omit<FeatureServiceSpec, 'features'> {
  readonly features: readonly AnyFeatureRef[];
}

/** Rows by day with dimensions: those of a fact, or those of an indicator with a query of its own. */
export interface FactRows extends Pick<FactSpec, 'stock' | 'finestGrain' | 'from' | 'through' | 'dimensions'> {
  /** The tables that the query may read. */
  readonly tables: SourceTables;
  /** Those that it reads, sorted. */
  readonly sources: readonly string[];
}

/** A version of rows that indicators measure. */
export interface Fact extends Identity, FactRows, Pick<FactSpec, 'description' | 'owner' | 'grain' | 'measures'> {}

/** A number by period and group. */
export interface IndicatorPart {
  readonly rows: FactRows;
  /** Aggregate SQL over the rows. */
  readonly expression: string;
  /** A column of the rows (Date): the day at whose end the outcome of a row is settled; null where it always is. */
  readonly matures: string | null;
  /** Whether it is over all rows up to the end of each period. */
  readonly cumulative: boolean;
}

/** A version of a management indicator: numerator over denominator, how one measure is spread, or how far people get. */
export interface Indicator extends Identity, IndicatorWords {
  readonly numerator: IndicatorPart;
  readonly denominator: IndicatorPart | null;
  readonly spread: { readonly across: string; readonly statistic: SpreadStatistic } | null;
  /** The rows of its steps, and the steps in their order. */
  readonly funnel: { readonly rows: FactRows; readonly steps: readonly string[] } | null;
  /** Null where it has a query of its own. */
  readonly shape: IndicatorShape | null;
  /** Ids of the facts that it measures. */
  readonly facts: readonly string[];
  readonly stock: boolean;
  readonly finestGrain: FactSpec['finestGrain'];
  /** Those that all its rows have. */
  readonly dimensions: Readonly<Record<string, IndicatorDimension>>;
  /** The source tables that it reads, sorted. */
  readonly sources: readonly string[];
}

/** A version of an outcome that is computed from source tables. */
export interface Label extends Identity, Omit<LabelSpec, 'tags'> {
  readonly tags: readonly string[];
  /** The tables that it may read. */
  readonly tables: Pick<SourceTables, 'get'>;
  /** Those that it reads. */
  readonly sources: readonly string[];
}

export interface Model extends Identity, Omit<ModelSpec, 'inputs'> {
  readonly features: readonly AnyFeatureRef[];
  /** Absolute path of the .onnx file and the SHA-256 of its bytes. */
  readonly onnxPath: string;
  readonly onnxHash: string;
  /** The card, from `card.json` beside the definition. */
  readonly card: Readonly<Record<string, unknown>>;
}

/** A model whose inputs are all stored, so that whole portfolios can be scored by it: only those have a view of their scores. */
export interface StoredModel extends Model {
  readonly features: readonly FeatureRef[];
}

export const readsStoredOnly = (model: Model): model is StoredModel => model.features.every(isStored);
