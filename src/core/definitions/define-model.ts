import type { PointsScale } from '../helpers/risk-maths.js';
import type { EntityDefinition } from './define-entity.js';
import type { FeatureReference } from './register.js';

/** A float32 input tensor of sequences: arrays of one length side by side, each a channel. */
export interface SequenceTensor {
  /** Name of the tensor in the file. */
  readonly name: string;
  /** Inputs of the model that are its channels, in this order: arrays of one length. They fill no columns of `tensors.input`. */
  readonly channels: readonly FeatureReference[];
  /** [n, steps, channels], as recurrent layers and transformers read it, or [n, channels, steps], as convolutions do. */
  readonly shape: 'steps_channels' | 'channels_steps';
  /** `as_view` begins with element 0 of the arrays, `reversed` ends with it. */
  readonly order: 'as_view' | 'reversed';
  /** What an element without a value becomes. */
  readonly pad: number;
  /** A float32 tensor [n, steps] in the same order: 1 where an input, a boolean array of that length, is true, else 0. */
  readonly mask?: { readonly name: string; readonly input: FeatureReference };
}

export interface ModelSpec {
  readonly entity: EntityDefinition;
  readonly description: string;
  readonly owner: string;
  /** File beside the definition. */
  readonly onnx: string;
  /** Pinned references `view@version:feature`, in tensor order; an array feature fills as many columns as it is long. */
  readonly inputs: readonly FeatureReference[];
  /**
   * Name of the float32 [n, columns] input tensor, which is absent where sequences take all inputs; of the output that holds P(bad) as [n] or
   * [n, 2]; and the tensors of sequences, in which elements without a value are padded.
   */
  readonly tensors: {
    readonly input?: string;
    readonly probability: string;
    readonly sequences?: readonly SequenceTensor[];
  };
  /**
   * How a missing input reaches the model: as NaN, or the row is answered MISSING_FEATURES. A row without any input always is. Elements of a sequence that is
   * padded may be missing either way.
   */
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
