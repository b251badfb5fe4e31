import { registerEnumType } from 'type-graphql';
import { DIFFERENCE_KINDS, LINEAGE_KINDS } from '../core/ports/browse.js';

const names = <const T extends string>(...values: readonly T[]): { readonly [K in T]: K } =>
  Object.freeze(Object.fromEntries(values.map((value) => [value, value])) as { [K in T]: K });

export const FeatureStatus = names('PRESENT', 'NULL', 'STALE', 'NOT_FOUND', 'ERROR');
export const StalePolicy = names('RETURN', 'NULL');
export const TimeGrain = names('HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'TOTAL');
export const Comparison = names('PREVIOUS_PERIOD', 'SAME_PERIOD_LAST_YEAR');
export const NullReason = names('ZERO_DENOMINATOR', 'IMMATURE', 'NO_DATA');
export const JobState = names('WAITING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED');
export const ModelStage = names('CHALLENGER', 'SHADOW', 'CHAMPION', 'RETIRED');
export const ExportFormat = names('PARQUET', 'CSV', 'ARROW');
export const ScoreStatus = names('SCORED', 'MISSING_FEATURES', 'ERROR');
export const FilterOp = names('EQ', 'NE', 'IN', 'NOT_IN', 'GT', 'GTE', 'LT', 'LTE');
export const FeatureViewKind = names('STORED', 'SCORES', 'ON_DEMAND');
export const LineageKind = names(...LINEAGE_KINDS);
export const ColumnUse = names('VALUE', 'ROWS');
export const DifferenceKind = names(...DIFFERENCE_KINDS);
export const PlanAction = names('ADD', 'BUMP', 'RETIRE');
export const PlanEffect = names('ADDED', 'BUMPED', 'RETIRED', 'BROKEN', 'STAYS', 'READS');

registerEnumType(FeatureStatus, {
  name: 'FeatureStatus',
  description: 'What a value is.',
  valuesConfig: {
    PRESENT: { description: 'The value is there and fresh.' },
    NULL: { description: 'The row is there, the value is null.' },
    STALE: { description: "Older than the view's maxAge; the value is returned unless stalePolicy is NULL." },
    NOT_FOUND: { description: 'No row for this key, or past its ttl.' },
    ERROR: { description: 'The store did not answer for this view.' },
  },
});
registerEnumType(StalePolicy, { name: 'StalePolicy', description: 'What becomes of a STALE value.' });
registerEnumType(TimeGrain, {
  name: 'TimeGrain',
  description: 'Length of a period; a period is named by its first day.',
});
registerEnumType(Comparison, { name: 'Comparison', description: 'The period that a period is compared with.' });
registerEnumType(NullReason, { name: 'NullReason', description: 'Why a cell of a report is null.' });
registerEnumType(JobState, { name: 'JobState', description: 'Where a job stands.' });
registerEnumType(ModelStage, { name: 'ModelStage', description: "What a model's version is used for." });
registerEnumType(ExportFormat, { name: 'ExportFormat', description: 'Format of a file.' });
registerEnumType(ScoreStatus, { name: 'ScoreStatus', description: 'Whether a row was scored.' });
registerEnumType(FilterOp, { name: 'FilterOp', description: 'How a dimension is compared.' });
registerEnumType(FeatureViewKind, {
  name: 'FeatureViewKind',
  description: 'Where the values of a view come from.',
  valuesConfig: {
    STORED: { description: 'A query over the source tables, computed on a schedule.' },
    SCORES: { description: 'The scores of a model, computed on a schedule.' },
    ON_DEMAND: { description: 'A function of what the caller brings and of stored features, computed when asked for.' },
  },
});
registerEnumType(LineageKind, { name: 'LineageKind', description: 'What a node of the lineage is.' });
registerEnumType(ColumnUse, {
  name: 'ColumnUse',
  description: 'What a feature does with a source column.',
  valuesConfig: {
    VALUE: { description: 'Its value is computed from it.' },
    ROWS: { description: 'It only chooses, joins, groups or orders the rows that the value is computed over.' },
  },
});
registerEnumType(DifferenceKind, {
  name: 'DifferenceKind',
  description: 'What of a version is another.',
  valuesConfig: {
    VIEW_CHANGED: { description: 'Entity, schedule, delay, ttl, maxAge, owner, tags or description.' },
    FEATURE_CHANGED: { description: 'Type, length, unit, fill, tags or description.' },
    QUERY_CHANGED: {
      description:
        'The SQL, layout and comments apart; of an on-demand view the code of its file and of what that imports.',
    },
  },
});
registerEnumType(PlanAction, {
  name: 'PlanAction',
  description: 'What applying would do.',
  valuesConfig: {
    ADD: { description: 'Publishes a definition of a new name.' },
    BUMP: { description: 'Publishes a new version of a known name; the old one keeps serving.' },
    RETIRE: { description: 'Ends a version.' },
  },
});
registerEnumType(PlanEffect, {
  name: 'PlanEffect',
  description: 'What becomes of what a change touches.',
  valuesConfig: {
    ADDED: { description: 'Added by the same plan.' },
    BUMPED: { description: 'Gets a new version by the same plan.' },
    RETIRED: { description: 'Retired by the same plan.' },
    BROKEN: { description: 'Would be left without what it pins: that forbids the change.' },
    STAYS: { description: 'Goes on with the version that it pins.' },
    READS: { description: 'Reads the table to which the rows of the change go.' },
  },
});
