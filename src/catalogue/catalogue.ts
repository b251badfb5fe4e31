import { repeat } from '../core/async.js';
import { planOnDemand } from '../core/compute/on-demand.js';
import { inputViews, kindOf } from '../core/compute/view-kinds.js';
import {
  computedDefinitionKinds,
  DEFINITION_KINDS,
  declaresView,
  storedDefinitionKinds,
  type VersionedKind,
} from '../core/definitions/definition-kinds.js';
import {
  type AnyFeatureRef,
  type AnyView,
  type Model,
  type OnDemandView,
  refsOf,
  type View,
} from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { badInput, conflict, notFound, RiskgraphError } from '../core/errors.js';
import { didYouMean } from '../core/helpers/suggestions.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import type { Applied, DefinitionLedger, PublishedDefinition } from '../core/ports/serving.js';
import { inForce } from './published.js';
import { isOtherText, labelOf, type Standing, standingsOf } from './standing.js';

interface Versioned {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}

/** Requests whose features are kept: far more than a consumer has services, and few enough to be dropped together. */
const RESOLVED_REQUESTS = 200;

const REFERENCE = /^([a-z][a-z0-9_]*)(?:@([1-9]\d*))?(?::([a-z][a-z0-9_]*))?$/;

const newestFirst = (a: Versioned, b: Versioned): number =>
  a.name === b.name ? b.version - a.version : a.name < b.name ? -1 : 1;

/** The stored views that an on-demand view computes from, directly or through others. */
const storedBehind = (view: OnDemandView): readonly string[] => [
  ...new Set(planOnDemand(refsOf(view)).stored.map((ref) => ref.view.id)),
];

