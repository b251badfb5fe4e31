/** What a label's outcome is: one record for each kind. A kind that lacks one does not compile. */
import type { LabelOutcome, LabelQueryContext, LabelSpec, LoanStatus } from '../../definitions/define-label.js';
import { join, param, raw, type Sql, sql } from '../../definitions/sql.js';
import { IN_WINDOW, LOAN_ENTITIES, type LoanRead, loanStates } from './loans.js';

type Kind = LabelOutcome['kind'];
type Of<K extends Kind> = Extract<LabelOutcome, { readonly kind: K }>;

/** What is decided of an observation, beside the outcome itself. */
export const UNDECIDED = ['INDETERMINATE', 'EXCLUDED'] as const;

export interface OutcomeRead extends Pick<LabelSpec, 'exclude' | 'indeterminate' | 'closed' | 'sold'> {
  readonly entity: string;
  readonly observations: Sql;
  readonly last: Sql | null;
}

interface OutcomeKind<K extends Kind> {
  /** Entities that it can be of; null: any with one join key. */
  readonly entities: readonly string[] | null;
  /** What is wrong with its values, or with what the label says beside it; null where nothing is. */
  problem(outcome: Of<K>, spec: LabelSpec): string | null;
  /** A SELECT of entity_id, observed_at, value (Nullable(Float64)), outcome and reason (Nullable(String)) of observations that have any of them. */
  query(outcome: Of<K>, read: OutcomeRead, context: LabelQueryContext): Sql;
  /** The loans and the condition on a loan-day `d` of the window that brings the outcome on that day; null where only the end of the window does. */
  reachedBy(outcome: Of<K>): Reached | null;
}

interface Reached {
  readonly on: LoanRead['on'];
  readonly day: Sql;
}

const text = (value: string): Sql => sql`${param('String', value)}`;
const undecided = (kind: (typeof UNDECIDED)[number], reason: string): Sql =>
  sql`tuple(CAST(NULL, 'Nullable(Float64)'), ${text(kind)}, ${text(reason)})`;
const decided = (value: 0 | 1): Sql => sql`tuple(CAST(${value}, 'Nullable(Float64)'), '', '')`;

/** The arms of a multiIf: what holds of an observation, first match first. */
type Arm = readonly [condition: Sql, then: Sql];

const arms = (conditions: Readonly<Record<string, string>> = {}, kind: (typeof UNDECIDED)[number]): readonly Arm[] =>
  Object.entries(conditions).map(
    ([reason, condition]) => [sql`ifNull((${raw(condition)}), 0)`, undecided(kind, reason)] as const,
  );

const closure = (counts: LabelSpec['closed'], reason: string): Sql =>
  counts === 'good' ? decided(0) : undecided(counts === 'excluded' ? 'EXCLUDED' : 'INDETERMINATE', reason);

/** The outcome of loans: `reached` in this order after exclusions and before what is neither. */
function loanOutcome(
  reached: Sql,
  {
    on,
    read,
    context,
  }: { readonly on: LoanRead['on']; readonly read: OutcomeRead; readonly context: LabelQueryContext },
): Sql {
  const { entity, observations, last, exclude, indeterminate, closed = 'good', sold = 'indeterminate' } = read;
  const states = loanStates({ entity, on, observations, last, outcome: reached }, context);
  const order: readonly Arm[] = [
    ...arms(exclude, 'EXCLUDED'),
    [raw('reached'), decided(1)],
    ...arms(indeterminate, 'INDETERMINATE'),
    [raw('sold'), closure(sold, 'sold within the window')],
    [raw('open_at_end = 0'), closure(closed, 'closed within the window')],
  ];
  const cases = join(order.map(([condition, then]) => sql`${condition}, ${then}`));
  return sql`SELECT entity_id, observed_at, multiIf(${cases}, ${decided(0)}) AS said,
      tupleElement(said, 1) AS value, nullIf(tupleElement(said, 2), '') AS outcome, nullIf(tupleElement(said, 3), '') AS reason
    FROM (${states})`;
}

const STATUS: Readonly<Record<LoanStatus, string>> = {
  CURRENT: "(d.status = 'CURRENT' AND d.dpd = 0)",
  OVERDUE: "(d.status = 'OVERDUE')",
  SETTLED: "(d.status = 'SETTLED')",
  WRITTEN_OFF: "(d.status = 'WRITTEN_OFF')",
  SOLD: "(d.status = 'SOLD')",
};

