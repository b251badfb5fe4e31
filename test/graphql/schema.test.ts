import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema as parseSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import { camel } from '../../src/graphql/entity-graph.js';
import { operationsOf } from '../../src/graphql/operation.js';
import { buildSchema, emitSchema } from '../../src/graphql/schema.js';
import { loadRegistry } from '../../src/registry/load.js';
import { freshHome } from '../support/homes.js';
import { fixtureRegistry, withViews } from '../support/registries.js';
import { ROOT } from '../support/views.js';

const CONTRACT = join(ROOT, '../shared/tools/contract-check.mjs');

describe('the schema', () => {
  it.skipIf(!existsSync(CONTRACT))('keeps the public contract (its file lies beside this checkout)', async () => {
    const folder = await freshHome();
    const file = join(folder, 'schema.graphql');
    await writeFile(file, emitSchema(await loadRegistry({ root: ROOT })));
    const said = execFileSync(process.execPath, [CONTRACT, file], { cwd: ROOT, encoding: 'utf8' });
    expect(said).toContain('the schema keeps the contract');
    await rm(folder, { recursive: true });
  });

  it('is the same text each time it is made', async () => {
    const registry = await fixtureRegistry();
    expect(emitSchema(registry)).toBe(emitSchema(registry));
  });

  it('of one registry holds nothing of another that the process has seen', async () => {
    const registry = await fixtureRegistry();
    buildSchema(registry);
    const without = withViews(registry, (view) => (view.name === 'customer_profile' ? null : view));
    expect(emitSchema({ ...without, services: new Map() })).not.toContain('CustomerProfile');
  });

  it('types every feature from its definition', async () => {
    const type = buildSchema(await fixtureRegistry()).getType('DeviceUseV1');
    const fields = (type as unknown as { getFields(): Record<string, { type: unknown }> }).getFields();
    expect(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, String(field.type)]))).toEqual({
      _status: 'FeatureStatus!',
      _eventTime: 'DateTime',
      sightings: 'String',
      shareOfRoot: 'Float',
      lastSeen: 'DateTime',
      seenToday: 'Boolean',
      hours: '[Int]',
    });
  });

  it('has a root for every entity of one key that a view is about, and for no other', async () => {
    const registry = await fixtureRegistry();
    const loan = defineEntity({ name: 'loan', joinKeys: ['loan_id'], description: 'A contract.' });
    const pair = defineEntity({ name: 'pair', joinKeys: ['customer_id', 'device_id'], description: 'Both.' });
    const idle = defineEntity({ name: 'idle', joinKeys: ['idle_id'], description: 'Without a view.' });
    const entities = new Map([
      ...registry.entities,
      ...[loan, pair, idle].map((entity) => [entity.name, entity] as const),
    ]);
    const views = [...registry.views.values()].map((view): View => {
      if (view.name === 'customer_profile') return { ...view, entity: view.version === 1 ? loan : pair };
      return view;
    });
    const schema = buildSchema({ ...registry, entities, views: new Map(views.map((view) => [view.id, view])) });
    const roots = Object.keys(schema.getQueryType()?.getFields() ?? {});
    expect(roots).toEqual(expect.arrayContaining(['loan', 'device']));
    expect(roots.filter((name) => ['customer', 'pair', 'idle'].includes(name))).toEqual([]);
    expect(operationsOf(schema).find(({ name }) => name === 'Query.loan')?.declaration.roles).toEqual([
      'admin',
      'modeler',
      'decision',
    ]);
  });

  it('refuses two features that would be one field', async () => {
    const registry: Registry = await fixtureRegistry();
    const clash = withViews(registry, (view): View => {
      const [first] = view.features;
      return view.id === 'device_use@1' && first
        ? {
            ...view,
            features: [
              { ...first, name: 'a_1' },
              { ...first, name: 'a1' },
            ],
          }
        : view;
    });
    expect(() => buildSchema(clash)).toThrow(/device_use@1: features a_1 and a1 are both a1/);
  });

  it('does not boot with an operation that has no role', () => {
    const schema = parseSchema('type Query { entities: String, secrets: String } type Mutation { erase: String }');
    const declared = schema.getQueryType()?.getFields().entities;
    if (declared) declared.extensions = { operation: { roles: ['admin'] } };
    expect(() => operationsOf(schema)).toThrow('operations without a declared role: Query.secrets, Mutation.erase');
  });

  it.each([
    ['max_dpd_6m', 'maxDpd6m'],
    ['repayment_history', 'repaymentHistory'],
    ['age', 'age'],
  ])('writes %s as %s', (name, field) => {
    expect(camel(name)).toBe(field);
  });
});
