/** The graph of the product's own definitions, and of some that it has not. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type LineageGraph, lineageGraph } from '../../src/catalogue/lineage.js';
import { int32, sql } from '../../src/core/definitions/define.js';
import type { Indicator, Model, View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import type { LineageKind, LineageNode } from '../../src/core/ports/browse.js';
import { INPUT_TABLES } from '../../src/derived/loan-snapshots/inputs.js';
import { loadRegistry } from '../../src/registry/load.js';
import { indicatorOf } from '../support/indicators.js';
import { TABLES } from '../support/tables.js';
import { ROOT } from '../support/views.js';

let registry: Registry;
let graph: LineageGraph;

const LOAN_SNAPSHOTS = {
  name: 'loan_snapshots',
  inputs: ['loans', 'installments', 'repayments', 'loan_events'],
};

const graphOf = ({ indicators, ...of }: Registry, more: readonly Indicator[] = []): LineageGraph =>
  lineageGraph({
    tables: TABLES,
    derived: [LOAN_SNAPSHOTS],
    views: [...of.views.values()],
    onDemandViews: [...of.onDemandViews.values()],
    services: [...of.services.values()],
    models: [...of.models.values()],
    labels: [...of.labels.values()],
    facts: [...of.facts.values()],
    indicators: [...indicators.values(), ...more],
  });

/** Reads all scores. */
const scored = indicatorOf('scores_given', {
  domain: 'test',
  description: 'Scores given.',
  owner: 'test',
  unit: 'count',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`SELECT toDate(scored_at, ${timezone}) AS date FROM ${source('scores')}`,
  numerator: 'count()',
  dimensions: {},
});

const ids = (nodes: readonly LineageNode[], kind: LineageKind): string[] =>
  nodes.filter((node) => node.kind === kind).map(({ id }) => id);
const node = (nodes: readonly LineageNode[], id: string): LineageNode | undefined => nodes.find((one) => one.id === id);

beforeAll(async () => {
  registry = await loadRegistry({ root: ROOT });
  graph = graphOf(registry, [scored]);
});

describe('upstream', () => {
  it('leads through derived tables to those that they are made of', () => {
    const { upstream } = graph.of({ kind: 'FEATURE_VIEW', id: 'repayment_history@1' });
    expect(ids(upstream, 'TABLE')).toEqual(
      expect.arrayContaining(['loan_snapshots', 'statements', 'loans', 'installments', 'repayments', 'loan_events']),
    );
    expect(node(upstream, 'loan_snapshots')?.distance).toBe(1);
    expect(node(upstream, 'loans')).toMatchObject({
      distance: 2,
      through: [{ kind: 'TABLE', id: 'loan_snapshots' }],
      words: ['table loan_snapshots is derived from table loans'],
    });
  });

  it('names the tables that the derivation reads, and no other', () => {
    expect([...LOAN_SNAPSHOTS.inputs].sort()).toEqual([...INPUT_TABLES].sort());
  });

  it('of a score leads to its model, the features that it takes, their views and tables', () => {
    const { upstream } = graph.of({ kind: 'FEATURE', id: 'b_score@1:points' });
    expect(node(upstream, 'b_score@1')).toMatchObject({ kind: 'MODEL', distance: 1 });
    expect(node(upstream, 'loan_behaviour@1:current_dpd')).toMatchObject({
      distance: 2,
      words: ['model b_score@1 takes as input feature loan_behaviour@1:current_dpd'],
    });
    expect(node(upstream, 'loan_behaviour@1')?.distance).toBe(3);
    expect(node(upstream, 'loan_snapshots')?.distance).toBe(4);
    expect(ids(upstream, 'FEATURE')).toHaveLength(registry.models.get('b_score@1')?.features.length ?? 0);
  });

  it('of every on-demand view leads to exactly its inputs and the columns that a request brings', () => {
    expect(registry.onDemandViews.size).toBeGreaterThan(0);
    for (const view of registry.onDemandViews.values()) {
      const { upstream } = graph.of({ kind: 'FEATURE_VIEW', id: view.id });
      expect(ids(upstream, 'REQUEST_COLUMN')).toEqual(view.origin.request.map(({ name }) => `${view.id}:${name}`));
      const near = upstream.filter(({ distance, kind }) => distance === 1 && kind === 'FEATURE').map(({ id }) => id);
      expect(near.sort()).toEqual(view.origin.inputs.map(({ ref }) => ref.reference).sort());
    }
  });

  it('of every view names every table that its query reads', () => {
    for (const view of registry.views.values()) {
      const { upstream } = graph.of({ kind: 'FEATURE_VIEW', id: view.id });
      const near = upstream.filter(({ distance, kind }) => distance === 1 && kind === 'TABLE').map(({ id }) => id);
      expect(near.sort()).toEqual([...view.sources]);
    }
  });
});

