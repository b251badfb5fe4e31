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

/** What is known of one input of one row, as bits of a byte; 0: it has no value. */
const PRESENT = 1;
const STALE = 2;
const FAILED = 4;

export interface Judgement {
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** References without a value, in the order of the model's inputs. */
  readonly missing: readonly string[];
  /** References whose value is older than the maxAge of its view, in the order of the model's inputs. */
  readonly stale: readonly string[];
  /** Why the row cannot be scored, and what to do; null where it can. */
  readonly error: string | null;
}

type Rules = Pick<Model, 'features' | 'missing' | 'required' | 'stale'> & Partial<Pick<Model, 'tensors'>>;

/**
 * Rows of a model's input tensor, filled value by value in any order, and which of them can be scored: the one meaning of a missing and of a
 * stale feature, for a request and for a portfolio. A value that is never set is absent; a stale one counts as it is, unless the model
 * refuses it.
 */
export class ModelInputs {
  readonly width: number;
  private readonly offsets: readonly number[];
  private matrix: Float32Array;
  /** One byte per row and feature. */
  private known: Uint8Array;
  /** References whose missing elements are padded. */
  private readonly padded: ReadonlySet<string>;
  private capacity: number;
  private count = 0;

  constructor(
    private readonly model: Rules,
    capacity = 1,
  ) {
    this.width = inputColumns(model);
    let offset = 0;
    this.offsets = model.features.map(({ feature }) => {
      const own = offset;
      offset += widthOf(feature);
      return own;
    });
    this.padded = new Set(model.tensors?.sequences?.flatMap(({ channels }) => channels));
    this.capacity = Math.max(1, capacity);
    this.matrix = new Float32Array(this.capacity * this.width).fill(Number.NaN);
    this.known = new Uint8Array(this.capacity * model.features.length);
  }

  get rows(): number {
    return this.count;
  }

  /** Adds a row without values; returns its index. */
  add(): number {
    if (this.count === this.capacity) this.grow();
    return this.count++;
  }

  /** Sets the input at `position` of the model's features. */
  set(
    row: number,
    position: number,
    { value, status }: { readonly value: FeatureValue; readonly status: FeatureStatus },
  ) {
    const { features, missing } = this.model;
    const { feature, reference } = features[position] as Model['features'][number];
    const refused = missing === 'refuse' && !this.padded.has(reference) && !isWhole(value);
    const absent = ABSENT.has(status) || value === null || refused;
    this.known[row * features.length + position] =
      (absent ? 0 : PRESENT) | (status === 'STALE' ? STALE : 0) | (status === 'ERROR' ? FAILED : 0);
    writeInput(this.matrix, row * this.width + (this.offsets[position] as number), feature, value);
  }

  judge(row: number): Judgement {
    const missing = this.inputsWhere(row, (known) => (known & PRESENT) === 0);
    const stale = this.inputsWhere(row, (known) => (known & STALE) !== 0);
    const failed = this.inputsWhere(row, (known) => (known & FAILED) !== 0);
    if (failed.length > 0) {
      const error = `${failed.join(', ')} could not be read: ask again, and look at the online store if it lasts`;
      return { status: 'ERROR', missing, stale, error };
    }
    const refusals = [missingRefusal(this.model, missing), staleRefusal(this.model, stale)].filter(
      (reason) => reason !== null,
    );
    if (refusals.length === 0) return { status: 'SCORED', missing, stale, error: null };
    return { status: 'MISSING_FEATURES', missing, stale, error: refusals.join('; ') };
  }

  private inputsWhere(row: number, holds: (known: number) => boolean): readonly string[] {
    const { features } = this.model;
    return features.flatMap(({ reference }, position) =>
      holds(this.known[row * features.length + position] as number) ? [reference] : [],
    );
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
    this.capacity *= 2;
    const matrix = new Float32Array(this.matrix.length * 2).fill(Number.NaN);
    matrix.set(this.matrix);
    this.matrix = matrix;
    const known = new Uint8Array(this.known.length * 2);
    known.set(this.known);
    this.known = known;
  }
}

/** Why a row with these inputs missing is not scored; null where it is. */
function missingRefusal({ features, missing: rule, required = [] }: Rules, missing: readonly string[]): string | null {
  if (missing.length === 0) return null;
  // A model that takes NaN also answers for a row of nothing but NaN, which is no one's score.
  if (missing.length === features.length)
    return 'no input has a value: check the keys, or materialize the views that the model reads';
  const needed = rule === 'refuse' ? missing : missing.filter((reference) => required.includes(reference));
  return needed.length === 0 ? null : `the model requires ${needed.join(', ')}, which has no value`;
}

/** Why a row with these inputs stale is not scored; null where it is. */
const staleRefusal = ({ stale: rule = 'score' }: Rules, stale: readonly string[]): string | null =>
  rule === 'score' || stale.length === 0
    ? null
    : `the model refuses stale inputs, and ${stale.join(', ')} is older than its maxAge: materialize its view`;

/** The card's median per tensor column, NaN where it has none; null where the card does not list one for each column. */
export function cardMedians(model: Pick<Model, 'card' | 'features'>): Float32Array | null {
  const { medians } = model.card;
  const fits =
    Array.isArray(medians) &&
    medians.length === inputColumns(model) &&
    medians.every((median) => median === null || typeof median === 'number');
  return fits ? Float32Array.from(medians as (number | null)[], numberOf) : null;
}
