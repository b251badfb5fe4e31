/**
 * What a caller who sees personal values masked reads of each feature: a mask stands for a stored value alone. A mask of a value that the caller
 * chose would let the caller find out the value behind any other mask, by trying.
 */
import { type AnyFeatureRef, isStored, type OnDemandView } from '../definitions/definitions.js';
import { elementType } from '../definitions/types.js';
import { inputsRead, isDeclassified, type OnDemandPlan, type PlannedCall } from './on-demand.js';

/**
 * CLEAR: the value. MASKED: the mask of a stored value. WITHHELD: what the feature's function answers where nothing personal is stored, since it
 * is computed from stored personal values and from what the caller brings.
 */
export type Disclosure = 'CLEAR' | 'MASKED' | 'WITHHELD';

interface Origin {
  /** Whether something that the caller brings is in the value. */
  readonly brought: boolean;
  /** Whether a personal value that is stored, or made of stored ones alone, is in it. */
  readonly stored: boolean;
}

export const isPersonal = ({ feature }: AnyFeatureRef): boolean => feature.tags?.includes('pii') ?? false;

function originOf(ref: AnyFeatureRef): Origin {
  if (isStored(ref)) return { brought: false, stored: isPersonal(ref) };
  const { request, inputs } = ref.view.origin;
  const names = inputsRead(ref.view, ref.feature.name);
  const origins = inputs.filter(({ name }) => names.includes(name)).map((input) => originOf(input.ref));
  const brought = request.some(({ name }) => names.includes(name)) || origins.some((origin) => origin.brought);
  const stored = origins.some((origin) => origin.stored) || (!brought && isPersonal(ref));
  return { brought, stored: stored && !isDeclassified(ref.feature) };
}

export function disclosureOf(ref: AnyFeatureRef): Disclosure {
  if (!isPersonal(ref)) return 'CLEAR';
  const { brought, stored } = originOf(ref);
  if (!brought) return 'MASKED';
  return stored ? 'WITHHELD' : 'CLEAR';
}

/** Whether the caller reads masks of the feature's values. A text that is WITHHELD holds nothing that is stored: it is shown, not hashed. */
export function isMasked(ref: AnyFeatureRef): boolean {
  const disclosure = disclosureOf(ref);
  return disclosure === 'MASKED' || (disclosure === 'WITHHELD' && elementType(ref.feature.type) !== 'STRING');
}

/**
 * The plan for a caller who sees personal values masked: a function that takes something the caller brings takes null for each personal value that
 * is stored, so that no answer tells whether the two meet. A declassified feature is computed from all values: its owner has decided so. Statuses and event times stay
 * those of all inputs.
 */
export const withheldPlan = (plan: OnDemandPlan): OnDemandPlan => ({ ...plan, calls: plan.calls.map(withheldCall) });

function withheldCall(call: PlannedCall): PlannedCall {
  const [first] = call.answers;
  const feature = first === undefined ? undefined : call.view.features[first];
  if (feature && isDeclassified(feature)) return call;
  const origins = new Map(call.view.origin.inputs.map(({ name, ref }) => [name, originOf(ref)] as const));
  const brought = call.request.length > 0 || call.inputs.some(({ name }) => origins.get(name)?.brought);
  if (!brought) return call;
  const inputs = call.inputs.map((input) => {
    const origin = origins.get(input.name);
    return origin?.stored && !origin.brought ? { ...input, withheld: true as const } : input;
  });
  return { ...call, inputs };
}

/** Names of the request inputs that are personal to any of these views. */
export const personalInputs = (views: Iterable<OnDemandView>): ReadonlySet<string> =>
  new Set(
    [...views].flatMap(({ origin }) =>
      origin.request.filter(({ tags }) => tags?.includes('pii')).map(({ name }) => name),
    ),
  );

/**
 * Whether a spine that a caller brings holds personal values: by the source tables, or by an on-demand view that computes from them.
 * @param columns names of columns that are personal whatever is asked for
 */
export function bringsPersonal(
  spine: Readonly<Record<string, unknown>>,
  { request }: Pick<OnDemandPlan, 'request'>,
  columns: ReadonlySet<string>,
): boolean {
  const personal = new Set(request.filter((input) => input.personal).map(({ name }) => name));
  return Object.keys(spine).some((name) => columns.has(name) || personal.has(name));
}
