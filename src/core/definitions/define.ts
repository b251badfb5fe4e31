/**
 * The vocabulary of definition files. Everything here is data plus small pure functions: no I/O, no clock, no environment.
 * A definition's name and version come from its file: `repayment_history.v1.view.ts` is `repayment_history@1`.
 */
export { defineEntity, type EntityDefinition } from './define-entity.js';
export {
  array,
  boolean,
  date,
  decimal,
  type FeatureSpec,
  float32,
  float64,
  int32,
  int64,
  string,
  timestamp,
} from './define-feature.js';
export { defineIndicator } from './define-indicator.js';
export { defineJob } from './define-job.js';
export { defineModel } from './define-model.js';
export { defineOnDemandView, input } from './define-on-demand.js';
export { defineFeatureService } from './define-service.js';
export { defineFeatureView, type FeatureViewSpec, type ViewQueryContext } from './define-view.js';
export { ident, join, raw, sql } from './sql.js';
