/** What the API still does while a store is away. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { type Api, startApi } from '../support/api.js';

let api: Api;

beforeEach(async () => {
  api = await startApi();
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  const view = api.app.registry.views.get('customer_profile@1') as View;
  const now = Date.now();
  const row = { key: ['C1'], eventTime: now - 1_000, availableAt: now, sequence: 1, tombstone: false };
  await api.app.services.worker.online.write(view, [{ ...row, values: ['gold', '1', 'hash', '2000-01-01', 1] }]);
});

afterEach(() => api.close());

const READ = `{ onlineFeatures(features: ["customer_profile@1:segment"], entities: { customer_id: ["C1"] }) { columns { values statuses } }
  customer(id: "C1") { customerProfileV1 { _status segment } } }`;

describe('without Redis', () => {
  it('online values are ERROR, never a part of the data, and readiness names the store', async () => {
    await api.lose('redis');
    const { status, data, errors } = await api.graphql('decision', READ);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
    expect(data).toEqual({
      onlineFeatures: { columns: [{ values: [null], statuses: ['ERROR'] }] },
      customer: { customerProfileV1: { _status: 'ERROR', segment: null } },
    });
    // A store that is slow is away too, for as long.
    await vi.waitFor(
      async () => {
        const ready = await api.fetch(null, '/readyz');
        expect(ready.status).toBe(503);
        expect(await ready.json()).toMatchObject({
          ready: false,
          stores: { redis: { ok: false }, postgres: { ok: true } },
          duties: {
            decisions: { ok: false, reason: 'no answer from redis' },
            ingest: { needs: ['clickhouse', 'postgres'] },
          },
        });
      },
      { timeout: 60_000, interval: 100 },
    );
  });
});

describe('without Postgres', () => {
  it('decisions are still answered, and what needs it says so without naming what is inside', async () => {
    await api.lose('postgres');
    const { data, errors } = await api.graphql('decision', READ);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ onlineFeatures: { columns: [{ values: ['gold'], statuses: ['PRESENT'] }] } });
    const jobs = await api.graphql('admin', '{ jobs { id } }');
    expect(jobs.errors[0]?.extensions.code).toBe('STORE_UNAVAILABLE');
    expect(JSON.stringify(jobs)).not.toMatch(/database "|pg_|SELECT|127\.0\.0\.1/);
    expect((await api.fetch(null, '/readyz?duty=decisions')).status).toBe(200);
    const ingest = await api.fetch(null, '/readyz?duty=ingest');
    expect(ingest.status).toBe(503);
    expect(await ingest.json()).toMatchObject({ duties: { ingest: { reason: 'no answer from postgres' } } });
  });
});
