import {
  computedDefinitionKinds,
  type VersionedKind,
  viewDefinitionKinds,
} from '../core/definitions/definition-kinds.js';
import type { AnyView, Feature } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { badInput, notFound } from '../core/errors.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { CatalogueBrowser, FeatureSearch, LineageKind, LineageRef, ViewDifference } from '../core/ports/browse.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import type { DerivedTable } from '../core/ports/derived.js';
import { type LineageGraph, lineageGraph } from './lineage.js';
import { publishable, requiresOf, spoken } from './published.js';
import { type SearchEntry, searchEntry, searchFeatures, searchViews } from './search.js';
import { differencesOf, unknownOf, type ViewSnapshot } from './view-diff.js';

/** The kinds of lineage nodes that have versions, with the kinds under which they are published. */
const VERSIONED: Readonly<Partial<Record<LineageKind, readonly VersionedKind[]>>> = {
  FEATURE_VIEW: viewDefinitionKinds,
  FEATURE: viewDefinitionKinds,
  REQUEST_COLUMN: computedDefinitionKinds,
  SERVICE: ['service'],
  MODEL: ['model'],
  LABEL: ['label'],
  FACT: ['fact'],
  INDICATOR: ['indicator'],
};

interface Applied {
  readonly key: string;
  readonly entries: readonly SearchEntry[];
  readonly graph: LineageGraph;
}

const newestFirst = (a: AnyView, b: AnyView): number =>
  a.name === b.name ? b.version - a.version : a.name < b.name ? -1 : 1;

