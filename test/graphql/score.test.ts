/** Models and scores over GraphQL, on the definitions of the product. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions.js';
import { type Api, startApi } from '../support/api.js';
import { ROOT } from '../support/views.js';

let api: Api;

beforeAll(async () => {
  api = await startApi({ definitions: ROOT });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  const view = api.app.registry.views.get('statement_history@1') as View;
  const values: Readonly<Record<string, unknown>> = {
    credit_limit: '50000',
    utilization: 0.4,
    months_observed: 6,
    delinquency: [0, 0, 0, 0, 0, 0],
    statement_balance: ['20000', '19000', '18000', '17000', '16000', '15000'],
    amount_paid: ['2000', '2000', '2000', '2000', '2000', '2000'],
  };
  const late = {
    ...values,
    utilization: 1.2,
    delinquency: [3, 3, 2, 2, 1, 0],
    amount_paid: ['0', '0', '0', '0', '0', '0'],
  };
  const now = Date.now();
  const row = (id: string, of: Readonly<Record<string, unknown>>) => ({
    ...{ key: [id], eventTime: now - 3_600_000, availableAt: now, sequence: 1, tombstone: false },
    values: view.features.map(({ name }) => (of[name] ?? null) as string),
  });
  await api.app.services.worker.online.write(view, [row('pays', values), row('late', late)]);
});

afterAll(() => api.close());

interface Answer {
  readonly score: {
    readonly requestId: string;
    readonly model: { readonly name: string; readonly version: number; readonly stage: string };
    readonly scores: readonly {
      readonly entity: Record<string, string>;
      readonly status: string;
      readonly probability: number;
      readonly points: number;
      readonly band: string;
      readonly missing: readonly string[];
      readonly reasonCodes: readonly string[] | null;
      readonly contributions: readonly { readonly feature: string; readonly contribution: number }[] | null;
      readonly scoredAt: string;
    }[];
  };
}

const QUERY = `query($model: String!, $entities: JSONObject!, $explain: Boolean!) { score(model: $model, entities: $entities, explain: $explain) {
  requestId model { name version stage } scores { entity status probability points band outputs missing reasonCodes contributions { feature value contribution } scoredAt } } }`;

describe('score', () => {
  it('answers probability, points and band in the order of the request; who pays late scores lower', async () => {
    const entities = { customer_id: ['late', 'pays', 'nobody'] };
    const { data, errors } = await api.graphql<Answer>('decision', QUERY, {
      model: 'uci_default',
      entities,
      explain: false,
    });
    expect(errors).toEqual([]);
    const { model, scores } = (data as Answer).score;
    expect(model).toEqual({ name: 'uci_default', version: 1, stage: 'CHAMPION' });
    expect(scores.map(({ entity, status }) => [entity.customer_id, status])).toEqual([
      ['late', 'SCORED'],
      ['pays', 'SCORED'],
      ['nobody', 'MISSING_FEATURES'],
    ]);
    const [late, pays, nobody] = scores;
    expect(late?.probability).toBeGreaterThan(pays?.probability as number);
    expect(late?.points).toBeLessThan(pays?.points as number);
    expect(Number.isInteger(pays?.points)).toBe(true);
    expect(nobody).toMatchObject({
      probability: null,
      points: null,
      scoredAt: null,
      missing: expect.arrayContaining(['statement_history@1:utilization']),
    });
  });

  it('explains where it is asked to', async () => {
    const { data } = await api.graphql<Answer>('decision', QUERY, {
      model: 'uci_default@1',
      entities: { customer_id: ['late'] },
      explain: true,
    });
    const [late] = (data as Answer).score.scores;
    expect(late?.contributions?.map(({ feature }) => feature)).toContain('statement_history@1:delinquency');
    expect(late?.reasonCodes?.length).toBeGreaterThan(0);
  });

  it('refuses an unknown model, a wrong key and a role that may not', async () => {
    const code = async (role: 'decision' | 'bi', model: string, entities: object) =>
      (await api.graphql(role, QUERY, { model, entities, explain: false })).errors[0]?.extensions.code;
    expect(await code('decision', 'nothing', { customer_id: ['a'] })).toBe('NOT_FOUND');
    expect(await code('decision', 'uci_default@9', { customer_id: ['a'] })).toBe('NOT_FOUND');
    expect(await code('decision', 'uci_default', { device_id: ['a'] })).toBe('BAD_USER_INPUT');
    expect(await code('bi', 'uci_default', { customer_id: ['a'] })).toBe('FORBIDDEN');
  });
});

describe('models', () => {
  it('show their features, the hash of their weights and their card to the catalogue’s readers', async () => {
    const { data, errors } = await api.graphql(
      'bi',
      '{ models { name version entity owner stage features hash card } model(name: "uci_default") { version } none: model(name: "x") { version } }',
    );
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ model: { version: 1 }, none: null });
    expect((data as { models: unknown[] }).models).toEqual([
      expect.objectContaining({
        ...{
          name: 'uci_default',
          version: 1,
          entity: 'customer',
          stage: 'CHAMPION',
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        features: expect.arrayContaining(['statement_history@1:delinquency']),
        card: expect.any(Object),
      }),
    ]);
  });
});
