import { registerEnumType } from 'type-graphql';
import { VIEW_KINDS } from '../core/compute/view-kinds.js';
import type { FeatureStatus as FeatureStatusName, StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import type { CellSystem as CellSystemName } from '../core/helpers/cell-shapes.js';
import type { Datum as DatumName } from '../core/helpers/datums.js';
import type {
  DeviceIdentifierKind as DeviceIdentifierKindName,
  IdentifierStatus as IdentifierStatusName,
} from '../core/lending/device-identifier.js';
import type { DifferenceKind as DifferenceKindName, LineageKind as LineageKindName } from '../core/ports/browse.js';
import type { PlanAction as PlanActionName, PlanEffect as PlanEffectName } from '../core/ports/catalogue.js';
import type { ColumnRead } from '../core/ports/columns-read.js';
import type { Verdict as VerdictName } from '../core/ports/gangs.js';
import type {
  Basis as BasisName,
  Comparison as ComparisonName,
  FilterOp as FilterOpName,
  NullReason as NullReasonName,
  Observation as ObservationName,
  TimeGrain as TimeGrainName,
} from '../core/ports/indicators.js';
import type { JobState as JobStateName } from '../core/ports/jobs.js';
import type { LinkedReport as LinkedReportName } from '../core/ports/report-links.js';
import type { ScoreRow } from '../core/ports/scoring.js';
import type {
  ExportFormat as ExportFormatName,
  HistoryPolicy as HistoryPolicyName,
} from '../core/ports/training-sets.js';

type EnumObject<T extends string> = { readonly [K in T]: K };

/** The GraphQL enum of a union of core, complete by its type: each value with the sentence that explains it. */
function enumOf<T extends string>(
  name: string,
  { description, values }: { readonly description: string; readonly values: Readonly<Record<T, string>> },
): EnumObject<T> {
  const entries = Object.entries<string>(values);
  const names = Object.freeze(Object.fromEntries(entries.map(([value]) => [value, value]))) as EnumObject<T>;
  const valuesConfig = Object.fromEntries(entries.map(([value, text]) => [value, { description: text }]));
  registerEnumType<Record<string, string>>(names, { name, description, valuesConfig });
  return names;
}

export const FeatureStatus = enumOf<FeatureStatusName>('FeatureStatus', {
  description: 'The status of a feature value.',
  values: {
    PRESENT: 'The value is there and fresh.',
    NULL: 'The row is there and its value is NULL.',
    STALE: "The value is older than the view's maxAge; it is returned unless stalePolicy is NULL.",
    NOT_FOUND: 'The entity key has no row, or its row is older than the ttl.',
    ERROR: 'The store did not answer for this view.',
  },
});

export const LinkedReport = enumOf<LinkedReportName>('LinkedReport', {
  description: 'A report that a link may read.',
  values: {
    INDICATORS: 'The link reads indicators side by side.',
    VINTAGE: 'The link reads the vintage of the loan book.',
    ROLL_RATES: 'The link reads roll rates and migration.',
    FUNNEL: 'The link reads a funnel.',
  },
});

export const StalePolicy = enumOf<StalePolicyName>('StalePolicy', {
  description: 'The treatment of a STALE value.',
  values: {
    RETURN: 'The value is returned, with the status STALE.',
    NULL: 'NULL is returned in its place, with the status STALE.',
  },
});

export const HistoryPolicy = enumOf<HistoryPolicyName>('HistoryPolicy', {
  description: 'The history that a training set is made of.',
  values: {
    STORED: 'The history is taken as it is.',
    COMPUTE:
      'The as-ofs that the spine needs and that are missing are computed first, as the schedule would have, within what the operator allows.',
  },
});

export const Basis = enumOf<BasisName>('Basis', {
  description: 'The quantity that a report of loans counts.',
  values: {
    BALANCE: 'The report counts principal.',
    COUNT: 'The report counts loans.',
  },
});

export const Observation = enumOf<ObservationName>('Observation', {
  description: 'The days past due of a loan at a month end that a vintage counts.',
  values: {
    CURRENT: 'A loan counts by its days past due at the month end.',
    EVER: 'A loan counts by the most of its days past due at any month end so far, with its balance at the first of them.',
  },
});

export const TimeGrain = enumOf<TimeGrainName>('TimeGrain', {
  description: 'The length of a period. A period is named by its first day.',
  values: {
    HOUR: 'A period is one hour.',
    DAY: 'A period is one local day.',
    WEEK: 'A period is one week, from Monday on.',
    MONTH: 'A period is one calendar month.',
    QUARTER: 'A period is one calendar quarter.',
    YEAR: 'A period is one calendar year.',
    TOTAL: 'The whole range is one period.',
  },
});

export const Comparison = enumOf<ComparisonName>('Comparison', {
  description: 'The period that each period is compared with.',
  values: {
    PREVIOUS_PERIOD: 'The period just before; where the days asked for cut a period, it is cut at the same days.',
    SAME_PERIOD_LAST_YEAR:
      'The same period one year before, cut in the same way; by DAY and by WEEK, the one 52 weeks before, so that weekdays stand beside each other.',
  },
});

export const NullReason = enumOf<NullReasonName>('NullReason', {
  description: 'The reason why a cell of a report is null.',
  values: {
    ZERO_DENOMINATOR: 'The denominator of the ratio is zero.',
    IMMATURE: 'The performance window has not ended yet.',
    NO_DATA: 'No row falls into the period and group.',
    INCOMPLETE: 'The rows of a day that the cell needs are missing.',
  },
});

export const JobState = enumOf<JobStateName>('JobState', {
  description: 'The state of a job.',
  values: {
    WAITING: 'The job waits for a worker.',
    ACTIVE: 'A worker runs the job.',
    COMPLETED: 'The job ended with its result.',
    FAILED: 'The job ended with an error.',
    CANCELLED: 'The job was cancelled.',
  },
});

export const ModelStage = enumOf<'CHALLENGER' | 'SHADOW' | 'CHAMPION' | 'RETIRED'>('ModelStage', {
  description: 'The stage of a model version.',
  values: {
    CHALLENGER: 'The version competes with the champion and decides nothing.',
    SHADOW: 'The version scores live requests, and no decision uses its scores.',
    CHAMPION: 'A model named without a version is this version.',
    RETIRED: 'The version is no longer used.',
  },
});

export const ExportFormat = enumOf<ExportFormatName>('ExportFormat', {
  description: 'The format of a file.',
  values: {
    PARQUET: 'The file is Apache Parquet.',
    CSV: 'The file is CSV with a header.',
    ARROW: 'The file is an Apache Arrow IPC file.',
  },
});

export const ScoreStatus = enumOf<ScoreRow['status']>('ScoreStatus', {
  description: 'The status of a score.',
  values: {
    SCORED: 'The row was scored.',
    MISSING_FEATURES: 'Features have no value that the model needs, or one too old for it, so the row was not scored.',
    ERROR: 'A feature could not be read, or the model gave no probability, so the row was not scored.',
  },
});

export const CellSystem = enumOf<CellSystemName>('CellSystem', {
  description: 'The system of cells that a cell belongs to.',
  values: {
    H3: 'The cell is a hexagon of H3, named by its index in hex.',
    GEOHASH: 'The cell is a rectangle, named by its geohash.',
  },
});

export const Datum = enumOf<DatumName>('Datum', {
  description: 'The coordinate system of a position.',
  values: {
    WGS84: 'The position is as the satellite says.',
    GCJ02: 'The position is shifted by 100 to 700 m within China, as Amap and Tencent report it.',
    BD09: 'The position is shifted once more, as Baidu reports it.',
  },
});

export const FilterOp = enumOf<FilterOpName>('FilterOp', {
  description: 'The comparison of a dimension with the values of a filter.',
  values: {
    EQ: 'The dimension equals the value.',
    NE: 'The dimension differs from the value.',
    IN: 'The dimension equals one of the values.',
    NOT_IN: 'The dimension equals none of the values.',
    GT: 'The dimension is greater than the value.',
    GTE: 'The dimension is greater than the value or equals it.',
    LT: 'The dimension is less than the value.',
    LTE: 'The dimension is less than the value or equals it.',
  },
});

export const FeatureViewKind = enumOf('FeatureViewKind', {
  description: 'The kind of a feature view: the origin of its values.',
  values: Object.fromEntries(
    Object.values(VIEW_KINDS).map(({ catalogue: { name, description } }) => [name, description]),
  ),
});

export const LineageKind = enumOf<LineageKindName>('LineageKind', {
  description: 'The kind of a lineage node.',
  values: {
    TABLE: 'The node is a source table.',
    FEATURE_VIEW: 'The node is a version of a feature view.',
    FEATURE: 'The node is one feature of a view.',
    REQUEST_COLUMN: 'The node is a request input of an on-demand view.',
    MODEL: 'The node is a version of a model.',
    SERVICE: 'The node is a version of a feature service.',
    LABEL: 'The node is a version of a label.',
    FACT: 'The node is a fact, the rows that indicators measure.',
    INDICATOR: 'The node is a management indicator.',
  },
});

export const ColumnUse = enumOf<ColumnRead['use']>('ColumnUse', {
  description: 'The use that a feature makes of a source column.',
  values: {
    VALUE: "The feature's value is computed from the column.",
    ROWS: 'The column only selects, joins, groups or orders the rows that the value is computed over.',
  },
});

export const DifferenceKind = enumOf<DifferenceKindName>('DifferenceKind', {
  description: 'The kind of a difference between two versions of a view.',
  values: {
    FEATURE_ADDED: 'The version `to` has a feature that the version `from` lacks.',
    FEATURE_REMOVED: 'The version `from` has a feature that the version `to` lacks.',
    FEATURE_CHANGED: 'Type, length, unit, fill, tags or description of a feature changed.',
    VIEW_CHANGED: 'Entity, schedule, delay, ttl, maxAge, owner, tags or description of the view changed.',
    SOURCE_ADDED: 'The version `to` reads a table that the version `from` does not read.',
    SOURCE_REMOVED: 'The version `from` reads a table that the version `to` does not read.',
    QUERY_CHANGED:
      'The SQL changed, layout and comments apart; for an on-demand view, the code of its file or of what the file imports changed.',
  },
});

export const PlanAction = enumOf<PlanActionName>('PlanAction', {
  description: 'The action that applying a change takes.',
  values: {
    ADD: 'Publishes a definition of a new name.',
    BUMP: 'Publishes a new version of a known name; the old version keeps serving.',
    CHANGE:
      'Takes up what the file of a source table says otherwise without a change of what is stored, such as a description.',
    RETIRE: 'Ends a version.',
  },
});

export const PlanEffect = enumOf<PlanEffectName>('PlanEffect', {
  description: 'The effect of a change on a definition or training set.',
  values: {
    ADDED: 'The same plan adds the definition.',
    BUMPED: 'The same plan gives the definition a new version.',
    RETIRED: 'The same plan retires the definition.',
    BROKEN: 'The definition would lose a version that it pins, which forbids the change.',
    STAYS: 'The definition stays with the version that it pins.',
    READS: 'The definition reads the table that the change writes to.',
  },
});

export const DeviceIdentifierKind = enumOf<DeviceIdentifierKindName>('DeviceIdentifierKind', {
  description: 'The kind of a device identifier.',
  values: {
    IMEI: 'The identity of a mobile phone: 15 digits, the last of them a check digit.',
    IMEISV: 'An IMEI with the software version in place of the check digit: 16 digits.',
    MEID: 'The identity of a CDMA phone: 14 hex digits, or 18 decimal ones.',
    IDFA: "Apple's advertising identifier: a UUID, all zero where tracking is not allowed.",
    IDFV: "Apple's vendor identifier: a UUID that differs from vendor to vendor.",
    GAID: "Google's advertising identifier: a UUID, all zero where the user opted out.",
    OAID: 'The open anonymous device identifier of Chinese makers: a UUID, or 16, 32 or 64 hex digits.',
    UDID: "Apple's device identifier: 40 hex digits, or 8 and 16 since the A12.",
    ANDROID_ID: 'The identifier that Android makes for the signing key of an app, a user and a phone: 16 hex digits.',
  },
});

export const IdentifierStatus = enumOf<IdentifierStatusName>('IdentifierStatus', {
  description: 'The status of a reported device identifier.',
  values: {
    ABSENT: 'The phone reported nothing.',
    NULL_LIKE: 'The value stands for no device, such as zeros or the default of an emulator; it links no customers.',
    INVALID: 'The value has not the form or the check digit of its kind.',
    VALID: 'The value has the form and the check digit of its kind.',
  },
});

export const GangVerdict = enumOf<VerdictName>('GangVerdict', {
  description: 'The finding of an investigator on a gang.',
  values: {
    CONFIRMED: 'The members defraud together; those of the moment count as known bad.',
    FALSE_ALARM: 'The members have nothing to hide: a family, or a company that shares a card.',
    WATCH: 'Nothing is proved yet, and the gang is watched.',
    NONE: 'There is no verdict, or it is taken back.',
  },
});
