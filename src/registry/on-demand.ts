import { inputsRead, isDeclassified, planOnDemand } from '../core/compute/on-demand.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { AnyOnDemandViewSpec, FeatureInput } from '../core/definitions/define-on-demand.js';
import {
  type Feature,
  type OnDemandInput,
  type OnDemandOrigin,
  type OnDemandView,
  refsOf,
  type View,
} from '../core/definitions/definitions.js';
import type { SourceTables } from '../core/lending/sources.js';
import { checkFeature, type Report } from './check.js';
import { inCurrency } from './currency.js';
import { contentHash } from './hash.js';
import { eitherOf, isDeclared, resolveReferences } from './references.js';
import type { DefinitionFile } from './scan.js';
import { wordsOf } from './words.js';

interface Known {
  readonly tables: SourceTables;
  readonly entities: ReadonlyMap<string, EntityDefinition>;
  readonly views: ReadonlyMap<string, View>;
  /** Models by the ids of their score views, which are loaded later. */
  readonly scores: ReadonlyMap<string, string>;
  /** Currency of the portfolio's amounts, as units name it. */
  readonly currency: string;
  readonly problems: string[];
}

const isPersonal = ({ tags }: Pick<Feature, 'tags'>): boolean => tags?.includes('pii') ?? false;

const named = (specs: Readonly<Record<string, Omit<Feature, 'name'>>> = {}): Feature[] =>
  Object.entries(specs).map(([name, spec]) => ({ name, ...spec }));

const readBy = ({ exported }: DefinitionFile): string[] => [
  ...new Set(
    Object.values((exported as AnyOnDemandViewSpec).inputs ?? {}).map(
      ({ reference }) => String(reference).split(':')[0] as string,
    ),
  ),
];

/**
 * Loads on-demand views, each after those that it reads, otherwise in the order of their files. A view that reads itself, directly or
 * through others, is a problem.
 */
export async function loadOnDemandViews(
  files: readonly DefinitionFile[],
  known: Known,
): Promise<ReadonlyMap<string, OnDemandView>> {
  const byId = new Map(files.map((item) => [item.id, item] as const));
  const loaded = new Map<string, OnDemandView>();
  const visited = new Set<DefinitionFile>();

  const visit = async (item: DefinitionFile, path: readonly DefinitionFile[]): Promise<void> => {
    const report: Report = (problem) => known.problems.push(`${item.file}: ${problem}`);
    const since = path.indexOf(item);
    if (since >= 0) {
      const circle = [...path.slice(since), item].map(({ id }) => id).join(' reads ');
      report(`its inputs lead back to itself: ${circle}`);
      return;
    }
    if (visited.has(item)) return;
    visited.add(item);
    for (const id of readBy(item)) {
      const read = byId.get(id);
      if (read) await visit(read, [...path, item]);
    }
    const spec = inCurrency(item.exported as AnyOnDemandViewSpec, known.currency);
    const view = checkOnDemandView(item, spec, { ...known, onDemand: loaded, files: byId }, report);
    const entity = JSON.stringify([spec.entity?.name, spec.entity?.joinKeys]);
    const whole = Object.freeze({ ...view, hash: await contentHash(item.path, [entity]) });
    checkRequest(whole, report);
    loaded.set(item.id, whole);
  };

  for (const item of files) {
    try {
      await visit(item, []);
    } catch (cause) {
      known.problems.push(`${item.file}: ${wordsOf(cause)}`);
    }
  }
  return loaded;
}

/** One request must do for the view and for those that it reads. */
function checkRequest(view: OnDemandView, report: Report): void {
  try {
    planOnDemand(refsOf(view));
  } catch (cause) {
    report(cause instanceof Error ? cause.message : String(cause));
  }
}

interface Reading extends Known {
  /** The loaded views: all that a view may read, except in a cycle. */
  readonly onDemand: ReadonlyMap<string, OnDemandView>;
  /** On-demand views by id, loaded or not. */
  readonly files: ReadonlyMap<string, DefinitionFile>;
}

