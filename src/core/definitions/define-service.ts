import type { FeatureSelection } from './register.js';

export interface FeatureServiceSpec {
  readonly description: string;
  readonly owner: string;
  /** Pinned references: `view@version` for all features of a view, `view@version:feature` for one. */
  readonly features: readonly FeatureSelection[];
}

export const defineFeatureService = (spec: FeatureServiceSpec): { kind: 'service' } & FeatureServiceSpec =>
  Object.freeze({ kind: 'service', ...spec });
