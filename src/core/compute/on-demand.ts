/** Plans a read of on-demand features: the stored features to read, the functions to call, and the inputs that the caller must bring. */

import { coordinateRange } from '../definitions/coordinates.js';
import {
  type AnyFeatureRef,
  type Feature,
  type FeatureRef,
  isStored,
  type OnDemandRef,
  type OnDemandView,
} from '../definitions/definitions.js';
import { type FeatureValue, isArrayType } from '../definitions/types.js';
import { badInput } from '../errors.js';
import { isMisfit, writtenValue } from './typed-values.js';

interface StoredPlace {
  readonly kind: 'stored';
  /** Index in the plan's `stored`. */
  readonly at: number;
}

interface ComputedPlace {
  readonly kind: 'computed';
  /** Index in the plan's `calls`. */
  readonly call: number;
  /** Index in the call's `answers`. */
  readonly position: number;
}

interface PlannedInput {
  readonly name: string;
  readonly place: StoredPlace | ComputedPlace;
  /** The function takes null in its place; its age and its failure count. */
  readonly withheld?: true;
}

/** One call of an on-demand view's function for a row: a view is called once for features that are computed from the same inputs, and once more for those of them that are declassified. */
export interface PlannedCall {
  readonly view: OnDemandView;
  /** Indices of the view's features that the call computes: those that are answered, and those that a later call reads. */
  readonly answers: readonly number[];
  /** Arguments by name, and where each value is: in a store, or in the answer of an earlier call. */
  readonly inputs: readonly PlannedInput[];
  /** Arguments that the caller brings. */
  readonly request: readonly string[];
  /** Every argument of the function without a value; those that its answers do not use stay so. */
  readonly blank: Readonly<Record<string, FeatureValue>>;
}

/** The source of a requested column. */
export type PlannedColumn =
  | (StoredPlace & { readonly ref: FeatureRef })
  | (ComputedPlace & {
      readonly ref: OnDemandRef;
      /** Every call of the view; the oldest of their inputs is its event time. */
      readonly calls: readonly number[];
    });

/** An input that the caller must bring. */
export interface RequiredInput extends Pick<Feature, 'name' | 'type' | 'description' | 'unit'> {
  readonly personal: boolean;
  /** Ids of the on-demand views that require it. */
  readonly requiredBy: readonly string[];
}

export interface OnDemandPlan {
  /** The stored features to read, each once: the requested ones, in their order, then the inputs of on-demand ones. */
  readonly stored: readonly FeatureRef[];
  /** The requested columns, in their order. */
  readonly columns: readonly PlannedColumn[];
  /** Calls, each after those whose answers it reads. */
  readonly calls: readonly PlannedCall[];
  readonly request: readonly RequiredInput[];
  /** The join keys of all entities, those of on-demand views too. */
  readonly joinKeys: readonly string[];
}

/** Whether its owner says that it is not personal, whatever it is computed from. */
export const isDeclassified = ({ declassify }: Pick<Feature, 'declassify'>): boolean => declassify !== undefined;

const isPersonal = ({ tags }: Pick<Feature, 'tags'>): boolean => tags?.includes('pii') ?? false;

/** Names of the inputs that a feature is computed from: all of its view's, unless the view declares which. */
export const inputsRead = ({ origin }: Pick<OnDemandView, 'origin'>, feature: string): readonly string[] =>
  origin.reads[feature] ?? [...origin.request, ...origin.inputs].map(({ name }) => name);

function blankOf({ origin }: OnDemandView): Readonly<Record<string, FeatureValue>> {
  const blank: Record<string, FeatureValue> = {};
  for (const { name, type } of origin.request) blank[name] = isArrayType(type) ? Object.freeze([]) : null;
  for (const { name } of origin.inputs) blank[name] = null;
  return blank;
}

/** Assigns a place to each requested feature and each of its inputs, down to the stores. */
class Planning {
  readonly stored: FeatureRef[] = [];
  readonly calls: (PlannedCall & { readonly answers: number[] })[] = [];
  private readonly places = new Map<string, number>();
  private readonly callOf = new Map<string, number>();

  placeStored(ref: FeatureRef): StoredPlace {
    let at = this.places.get(ref.reference);
    if (at === undefined) {
      at = this.stored.push(ref) - 1;
      this.places.set(ref.reference, at);
    }
    return { kind: 'stored', at };
  }

  placeComputed({ view, feature, index }: OnDemandRef): ComputedPlace {
    const names = inputsRead(view, feature.name);
    // What is declassified is computed apart: its call takes personal values where that of the others takes none.
    const key = JSON.stringify([view.id, [...names].sort(), isDeclassified(feature)]);
    let call = this.callOf.get(key);
    if (call === undefined) {
      // Its inputs are placed before it.
      const inputs = view.origin.inputs
        .filter(({ name }) => names.includes(name))
        .map(({ name, ref }) => ({ name, place: this.place(ref) }));
      const request = view.origin.request.flatMap(({ name }) => (names.includes(name) ? [name] : []));
      call = this.calls.push({ view, answers: [], inputs, request, blank: blankOf(view) }) - 1;
      this.callOf.set(key, call);
    }
    const { answers } = this.calls[call] as (typeof this.calls)[number];
    const position = answers.indexOf(index);
    return { kind: 'computed', call, position: position >= 0 ? position : answers.push(index) - 1 };
  }

  private place(ref: AnyFeatureRef): StoredPlace | ComputedPlace {
    return isStored(ref) ? this.placeStored(ref) : this.placeComputed(ref);
  }
}