/** Builds an on-demand view from its file and reports everything that is wrong with it. */
function checkOnDemandView(
  found: DefinitionFile,
  spec: AnyOnDemandViewSpec,
  known: Reading,
  report: Report,
): Omit<OnDemandView, 'hash'> {
  const { entities, views } = known;
  if (!isDeclared(spec.entity, entities)) {
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
    if (known.tables.personalColumns.has(one.name) && !isPersonal(one)) {
      report(`request input ${one.name}: tag it 'pii', for a source table says that it is personal`);
    }
  }
  if (typeof spec.compute !== 'function') report('has no function compute');
  const inputs = Object.entries(spec.inputs ?? {}).flatMap(([name, input]): OnDemandInput[] => {
    if (request.some((one) => one.name === name)) report(`input ${name}: a request input has that name`);
    return featureInput(name, input, { ...known, joinKeys, report });
  });
  if (request.length + Object.keys(spec.inputs ?? {}).length === 0) {
    report('computes from nothing: declare a request input or a feature');
  }
  const reads = checkReads(spec, report);
  for (const { name, fill } of features) {
    if (fill !== undefined) report(`feature ${name}: fill is for stored features`);
  }
  const { name, version, id, file } = found;
  const { entity, description, owner } = spec;
  const compute = spec.compute as OnDemandOrigin['compute'];
  const origin = Object.freeze({ kind: 'on_demand' as const, request, inputs, reads, compute });
  for (const feature of features) checkPersonal(feature, origin, report);
  return { name, version, id, file, entity, description, owner, tags: spec.tags ?? [], features, origin };
}

/** Which inputs a feature is computed from, where the view says so. */
function checkReads(spec: AnyOnDemandViewSpec, report: Report): OnDemandOrigin['reads'] {
  const names = new Set([...Object.keys(spec.request ?? {}), ...Object.keys(spec.inputs ?? {})]);
  const reads = Object.entries(spec.reads ?? {}).flatMap(([feature, read]) => (read ? [[feature, read] as const] : []));
  for (const [feature, read] of reads) {
    if (!spec.features?.[feature]) report(`reads: there is no feature ${feature}`);
    if (read.length === 0)
      report(`reads: ${feature} is computed from nothing; name its inputs, or leave it out for all`);
    for (const name of read)
      if (!names.has(name)) report(`reads: ${feature} names ${name}, which is no input of the view`);
  }
  return Object.fromEntries(reads);
}

interface Checking extends Reading {
  readonly joinKeys: readonly string[];
  readonly report: Report;
}

function featureInput(
  name: string,
  { type, reference }: FeatureInput,
  { joinKeys, views, onDemand, files, scores, report }: Checking,
): OnDemandInput[] {
  const where = `input ${name}`;
  if (!reference?.includes(':')) {
    report(`${where}: '${reference}' names no feature; write view@version:feature`);
    return [];
  }
  const id = reference.split(':')[0] as string;
  const model = scores.get(id);
  if (model !== undefined) {
    report(
      `${where}: ${reference} is a score of the model ${model}, and on-demand views read no scores: list both in a service and put them together where they are read, or let a model take both as inputs`,
    );
    return [];
  }
  // The view is in a cycle, which is reported.
  if (files.has(id) && !onDemand.has(id)) return [];
  const [ref] = resolveReferences([reference], eitherOf(views, onDemand), (problem) => report(`${where}: ${problem}`));
  if (!ref) return [];
  if (ref.feature.type !== type) report(`${where}: ${reference} is ${ref.feature.type}, declared here as ${type}`);
  const others = ref.view.entity.joinKeys.filter((key) => !joinKeys.includes(key));
  if (others.length > 0) {
    report(`${where}: ${reference} is keyed by ${others.join(', ')}, which the entity of this view does not name`);
  }
  return [{ name, ref }];
}

/**
 * A value that is computed from personal values is personal: a distance from a home and two points reveal the home. Unless its owner says why not.
 */
function checkPersonal(feature: Feature, origin: OnDemandOrigin, report: Report): void {
  if (isPersonal(feature)) return;
  const read = inputsRead({ origin }, feature.name);
  if (isDeclassified(feature)) {
    // The function that gives such an input takes no personal value for a caller who sees them masked.
    const computed = origin.inputs.find(
      ({ name, ref }) => read.includes(name) && ref.view.origin.kind === 'on_demand' && isPersonal(ref.feature),
    );
    if (computed) {
      report(
        `feature ${feature.name}: it is declassified and computed from ${computed.ref.reference}, which is personal and computed on demand: compute it from stored features and the request`,
      );
    }
    return;
  }
  const personal = [
    ...origin.request.filter((one) => read.includes(one.name) && isPersonal(one)).map(({ name }) => name),
    ...origin.inputs
      .filter(({ name, ref }) => read.includes(name) && isPersonal(ref.feature))
      .map(({ ref }) => ref.reference),
  ];
  if (personal.length > 0) {
    report(`feature ${feature.name}: tag it 'pii', for it is computed from ${personal.join(', ')}`);
  }
}
