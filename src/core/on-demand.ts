/**
 * On-demand features where they are asked for: which stored features to read, what the caller must bring, and the one computation that a
 * request, a historical table and a training set share.
 */
import { type AnyFeatureRef, type Feature, type FeatureRef, isOnDemand, type OnDemandView } from './definitions.js';
import { badInput, RiskgraphError } from './errors.js';
import type { Instant } from './time.js';
import { computedValue, isMisfit, writtenValue } from './typed-values.js';
import { type FeatureStatus, type FeatureType, type FeatureValue, isArrayType } from './types.js';

/** An on-demand view of a plan, and where its stored inputs are among what is read. */
export interface PlannedView {
  readonly view: OnDemandView;
  /** Argument's name and index in the plan's `stored`. */
  readonly inputs: readonly { readonly name: string; readonly at: number }[];
}

/** What to answer for a reference. */
export type PlannedColumn =
  | { readonly kind: 'stored'; readonly ref: FeatureRef /** Index in `stored`. */; readonly at: number }
  | {
      readonly kind: 'computed';
      readonly ref: Extract<AnyFeatureRef, { view: OnDemandView }>;
      /** Index in `views`. */
      readonly view: number;
    };

/** An input that the caller must bring. */
export interface WantedInput {
  readonly name: string;
  readonly type: FeatureType;
  readonly personal: boolean;
  /** Ids of the on-demand views that want it. */
  readonly wantedBy: readonly string[];
}

export interface OnDemandPlan {
  /** What a store reads, each once: what is asked for, in its order, then what is only computed from. */
  readonly stored: readonly FeatureRef[];
  /** What comes back, in the order asked. */
  readonly columns: readonly PlannedColumn[];
  readonly views: readonly PlannedView[];
  readonly request: readonly WantedInput[];
  /** Columns that name the rows: the join keys of all entities, those of on-demand views too. */
  readonly joinKeys: readonly string[];
}

const isPersonal = ({ tags }: Pick<Feature, 'tags'>): boolean => tags?.includes('pii') ?? false;

/**
 * How to answer references, stored and on-demand.
 * @throws BAD_USER_INPUT where two views want one request input with two types
 */
export function planOnDemand(refs: readonly AnyFeatureRef[]): OnDemandPlan {
  const stored: FeatureRef[] = [];
  const places = new Map<string, number>();
  const place = (ref: FeatureRef): number => {
    const known = places.get(ref.reference);
    if (known !== undefined) return known;
    places.set(ref.reference, stored.push(ref) - 1);
    return stored.length - 1;
  };
  for (const ref of refs) if (!isOnDemand(ref)) place(ref);
  const onDemand = [...new Set(refs.filter(isOnDemand).map(({ view }) => view))];
  const views = onDemand.map(
    (view): PlannedView => ({ view, inputs: view.origin.inputs.map(({ name, ref }) => ({ name, at: place(ref) })) }),
  );
  const columns = refs.map(
    (ref): PlannedColumn =>
      isOnDemand(ref)
        ? { kind: 'computed', ref, view: onDemand.indexOf(ref.view) }
        : { kind: 'stored', ref, at: place(ref) },
  );
  const entities = [...stored, ...views].map(({ view }) => view.entity);
  const joinKeys = [...new Set(entities.flatMap((entity) => entity.joinKeys))];
  return { stored, columns, views, request: wantedInputs(onDemand), joinKeys };
}

function wantedInputs(views: readonly OnDemandView[]): readonly WantedInput[] {
  const wanted = new Map<string, WantedInput>();
  for (const { id, origin } of views) {
    for (const { name, type, tags } of origin.request) {
      const other = wanted.get(name);
      if (other && other.type !== type) {
        throw badInput(
          `the request input '${name}' is ${other.type} for ${other.wantedBy.join(', ')} and ${type} for ${id}`,
          'ask for them separately: one value cannot be both',
        );
      }
      const personal = isPersonal({ tags: tags ?? [] }) || (other?.personal ?? false);
      wanted.set(name, { name, type, personal, wantedBy: [...(other?.wantedBy ?? []), id] });
    }
  }
  return [...wanted.values()];
}

/** `requested_amount DECIMAL (for application_affordability@1)`, one by one. */
export const inWords = (wanted: readonly WantedInput[]): string =>
  wanted.map(({ name, type, wantedBy }) => `${name} ${type} (for ${wantedBy.join(', ')})`).join('; ');

/**
 * @param where what the caller calls the inputs, as `request`
 * @throws BAD_USER_INPUT naming every input that is missing, its type and what wants it
 */
export function refuseMissing(plan: Pick<OnDemandPlan, 'request'>, names: Iterable<string>, where: string): void {
  const given = new Set(names);
  const missing = plan.request.filter(({ name }) => !given.has(name));
  if (missing.length === 0) return;
  throw badInput(
    `${where} lacks ${inWords(missing)}`,
    `give ${missing.map(({ name }) => `${name}: [...]`).join(', ')}, one value a row, null where there is none`,
  );
}

