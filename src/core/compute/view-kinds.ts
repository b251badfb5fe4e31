/**
 * The kinds of views: one record per kind, with the answers that the platform needs; a kind that lacks one does not compile. Folders that
 * core may not know have a table of their own by the same kinds: src/offline/history/view-kinds.ts, src/materialize/view-kinds.ts.
 */
import { createHash } from 'node:crypto';
import type { FeatureViewSpec } from '../definitions/define-view.js';
import type { ViewDefinitionKind } from '../definitions/definition-kinds.js';
import type {
  AnyFeatureRef,
  AnyView,
  Feature,
  FeatureRef,
  OnDemandView,
  StoredKind,
  View,
  ViewKind,
  ViewOrigins,
} from '../definitions/definitions.js';
import { isUnprotected } from '../lending/attached.js';
import type { SourceColumn } from '../lending/sources.js';
import type { LineageEdge, LineageKind, LineageRef } from '../ports/browse.js';
import { queryText } from './view-text.js';

type WithOrigin<K extends ViewKind> = { readonly origin: ViewOrigins[K] };
type ShapeOf<K extends ViewKind> = K extends StoredKind ? View : OnDemandView;
type ViewOf<K extends ViewKind> = ShapeOf<K> & WithOrigin<K>;
type InputOf<K extends ViewKind> = K extends StoredKind ? FeatureRef : AnyFeatureRef;

interface ViewKindRecord<K extends ViewKind> {
  /** Name in the catalogue, and what it says there. */
  readonly catalogue: { readonly name: string; readonly description: string };
  /** The kind under which its versions are applied and retired. */
  readonly definition: ViewDefinitionKind;
  /** The features that its values are computed from, which exist before it. */
  inputs(view: WithOrigin<K>): readonly InputOf<K>[];
  /** Returns its SQL over the source tables; null where it has none. */
  query(view: WithOrigin<K>): FeatureViewSpec['query'] | null;
  /** Lists the source tables that it reads itself, sorted. */
  tables(view: ViewOf<K>): readonly string[];
  /** Yields the edges to its inputs, and to what is made of it beside its features. */
  lineage(view: ViewOf<K>): Iterable<LineageEdge>;
  /** Returns what stays readable of a version when its file is gone; `requires` lists the ids of the views that its file pins. */
  snapshot(view: ViewOf<K>): Readonly<Record<string, unknown>>;
}

/** The source table to which the scores of every model go. */
export const SCORES_TABLE = 'scores';

const ref = (kind: LineageKind, id: string): LineageRef => ({ kind, id });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const publishedFeature = ({ name, type, description, unit, tags, declassify, fill, length, pad }: Feature) => ({
  name,
  type,
  description,
  unit,
  tags,
  declassify,
  fill,
  length,
  pad,
});

const storedSnapshot = (view: View) => ({
  entity: view.entity.name,
  description: view.description,
  owner: view.owner,
  tags: view.tags,
  schedule: view.schedule,
  ttlMs: view.ttlMs,
  maxAgeMs: view.maxAgeMs,
  features: view.features.map(publishedFeature),
  file: view.file,
  tombstone: view.tombstone,
  absent: view.absent,
  sources: view.sources,
});

const query: ViewKindRecord<'query'> = {
  catalogue: {
    name: 'STORED',
    description: 'The values come from a query over source tables that runs on a schedule.',
  },
  definition: 'view',
  inputs: () => [],
  query: ({ origin }) => origin.query,
  tables: ({ sources }) => sources,
  lineage: function* (view) {
    const down = ref('FEATURE_VIEW', view.id);
    for (const table of view.sources) yield { up: ref('TABLE', table), down, verb: 'reads' };
  },
  snapshot: (view) => ({ ...storedSnapshot(view), queryHash: sha256(queryText(view.origin.query)) }),
};

const scores: ViewKindRecord<'scores'> = {
  catalogue: { name: 'SCORES', description: 'The values are the scores of a model, computed on a schedule.' },
  definition: 'view',
  inputs: ({ origin }) => origin.model.features,
  query: () => null,
  tables: () => [],
  lineage: function* ({ id, origin }) {
    const up = ref('MODEL', origin.model.id);
    yield { up, down: ref('FEATURE_VIEW', id), verb: 'holds the scores of' };
    yield { up, down: ref('TABLE', SCORES_TABLE), verb: 'keeps, among those of other models, the scores of' };
  },
  // The views of its inputs are pinned by its model.
  snapshot: (view) => ({ ...storedSnapshot(view), scoresOf: view.origin.model.id }),
};