describe('downstream', () => {
  it('of a feature are those alone that name it, and what they feed', () => {
    const { downstream } = graph.of({ kind: 'FEATURE', id: 'loan_behaviour@1:frozen_lines' });
    expect(ids(downstream, 'MODEL')).toEqual(['b_score@1', 'b_score@2', 'b_score@3']);
    expect(node(downstream, 'scores')).toMatchObject({ kind: 'TABLE', distance: 2 });
    expect(node(downstream, 'scores_given@1')).toMatchObject({ kind: 'INDICATOR', distance: 3 });
    expect(ids(downstream, 'FEATURE')).toEqual(
      expect.arrayContaining(['b_score@1:probability', 'b_score@1:points', 'b_score@1:band']),
    );
    // A feature of the same view that no model takes: here one that its models leave out.
    const unread = 'loan_behaviour@1:current_dpd';
    const models = new Map(registry.models);
    for (const id of ['b_score@1', 'b_score@2', 'b_score@3']) {
      const model = registry.models.get(id) as Model;
      const features = model.features.filter(({ reference }) => reference !== unread);
      expect(features).toHaveLength(model.features.length - 1);
      models.set(id, { ...model, features });
    }
    const without = graphOf({ ...registry, models });
    expect(ids(without.of({ kind: 'FEATURE', id: unread }).downstream, 'MODEL')).toEqual([]);
  });

  it('of a table are views, models and indicators, near and far', () => {
    const { downstream } = graph.of({ kind: 'TABLE', id: 'loans' });
    expect(node(downstream, 'new_loans@1')).toMatchObject({ kind: 'INDICATOR', distance: 1 });
    expect(node(downstream, 'overdue_balance_rate_30@1')).toMatchObject({ kind: 'INDICATOR', distance: 2 });
    expect(ids(downstream, 'MODEL')).toContain('b_score@1');
  });

  it('of features that an on-demand view computes from name that view', () => {
    for (const view of registry.onDemandViews.values()) {
      for (const { ref } of view.origin.inputs) {
        expect(ids(graph.of({ kind: 'FEATURE', id: ref.reference }).downstream, 'FEATURE_VIEW')).toContain(view.id);
      }
    }
  });

  it('an indicator that reads the same table is related and no descendant; one that reads its scores is a descendant', () => {
    const view = graph.of({ kind: 'FEATURE_VIEW', id: 'loan_behaviour@1' });
    expect(view.relatedIndicators).toContainEqual({
      indicator: 'overdue_balance_rate_30@1',
      tables: ['loan_snapshots'],
    });
    expect(view.relatedIndicators.map(({ indicator }) => indicator)).not.toContain('scores_given@1');
    expect(ids(view.downstream, 'INDICATOR').sort()).toEqual(['profit@1', 'scores_given@1']);
  });
});

it('ends where a model learns of the table that its own scores are in', () => {
  const first = registry.views.get('loan_behaviour@1') as View;
  const circle: View = {
    ...first,
    sources: [...first.sources, 'scores'],
    features: [{ name: 'current_dpd', ...int32({ description: '' }) }],
  };
  const { upstream, downstream } = graphOf({ ...registry, views: new Map(registry.views).set(first.id, circle) }).of({
    kind: 'MODEL',
    id: 'b_score@1',
  });
  expect(node(downstream, 'loan_behaviour@1')?.distance).toBe(2);
  expect(node(upstream, 'scores')).toBeDefined();
  expect(node(upstream, 'b_score@1')?.kind).not.toBe('MODEL');
});

it('says of what nothing applied is', () => {
  expect(() => graph.of({ kind: 'SERVICE', id: 'loans' })).toThrow(/nothing applied is the service loans/);
});
