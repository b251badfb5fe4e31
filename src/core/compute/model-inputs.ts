/** How feature values become the columns of a model's input tensor; the one place that knows the order. */
import type { Feature, Model } from '../definitions/definitions.js';
import { elementType, type FeatureStatus, type FeatureValue, isArrayType } from '../definitions/types.js';

type Shape = Pick<Feature, 'type' | 'length'>;

/** Number of tensor columns that a feature fills; an array fills as many as it is long. */
export const widthOf = (feature: Shape): number => (isArrayType(feature.type) ? (feature.length ?? 0) : 1);

/** Number of tensor columns of a model. */
export const inputColumns = (model: Pick<Model, 'features'>): number =>
  model.features.reduce((sum, { feature }) => sum + widthOf(feature), 0);

const NUMERIC = new Set(['BOOLEAN', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);

/** Whether a feature's values can stand in a float tensor. */
export const isNumeric = (feature: Shape): boolean => NUMERIC.has(elementType(feature.type));

const numberOf = (value: unknown): number => (value === null || value === undefined ? Number.NaN : Number(value));

function writeInput(matrix: Float32Array, at: number, feature: Shape, value: FeatureValue): void {
  if (!isArrayType(feature.type)) {
    matrix[at] = numberOf(value);
    return;
  }
  const elements = value as readonly unknown[] | null;
  for (let index = 0; index < widthOf(feature); index++) matrix[at + index] = numberOf(elements?.[index]);
}

/** Whether no part of a value is missing. */
const isWhole = (value: FeatureValue): boolean =>
  Array.isArray(value) ? value.every((element) => element !== null) : value !== null;

const ABSENT: ReadonlySet<FeatureStatus> = new Set(['NULL', 'NOT_FOUND', 'ERROR']);

export interface Judgement {
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** References without a value, in the order of the model's inputs. */
  readonly missing: readonly string[];
}

/**
 * Rows of a model's input tensor, filled value by value in any order, and which of them can be scored: the one meaning of a missing feature,
 * for a request and for a portfolio. A value that is never set is absent; a stale one counts as it is.
 */
export class ModelInputs {
  readonly width: number;
  private readonly offsets: readonly number[];
  private matrix: Float32Array;
  /** One byte per row and feature: 1 where there is a value. */
  private present: Uint8Array;
  private failed: Uint8Array;
  private count = 0;

  constructor(
    private readonly model: Pick<Model, 'features' | 'missing' | 'required'>,
    capacity = 1,
  ) {
    this.width = inputColumns(model);
    let offset = 0;
    this.offsets = model.features.map(({ feature }) => {
      const own = offset;
      offset += widthOf(feature);
      return own;
    });
    const rows = Math.max(1, capacity);
    this.matrix = new Float32Array(rows * this.width).fill(Number.NaN);
    this.present = new Uint8Array(rows * model.features.length);
    this.failed = new Uint8Array(rows);
  }

  get rows(): number {
    return this.count;
  }

  /** Adds a row without values; returns its index. */
  add(): number {
    if (this.count === this.failed.length) this.grow();
    return this.count++;
  }

  /** Sets the input at `position` of the model's features. */
  set(
    row: number,
    position: number,
    { value, status }: { readonly value: FeatureValue; readonly status: FeatureStatus },
  ) {
    const { features, missing } = this.model;
    const { feature } = features[position] as Model['features'][number];
    if (status === 'ERROR') this.failed[row] = 1;
    const absent = ABSENT.has(status) || value === null || (missing === 'refuse' && !isWhole(value));
    this.present[row * features.length + position] = absent ? 0 : 1;
    writeInput(this.matrix, row * this.width + (this.offsets[position] as number), feature, value);
  }

  judge(row: number): Judgement {
    const { features, missing: rule, required = [] } = this.model;
    const missing = features.flatMap(({ reference }, position) =>
      this.present[row * features.length + position] === 1 ? [] : [reference],
    );
    if (this.failed[row] === 1) return { status: 'ERROR', missing };
    // A model that takes NaN also answers for a row of nothing but NaN, which is no one's score.
    const refused =
      missing.length > 0 &&
      (rule === 'refuse' || missing.length === features.length || required.some((input) => missing.includes(input)));
    return { status: refused ? 'MISSING_FEATURES' : 'SCORED', missing };
  }

  /** Returns the tensor of these rows, in the order given. */
  tensor(rows: readonly number[]): Float32Array {
    const tensor = new Float32Array(rows.length * this.width);
    rows.forEach((row, index) => {
      tensor.set(this.matrix.subarray(row * this.width, (row + 1) * this.width), index * this.width);
    });
    return tensor;
  }

  private grow(): void {
    const matrix = new Float32Array(this.matrix.length * 2).fill(Number.NaN);
    matrix.set(this.matrix);
    this.matrix = matrix;
    const larger = (bytes: Uint8Array): Uint8Array => {
      const grown = new Uint8Array(bytes.length * 2);
      grown.set(bytes);
      return grown;
    };
    this.present = larger(this.present);
    this.failed = larger(this.failed);
  }
}

/** The card's median per tensor column, NaN where it has none; null where the card does not list one for each column. */
export function cardMedians(model: Pick<Model, 'card' | 'features'>): Float32Array | null {
  const { medians } = model.card;
  const fits =
    Array.isArray(medians) &&
    medians.length === inputColumns(model) &&
    medians.every((median) => median === null || typeof median === 'number');
  return fits ? Float32Array.from(medians as (number | null)[], numberOf) : null;
}