const onDemand: ViewKindRecord<'on_demand'> = {
  catalogue: {
    name: 'ON_DEMAND',
    description: 'The values are computed per request, from request inputs and stored features.',
  },
  definition: 'on_demand',
  inputs: ({ origin }) => origin.inputs.map((input) => input.ref),
  query: () => null,
  tables: () => [],
  lineage: function* ({ id, origin }) {
    const down = ref('FEATURE_VIEW', id);
    for (const input of origin.inputs) {
      yield { up: ref('FEATURE', input.ref.reference), down, verb: 'computes from' };
    }
    for (const { name } of origin.request) {
      yield { up: ref('REQUEST_COLUMN', `${id}:${name}`), down, verb: 'takes from the request' };
    }
  },
  snapshot: (view) => ({
    entity: view.entity.name,
    description: view.description,
    owner: view.owner,
    tags: view.tags,
    file: view.file,
    requires: inputViews(view).map(({ id }) => id),
    codeHash: view.hash,
    features: view.features.map(publishedFeature),
    request: view.origin.request.map(publishedFeature),
    inputs: view.origin.inputs.map((input) => ({ name: input.name, reference: input.ref.reference })),
    ...(Object.keys(view.origin.reads).length === 0 ? {} : { reads: view.origin.reads }),
  }),
};

export const VIEW_KINDS: { readonly [K in ViewKind]: ViewKindRecord<K> } = { query, scores, on_demand: onDemand };

/** The record of a view's kind. */
export const kindOf = <K extends ViewKind>({ origin }: { readonly origin: { readonly kind: K } }): ViewKindRecord<K> =>
  VIEW_KINDS[origin.kind];

/** The views that a view's values are computed from, each once. */
export function inputViews(view: Pick<View, 'origin'>): readonly View[];
export function inputViews(view: Pick<AnyView, 'origin'>): readonly AnyView[];
export function inputViews(view: Pick<AnyView, 'origin'>): readonly AnyView[] {
  return [
    ...new Set(
      kindOf(view)
        .inputs(view)
        .map((input) => input.view),
    ),
  ];
}

/** Sorts views so that the inputs of a view come before it. */
export function inputsFirst(views: readonly View[]): readonly View[] {
  const depths = new Map<View, number>();
  const depthOf = (view: View): number => {
    const remembered = depths.get(view);
    if (remembered !== undefined) return remembered;
    const depth = Math.max(0, ...inputViews(view).map((input) => 1 + depthOf(input)));
    depths.set(view, depth);
    return depth;
  };
  return [...views].sort((a, b) => depthOf(a) - depthOf(b));
}

/** Whether a view reads a source table, by itself or through what it is computed from. */
export const readsTable = (view: AnyView, table: string): boolean =>
  kindOf(view).tables(view).includes(table) || inputViews(view).some((input) => readsTable(input, table));

/** The columns of the view's source tables that its query names; two tables may share a name. */
export function columnsNamed(view: AnyView): readonly Pick<SourceColumn, 'name' | 'pii'>[] {
  const { origin } = view;
  if (origin.kind !== 'query') return [];
  const words = new Set(queryText(origin.query).match(/\w+/g));
  const columns = kindOf(view)
    .tables(view)
    .flatMap((table) => origin.tables.find(table)?.columns ?? []);
  return columns.filter(({ name }) => words.has(name));
}

/** The attached tables without a knowledge time that a view reads, directly or through other views. */
export function unprotectedSources(view: AnyView): readonly string[] {
  const { origin } = view;
  const own = kindOf(view)
    .tables(view)
    .filter((name) => {
      const table = origin.kind === 'query' ? origin.tables.find(name) : undefined;
      return table !== undefined && isUnprotected(table);
    });
  return [...new Set([...own, ...inputViews(view).flatMap(unprotectedSources)])].sort();
}
