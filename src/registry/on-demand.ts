import type { EntityDefinition } from '../core/define.js';
import type { AnyOnDemandViewSpec, StoredInput } from '../core/define-on-demand.js';
import type { Feature, OnDemandInput, OnDemandOrigin, OnDemandView, View } from '../core/definitions.js';
import { PERSONAL_COLUMNS } from '../core/masking.js';
import { checkFeature, type Report } from './check.js';
import { resolveReferences } from './references.js';
import type { Found } from './scan.js';

interface Known {
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly views: ReadonlyMap<string, View>;
}

const isPersonal = ({ tags }: Pick<Feature, 'tags'>): boolean => tags?.includes('pii') ?? false;

const named = (specs: Readonly<Record<string, Omit<Feature, 'name'>>> = {}): Feature[] =>
  Object.entries(specs).map(([name, spec]) => ({ name, ...spec }));

/** Builds an on-demand view from its file and reports everything that is wrong with it. */
export function checkOnDemandView(
  found: Found,
  spec: AnyOnDemandViewSpec,
  { entities, views }: Known,
  report: Report,
): Omit<OnDemandView, 'hash'> {
  if (!spec.entity || entities.get(spec.entity.name) !== spec.entity) {
    report(`its entity '${spec.entity?.name ?? '?'}' is not one that features/entities.ts exports`);
  }
  if (!spec.owner) report('has no owner');
  if (!spec.description) report('has no description');
  if ([...views.values()].some(({ name }) => name === found.name)) {
    report(`'${found.name}' is the name of a stored feature view: a reference would not say which is meant`);
  }
  const joinKeys = spec.entity?.joinKeys ?? [];
  const features = named(spec.features);
  if (features.length === 0) report('has no features');
  for (const feature of features) checkFeature(feature, joinKeys, report);
  const request = named(spec.request);
  for (const one of request) checkFeature(one, joinKeys, report, 'request input');
  for (const one of request) {
    if (one.fill !== undefined) report(`request input ${one.name}: fill is for stored features`);
    if (PERSONAL_COLUMNS.has(one.name) && !isPersonal(one)) {
      report(`request input ${one.name}: tag it 'pii', for the lending schema says that it is personal`);
    }
  }
  if (typeof spec.compute !== 'function') report('has no function compute');
  const inputs = Object.entries(spec.inputs ?? {}).flatMap(([name, input]): OnDemandInput[] => {
    if (request.some((one) => one.name === name)) report(`input ${name}: a request input has that name`);
    return storedInput(name, input, { joinKeys, views, report });
  });
  if (request.length + inputs.length === 0) report('computes from nothing: declare a request input or a stored one');
  checkPersonal(features, request, inputs, report);
  for (const { name, fill } of features) {
    if (fill !== undefined) report(`feature ${name}: fill is for stored features`);
  }
  const { name, version, id, file } = found;
  const { entity, description, owner } = spec;
  const compute = spec.compute as OnDemandOrigin['compute'];
  const origin = Object.freeze({ kind: 'on_demand' as const, request, inputs, compute });
  return { ...{ name, version, id, file, entity, description, owner }, tags: spec.tags ?? [], features, origin };
}

function storedInput(
  name: string,
  { type, reference }: StoredInput,
  { joinKeys, views, report }: { joinKeys: readonly string[]; views: ReadonlyMap<string, View>; report: Report },
): OnDemandInput[] {
  const where = `input ${name}`;
  if (!reference?.includes(':')) {
    report(`${where}: '${reference}' names no feature; write view@version:feature`);
    return [];
  }
  const [ref] = resolveReferences([reference], views, (problem) =>
    report(
      `${where}: ${problem}${problem.includes('there is no') ? '; inputs are features of views with a query, not on-demand ones and not scores' : ''}`,
    ),
  );
  if (!ref) return [];
  if (ref.feature.type !== type) report(`${where}: ${reference} is ${ref.feature.type}, declared here as ${type}`);
  const others = ref.view.entity.joinKeys.filter((key) => !joinKeys.includes(key));
  if (others.length > 0) {
    report(`${where}: ${reference} is keyed by ${others.join(', ')}, which the entity of this view does not name`);
  }
  return [{ name, ref }];
}

/** What is computed from personal values is personal: a distance from a home and two points give the home away. */
function checkPersonal(
  features: readonly Feature[],
  request: readonly Feature[],
  inputs: readonly OnDemandInput[],
  report: Report,
): void {
  const personal = [
    ...request.filter(isPersonal).map(({ name }) => name),
    ...inputs.filter(({ ref }) => isPersonal(ref.feature)).map(({ ref }) => ref.reference),
  ];
  if (personal.length === 0) return;
  for (const feature of features) {
    if (!isPersonal(feature))
      report(`feature ${feature.name}: tag it 'pii', for it is computed from ${personal.join(', ')}`);
  }
}
