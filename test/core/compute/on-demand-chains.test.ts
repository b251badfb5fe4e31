/** On-demand features that are computed from on-demand features, and features that are computed from some of their view's inputs. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { lineageGraph } from '../../../src/catalogue/lineage.js';
import { readThrough } from '../../../src/catalogue/published.js';
import { definitionsRead, type OnDemandPlan, planOnDemand } from '../../../src/core/compute/on-demand.js';
import { columnCell, computeRow } from '../../../src/core/compute/on-demand-rows.js';
import type { Cell } from '../../../src/core/compute/status.js';
import {
  array,
  decimal,
  defineEntity,
  defineOnDemandView,
  float64,
  input,
  int32,
  string,
} from '../../../src/core/definitions/define.js';
import type { OnDemandView } from '../../../src/core/definitions/definitions.js';
import type { FeatureValue, StalePolicy } from '../../../src/core/definitions/types.js';
import { refsOf, viewOf } from '../../offline/support.js';
import { onDemandOf, onDemandRefs } from '../../support/on-demand.js';
import { TABLES } from '../../support/tables.js';

const said = { description: 'x' };
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const spec = { entity: customer, description: 'x', owner: 'x' };
const query = () => {
  throw new Error('never asked');
};
const profile = {
  ...viewOf('profile', 1, {
    entity: customer,
    features: { income: decimal(said), debts: array(int32(), said) },
    query,
  }),
  sources: ['customers'],
};

let asked: string[] = [];

/** `share` of the amount and the income; `worst` of the debts; `echo` of the request's words, and of all else if the function could see it. */
const base = onDemandOf(
  'base',
  defineOnDemandView({
    ...spec,
    request: { amount: decimal(said), words: array(string(), said) },
    inputs: { income: input('DECIMAL', 'profile@1:income'), debts: input('ARRAY<INT32>', 'profile@1:debts') },
    features: { share: float64(said), worst: int32(said), echo: string(said) },
    reads: { share: ['amount', 'income'], worst: ['debts'], echo: ['words'] },
    compute: (given) => {
      const { amount, income, debts, words } = given;
      expectTypeOf(income).toEqualTypeOf<string | null>();
      asked.push(`base of ${Object.keys(given).filter((name) => given[name as keyof typeof given] !== null)}`);
      return {
        share: amount === null || income === null ? null : Number(amount) / Number(income),
        worst: Math.max(...((debts ?? []) as number[])),
        echo: JSON.stringify([words, amount, income, debts]),
      };
    },
  }),
  [profile],
);
const double = onDemandOf(
  'double',
  defineOnDemandView({
    ...spec,
    request: {},
    inputs: { share: input('FLOAT64', 'base@1:share') },
    features: { twice: float64(said) },
    compute: ({ share }) => {
      asked.push('double');
      return { twice: share === null ? null : 2 * share };
    },
  }),
  [base],
);
const sum = onDemandOf(
  'sum',
  defineOnDemandView({
    ...spec,
    request: { amount: decimal(said) },
    inputs: { share: input('FLOAT64', 'base@1:share'), twice: input('FLOAT64', 'double@1:twice') },
    features: { all: float64(said) },
    compute: ({ share, twice }) => {
      asked.push('sum');
      return { all: share === null || twice === null ? null : share + twice };
    },
  }),
  [base, double],
);

const present = (value: FeatureValue, eventTime = 9): Cell => ({ value, status: 'PRESENT', eventTime });
const REQUEST: Readonly<Record<string, FeatureValue>> = { amount: '5', words: ['a'] };
const STORED: Readonly<Record<string, Cell>> = {
  'profile@1:income': present('20'),
  'profile@1:debts': present(Object.freeze([3, 1]), 8),
};

function cellsOf(plan: OnDemandPlan, stored = STORED, stalePolicy: StalePolicy = 'RETURN') {
  asked = [];
  const at = (index: number): Cell => stored[plan.stored[index]?.reference as string] as Cell;
  const called = computeRow(plan, {
    request: (name: string) => REQUEST[name] ?? null,
    stored: at,
    stalePolicy,
  });
  return plan.columns.map((column) => columnCell(column, at, called));
}
const one = (view: OnDemandView, name: string): OnDemandPlan => planOnDemand(onDemandRefs(view, [name]));

