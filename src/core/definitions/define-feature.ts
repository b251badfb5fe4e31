import type { FeatureType, ScalarType, ScalarValue } from './types.js';

export interface FeatureOptions {
  readonly description: string;
  /** 'days', 'CNY', 'fraction', … */
  readonly unit?: string;
  /** `pii` hides the feature from bi and masks it for modeler. */
  readonly tags?: readonly string[];
  /**
   * Why the feature is not personal though it is computed from personal values, as its owner says: 'a distance says no place'. A plan shows it and the audit log
   * keeps it; every role then reads the value.
   */
  readonly declassify?: string;
  /** The newest non-NULL value instead of the newest row's (rule 8). */
  readonly fill?: 'last_known';
}

export interface FeatureSpec<T extends FeatureType = FeatureType> extends FeatureOptions {
  readonly type: T;
  /** Arrays only: the fixed length; shorter values are padded at the end with `pad`, longer ones are an error. */
  readonly length?: number;
  readonly pad?: ScalarValue;
}

const scalar =
  <T extends ScalarType>(type: T) =>
  (options: FeatureOptions = { description: '' }): FeatureSpec<T> => ({ type, ...options });

export const string = scalar('STRING');
export const boolean = scalar('BOOLEAN');
export const int32 = scalar('INT32');
export const int64 = scalar('INT64');
export const float32 = scalar('FLOAT32');
export const float64 = scalar('FLOAT64');
/** Offline Decimal(38, 6). */
export const decimal = scalar('DECIMAL');
export const date = scalar('DATE');
export const timestamp = scalar('TIMESTAMP');

export interface ArrayOptions extends FeatureOptions {
  readonly length?: number;
  readonly pad?: ScalarValue;
}

export const array = <T extends ScalarType>(
  element: FeatureSpec<T>,
  options: ArrayOptions,
): FeatureSpec<`ARRAY<${T}>`> => ({ ...options, type: `ARRAY<${element.type}>` });
