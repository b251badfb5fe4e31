/**
 * The vocabulary of definition files, which import it by the name of the package: `import { defineFeatureView, sql } from 'riskgraph'`.
 * Everything here is data plus small pure functions: no I/O, no clock, no environment. A definition's name and version come from its file:
 * `repayment_history.v1.view.ts` is `repayment_history@1`. Helpers that compute have names of their own in the exports of package.json, as
 * `riskgraph/geo`: a definition's content hash covers them, and leaves the vocabulary out.
 */
export { defineEntity, type EntityDefinition } from './define-entity.js';
export { defineFact, type FactSpec } from './define-fact.js';
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
export {
  cumulative,
  defineIndicator,
  funnelOf,
  type IndicatorDimension,
  type IndicatorQueryContext,
  ratioOf,
  spreadOf,
  totalOf,
} from './define-indicator.js';
export { defineJob } from './define-job.js';
export {
  defineLabel,
  dpdReaches,
  eachApplication,
  entersDpd,
  firstDueDate,
  type LabelOutcomeContext,
  type LabelQueryContext,
  type LabelSpec,
  monthEnds,
  monthsOnBook,
  observedBy,
  outcomeBy,
  statusReaches,
} from './define-label.js';
export { defineModel } from './define-model.js';
export { defineOnDemandView, input } from './define-on-demand.js';
export { defineProject, type ProjectSpec } from './define-project.js';
export { defineFeatureService } from './define-service.js';
export {
  datum,
  day,
  dayOfBirth,
  defineTable,
  flag,
  float,
  floatMap,
  instant,
  int8,
  latitude,
  longitude,
  money,
  months,
  oneOf,
  opt,
  ordinal,
  pii,
  probability,
  rate,
  text,
  textMap,
  textOrEmpty,
  texts,
  uint16,
  uint32,
} from './define-table.js';
export { defineFeatureView, type FeatureViewSpec, type ViewQueryContext } from './define-view.js';
export type { View } from './definitions.js';
export { ident, join, raw, type Sql, sql } from './sql.js';
