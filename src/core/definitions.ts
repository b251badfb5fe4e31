/** What the registry makes of the definition files: identity, parsed durations, resolved references. Frozen after boot. */
import type { EntityDefinition, FeatureServiceSpec, FeatureSpec, FeatureViewSpec, JobSpec } from './define.js';
import type { IndicatorSpec } from './define-indicator.js';
import type { ModelSpec } from './define-model.js';

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
  | { readonly kind: 'scores'; readonly model: Model };

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

export interface Service extends Identity, Omit<FeatureServiceSpec, 'features'> {
  readonly features: readonly FeatureRef[];
}

export interface Indicator extends Omit<Identity, 'version' | 'id'>, IndicatorSpec {}

export interface Model extends Identity, Omit<ModelSpec, 'inputs'> {
  readonly features: readonly FeatureRef[];
  /** Absolute path of the .onnx file and the SHA-256 of its bytes. */
  readonly onnxPath: string;
  readonly onnxHash: string;
  /** The card, from `card.json` beside the definition. */
  readonly card: Readonly<Record<string, unknown>>;
}

export interface JobDefinition extends Omit<JobSpec<unknown>, 'payload'> {
  readonly name: string;
  readonly file: string;
  readonly payload: JobSpec<unknown>['payload'];
}

export interface Registry {
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  /** By id; every version that has a file. */
  readonly views: ReadonlyMap<string, View>;
  readonly services: ReadonlyMap<string, Service>;
  readonly indicators: ReadonlyMap<string, Indicator>;
  readonly models: ReadonlyMap<string, Model>;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
}
