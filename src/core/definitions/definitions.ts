/** What the registry makes of the definition files: identity, parsed durations, resolved references. Frozen after boot. */
import type { FeatureSpec } from './define-feature.js';
import type { IndicatorSpec } from './define-indicator.js';
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

/** Where a view's rows come from: its own query over the source tables, or the scores of a model. */
export type ViewOrigin =
  | { readonly kind: 'query'; readonly query: FeatureViewSpec['query'] }
  | { readonly kind: 'scores'; readonly model: StoredModel };

export interface View extends Identity, Omit<FeatureViewSpec, 'features' | 'ttl' | 'maxAge' | 'tags' | 'query'> {
  readonly origin: ViewOrigin;
  readonly tags: readonly string[];
  /** In declared order: also the order of values in rows. */
  readonly features: readonly Feature[];
  readonly delayMs: number;
  readonly ttlMs: number | null;
  readonly maxAgeMs: number | null;
  /** Source tables that the query reads; none for scores. */
  readonly sources: readonly string[];
}

/** A feature of a pinned view. */
export interface FeatureRef {
  readonly view: View;
  readonly feature: Feature;
  /** Index in the view's features. */
  readonly index: number;
  /** As asked: `view@version:feature`. */
  readonly reference: string;
}

/** A feature, stored or itself computed on demand, as an argument of an on-demand view's function. */
export interface OnDemandInput {
  /** The argument's name. */
  readonly name: string;
  readonly ref: AnyFeatureRef;
}

export interface OnDemandOrigin {
  readonly kind: 'on_demand';
  /** What the caller brings, in declared order. */
  readonly request: readonly Feature[];
  readonly inputs: readonly OnDemandInput[];
  /** Arguments that a feature is computed from; of a feature that is not named, all. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  readonly compute: (input: Readonly<Record<string, FeatureValue>>) => Readonly<Record<string, unknown>>;
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

/** What consumers may list. Stores read FeatureRefs only: `planOnDemand` (core/on-demand.ts) says which. */
export type AnyFeatureRef = FeatureRef | OnDemandRef;

export const isOnDemand = (ref: AnyFeatureRef): ref is OnDemandRef => ref.view.origin.kind === 'on_demand';

export interface Service extends Identity, Omit<FeatureServiceSpec, 'features'> {
  readonly features: readonly AnyFeatureRef[];
}

export interface Indicator extends Omit<Identity, 'version' | 'id'>, IndicatorSpec {}

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

export const readsStoredOnly = (model: Model): model is StoredModel => !model.features.some(isOnDemand);
