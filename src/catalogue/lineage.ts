/** Lineage: one graph from the source tables down to services, models and indicators. */

import { kindOf } from '../core/compute/view-kinds.js';
import type {
  AnyFeatureRef,
  AnyView,
  Fact,
  Indicator,
  Label,
  Model,
  OnDemandView,
  Service,
  View,
} from '../core/definitions/definitions.js';
import { notFound } from '../core/errors.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { Lineage, LineageEdge, LineageKind, LineageNode, LineageRef } from '../core/ports/browse.js';
import type { DerivedTable } from '../core/ports/derived.js';

export interface LineageDefinitions {
  readonly tables: SourceTables;
  readonly derived: readonly Pick<DerivedTable, 'name' | 'inputs'>[];
  readonly views: readonly View[];
  readonly onDemandViews: readonly OnDemandView[];
  readonly services: readonly Service[];
  readonly models: readonly Model[];
  readonly labels: readonly Label[];
  readonly facts: readonly Fact[];
  readonly indicators: readonly Indicator[];
}

export interface LineageGraph {
  of(subject: LineageRef): Lineage;
}

const keyOf = ({ kind, id }: LineageRef): string => `${kind} ${id}`;
const ref = (kind: LineageKind, id: string): LineageRef => ({ kind, id });
const featureRef = ({ reference }: Pick<AnyFeatureRef, 'reference'>): LineageRef => ref('FEATURE', reference);

/** The part of a reference before the colon names the view that it belongs to. */
const viewOfFeature = (id: string): LineageRef => ref('FEATURE_VIEW', id.slice(0, id.indexOf(':')));

function* edgesOf(definitions: LineageDefinitions): Iterable<LineageEdge> {
  for (const { name, inputs } of definitions.derived) {
    for (const input of inputs) yield { up: ref('TABLE', input), down: ref('TABLE', name), verb: 'is derived from' };
  }
  for (const view of [...definitions.views, ...definitions.onDemandViews]) {
    yield* kindOf(view).lineage(view);
    yield* belonging(view);
  }
  for (const { id, features } of definitions.services) {
    for (const one of features) yield { up: featureRef(one), down: ref('SERVICE', id), verb: 'lists' };
  }
  for (const { id, features } of definitions.models) {
    for (const one of features) yield { up: featureRef(one), down: ref('MODEL', id), verb: 'takes as input' };
  }
  for (const { id, sources } of definitions.labels) {
    for (const table of sources) yield { up: ref('TABLE', table), down: ref('LABEL', id), verb: 'is computed from' };
  }
  for (const { id, sources } of definitions.facts) {
    for (const table of sources) yield { up: ref('TABLE', table), down: ref('FACT', id), verb: 'reads' };
  }
  for (const indicator of definitions.indicators) {
    const down = ref('INDICATOR', indicator.id);
    for (const fact of indicator.facts) yield { up: ref('FACT', fact), down, verb: 'measures' };
    if (indicator.facts.length > 0) continue;
    for (const table of indicator.sources) yield { up: ref('TABLE', table), down, verb: 'reads' };
  }
}

function* belonging(view: AnyView): Iterable<LineageEdge> {
  const up = ref('FEATURE_VIEW', view.id);
  for (const { name } of view.features) yield { up, down: ref('FEATURE', `${view.id}:${name}`), verb: 'belongs to' };
}

const sentence = ({ up, down, verb }: LineageEdge): string => `${spoken(down)} ${verb} ${spoken(up)}`;
const spoken = ({ kind, id }: LineageRef): string => `${kind.toLowerCase().replace('_', ' ')} ${id}`;

type Side = 'up' | 'down';

/** Edges by the end from which they are followed. */
function adjacency(edges: readonly LineageEdge[], from: Side): ReadonlyMap<string, readonly LineageEdge[]> {
  const edgesAt = new Map<string, LineageEdge[]>();
  for (const edge of edges) {
    const key = keyOf(edge[from]);
    const edgesHere = edgesAt.get(key);
    if (edgesHere) edgesHere.push(edge);
    else edgesAt.set(key, [edge]);
  }
  return edgesAt;
}

