/** A typed client of a Riskgraph server: features, scores, training sets and indicators. */
export type { AnyCatalogue, AnyFeature, Cell, FeatureStatus } from './catalogue.js';
export {
  type FoundFeature,
  type IndicatorFilter,
  type LabelDefinition,
  type OnlineAnswer,
  type OnlineRow,
  Riskgraph,
  type RiskgraphOptions,
  type SpineColumns,
  type StalePolicy,
  type TimeGrain,
} from './client.js';
export { type ErrorCode, RiskgraphError } from './errors.js';
export type { Job, JobState, WaitOptions } from './jobs.js';
export type { Contribution, Score } from './scores.js';
export type { Spine } from './spines.js';
export type { NullCell, Report, Table, TableColumn } from './tables.js';
export { type ColumnProfile, TrainingSet, type ViewCoverage } from './training-sets.js';
export type { CallOptions } from './transport.js';
export type { AnyValue, DecimalForm, Int64Form, ScalarType, ValueOf, ValueType } from './values.js';