/** Request inputs by name, one value a row. */
export type RequestColumns = ReadonlyMap<string, readonly FeatureValue[]>;

/**
 * The values of one request input as a caller wrote them; a list that is null is empty, since no store tells the two apart.
 * @throws BAD_USER_INPUT with the row of the first value that is not of the type
 */
export function readInput(
  { name, type }: WantedInput,
  values: readonly unknown[],
  where: string,
): readonly FeatureValue[] {
  return values.map((value, row) => {
    const read = writtenValue(type, value);
    if (isMisfit(read))
      throw badInput(`${where}${name}[${row}] is not taken: ${read.misfit}`, 'mend the value, or give null');
    return read === null && isArrayType(type) ? [] : read;
  });
}

/**
 * Columnar inputs of an online request.
 * @throws BAD_USER_INPUT for an input that is missing or unknown, a list of another length, a value of another type
 */
export function readRequest(
  plan: Pick<OnDemandPlan, 'request'>,
  given: Readonly<Record<string, unknown>> | null | undefined,
  rows: number,
): RequestColumns {
  const request = given ?? {};
  const unknown = Object.keys(request).filter((name) => !plan.request.some((wanted) => wanted.name === name));
  if (unknown.length > 0) {
    throw badInput(
      `\`request\` holds ${unknown.join(', ')}, which no feature asked for computes from`,
      plan.request.length > 0 ? `the inputs here are ${inWords(plan.request)}` : 'leave `request` out',
    );
  }
  refuseMissing(plan, Object.keys(request), '`request`');
  return new Map(
    plan.request.map((wanted) => {
      const values = request[wanted.name];
      if (!Array.isArray(values)) {
        throw badInput(`\`request.${wanted.name}\` is not a list`, `write columns, as { ${wanted.name}: [ … ] }`);
      }
      if (values.length !== rows) {
        throw badInput(
          `\`request.${wanted.name}\` has ${values.length} values for ${rows} rows`,
          'give one value a row of `entities`, null where there is none',
        );
      }
      return [wanted.name, readInput(wanted, values, 'request.')] as const;
    }),
  );
}

/** What there is for a row and a feature. */
export interface Cell {
  /** As its policy for stale values leaves it. */
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  /** Null where there is no row. */
  readonly eventTime: Instant | null;
}

/** A row of an on-demand view. */
export interface ComputedRow {
  /** In the order of the view's features. */
  readonly values: readonly FeatureValue[];
  readonly statuses: readonly FeatureStatus[];
  /** The oldest of the stored inputs; null where none has a row. */
  readonly eventTime: Instant | null;
}

/** A feature of a computed row. */
export const cellOf = ({ values, statuses, eventTime }: ComputedRow, index: number): Cell => ({
  value: values[index] as FeatureValue,
  status: statuses[index] as FeatureStatus,
  eventTime,
});

/**
 * One row of an on-demand view. ERROR where an input could not be read, and then the function is not asked; STALE where an input is stale;
 * else by the value. An input that is not there is null to the function.
 * @throws INTERNAL where the function fails, or answers what it has not declared
 */
export function computeRow(
  { view, inputs }: PlannedView,
  request: (name: string) => FeatureValue,
  stored: (at: number) => Cell,
): ComputedRow {
  const given: Record<string, FeatureValue> = {};
  let stale = false;
  let failed = false;
  let oldest: Instant | null = null;
  for (const { name, at } of inputs) {
    const { value, status, eventTime } = stored(at);
    given[name] = status === 'NOT_FOUND' ? null : value;
    stale ||= status === 'STALE';
    failed ||= status === 'ERROR';
    if (eventTime !== null && (oldest === null || eventTime < oldest)) oldest = eventTime;
  }
  if (failed) {
    const { features } = view;
    return { values: features.map(() => null), statuses: features.map(() => 'ERROR'), eventTime: oldest };
  }
  for (const { name } of view.origin.request) given[name] = request(name);
  const values = answerOf(view, Object.freeze(given));
  const statuses = values.map((value): FeatureStatus => (stale ? 'STALE' : value === null ? 'NULL' : 'PRESENT'));
  return { values, statuses, eventTime: oldest };
}

/** What the function answers, each feature of its declared type or an error that names it: never cast. */
function answerOf(view: OnDemandView, given: Readonly<Record<string, FeatureValue>>): readonly FeatureValue[] {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = view.origin.compute(given);
  } catch (cause) {
    throw new RiskgraphError({
      ...{ code: 'INTERNAL', cause },
      message: `the function of ${view.id} failed on a row`,
      hint: `mend it in a next version: it must answer whatever its inputs are, null too (${view.file})`,
    });
  }
  return view.features.map((feature) => {
    const value = computedValue(feature, answer?.[feature.name]);
    if (!isMisfit(value)) return value;
    throw new RiskgraphError({
      code: 'INTERNAL',
      message: `the function of ${view.id} answered ${feature.name} wrongly: ${value.misfit}`,
      hint: `mend it in a next version (${view.file})`,
    });
  });
}