describe('views that read each other', () => {
  it('are each called once a row, what is read before what reads it', () => {
    const plan = planOnDemand([...onDemandRefs(sum), ...onDemandRefs(double), ...onDemandRefs(base, ['share'])]);
    expect(cellsOf(plan).map(({ value, status }) => [value, status])).toEqual([
      [0.75, 'PRESENT'],
      [0.5, 'PRESENT'],
      [0.25, 'PRESENT'],
    ]);
    expect(asked).toEqual(['base of amount,words,income', 'double', 'sum']);
  });

  it('demand what those that they read demand, once, and give back only what was asked for', () => {
    const plan = planOnDemand(onDemandRefs(sum));
    expect(plan.request.map(({ name, requiredBy: wantedBy }) => [name, wantedBy])).toEqual([
      ['amount', ['base@1', 'sum@1']],
    ]);
    expect(plan.stored.map(({ reference }) => reference)).toEqual(['profile@1:income']);
    expect(plan.columns.map(({ ref }) => ref.reference)).toEqual(['sum@1:all']);
    expect([...definitionsRead(plan).keys()]).toEqual(['profile@1', 'base@1', 'double@1', 'sum@1']);
  });

  it.each([
    ['STALE', 'RETURN', 0.75, ['base of amount,words,income', 'double', 'sum']],
    ['STALE', 'NULL', null, []],
    ['ERROR', 'RETURN', null, []],
  ] as const)('are %s where an input of an input is, with stale values as %s', (status, policy, value, calls) => {
    const income: Cell = { value: status === 'STALE' && policy === 'RETURN' ? '20' : null, status, eventTime: 7 };
    const [cell] = cellsOf(planOnDemand(onDemandRefs(sum)), { ...STORED, 'profile@1:income': income }, policy);
    expect(cell).toEqual({ value, status, eventTime: 7 });
    expect(asked).toEqual(calls);
  });

  it('stand on the tables of what they read, and are what a training set of them pins', () => {
    const definitions = {
      tables: TABLES,
      derived: [],
      views: [profile],
      onDemandViews: [base, double, sum],
      services: [],
      models: [],
      labels: [],
      facts: [],
      indicators: [],
    };
    const { upstream } = lineageGraph(definitions).of({ kind: 'FEATURE', id: 'sum@1:all' });
    expect(upstream.filter(({ kind }) => kind === 'TABLE').map(({ id }) => id)).toEqual(['customers']);
    const { downstream } = lineageGraph(definitions).of({ kind: 'TABLE', id: 'customers' });
    expect(downstream.map(({ id }) => id)).toContain('sum@1:all');
    const published = [
      ...(['base', 'double', 'sum'] as const).map((name, index) => ({
        kind: 'on_demand' as const,
        name,
        version: 1,
        id: `${name}@1`,
        hash: '',
        appliedAt: 1,
        retiredAt: null,
        prunedAt: null,
        championSince: null,
        formerHashes: [],
        snapshot: { requires: [['profile@1', 'base@1', 'double@1'][index]] },
      })),
    ];
    expect(readThrough('profile@1', published)).toEqual(['base@1', 'double@1', 'sum@1']);
  });
});

describe('a feature that reads some of its view’s inputs', () => {
  it('demands those alone, of the request and of the stores', () => {
    expect(one(base, 'share').request.map(({ name }) => name)).toEqual(['amount']);
    expect(one(base, 'share').stored.map(({ reference }) => reference)).toEqual(['profile@1:income']);
    expect(one(base, 'worst')).toMatchObject({ request: [], stored: [{ reference: 'profile@1:debts' }] });
    expect(one(base, 'echo')).toMatchObject({ request: [{ name: 'words' }], stored: [] });
  });

  it('is the same in any company: its function never sees the others', () => {
    const [alone] = cellsOf(one(base, 'echo'));
    const together = cellsOf(planOnDemand(onDemandRefs(base)));
    expect(alone?.value).toBe('[["a"],null,null,null]');
    expect(together.map(({ value }) => value)).toEqual([0.25, 3, alone?.value]);
  });

  it('is judged by its own inputs, and shares the event time of what is asked of its view', () => {
    const stored = { ...STORED, 'profile@1:debts': { value: [4], status: 'STALE', eventTime: 2 } as const };
    expect(
      cellsOf(planOnDemand(onDemandRefs(base)), stored).map(({ status, eventTime }) => [status, eventTime]),
    ).toEqual([
      ['PRESENT', 2],
      ['STALE', 2],
      ['PRESENT', 2],
    ]);
    expect(cellsOf(one(base, 'share'), stored)).toMatchObject([{ eventTime: 9 }]);
  });
});

describe('a function', () => {
  const answering = (compute: () => Readonly<Record<string, unknown>>) =>
    onDemandOf(
      'answers',
      {
        ...spec,
        kind: 'on_demand',
        request: {},
        inputs: { debts: input('ARRAY<INT32>', 'profile@1:debts') },
        features: { right: int32(said), wrong: int32(said), list: array(int32(), said) },
        compute,
      } as Parameters<typeof onDemandOf>[1],
      [profile],
    );

  it('is held to what is asked of it, and to nothing else', () => {
    const view = answering(() => ({ right: 1, wrong: 'one', list: [] }));
    expect(cellsOf(one(view, 'right'))).toMatchObject([{ value: 1 }]);
    expect(() => cellsOf(planOnDemand(onDemandRefs(view)))).toThrow('answered wrong wrongly');
  });

  it('cannot change a list that it is given, which others read too', () => {
    const debts = [3, 1, 2];
    const view = answering(((given: { debts: number[] }) => ({ right: given.debts.sort()[0] })) as () => never);
    const plan = planOnDemand([...refsOf(profile, ['debts']), ...onDemandRefs(view, ['right'])]);
    expect(() => cellsOf(plan, { 'profile@1:debts': present(debts) })).toThrow('the function of answers@1 failed');
    expect(debts).toEqual([3, 1, 2]);
  });
});