/** All nodes on one side of the starts, nearest first. A cycle, such as a model that reads the table of its own scores, ends where it closes. */
function reach(
  starts: readonly LineageRef[],
  edges: ReadonlyMap<string, readonly LineageEdge[]>,
  to: Side,
): LineageNode[] {
  const from: Side = to === 'up' ? 'down' : 'up';
  const distances = new Map<string, number>(starts.map((start) => [keyOf(start), 0]));
  const nodes = new Map<string, { ref: LineageRef; distance: number; edges: LineageEdge[] }>();
  let front = starts;
  for (let distance = 1; front.length > 0; distance++) {
    const next: LineageRef[] = [];
    for (const edge of front.flatMap((node) => edges.get(keyOf(node)) ?? [])) {
      const key = keyOf(edge[to]);
      const earlier = distances.get(key);
      if (earlier === undefined) {
        distances.set(key, distance);
        nodes.set(key, { ref: edge[to], distance, edges: [edge] });
        next.push(edge[to]);
      } else if (earlier === distance) nodes.get(key)?.edges.push(edge);
    }
    front = next;
  }
  return [...nodes.values()].map(({ ref: { kind, id }, distance, edges: ties }) => ({
    kind,
    id,
    distance,
    through: ties.map((edge) => edge[from]),
    words: ties.map(sentence),
  }));
}

/** The graph of the definitions in force, with all source tables and indicators. */
export function lineageGraph(definitions: LineageDefinitions): LineageGraph {
  const edges = [...edgesOf(definitions)];
  const [above, below] = [adjacency(edges, 'down'), adjacency(edges, 'up')];
  const nodes = new Set([
    ...edges.flatMap(({ up, down }) => [keyOf(up), keyOf(down)]),
    ...definitions.tables.names.map((table) => keyOf(ref('TABLE', table))),
    ...definitions.services.map(({ id }) => keyOf(ref('SERVICE', id))),
  ]);
  const tablesOf = (node: LineageRef): string[] =>
    (above.get(keyOf(node)) ?? []).flatMap(({ up }) => (up.kind === 'TABLE' ? [up.id] : []));
  const featuresOf = (view: LineageRef): LineageRef[] =>
    (below.get(keyOf(view)) ?? []).flatMap(({ down }) => (down.kind === 'FEATURE' ? [down] : []));

  /** A feature depends on what its view reads; a reader of a view depends on its features. */
  const startsOf = (subject: LineageRef): { readonly up: LineageRef[]; readonly down: LineageRef[] } => {
    if (subject.kind === 'FEATURE') return { up: [subject, viewOfFeature(subject.id)], down: [subject] };
    if (subject.kind === 'FEATURE_VIEW') return { up: [subject], down: [subject, ...featuresOf(subject)] };
    return { up: [subject], down: [subject] };
  };

  return {
    of(subject) {
      if (!nodes.has(keyOf(subject))) {
        const kinds = 'a table by its name, what has versions as name@version, a feature as view@version:feature';
        throw notFound(`nothing applied is the ${spoken(subject)}`, `write ${kinds}`);
      }
      const starts = startsOf(subject);
      const downstream = reach(starts.down, below, 'down');
      const descendants = new Set(downstream.map(keyOf));
      const own = new Set(starts.up.flatMap(tablesOf));
      const related = subject.kind === 'FEATURE' || subject.kind === 'FEATURE_VIEW' ? definitions.indicators : [];
      return {
        upstream: reach(starts.up, above, 'up'),
        downstream,
        relatedIndicators: related.flatMap(({ id, sources }) => {
          const tables = sources.filter((table) => own.has(table));
          return tables.length > 0 && !descendants.has(keyOf(ref('INDICATOR', id))) ? [{ indicator: id, tables }] : [];
        }),
      };
    },
  };
}