const isBad = (dpd: number): Sql => sql`(d.status = 'WRITTEN_OFF' OR d.dpd >= ${dpd})`;
const hasStatus = (statuses: readonly LoanStatus[]): Sql =>
  raw(`(${statuses.map((status) => STATUS[status]).join(' OR ')})`);

const loanProblem = ({ exclude, closed, sold }: LabelSpec): string | null => {
  const later = Object.entries(exclude ?? {}).find(([, condition]) =>
    [...condition.matchAll(/\b[a-z_]\w*\b/g)].some(([word]) => LATER.has(word)),
  );
  if (later) return `exclude '${later[0]}' looks into the window; write it under \`indeterminate\``;
  const odd = [closed, sold].find((one) => one !== undefined && !['good', 'indeterminate', 'excluded'].includes(one));
  return odd === undefined
    ? null
    : `a closed or sold loan counts as '${odd}', which is none of good, indeterminate, excluded`;
};
const LATER: ReadonlySet<string> = new Set([...IN_WINDOW, 'reached']);

export const OUTCOME_KINDS: { readonly [K in Kind]: OutcomeKind<K> } = {
  dpd: {
    entities: LOAN_ENTITIES,
    problem: ({ atLeast }, spec) =>
      Number.isInteger(atLeast) && atLeast >= 1
        ? loanProblem(spec)
        : `dpdReaches(${atLeast}): give a whole number of days from 1`,
    reachedBy: ({ atLeast, on, when }) => (when === 'within' ? { on, day: isBad(atLeast) } : null),
    query({ atLeast, on, when }, read, context) {
      const bad = isBad(atLeast);
      const by = when === 'within' ? sql`${bad}` : sql`(d.status = 'WRITTEN_OFF' OR (d.as_of = d.ends_on AND ${bad}))`;
      return loanOutcome(sql`max(d.in_window AND ${by})`, { on, read, context });
    },
  },

  status: {
    entities: LOAN_ENTITIES,
    problem: ({ statuses }, spec) => {
      const odd = statuses.find((one) => !(one in STATUS));
      if (odd !== undefined) return `'${odd}' is no status of a loan: ${Object.keys(STATUS).join(', ')}`;
      return statuses.length === 0 ? 'statusReaches names no status' : loanProblem(spec);
    },
    reachedBy: ({ statuses, on, when }) => (when === 'within' ? { on, day: hasStatus(statuses) } : null),
    query({ statuses, on, when }, read, context) {
      const any = hasStatus(statuses);
      const moment = raw(when === 'within' ? 'd.in_window' : 'd.as_of = d.ends_on');
      return loanOutcome(sql`max(${moment} AND ${any})`, { on, read, context });
    },
  },

  sql: {
    entities: null,
    problem(_outcome, spec) {
      const said = (['exclude', 'indeterminate', 'closed', 'sold'] as const).find((name) => spec[name] !== undefined);
      return said === undefined ? null : `\`${said}\` is for outcomes of loans; say it in the SQL of the outcome`;
    },
    reachedBy: () => null,
    query: ({ query }, { observations }, context) => sql`SELECT toString(entity_id) AS entity_id, observed_at,
        if(isFinite(said), said, NULL) AS value, CAST(if(value IS NULL, 'INDETERMINATE', NULL), 'Nullable(String)') AS outcome,
        CAST(multiIf(said IS NULL, 'the outcome is NULL', value IS NULL, 'the outcome is no finite number', NULL), 'Nullable(String)') AS reason
      FROM (SELECT entity_id, observed_at, CAST(value, 'Nullable(Float64)') AS said FROM (${query({ ...context, observations })}))`,
  },
};

const kindOf = <K extends Kind>(outcome: Of<K>): OutcomeKind<K> =>
  OUTCOME_KINDS[outcome.kind as K] as unknown as OutcomeKind<K>;

export const outcomeEntities = (outcome: LabelOutcome): readonly string[] | null => kindOf(outcome).entities;
export const outcomeProblem = (spec: LabelSpec): string | null => kindOf(spec.outcome).problem(spec.outcome, spec);
export const outcomeQuery = (outcome: LabelOutcome, read: OutcomeRead, context: LabelQueryContext): Sql =>
  kindOf(outcome).query(outcome, read, context);

/** The loans of a label, and the condition on a loan-day `d` that brings its outcome; null where only the end of the window does. */
export const outcomeReachedBy = (outcome: LabelOutcome): Reached | null => kindOf(outcome).reachedBy(outcome);
