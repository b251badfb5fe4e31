import type { PointsScale } from '../helpers/risk-maths.js';
import type { EntityDefinition } from './define-entity.js';
import type { FeatureReference } from './register.js';

export interface ModelSpec {
  readonly entity: EntityDefinition;
  readonly description: string;
  readonly owner: string;
  /** File beside the definition. */
  readonly onnx: string;
  /** Pinned references `view@version:feature`, in tensor order; an array feature fills as many columns as it is long. */
  readonly inputs: readonly FeatureReference[];
  /** Name of the float32 [n, columns] input tensor and of the output that holds P(bad) as [n] or [n, 2]. */
  readonly tensors: { readonly input: string; readonly probability: string };
  /** How a missing input reaches the model: as NaN, or the row is answered MISSING_FEATURES. A row without any input always is. */
  readonly missing: 'nan' | 'refuse';
  /** Inputs that the model requires: a row without a value of one of them is answered MISSING_FEATURES. */
  readonly required?: readonly FeatureReference[];
  /**
   * What a row with an input older than the maxAge of its view is answered: its score, which names the stale inputs (the default), or
   * MISSING_FEATURES, which names them.
   */
  readonly stale?: 'score' | 'refuse';
  readonly scale: PointsScale;
  /** Lower bound in points of each band, best first. */
  readonly bands?: Readonly<Record<string, number>>;
}

export const defineModel = (spec: ModelSpec): { kind: 'model' } & ModelSpec =>
  Object.freeze({ kind: 'model', ...spec });
