/** How feature values become the columns of a model's input tensor; the one place that knows the order. */
import type { Feature, Model } from './definitions.js';
import { elementType, type FeatureValue, isArrayType } from './types.js';

type Shape = Pick<Feature, 'type' | 'length'>;

/** Tensor columns that a feature fills: an array as many as it is long. */
export const widthOf = (feature: Shape): number => (isArrayType(feature.type) ? (feature.length ?? 0) : 1);

/** Tensor columns of a model. */
export const inputColumns = (model: Pick<Model, 'features'>): number =>
  model.features.reduce((sum, { feature }) => sum + widthOf(feature), 0);

const NUMERIC = new Set(['BOOLEAN', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);

/** Whether a feature's values can stand in a float tensor. */
export const isNumeric = (feature: Shape): boolean => NUMERIC.has(elementType(feature.type));

const numberOf = (value: unknown): number => (value === null || value === undefined ? Number.NaN : Number(value));

/** Writes a feature's value into the matrix from the index given on; NaN where there is none. */
export function writeInput(matrix: Float32Array, at: number, feature: Shape, value: FeatureValue): void {
  if (!isArrayType(feature.type)) {
    matrix[at] = numberOf(value);
    return;
  }
  const elements = value as readonly unknown[] | null;
  for (let index = 0; index < widthOf(feature); index++) matrix[at + index] = numberOf(elements?.[index]);
}

/** Whether no part of a value is missing. */
export const isWhole = (value: FeatureValue): boolean =>
  Array.isArray(value) ? value.every((element) => element !== null) : value !== null;

/** The card's medians a tensor column, NaN where it has none; null when the card does not give one for each column. */
export function cardMedians(model: Pick<Model, 'card' | 'features'>): Float32Array | null {
  const { medians } = model.card;
  const fits =
    Array.isArray(medians) &&
    medians.length === inputColumns(model) &&
    medians.every((median) => median === null || typeof median === 'number');
  return fits ? Float32Array.from(medians as (number | null)[], numberOf) : null;
}