export function createCatalogue({
  registry,
  ledger,
  learn,
}: {
  readonly registry: Registry;
  readonly ledger: Pick<DefinitionLedger, 'all' | 'tables'>;
  /** Takes up definitions in force that the registry lacks, or says why it cannot. Never throws. */
  readonly learn?: (wanted: readonly Applied[]) => Promise<void>;
}): Catalogue {
  let standing = new Map<string, Standing>();
  let published: readonly PublishedDefinition[] = [];
  /** Resolved features of requests, until something is applied: the cost of an operation and its answer need the same. */
  const resolved = new Map<string, readonly AnyFeatureRef[]>();
  /** The number of reads begun, and of the one that is served. */
  let [begun, shown] = [0, 0];
  let learning: Promise<void> | null = null;

  const standingOf = (kind: VersionedKind, id: string): Standing => standing.get(labelOf({ kind, id })) ?? 'PENDING';
  const served = <T extends Versioned>(kind: VersionedKind, all: ReadonlyMap<string, T>): T[] =>
    [...all.values()].filter(({ id }) => standingOf(kind, id) === 'APPLIED').sort(newestFirst);
  const pick = <T extends Versioned>(all: readonly T[], name: string, version?: number): T | null =>
    all.find((one) => one.name === name && (version === undefined || one.version === version)) ?? null;

  const declared = <T extends Versioned>(kinds: readonly VersionedKind[], all: ReadonlyMap<string, T>): T[] =>
    kinds.flatMap((kind) => served(kind, all)).sort(newestFirst);

  const views = () => declared(storedDefinitionKinds, registry.views);
  const onDemandViews = () => declared(computedDefinitionKinds, registry.onDemandViews);
  const services = () => served('service', registry.services);
  const models = () => served('model', registry.models);
  const labels = () => served('label', registry.labels);
  const facts = () => served('fact', registry.facts);
  const indicators = () => served('indicator', registry.indicators);
  const championOf = (name: string): Model | null => {
    const champion = published.find(
      (one) => one.kind === 'model' && one.name === name && one.championSince !== null && one.retiredAt === null,
    );
    if (champion && standingOf('model', champion.id) === 'DIFFERS') return null;
    return champion ? (registry.models.get(champion.id) ?? null) : null;
  };
  /** What the bare name of a stored view means: of a model's scores those of its champion, which a later version does not displace; else the newest version. */
  const bareView = (name: string): View | null => {
    const newest = pick(views(), name);
    if (newest?.origin.kind !== 'scores') return newest;
    const champion = championOf(newest.origin.model.name);
    return champion && pick(views(), name, champion.version);
  };
  const loaded: Readonly<Record<VersionedKind, ReadonlyMap<string, { readonly hash: string }>>> = {
    view: registry.views,
    on_demand: registry.onDemandViews,
    service: registry.services,
    model: registry.models,
    label: registry.labels,
    fact: registry.facts,
    indicator: registry.indicators,
  };
  const loadedHash = ({ kind, id }: Pick<PublishedDefinition, 'kind' | 'id'>) => loaded[kind].get(id)?.hash;

  /** Reads what is in force, and shows it at once: a retirement waits for no definition. @returns what the registry lacks, or runs with another text */
  async function read(): Promise<readonly Applied[]> {
    const reading = ++begun;
    const [all, tables] = await Promise.all([ledger.all(), ledger.tables()]);
    // A read that began later may have ended before: its answer is no older.
    if (reading >= shown) {
      shown = reading;
      published = all;
      resolved.clear();
      standing = standingsOf(all, loadedHash);
    }
    const isLacking = (loaded: string | undefined, applied: string): boolean =>
      loaded === undefined || isOtherText(loaded, applied);
    return [
      ...tables
        // What was refused may fit by now: a table of the lender that could not be read at the start.
        .filter(
          ({ name, hash }) => registry.tables.isRefused(name) || registry.tables.find(name)?.definedBy?.hash !== hash,
        )
        .map(({ name, hash }) => ({ kind: 'table', id: `${name}@1`, hash }) as const),
      ...inForce(all).filter((one) => isLacking(loadedHash(one), one.hash)),
    ];
  }

  /** Resolves a pinned id. The error says why it cannot. */
  function pinned<T extends Versioned>(
    kind: VersionedKind,
    all: ReadonlyMap<string, T>,
    name: string,
    version: number,
  ): T {
    const id = `${name}@${version}`;
    const definition = all.get(id);
    if (definition && standingOf(kind, id) === 'APPLIED') return definition;
    const newest = pick(served(kind, all), name);
    const { long: what, plural } = DEFINITION_KINDS[kind];
    const instead = newest ? `use ${newest.id}` : `ask the catalogue for the ${plural} there are`;
    if (!definition && standingOf(kind, id) === 'APPLIED') {
      throw conflict(
        `${what} ${id} is applied, and its file is refused or missing here`,
        'put its file back as it was applied and restart: riskgraph plan says what is wrong with it',
      );
    }
    if (!definition) throw notFound(`there is no ${what} ${id}`, instead);
    if (standingOf(kind, id) === 'RETIRED') {
      throw new RiskgraphError({ code: 'BAD_USER_INPUT', message: `${what} ${id} is retired`, hint: instead });
    }
    if (standingOf(kind, id) === 'DIFFERS') {
      throw conflict(
        `${what} ${id} is not served by this process, which runs another text of it, or of what it reads, than was applied`,
        'restart the process with the files as they were applied',
      );
    }
    throw notFound(`${what} ${id} is not applied`, 'look at the plan and apply it: riskgraph plan, riskgraph apply');
  }

  function parse(
    kind: VersionedKind,
    bare: (name: string) => Versioned | null,
    reference: string,
  ): { name: string; version: number; feature: string | undefined } {
    const [, name, version, feature] = REFERENCE.exec(reference) ?? [];
    const form = declaresView(kind) ? 'view@version:feature' : `${kind}@version`;
    if (!name || (!declaresView(kind) && feature))
      throw badInput(`'${reference}' is not a reference`, `write it as ${form}`);
    if (!version) {
      const meant = bare(name)?.id;
      const example = meant ? `${meant}${feature ? `:${feature}` : ''}` : form;
      throw badInput(
        `'${reference}' names no version: values are read by an exact version, which never changes its meaning`,
        `write '${example}'`,
      );
    }
    return { name, version: Number(version), feature };
  }

  /** Resolves a pinned view, stored or on-demand; the inputs of an on-demand view must be served too. */
  function pinnedView(name: string, version: number): AnyView {
    const computed = registry.onDemandViews.get(`${name}@${version}`);
    if (!computed) return pinnedStored(name, version);
    for (const view of inputViews(computed)) pinnedView(view.name, view.version);
    return pinned(kindOf(computed).definition, registry.onDemandViews, name, version);
  }

  function pinnedStored(name: string, version: number): View {
    const view = registry.views.get(`${name}@${version}`);
    return pinned(view ? kindOf(view).definition : 'view', registry.views, name, version);
  }

  function resolve(reference: string): readonly AnyFeatureRef[] {
    const { name, version, feature } = parse(
      'view',
      (bare) => bareView(bare) ?? pick(onDemandViews(), bare),
      reference,
    );
    const view = pinnedView(name, version);
    const all: readonly AnyFeatureRef[] = refsOf(view);
    if (!feature) return all;
    const matches = all.filter((one) => one.feature.name === feature);
    if (matches.length === 0) {
      throw notFound(
        `feature view ${view.id} has no feature '${feature}'`,
        `it has ${view.features.map((one) => one.name).join(', ')}`,
      );
    }
    return matches;
  }

  function resolveRequest({ service, features }: Parameters<Catalogue['features']>[0]): readonly AnyFeatureRef[] {
    if ((service == null) === (features == null)) {
      throw badInput(
        'exactly one of `service` and `features` is needed',
        "give service: 'name@version' or a list of references",
      );
    }
    if (features != null) {
      if (features.length === 0) throw badInput('`features` is empty', "list references such as 'view@1:feature'");
      const byReference = new Map(features.flatMap(resolve).map((one) => [one.reference, one] as const));
      return [...byReference.values()];
    }
    const { name, version } = parse('service', (bare) => pick(services(), bare), service as string);
    const applied = pinned('service', registry.services, name, version);
    for (const view of new Set(applied.features.map((ref) => ref.view))) pinnedView(view.name, view.version);
    return applied.features;
  }

  return {
    async refresh() {
      const wanted = await read();
      if (wanted.length === 0) return;
      await learn?.(wanted);
      // What was taken up is no other text any more.
      await read();
    },

    follow(everyMs, log) {
      const follow = async (): Promise<void> => {
        const wanted = await read();
        // Models may open for longer than a reading may wait.
        if (wanted.length > 0) learning ??= learn?.(wanted).finally(() => (learning = null)) ?? null;
      };
      const following = repeat(follow, {
        everyMs,
        // A change is seen within two intervals also where a refresh takes a whole one.
        fromBegin: true,
        onError: (error) => log.warn({ err: error }, 'what is applied could not be read again'),
      });
      return { close: () => void following.stop() };
    },

    views,
    onDemandViews,
    services,
    models,
    labels,
    facts,
    indicators,
    label: (name, version) => pick(labels(), name, version),
    onDemandView: (name, version) => pick(onDemandViews(), name, version),
    view: (name, version) => (version === undefined ? bareView(name) : pick(views(), name, version)),
    service: (name, version) => pick(services(), name, version),
    model: (name, version) => (version === undefined ? championOf(name) : pick(models(), name, version)),
    published: (kind, name) => published.filter((one) => one.kind === kind && one.name === name).sort(newestFirst),

    features(request) {
      const key = JSON.stringify([request.service ?? null, request.features ?? null]);
      const known = resolved.get(key);
      if (known) return known;
      const refs = resolveRequest(request);
      if (resolved.size >= RESOLVED_REQUESTS) resolved.clear();
      resolved.set(key, refs);
      return refs;
    },

    namedViews: (names) =>
      names.map((reference) => {
        const [, name, version, feature] = REFERENCE.exec(reference) ?? [];
        if (!name || feature) throw badInput(`'${reference}' is not a feature view`, 'write a name, or name@version');
        const computed = pick(onDemandViews(), name, version ? Number(version) : undefined);
        if (computed) {
          throw badInput(
            `${computed.id} is an on-demand view: its values are computed when they are asked for and stored nowhere`,
            `name the views it computes from: ${storedBehind(computed).join(', ') || 'none'}`,
          );
        }
        if (version) return pinnedStored(name, Number(version));
        const meant = bareView(name);
        if (meant) return meant;
        const newest = pick(views(), name);
        if (newest) {
          throw notFound(
            `feature view ${name} holds the scores of a model that has no champion in this process with scores of its own`,
            `name a version, such as ${newest.id}`,
          );
        }
        throw notFound(
          `there is no feature view '${name}'`,
          'ask featureViews for their names; a new one is there once applied',
        );
      }),

    namedLabel(reference) {
      const [, name, version, feature] = REFERENCE.exec(reference) ?? [];
      if (!name || feature) throw badInput(`'${reference}' is not a label`, 'write a name, or name@version');
      if (version) return pinned('label', registry.labels, name, Number(version));
      const newest = pick(labels(), name);
      if (newest) return newest;
      throw notFound(
        `there is no label '${name}'`,
        `the labels are ${
          labels()
            .map(({ id }) => id)
            .join(', ') || 'none'
        }; a new one is there once applied`,
      );
    },

    namedIndicator(reference) {
      const [, name, version, feature] = REFERENCE.exec(reference) ?? [];
      if (!name || feature) throw badInput(`'${reference}' is not an indicator`, 'write a name, or name@version');
      if (version) return pinned('indicator', registry.indicators, name, Number(version));
      // An earlier version never stands in for one in force that this process lacks.
      const newest = pick(
        inForce(published)
          .filter(({ kind }) => kind === 'indicator')
          .sort(newestFirst),
        name,
      );
      if (newest) return pinned('indicator', registry.indicators, name, newest.version);
      const known = indicators().map((one) => one.name);
      throw badInput(
        `there is no indicator '${name}'`,
        `${didYouMean(name, known)}the indicators are ${[...new Set(known)].join(', ') || 'none'}`,
      );
    },

    namedModel(reference) {
      const [, name, version, feature] = REFERENCE.exec(reference) ?? [];
      if (!name || feature) throw badInput(`'${reference}' is not a model`, 'write a name, or name@version');
      if (version) return pinned('model', registry.models, name, Number(version));
      const champion = championOf(name);
      if (champion) return champion;
      const newest = pick(models(), name);
      if (newest) {
        throw notFound(
          `model ${name} has no champion in this process`,
          `name a version, such as ${newest.id}, or promote one: riskgraph promote ${newest.id}`,
        );
      }
      throw notFound(`there is no model '${name}'`, 'ask models for their names; a new one is there once applied');
    },
  };
}