/**
 * Plans how to answer references, stored and on-demand.
 * @throws BAD_USER_INPUT where two views want one request input with two types
 */
export function planOnDemand(refs: readonly AnyFeatureRef[]): OnDemandPlan {
  const planning = new Planning();
  for (const ref of refs) if (isStored(ref)) planning.placeStored(ref);
  const callsOf = new Map<OnDemandView, number[]>();
  const columns = refs.map((ref): PlannedColumn => {
    if (isStored(ref)) return { ...planning.placeStored(ref), ref };
    const place = planning.placeComputed(ref);
    const calls = callsOf.get(ref.view) ?? [];
    if (!calls.includes(place.call)) calls.push(place.call);
    callsOf.set(ref.view, calls);
    return { ...place, ref, calls };
  });
  const { stored, calls } = planning;
  const entities = [...stored, ...calls].map(({ view }) => view.entity);
  const joinKeys = [...new Set(entities.flatMap((entity) => entity.joinKeys))];
  return { stored, columns, calls, request: requiredInputs(calls), joinKeys };
}

/** Hashes by `name@version` of all definitions that the values come from, with those of their inputs. */
export const definitionsRead = ({
  stored,
  calls,
}: Pick<OnDemandPlan, 'stored' | 'calls'>): ReadonlyMap<string, string> =>
  new Map([...stored, ...calls].map(({ view }) => [view.id, view.hash] as const));

function requiredInputs(calls: readonly PlannedCall[]): readonly RequiredInput[] {
  const required = new Map<string, RequiredInput>();
  for (const { view, request } of calls) {
    for (const { name, type, tags, description, unit } of view.origin.request) {
      if (!request.includes(name)) continue;
      const earlier = required.get(name);
      if (earlier && earlier.type !== type) {
        throw badInput(
          `the request input '${name}' is ${earlier.type} for ${earlier.requiredBy.join(', ')} and ${type} for ${view.id}`,
          'ask for them separately: one value cannot be both',
        );
      }
      const personal = isPersonal({ tags: tags ?? [] }) || (earlier?.personal ?? false);
      const wantedBy = [...new Set([...(earlier?.requiredBy ?? []), view.id])];
      required.set(name, {
        ...(earlier ?? { name, type, description, ...(unit && { unit }) }),
        personal,
        requiredBy: wantedBy,
      });
    }
  }
  return [...required.values()];
}

/** Lists inputs as `requested_amount DECIMAL (for application_affordability@1)`. */
export const listInputs = (required: readonly RequiredInput[]): string =>
  required.map(({ name, type, requiredBy: wantedBy }) => `${name} ${type} (for ${wantedBy.join(', ')})`).join('; ');

/**
 * @param where the caller's name of the inputs, such as `request`
 * @throws BAD_USER_INPUT that lists every missing input with its type and the views that require it
 */
export function refuseMissing(plan: Pick<OnDemandPlan, 'request'>, names: Iterable<string>, where: string): void {
  const present = new Set(names);
  const missing = plan.request.filter(({ name }) => !present.has(name));
  if (missing.length === 0) return;
  throw badInput(
    `${where} lacks ${listInputs(missing)}`,
    `give ${missing.map(({ name }) => `${name}: [...]`).join(', ')}, one value a row, null where there is none`,
  );
}

/** Request inputs by name, one value a row. */
export type RequestColumns = ReadonlyMap<string, readonly FeatureValue[]>;

/**
 * Reads the values of one request input as a caller wrote them; a null list is empty, since no store tells the two apart.
 * @throws BAD_USER_INPUT with the row of the first value that is not of the type
 */
export function readInput(input: RequiredInput, values: readonly unknown[], where: string): readonly FeatureValue[] {
  const { name, type } = input;
  const range = coordinateRange(input);
  return values.map((value, row) => {
    const read = writtenValue(type, value);
    const refuse = (problem: string) =>
      badInput(`${where}${name}[${row}] is not valid: ${problem}`, 'fix the value, or give null');
    if (isMisfit(read)) throw refuse(read.misfit);
    if (range && typeof read === 'number' && (read < range[0] || read > range[1])) {
      throw refuse(`a coordinate in degrees is ${range[0]} to ${range[1]}`);
    }
    return read === null && isArrayType(type) ? [] : read;
  });
}

/**
 * Reads the columnar inputs of an online request.
 * @throws BAD_USER_INPUT for an input that is missing or unknown, a list of another length, a value of another type
 */
export function readRequest(
  plan: Pick<OnDemandPlan, 'request'>,
  written: Readonly<Record<string, unknown>> | null | undefined,
  rows: number,
): RequestColumns {
  const request = written ?? {};
  const unknown = Object.keys(request).filter((name) => !plan.request.some((input) => input.name === name));
  if (unknown.length > 0) {
    throw badInput(
      `\`request\` holds ${unknown.join(', ')}, which no feature asked for computes from`,
      plan.request.length > 0 ? `the inputs here are ${listInputs(plan.request)}` : 'leave `request` out',
    );
  }
  refuseMissing(plan, Object.keys(request), '`request`');
  return new Map(
    plan.request.map((input) => {
      const values = request[input.name];
      if (!Array.isArray(values)) {
        throw badInput(`\`request.${input.name}\` is not a list`, `write columns, as { ${input.name}: [ … ] }`);
      }
      if (values.length !== rows) {
        throw badInput(
          `\`request.${input.name}\` has ${values.length} values for ${rows} rows`,
          'give one value a row of `entities`, null where there is none',
        );
      }
      return [input.name, readInput(input, values, 'request.')] as const;
    }),
  );
}