/** Browses the definitions in memory; no store is read. */
export function createCatalogueBrowser({
  registry,
  catalogue,
  derived,
}: {
  readonly registry: Registry;
  readonly catalogue: Catalogue;
  readonly derived: readonly Pick<DerivedTable, 'name' | 'inputs'>[];
}): CatalogueBrowser {
  const files = new Map(publishable(registry).map((file) => [`${file.kind} ${file.id}`, file.snapshot] as const));
  let applied: Applied | undefined;

  /** The entries and the graph of what is in force, rebuilt after an apply or a retirement. */
  const current = (): Applied => {
    const [views, services, models] = [catalogue.views(), catalogue.services(), catalogue.models()];
    const [onDemandViews, labels] = [catalogue.onDemandViews(), catalogue.labels()];
    const [facts, indicators] = [catalogue.facts(), catalogue.indicators()];
    const ids = [views, onDemandViews, services, models, labels, facts, indicators].map((all) =>
      all.map(({ id }) => id),
    );
    const key = JSON.stringify(ids);
    if (applied?.key !== key) {
      applied = {
        key,
        entries: [...views, ...onDemandViews].sort(newestFirst).map(searchEntry),
        graph: lineageGraph({
          tables: registry.tables,
          derived,
          views,
          onDemandViews,
          services,
          models,
          labels,
          facts,
          indicators,
        }),
      };
    }
    return applied;
  };

  const checked = (search: FeatureSearch): FeatureSearch => {
    const { entity } = search;
    if (entity == null || registry.entities.has(entity)) return search;
    const names = [...registry.entities.keys()].sort().join(', ');
    throw badInput(`there is no entity '${entity}'`, `the entities are ${names}`);
  };

  const published = (name: string) => viewDefinitionKinds.flatMap((kind) => catalogue.published(kind, name));

  /** The snapshot of a version: of its file while that exists, else the published one. */
  const snapshotOf = (name: string, version: number): ViewSnapshot => {
    const id = `${name}@${version}`;
    const definition = published(name).find((one) => one.version === version);
    const file = viewDefinitionKinds.map((kind) => files.get(`${kind} ${id}`)).find((one) => one !== undefined);
    const snapshot = file ?? definition?.snapshot;
    if (snapshot) return snapshot;
    const versions = versionsOf(name);
    throw notFound(
      `there is no version ${version} of feature view '${name}'`,
      versions.length > 0 ? `its versions are ${versions.join(', ')}` : 'ask featureViews for their names',
    );
  };

  /** All versions of a name, oldest first: applied, retired, and files that are not applied yet. */
  const versionsOf = (name: string): number[] => {
    const views: readonly AnyView[] = [...registry.views.values(), ...registry.onDemandViews.values()];
    const all = [...views.filter((view) => view.name === name), ...published(name)].map(({ version }) => version);
    return [...new Set(all)].sort((a, b) => a - b);
  };

  const hidden = (
    difference: ViewDifference,
    snapshots: readonly ViewSnapshot[],
    visible: (feature: Pick<Feature, 'tags'>) => boolean,
  ) =>
    snapshots
      .flatMap((snapshot) => (snapshot.features as readonly Feature[] | undefined) ?? [])
      .some((feature) => feature.name === difference.feature && !visible(feature));

  /** A snapshot without the inputs of its function that the caller may not see. */
  const shown = (snapshot: ViewSnapshot, visible: FeatureSearch['visible']): ViewSnapshot => {
    const { request, inputs } = snapshot as {
      readonly request?: readonly Feature[];
      readonly inputs?: readonly { readonly reference: string }[];
    };
    const shows = ({ reference }: { readonly reference: string }): boolean => {
      const [, name, version, featureName] = /^(.+)@(\d+):(.+)$/.exec(reference) ?? [];
      const features = snapshotOf(name ?? '', Number(version)).features as readonly Feature[] | undefined;
      const feature = features?.find((one) => one.name === featureName);
      return feature === undefined || visible(feature);
    };
    return {
      ...snapshot,
      ...(request ? { request: request.filter(visible) } : {}),
      ...(inputs ? { inputs: inputs.filter(shows) } : {}),
    };
  };

  /** Refuses the lineage of a retired version, and says what it read. */
  const refuseRetired = ({ kind, id }: LineageRef): void => {
    const [own = ''] = id.split(':');
    const [name = ''] = own.split('@');
    const retired = VERSIONED[kind]
      ?.flatMap((each) => catalogue.published(each, name))
      .find((one) => one.id === own && one.retiredAt !== null);
    if (!retired) return;
    const tables = (retired.snapshot.sources as readonly string[] | undefined) ?? requiresOf(retired);
    const read = tables.length > 0 ? `; it read ${tables.join(', ')}` : '';
    throw notFound(
      `${spoken(retired)} is retired since ${formatInstant(retired.retiredAt as Instant)}: nothing applied is made of it${read}`,
      'name a version in force; featureViewDiff shows what a retired one was',
    );
  };

  return {
    searchViews: (search) => searchViews(current().entries, checked(search)),
    searchFeatures: (search) => searchFeatures(current().entries, checked(search)),
    lineage: (subject) => {
      refuseRetired(subject);
      return current().graph.of(subject);
    },
    versions: (name) => published(name).map(({ version, appliedAt, retiredAt }) => ({ version, appliedAt, retiredAt })),

    diff({ name, visible, ...versionsAsked }) {
      const versions = versionsOf(name);
      const newest = published(name).find(({ retiredAt }) => retiredAt === null)?.version ?? versions.at(-1) ?? 1;
      const to = versionsAsked.to ?? newest;
      const from = versionsAsked.from ?? versions.filter((version) => version < to).at(-1);
      const after = snapshotOf(name, to);
      if (from === undefined) {
        throw badInput(`${name}@${to} is the first version of its name`, 'give `from`, the version to compare it with');
      }
      const before = snapshotOf(name, from);
      return {
        name,
        from,
        to,
        differences: differencesOf(shown(before, visible), shown(after, visible)).filter(
          (one) => !hidden(one, [before, after], visible),
        ),
        unknown: [...unknownOf(`${name}@${from}`, before), ...unknownOf(`${name}@${to}`, after)],
      };
    },
  };
}
